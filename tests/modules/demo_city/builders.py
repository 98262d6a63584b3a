"""Reading a package back the slow, independent way: csv and openpyxl, nothing of the generator."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path
from typing import Any

import openpyxl


def descriptor(package: Path) -> dict[str, Any]:
    """datapackage.json."""
    return json.loads((package / "datapackage.json").read_text(encoding="utf-8"))


def resource(package: Path, name: str) -> dict[str, Any]:
    """One resource's description."""
    return next(r for r in descriptor(package)["resources"] if r["name"] == name)


def extract_rows(package: Path, name: str) -> list[dict[str, Any]]:
    """The data rows of an extract; headings are the last row above them."""
    found = resource(package, name)
    paths = [found["path"]] if isinstance(found["path"], str) else found["path"]
    rows: list[dict[str, Any]] = []
    for path in paths:
        if path.endswith(".xlsx"):
            lines = openpyxl.load_workbook(package / path, read_only=True).active.iter_rows(
                values_only=True
            )
            for _ in range(2 if name == "transit_list" else 1):
                next(lines)
            headings = next(lines)
            rows += [dict(zip(headings, line, strict=True)) for line in lines]
        else:
            with (package / path).open(
                encoding=found.get("encoding", "utf-8"), newline=""
            ) as lines:
                rows += list(csv.DictReader(lines))
    return rows


def truth_rows(package: Path, name: str = "rows") -> list[dict[str, str]]:
    """A file of the truth."""
    with (package / "truth" / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def digests(package: Path) -> dict[str, str]:
    """Every file's content."""
    return {
        str(path.relative_to(package)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(package.rglob("*"))
        if path.is_file()
    }
