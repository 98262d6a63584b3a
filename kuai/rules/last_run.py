"""What a run notes of itself, and how the next one reads it to ask of changes alone. Private."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date
from pathlib import Path

from kuai.kit.store import Store, write_json
from kuai.rules.changing import LastRun, digest_of
from kuai.rules.finding_files import RUN_FILE, newest_run, read_run, scan_findings
from kuai.rules.types import Overlay, Rule, RuleRun
from kuai.rules.view_tables import ViewFrame


def note_run(folder: Path, run: RuleRun, rules: Iterable[Rule], frame: ViewFrame) -> None:
    """Write beside the findings what was asked, of which build, and what was out of use then."""
    refused = {one.rule for one in run.counts if one.refused}
    note = json.loads(json.dumps(asdict(run), default=str))
    note["ran"] = {one.rule_id: digest_of(one) for one in rules if one.rule_id not in refused}
    note["out_of_use"] = {name: sorted(keys) for name, keys in asdict(frame.overlay).items()}
    note["handed_in"] = sorted(handed_in(frame))
    note["intervals"] = [list(one) for one in frame.list_intervals()]
    write_json(folder / RUN_FILE, note)


def handed_in(frame: ViewFrame) -> set[str]:
    """The views into which somebody handed rows."""
    return {name for name, rows in frame.declared.items() if rows}


def find_last_run(store: Store, frame: ViewFrame) -> LastRun | None:
    """The newest run, if its build is still there to compare with."""
    folder = newest_run(store)
    if folder is None:
        return None
    note = read_run(folder)
    core = store.builds / note["build"] / "core"
    if not (core / "person.parquet").exists() or not (core.parent / "inputs.json").exists():
        return None
    # It is in no build: what another table made of the rows of then nobody can tell.
    if note.get("intervals") != [list(one) for one in frame.list_intervals()]:
        return None
    overlay = Overlay(**{name: frozenset(keys) for name, keys in note["out_of_use"].items()})
    return LastRun(
        frame=ViewFrame(core, overlay),
        day=date.fromisoformat(note["day"]),
        ran=note["ran"],
        findings=scan_findings(folder),
        handed_in=frozenset(note["handed_in"]) | handed_in(frame),
        populations={one["rule"]: one["population"] for one in note["counts"]},
    )
