"""Preparing the demo and starting the portal on a store."""

from __future__ import annotations

import secrets
from datetime import date
from pathlib import Path
from typing import Any

from kuai.cli.output import console, shown_progress
from kuai.cli.work_database import open_work_database
from kuai.kit.clock import utc_now
from kuai.kit.store import Store, read_json, write_json

DEMO_DAY = date(2026, 10, 31)


def prepare_demo(root: Path, *, rooms: int, seed: int) -> tuple[Any, ...]:
    """Demo city, build and demo logins; what is already there for the same city is left alone."""
    store = open_work_database(root)
    package = root.with_name(f"{root.name}.package-{rooms}-{seed}")
    from kuai.demo_city import actions as demo_city
    from kuai.flows.build import build_package
    from kuai.flows.registration import gate_of, registrar_of
    from kuai.guard import access

    with shown_progress(quiet=False) as progress:
        if not (package / "datapackage.json").exists():
            demo_city.generate_city(
                package,
                rooms=rooms,
                seed=seed,
                profile="planted",
                as_of=DEMO_DAY,
                progress=progress,
            )
        result = build_package(
            package,
            store,
            registrar=registrar_of(synthetic=True, at=utc_now()),
            gate_on=gate_of(synthetic=True),
            progress=progress,
        )
    console.print(f"已发布 {result.version}。")
    return access.create_demo_accounts(
        _clerk_areas(store), synthetic=True, at=utc_now(), password=_demo_password(store)
    )


def serve_store(root: Path, *, host: str, port: int, workers: int) -> None:
    """Start the portal on the store and stay until stopped."""
    open_work_database(root)
    from importlib import import_module

    # By name, because web and cli do not know each other: both are entrances.
    import_module("kuai.web.serving").serve(
        Store(root.resolve()), host=host, port=port, workers=workers
    )


def _clerk_areas(store: Store) -> list[str]:
    """The first sub-district, for the roles that act in an area."""
    from kuai.blocks.queries import open_blocks

    reader = open_blocks(store.current_build())
    top = reader.top_blocks()[0]
    return [f"{top.code}/{child.code}" for child in reader.list_children(top.code)[:1]]


def _demo_password(store: Store) -> str:
    """One password for all demo logins, made once a store and kept beside its keys."""
    card = store.keys / "demo.json"
    if not card.exists():
        write_json(card, {"password": f"kuai-demo-{secrets.token_hex(4)}"})
        card.chmod(0o600)
    return str(read_json(card)["password"])
