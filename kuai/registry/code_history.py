"""What became of a code: which living one it is found under, and its history. Codes only, no mention. Private."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from kuai.kit.element_codes import PREFIX_BY_ELEMENT, is_element_code
from kuai.kit.engine import engine, read_sql, scan_sql, table_at, use_table
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.registry import types
from kuai.registry.engine.lineage import GoneCode, settle_lineage
from kuai.registry.imprint import read_imprint

MEMORY = "500MB"
ELEMENT_BY_PREFIX = {prefix: element for element, prefix in PREFIX_BY_ELEMENT.items()}


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
    """The life of one code. `living_code` is itself while it lives; `steps` name it on either side, in order.

    State and `merged_here` are the published build's; the steps are those of `told_by`, the build that knows most:
    after going back to an earlier build the two differ.
    """

    code: str
    element: str
    living_code: str
    merged_here: tuple[str, ...]
    steps: tuple[CodeStep, ...]
    told_by: str


def resolve_code(code: str, *, store: Store) -> str:
    """The living code under which `code` is found in the published build; refuses a code that was never given."""
    return resolve_codes((code,), store=store)[code]


def resolve_codes(codes: Iterable[str], *, store: Store) -> dict[str, str]:
    """`resolve_code` for several: one pass over the ledger.

    A code that only a later build gave, before somebody went back to this one, leads to the code it was cut from, or
    to itself, without mentions.
    """
    asked = sorted(set(codes))
    with engine(memory_limit=MEMORY) as connection:
        here = _read_ledger(connection, store.current_build() / "core", asked)
        later = [code for code in asked if code not in here.origin]
        if not later:
            return {code: here.living.get(code, code) for code in asked}
        most = _read_ledger(connection, _most_knowing(store) / "core", later)
        _require_known(later, most.origin)
        leads = [lead for code in later for lead in _leads(code, most)]
        found = _read_ledger(connection, store.current_build() / "core", leads)
    answer = {code: here.living.get(code, code) for code in asked if code in here.origin}
    for code in later:
        known = [lead for lead in _leads(code, most) if lead in found.origin]
        first = known[0] if known else most.living.get(code, code)
        answer[code] = found.living.get(first, first)
    return answer


def _leads(code: str, ledger: _Ledger) -> tuple[str, str]:
    """Where a code that an earlier build does not know may be found in it, the likelier first."""
    return ledger.living.get(code, code), ledger.origin[code]


def read_code_history(code: str, *, store: Store) -> CodeHistory:
    """All that the store knows of `code`; refuses a code that was never given."""
    most = _most_knowing(store)
    with engine(memory_limit=MEMORY) as connection:
        here = _read_ledger(connection, store.current_build() / "core", [code])
        known = _read_ledger(connection, most / "core", [code])
        _require_known([code], known.origin)
        _use_events(connection, most / "core")
        steps = connection.execute(
            "select code, event, coalesce(other_code, ''), build, decision, reason from identity_event"
            " where code = $code or other_code = $code order by event_no",
            {"code": code},
        ).fetchall()
    names = _published_names(store)
    return CodeHistory(
        code=code,
        element=ELEMENT_BY_PREFIX[code[0]],
        living_code=resolve_code(code, store=store),
        merged_here=tuple(sorted(one for one, target in here.living.items() if target == code)),
        steps=tuple(
            CodeStep(one, event, other, names.get(build, build), decision, reason)
            for one, event, other, build, decision, reason in steps
        ),
        told_by=most.name,
    )


@dataclass(frozen=True)
class _Ledger:
    """`origin`: of the codes asked for, those that were given, with the code they were cut from ("" if none)."""

    origin: dict[str, str]
    living: dict[str, str]


def _read_ledger(
    connection: duckdb.DuckDBPyConnection, core: Path, asked: Sequence[str]
) -> _Ledger:
    use_table(connection, table_at(connection, types.IDENTITY_LEDGER, core))
    found = connection.execute(
        "select code, coalesce(split_from, '') from identity_ledger where list_contains($asked, code)",
        {"asked": list(asked)},
    ).fetchall()
    merged = connection.execute(
        "select code, serial, merged_into from identity_ledger where merged_into is not null"
    ).fetchall()
    living = settle_lineage(GoneCode(*row) for row in merged).living
    return _Ledger(origin=dict(found), living=living)


def _most_knowing(store: Store) -> Path:
    """The build whose tables know most of codes: not the published one after going back to an earlier build."""
    current = store.current_build()
    imprints = {path: read_imprint(path / "core") for path in sorted(store.builds.glob("b-*"))}
    ranked = [
        (imprint.codes, imprint.depth, path == current, path)
        for path, imprint in imprints.items()
        if imprint
    ]
    return max(ranked)[-1] if ranked else current


def _require_known(asked: Iterable[str], known: Container[str]) -> None:
    for code in asked:
        if not is_element_code(code):
            raise Refusal(
                "code.form",
                "这不是要素编码：前缀、八位和校验位对不上。",
                next_step="要素编码形如 P-XXXXXXXX-C；楼和房间用统一地址编码查 kuai block。",
            )
        if code not in known:
            raise Refusal(
                "code.unknown", f"这个库没有发出过编码 {code}。", next_step="检查编码和 --store。"
            )


def _published_names(store: Store) -> dict[str, str]:
    """Under which name a build lies in the store: core tables name it without its care sources."""
    found = ((read_imprint(path / "core"), path.name) for path in sorted(store.builds.glob("b-*")))
    return {imprint.build: name for imprint, name in found if imprint}


def _use_events(connection: duckdb.DuckDBPyConnection, core: Path) -> None:
    path = core / f"{types.IDENTITY_EVENT.name}.parquet"
    if path.exists():
        source = f"select * from {scan_sql([path])}"
    else:
        # A build of a release without events tells them by its ledger.
        connection.execute(
            "create or replace temp view previous_ledger as select * from identity_ledger"
        )
        source = read_sql(__file__, "past_event")
    connection.execute(f"create or replace temp view identity_event as {source}")
