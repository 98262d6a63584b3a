"""The logical views: all that a rule may read, from the one file that declares them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from kuai.kit.tables import Sensitivity
from kuai.rules.types import LogicalView, ViewColumn

VIEW_FILE = Path(__file__).resolve().parents[1] / "views.yaml"
# In every view of facts, so written once.
STANDING_COLUMNS = (
    ViewColumn("row_ref", "VARCHAR", "ref", Sensitivity.L2, "依据的行", ""),
    ViewColumn("status", "VARCHAR", "standing", Sensitivity.L1, "申报或核实", ""),
    ViewColumn("confidence", "DOUBLE", "standing", Sensitivity.L1, "把握", ""),
)
# Read by the runner alone: rows whose sources do not allow the rule's purpose are left out.
PURPOSE_COLUMN = "purposes"


@cache
def logical_views() -> Mapping[str, LogicalView]:
    """The views of views.yaml, by name."""
    return read_views(yaml.safe_load(VIEW_FILE.read_text(encoding="utf-8")))


def read_views(document: Mapping[str, Any]) -> Mapping[str, LogicalView]:
    """The views of a document in the form of views.yaml."""
    return {name: _read_view(name, entry) for name, entry in document["views"].items()}


def _read_view(name: str, entry: Mapping[str, Any]) -> LogicalView:
    columns = [_read_column(one, said) for one, said in entry["columns"].items()]
    if entry.get("facts", True):
        columns += STANDING_COLUMNS
    return LogicalView(
        name=name,
        title_zh=entry["zh"],
        row=entry["row"],
        columns=tuple(columns),
        sql=entry.get("sql", "").strip(),
        needs=tuple(entry.get("needs", ())),
        filled_by=entry.get("filled_by", ""),
    )


def _read_column(name: str, said: Mapping[str, Any]) -> ViewColumn:
    kind, _, element = str(said["kind"]).partition(" ")
    types = {"day": "DATE", "number": "BIGINT", "flag": "BOOLEAN"}
    return ViewColumn(
        name=name,
        type=types.get(kind, "VARCHAR"),
        kind=kind,
        level=Sensitivity[said["level"]],
        title_zh=said["zh"],
        comes_from=said.get("from", ""),
        element=element,
        purposes=tuple(said.get("purposes", ())),
    )
