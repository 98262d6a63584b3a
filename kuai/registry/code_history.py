"""What became of a code: which living one it is found under, and its history. Codes only, no mention. Private."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from kuai.kit.element_codes import is_element_code
from kuai.kit.engine import engine, read_sql, scan_sql, table_at, use_table
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.registry import types
from kuai.registry.engine.lineage import GoneCode, settle_lineage
from kuai.registry.imprint import read_imprint

MEMORY = "500MB"


@dataclass(frozen=True)
class CodeStep:
    """One thing that happened to `code`: born, merged, split or restored, with the other code it happened with."""

    code: str
    event: str
    other_code: str
    build: str
    decision: int | None
    reason: str


@dataclass(frozen=True)
class CodeHistory:
    """The life of one code. `living_code` is itself while it lives; `steps` name it on either side, in order."""

    code: str
    element: str
    living_code: str
    merged_here: tuple[str, ...]
    steps: tuple[CodeStep, ...]


def resolve_code(code: str, *, store: Store) -> str:
    """The living code under which `code` is found in the published build; refuses a code that was never given."""
    return resolve_codes((code,), store=store)[code]


def resolve_codes(codes: Iterable[str], *, store: Store) -> dict[str, str]:
    """`resolve_code` for several: one pass over the ledger."""
    asked = sorted(set(codes))
    core = store.current_build() / "core"
    with engine(memory_limit=MEMORY) as connection:
        _use_ledger(connection, core)
        found = connection.execute(
            "select code from identity_ledger where list_contains($asked, code)", {"asked": asked}
        ).fetchall()
        _require_known(asked, {code for (code,) in found})
        living = _living(connection)
    return {code: living.get(code, code) for code in asked}


def read_code_history(code: str, *, store: Store) -> CodeHistory:
    """All that the published build knows of `code`; refuses a code that was never given."""
    core = store.current_build() / "core"
    with engine(memory_limit=MEMORY) as connection:
        _use_ledger(connection, core)
        found = connection.execute(
            "select element from identity_ledger where code = $code", {"code": code}
        ).fetchall()
        _require_known([code], {code} if found else set())
        living = _living(connection)
        _use_events(connection, core)
        steps = connection.execute(
            "select code, event, coalesce(other_code, ''), build, decision, reason from identity_event"
            " where code = $code or other_code = $code order by event_no",
            {"code": code},
        ).fetchall()
    names = _published_names(store)
    return CodeHistory(
        code=code,
        element=str(found[0][0]),
        living_code=living.get(code, code),
        merged_here=tuple(sorted(one for one, target in living.items() if target == code)),
        steps=tuple(
            CodeStep(code, event, other, names.get(build, build), decision, reason)
            for code, event, other, build, decision, reason in steps
        ),
    )


def _require_known(asked: Iterable[str], known: set[str]) -> None:
    for code in asked:
        if not is_element_code(code):
            raise Refusal(
                "code.form",
                "这不是要素编码：前缀、八位和校验位对不上。",
                next_step="要素编码形如 P-XXXXXXXX-C；楼和房间用统一地址编码查 kuai block。",
            )
        if code not in known:
            raise Refusal(
                "code.unknown",
                f"已发布的版本里没有发出过编码 {code}。",
                next_step="回到旧版以后，新版发出的编码在新版里查。",
            )


def _published_names(store: Store) -> dict[str, str]:
    """Under which name a build lies in the store: core tables name it without its care sources."""
    found = ((read_imprint(path / "core"), path.name) for path in sorted(store.builds.glob("b-*")))
    return {imprint.build: name for imprint, name in found if imprint}


def _use_ledger(connection: duckdb.DuckDBPyConnection, core: Path) -> None:
    use_table(connection, table_at(connection, types.IDENTITY_LEDGER, core))


def _living(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    rows = connection.execute(
        "select code, serial, merged_into from identity_ledger where merged_into is not null"
    ).fetchall()
    return settle_lineage(GoneCode(*row) for row in rows).living


def _use_events(connection: duckdb.DuckDBPyConnection, core: Path) -> None:
    path = core / f"{types.IDENTITY_EVENT.name}.parquet"
    if path.exists():
        source = f"select * from {scan_sql([path])}"
    else:
        # A build of a release without events tells them by its ledger.
        connection.execute("create temp view previous_ledger as select * from identity_ledger")
        source = read_sql(__file__, "past_event")
    connection.execute(f"create temp view identity_event as {source}")
