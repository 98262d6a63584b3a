"""`kuai serve` and `kuai run-demo`: starting the portal on a store, and preparing a demo for it."""

from __future__ import annotations

import secrets
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from kuai.cli.allowing import require_allowed
from kuai.cli.options import DEFAULT_STORE, StoreOption
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
    from kuai.flows.demo_outlines import hand_in_outlines
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
    if hand_in_outlines(store, by="demo-data-steward"):
        console.print("一份社区和网格的边界等数据管理员决定：门户“地址”里的“导入”。")
    logins = access.create_demo_accounts(
        _clerk_areas(store), synthetic=True, at=utc_now(), password=_demo_password(store)
    )
    _open_office(store)
    return logins


def _open_office(store: Store) -> None:
    """Rules in force, offers, questions, a sheet and a form, so that no page of a new demo is empty."""
    from kuai.flows.demo_offers import seed_demo_offers

    done = seed_demo_offers(store, at=utc_now(), progress=lambda step: console.print(f"{step}…"))
    if done is not None:
        console.print(
            f"规则上线 {done.rules_live} 条，送出服务 {done.offers} 项，要问的 {done.questions} 件，"
            f"核对表 {done.sheet or '没有'}，报表 {done.form}。"
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


def serve(
    store: StoreOption = DEFAULT_STORE,
    host: Annotated[str, typer.Option(help="监听地址")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="端口")] = 8000,
    workers: Annotated[int, typer.Option(help="进程数")] = 2,
) -> None:
    """启动门户。"""
    require_allowed("serve")
    serve_store(store, host=host, port=port, workers=workers)


def run_demo(
    store: StoreOption = Path("var/demo"),
    rooms: Annotated[int, typer.Option(min=200, help="演示城市的房屋数")] = 20_000,
    seed: Annotated[int, typer.Option(help="随机种子")] = 1,
    host: Annotated[str, typer.Option(help="监听地址")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="端口")] = 8000,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="只建库，不启动门户")] = False,
) -> None:
    """演示：造城市、建库、开演示账号、启动门户。已建好的不重做。"""
    require_allowed("run-demo")
    logins = prepare_demo(store, rooms=rooms, seed=seed)
    console.print(
        f"\n门户地址：[bold]http://{host}:{port}/[/]  演示账号（口令都是 {logins[0].password}）："
    )
    for login in logins:
        console.print(f"  {login.username:<28}{login.display_name}", highlight=False)
    if not no_serve:
        serve_store(store, host=host, port=port, workers=2)
