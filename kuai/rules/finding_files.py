"""Findings at rest: one folder a run under STORE/findings, the newest named by `current`. Private."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

from kuai.kit.atomic_files import write_text
from kuai.kit.engine import engine, rows_of, scan_sql
from kuai.kit.errors import Refusal
from kuai.kit.store import Store, read_json
from kuai.rules.types import FINDING, Asks, Finding, SubjectKind, ToWhom

FOLDER = "findings"
# The newest, and the one before for whoever is reading it: nobody reads older ones, and they hold birth dates.
KEPT_RUNS = 2
RUN_FILE = "run.json"


def findings_folder(store: Store) -> Path:
    """Where the store's runs lie."""
    return store.root / FOLDER


def newest_run(store: Store) -> Path | None:
    """The folder of the newest run, or none before the first."""
    pointer = findings_folder(store) / "current"
    if not pointer.exists():
        return None
    folder = findings_folder(store) / pointer.read_text(encoding="utf-8").strip()
    return folder if (folder / RUN_FILE).exists() else None


def point_to(store: Store, folder: Path) -> None:
    """Make `folder` the newest run, and let go of all but the one before."""
    write_text(findings_folder(store) / "current", folder.name + "\n")
    runs = [one for one in findings_folder(store).iterdir() if (one / RUN_FILE).exists()]
    runs.sort(key=lambda one: (one / RUN_FILE).stat().st_mtime_ns)
    for old in runs[:-KEPT_RUNS]:
        if old != folder:
            shutil.rmtree(old, ignore_errors=True)


def run_name(store: Store, build: str, day: date) -> str:
    """The folder of a new run: never one that is there, because somebody may be reading it."""
    begun = f"{build}-{day.isoformat()}"
    taken = {one.name for one in findings_folder(store).glob(f"{begun}-*")}
    return next(name for number in count(1) if (name := f"{begun}-{number:03d}") not in taken)


def list_runs(store: Store) -> list[Path]:
    """The folders of all runs that are kept."""
    return sorted(one.parent for one in findings_folder(store).glob(f"*/{RUN_FILE}"))


def scan_findings(folder: Path) -> str:
    """A FROM item over what a run found."""
    return scan_sql([folder / f"{FINDING.name}.parquet"])


def read_run(folder: Path) -> dict[str, Any]:
    """What a run noted of itself."""
    return read_json(folder / RUN_FILE)


def select_findings(
    store: Store, where: str, parameters: Mapping[str, Any], *, order: str = "finding_id"
) -> list[Finding]:
    """Findings of the newest run; refuses before the first run."""
    folder = newest_run(store)
    if folder is None:
        raise Refusal(
            "rules.not_run",
            "这个库还没有跑过规则。",
            next_step="运行 kuai rules run --store STORE。",
        )
    with engine() as connection:
        rows = rows_of(
            connection.execute(
                f"select * from {scan_findings(folder)} where {where} order by {order}",
                dict(parameters),
            )
        )
    return findings_of(rows)


def findings_of(rows: Sequence[Mapping[str, Any]]) -> list[Finding]:
    """Rows of the table as findings."""
    return [_finding(row) for row in rows]


def _finding(row: Mapping[str, Any]) -> Finding:
    first: date = row["first_found"]
    return Finding(
        finding_id=row["finding_id"],
        rule=row["rule"],
        rule_version=row["rule_version"],
        asks=Asks(row["asks"]),
        to_whom=ToWhom(row["to_whom"]),
        purpose=row["purpose"],
        subject_kind=SubjectKind(row["subject_kind"]),
        subject_code=row["subject_code"],
        place_code=row["place_code"],
        grid_code=row["grid_code"],
        occasion=row["occasion"],
        evidence=json.loads(row["evidence"]),
        rows=tuple(row["rows"].split()),
        confidence=row["confidence"],
        status=row["status"],
        clears_zh=row["clears"],
        first_found=first,
        found_on=row["found_on"],
        build=row["build"],
    )
