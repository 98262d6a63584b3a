"""Doors of rules that write: a run of all rules, and what a rule would find (nothing kept)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import duckdb

from kuai.kit.engine import engine, rows_of, write_table
from kuai.kit.store import Store
from kuai.rules.changing import ask_changes
from kuai.rules.finding_files import (
    findings_folder,
    findings_of,
    newest_run,
    point_to,
    read_run,
    run_name,
    scan_findings,
)
from kuai.rules.last_run import find_last_run, note_run
from kuai.rules.rule_books import read_rules
from kuai.rules.running import Question, ask_rules, finding_rows_sql
from kuai.rules.sweeping import sweep
from kuai.rules.types import (
    FINDING,
    SMALLEST_POPULATION,
    Finding,
    Overlay,
    Rule,
    RuleCount,
    RuleRun,
)
from kuai.rules.view_tables import Rows, ViewFrame

__all__ = ["evaluate_rules", "run_rules", "sweep_findings"]
NO_OVERLAY = Overlay()


def run_rules(
    store: Store,
    *,
    day: date,
    rules: Iterable[Rule] | None = None,
    overlay: Overlay = NO_OVERLAY,
    declared: Rows | None = None,
    smallest_population: int = SMALLEST_POPULATION,
    anew: bool = False,
) -> RuleRun:
    """Ask the rules of the published build as of `day` and keep what they find under STORE/findings.

    Asks of what changed since the last run alone where that is known, else (or with `anew`) of everything; both find
    the same. `overlay`: what was decided since the build (`queries.overlay_of`). `declared`: rows of views that no
    build holds. Refuses a rule that may not run, before any runs. May be repeated: equal inputs, equal findings.
    """
    asked = tuple(read_rules(store) if rules is None else rules)
    build = store.current_build()
    frame = ViewFrame(build / "core", overlay, declared or {})
    last = None if anew else find_last_run(store, frame)
    question = Question(day, smallest_population)
    store.scratch.mkdir(parents=True, exist_ok=True)
    before = newest_run(store)
    earlier = scan_findings(before) if before else ""
    with engine(spill_to=store.scratch / "spill", spills_in_clear=True) as connection:
        if last is None:
            counts, sizes = ask_rules(connection, frame, asked, question)
        else:
            counts, sizes = ask_changes(connection, frame, asked, question, last)
        sql = finding_rows_sql(asked, day=day, build=build.name, before=earlier)
        connection.execute(f"create or replace temp table of_run as {sql}")
        new = _count_missing(connection, "of_run", earlier)
        gone = _count_missing(connection, earlier, "of_run") if earlier else 0
        folder = findings_folder(store) / run_name(store, build.name, day)
        write_table(connection, FINDING, "select * from of_run", folder)
    way = "whole" if last is None else "changes"
    run = RuleRun(build.name, day, way, tuple(counts), new, gone, sizes)
    note_run(folder, run, asked, frame)
    point_to(store, folder)
    if before is not None and read_run(before)["build"] != build.name:
        sweep(store)
    return run


def evaluate_rules(
    store: Store,
    rules: Iterable[Rule],
    *,
    day: date,
    version: str = "",
    overlay: Overlay = NO_OVERLAY,
    declared: Rows | None = None,
    smallest_population: int = SMALLEST_POPULATION,
) -> tuple[list[Finding], tuple[RuleCount, ...]]:
    """What these rules find in a build (the published one, or `version`) as of `day`. Keeps nothing: for rehearsal."""
    asked = tuple(rules)
    build = store.builds / version if version else store.current_build()
    frame = ViewFrame(build / "core", overlay, declared or {})
    with engine(spill_to=store.scratch / "spill", spills_in_clear=True) as connection:
        counts, _ = ask_rules(connection, frame, asked, Question(day, smallest_population))
        sql = finding_rows_sql(asked, day=day, build=build.name)
        order = ", ".join(FINDING.order_by)
        found = rows_of(connection.execute(f"select * from ({sql}) order by {order}"))
    return findings_of(found), tuple(counts)


def sweep_findings(store: Store) -> int:
    """Take out of the kept findings what the published build no longer knows (erased persons, erased rows); how many.

    Call it under the writer's lease. May be repeated; nothing is swept before the first build.
    """
    return sweep(store) if store.current_version() is not None else 0


def _count_missing(connection: duckdb.DuckDBPyConnection, these: str, those: str) -> int:
    """How many of `these` findings are not among `those`."""
    where = f" where finding_id not in (select finding_id from {those})" if those else ""
    return int(connection.execute(f"select count(*) from {these}{where}").fetchall()[0][0])
