"""Which stages of a build are done. A stage's marker is written after its files, so a kill loses at most one stage."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TypeVar

from kuai.kit.receipt import Receipt
from kuai.kit.store import read_json, write_json

T = TypeVar("T")
BUILDING_ROOMS = ("kit", "sources", "address", "linkage", "registry", "blocks", "flows")
STEP_SUFFIXES = (".py", ".sql", ".yaml", ".json", ".csv")
# Another version of one of these may read, sort, compare or round otherwise: another build.
DECIDING_LIBRARIES = (
    "duckdb",
    "numpy",
    "openpyxl",
    "pyarrow",
    "pypinyin",
    "rapidfuzz",
    "splink",
)


class StageLog:
    """Markers in one build's scratch folder. A stage found done is loaded instead of made.

    `after` names what the build follows on from; stages made after something else are thrown away.
    """

    def __init__(self, folder: Path, *, after: str = "") -> None:
        self.folder = folder
        self.after = after
        self._follows = folder / ".after.json"
        known = self._follows.exists() and read_json(self._follows)["after"] == after
        if folder.exists() and not known:
            shutil.rmtree(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.receipts: list[Receipt] = []
        self.resumed: list[str] = []

    def run(self, stage: str, make: Callable[[], tuple[T, Receipt]], load: Callable[[], T]) -> T:
        """The product of `stage`: loaded if its marker is there, else made and marked."""
        marker = self.folder / f".{stage}.done.json"
        if marker.exists():
            self.receipts.append(Receipt.from_json(read_json(marker)))
            self.resumed.append(stage)
            return load()
        began, worked = time.perf_counter(), _cpu_seconds()
        product, receipt = make()
        took = {
            "seconds": round(time.perf_counter() - began, 1),
            "cpu_seconds": round(_cpu_seconds() - worked, 1),
        }
        receipt = replace(receipt, notes={**receipt.notes, **took})
        # With the first stage and not before: a build refused at its first step leaves nothing.
        write_json(self._follows, {"after": self.after})
        write_json(marker, receipt.as_json())
        self.receipts.append(receipt)
        return product

    def clear_scaffolding(self) -> None:
        """Before publishing: markers go, and what a killed stage left half-written beside its tables."""
        for path in sorted(self.folder.rglob(".*"), reverse=True):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


def _cpu_seconds() -> float:
    """Of this process and of its children that have ended."""
    return sum(os.times()[:4])


def file_digest(paths: Iterable[Path]) -> str:
    """SHA-256 over the bytes of `paths`, in the order given, as hex."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as stream:
            while chunk := stream.read(1 << 20):
                digest.update(chunk)
    return digest.hexdigest()


@cache
def code_digest() -> str:
    """A digest of every step, rule and frozen model of the stages, and of the libraries whose reading decides."""
    house = Path(__file__).parents[1]
    files = sorted(
        path
        for room in BUILDING_ROOMS
        for suffix in STEP_SUFFIXES
        for path in (house / room).rglob(f"*{suffix}")
    )
    told = "".join(f"|{name} {_version_of(name)}" for name in DECIDING_LIBRARIES)
    return hashlib.sha256((file_digest(files) + told).encode()).hexdigest()[:16]


def _version_of(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return ""


@cache
def model_digest() -> str:
    """A digest of the frozen linkage models alone: retraining one is a release."""
    models = Path(__file__).parents[1] / "linkage" / "models"
    return file_digest(sorted(models.rglob("*.json")))[:16]
