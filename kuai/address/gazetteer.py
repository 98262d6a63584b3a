"""The packaged gazetteer (divisions/*.csv): which places lie elsewhere, and what old names became."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

from kuai.address.engine.divisions import Elsewhere, Succession, core_of
from kuai.address.engine.normalising import to_one_spelling

FOLDER = Path(__file__).parent / "divisions"


@cache
def packaged_elsewhere() -> Elsewhere:
    """Names outside any library, spelled as the engine spells."""
    places = _rows("elsewhere.csv")
    provinces = frozenset(_spelled(row["name"]) for row in places if row["level"] == "province")
    cities = frozenset(_spelled(row["name"]) for row in places if row["level"] == "city")
    districts = frozenset(_spelled(row["name"]) for row in places if row["level"] == "district")
    # Because 东区 and 西区 are parts of any estate, names of two characters tell nothing.
    districts = frozenset(name for name in districts if len(name) > 2)
    subdistricts = frozenset(
        core_of(_spelled(row["name"]), "subdistrict")
        for row in _rows("divisions.csv")
        if row["level"] == "subdistrict"
    )
    return Elsewhere(
        provinces=provinces,
        cities=cities,
        districts=districts,
        districts_by_city={"深圳": _districts_of_gazetteer()},
        subdistricts={"深圳": subdistricts},
        splits=_splits(),
        successions=tuple(
            Succession(row["within"], row["written"], row["district"], row["reason"])
            for row in _rows("successions.csv")
        ),
    )


def _districts_of_gazetteer() -> frozenset[str]:
    return frozenset(
        _spelled(r["name"]) for r in _rows("divisions.csv") if r["level"] == "district"
    )


def _splits() -> dict[tuple[str, str], frozenset[str]]:
    found: dict[tuple[str, str], set[str]] = {}
    for row in _rows("splits.csv"):
        found.setdefault((row["district"], row["before"]), set()).add(row["today"])
    return {key: frozenset(cores) for key, cores in found.items()}


def _spelled(name: str) -> str:
    return to_one_spelling(name)


def _rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))
