"""The index of firms: public names and codes of a build's organisations, in a folder of flat files. Private.

Only names of firms and their codes are in it: no person, no request, no address as text. A test reads all of it.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import unicodedata
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from kuai.blocks.engine.firm_spelling import Key, Way, is_personal, keys_of, spoken_name
from kuai.blocks.engine.key_table import write_keys

# Raised with every change of what is written; older folders are then left aside.
FORM = 1
FIRMS_FILE = "firms.sqlite3"
NO_NAME = ""
_SCHEMA = (
    "create table firm (row integer primary key, code text not null, name text not null, credit_code text not null,"
    " place_code text not null, is_sole integer not null, spoken text not null)"
)
# Words for a place that firms write without its ending: 坪山 for 坪山区.
_AREA_ENDINGS = ("新区", "街道", "社区", "区", "镇", "市", "省")
_ALWAYS = ("广东省", "广东", "深圳市", "深圳")


@dataclass(frozen=True, slots=True)
class Firm:
    """One organisation as the index has it; a name that may be its owner's is not there."""

    row: int
    code: str
    name: str
    credit_code: str
    place_code: str
    is_sole: bool


def write_firm_index(serving: Path, folder: Path) -> Path:
    """Write the index of the organisations in a serving file; whole or not at all. Safe to repeat."""
    scratch = folder.with_name(f"{folder.name}.{os.getpid()}")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    with closing(_opened(serving)) as connection:
        areas = area_words(connection)
        firms = _firms(connection, areas)
    with closing(sqlite3.connect(scratch / FIRMS_FILE)) as target:
        target.execute("pragma journal_mode = off")
        target.execute(_SCHEMA)
        target.executemany(
            "insert into firm values (?, ?, ?, ?, ?, ?, ?)",
            (
                (*(getattr(one, name) for name in Firm.__dataclass_fields__), spoken_name(one.name))
                for one in firms
            ),
        )
        target.commit()
    keys: dict[Way, list[tuple[Key, int]]] = defaultdict(list)
    for firm in firms:
        for way, key in keys_of(firm.name, is_sole=firm.is_sole, areas=areas):
            keys[way].append((key, firm.row))
        for code in {firm.credit_code.lower(), firm.code.lower()} - {""}:
            keys[Way.CODES].append((Key(code), firm.row))
    for way in Way:
        write_keys(scratch, way, keys[way])
    try:
        scratch.rename(folder)
    except OSError:
        # Another process was first; what it wrote is the same.
        shutil.rmtree(scratch, ignore_errors=True)
    return folder


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)


def area_words(connection: sqlite3.Connection) -> frozenset[str]:
    """How firms write where they are, at the beginning of their names."""
    words = set(_ALWAYS)
    for (name,) in connection.execute(
        "select distinct name from block where level in ('district', 'subdistrict', 'community') and name is not null"
    ):
        words.add(name)
        ending = next((one for one in _AREA_ENDINGS if name.endswith(one)), "")
        words.add(name.removesuffix(ending))
    return frozenset(word for word in words if len(word) > 1)


@lru_cache(maxsize=4)
def areas_of_build(serving: Path) -> frozenset[str]:
    """`area_words` of a published build, which never changes; a build without serving files names no area."""
    if not serving.exists():
        return frozenset(_ALWAYS)
    with closing(_opened(serving)) as connection:
        return area_words(connection)


def _firms(connection: sqlite3.Connection, areas: frozenset[str]) -> list[Firm]:
    """Firms in the order in which they are offered: those at work first, short names before long ones."""
    rows = connection.execute(
        "select code, coalesce(name, ''), coalesce(credit_code, ''), coalesce(place_code, ''), coalesce(kind, '')"
        " from organisation order by coalesce(state, '') = 'ended', length(coalesce(name, '')), name, code"
    )
    firms = []
    for row, (code, name, credit_code, place_code, kind) in enumerate(rows):
        name = unicodedata.normalize("NFKC", name).strip()
        if is_personal(name, kind=kind, credit_code=credit_code, areas=areas):
            name = NO_NAME
        firms.append(Firm(row, code, name, credit_code, place_code, kind != "enterprise"))
    return firms
