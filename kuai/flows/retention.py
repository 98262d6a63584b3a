"""A retention run: tables, deliveries, builds, what killed work left; what is due, what is kept and why, what went.

Counts only. A dry run erases nothing. What the published build stands on is never erased by a run: its source has to
deliver anew or leave the package first, and the report says so until then. Decision 0033.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from kuai.flows.build_inputs import INPUTS_FILE
from kuai.flows.restore_erasures import SHREDDING
from kuai.guard import access, queries, retention
from kuai.guard.actions import is_shredded, shred_period
from kuai.guard.retention import TableLine
from kuai.guard.types import Actor, Zone
from kuai.kit.atomic_files import write_text
from kuai.kit.clock import local_day
from kuai.kit.store import Store, read_json, write_json
from kuai.rules.actions import sweep_findings

# As long as what a build knew without its source rests (registry: resting_statement).
BUILD_DAYS = 400
# Work of the moment: nothing healthy is silent for a week.
LEFTOVER_DAYS = 7
# What is left of an erased build: that there was one, of what, and how its codes are recognised. Nobody is in it.
BUILD_KEEPS = ("receipts.json", "inputs.json", "core/identity_imprint.json")
DELIVERY, BUILD, LEFTOVER = "delivery", "build", "leftover"


@dataclass(frozen=True)
class FolderLine:
    """One delivery, build or leftover that is due. `kept`: why it stays all the same; `gone`: it was erased."""

    kind: str
    name: str
    due_on: str
    kept: str = ""
    gone: bool = False
    zone: str = ""
    source: str = ""
    period: str = ""


@dataclass(frozen=True)
class RetentionReport:
    """What a run found and did."""

    at: str
    is_dry: bool
    tables: tuple[TableLine, ...]
    folders: tuple[FolderLine, ...]
    unruled: tuple[str, ...]

    @property
    def gone(self) -> int:
        return sum(line.gone for line in self.tables) + sum(line.gone for line in self.folders)

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return {**asdict(self), "gone": self.gone}


def run_retention(store: Store, *, by: Actor, at: datetime, is_dry: bool) -> RetentionReport:
    """List what is due and, unless `is_dry`, erase it; the report lies in the store, its digest in the ledger.

    Holds the store's lease while it erases folders, so that no build is using them. May be repeated.
    """
    folders = tuple(_due_folders(store, at=at))
    if is_dry:
        tables = retention.list_due_rows(at=at)
        return RetentionReport(
            at.isoformat(), True, tables, folders, retention.list_unruled_tables()
        )
    with store.writer_lease():
        erased = tuple(_erased(store, line, by=by, at=at) for line in folders)
        swept = sweep_findings(store)
        if swept:
            retention.enter_erasure(by, "findings", kind="finding", count=swept, at=at)
    # After the folders: their entries belong to this run, and the rows of its own tables are younger than any rule.
    tables = retention.erase_due_rows(by=by, at=at)
    report = RetentionReport(at.isoformat(), False, tables, erased, retention.list_unruled_tables())
    _write_report(store, report, by=by, at=at)
    return report


def _due_folders(store: Store, *, at: datetime) -> Iterator[FolderLine]:
    yield from _due_deliveries(store, at=at)
    yield from _due_builds(store, at=at)
    yield from _leftovers(store, at=at)


def _due_deliveries(store: Store, *, at: datetime) -> Iterator[FolderLine]:
    used = _used_deliveries(store)
    zones = {record.source: record.zone.value for record in queries.list_sources()}
    for item in queries.list_overdue_things(store, as_of=local_day(at)):
        if item.thing.kind != "source":
            continue
        source, period = item.thing.name, item.thing.period
        kept = ""
        if retention.is_held(source, f"{source}.{period}"):
            kept = "held"
        elif (source, period) in used:
            kept = "in_use"
        yield FolderLine(
            DELIVERY,
            f"{source}.{period}",
            item.due_on.isoformat(),
            kept=kept,
            zone=zones[source],
            source=source,
            period=period,
        )


def _used_deliveries(store: Store) -> set[tuple[str, str]]:
    """What the published build is made of."""
    if store.current_version() is None:
        return set()
    path = store.current_build() / INPUTS_FILE
    if not path.exists():
        return set()
    return {(one["source"], one["period"]) for one in read_json(path)["deliveries"]}


def _due_builds(store: Store, *, at: datetime) -> Iterator[FolderLine]:
    """Builds that others followed long ago; the published one is none of them, whatever its age."""
    told = store.list_publications()
    held = retention.is_held("builds")
    for (version, _), (_, followed_at) in zip(told, told[1:], strict=False):
        due = followed_at + timedelta(days=BUILD_DAYS)
        folder = store.builds / version
        again = any(one == version and when > followed_at for one, when in told)
        if due < at and version != store.current_version() and not again and folder.is_dir():
            yield FolderLine(BUILD, version, due.date().isoformat(), kept="held" if held else "")


def _leftovers(store: Store, *, at: datetime) -> Iterator[FolderLine]:
    """What killed work left in the store's scratch, uploads that nobody received among it."""
    for path in sorted([*store.scratch.glob("*"), *(store.scratch / "uploads").glob("*")]):
        due = datetime.fromtimestamp(path.stat().st_mtime, tz=at.tzinfo) + timedelta(
            days=LEFTOVER_DAYS
        )
        if due < at and path.name != "uploads":
            name = path.relative_to(store.scratch).as_posix()
            yield FolderLine(LEFTOVER, name, due.date().isoformat())


def _erased(store: Store, line: FolderLine, *, by: Actor, at: datetime) -> FolderLine:
    if line.kept:
        return line
    if line.kind == DELIVERY:
        _erase_delivery(store, line, by=by, at=at)
    elif line.kind == BUILD:
        _erase_build(store, line.name)
        retention.enter_erasure(by, line.name, kind="build", count=1, at=at)
    else:
        path = store.scratch / line.name
        shutil.rmtree(path, ignore_errors=True)
        path.unlink(missing_ok=True)
        # No name: those of uploads are random, those of builds tell nothing.
        retention.enter_erasure(by, "scratch", kind="folder", count=1, at=at)
    return replace(line, gone=True)


def _erase_delivery(store: Store, line: FolderLine, *, by: Actor, at: datetime) -> None:
    """The key first: after it the files are noise, wherever copies of them lie."""
    zone = Zone(line.zone)
    if not is_shredded(store, zone=zone, source=line.source, period=line.period):
        shred_period(store, zone=zone, source=line.source, period=line.period)
    shutil.rmtree(store.vault / line.zone / line.source / line.period, ignore_errors=True)
    base = store.extracts if zone is Zone.CORE else store.extracts / line.zone
    shutil.rmtree(base / line.source / line.period, ignore_errors=True)
    access.record_entry(
        actor=by,
        action=SHREDDING,
        object_kind="delivery",
        object_refs=(f"{line.source}.{line.period}",),
        fields=(line.zone,),
        purpose="administration",
        count=1,
        at=at,
    )


def _erase_build(store: Store, version: str) -> None:
    """The build leaves the list of publications first, so that no page looks for what is going."""
    left = [(one, when) for one, when in store.list_publications() if one != version]
    write_json(
        store.root / "publications.json",
        {"published": [{"version": one, "at": when.isoformat()} for one, when in left]},
    )
    folder = store.builds / version
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif path.relative_to(folder).as_posix() not in BUILD_KEEPS:
            path.unlink()


def _write_report(store: Store, report: RetentionReport, *, by: Actor, at: datetime) -> Path:
    text = json.dumps(report.as_json(), ensure_ascii=False, sort_keys=True, indent=1) + "\n"
    path = store.root / "retention" / f"{at:%Y%m%d-%H%M%S}.json"
    write_text(path, text)
    retention.enter_run(by, text.encode(), count=report.gone, at=at)
    return path
