"""The imprint of a build's identity tables: how the next build knows that they are whole before it follows on. Private.

A code given twice cannot be taken back, so a build whose predecessor is damaged does not begin.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from kuai.kit.element_codes import PREFIX_BY_ELEMENT, codes_of
from kuai.kit.engine import scan_sql
from kuai.kit.errors import DataFault, Where
from kuai.kit.store import read_json, write_json
from kuai.kit.tables import BulkTable, TableRef
from kuai.registry import types

FILE_NAME = "identity_imprint.json"
MARKED_TABLES = (
    types.IDENTITY_LEDGER,
    types.IDENTITY_EVENT,
    types.MENTION_HOME,
    types.MENTION_ELEMENT,
)
# What builds of releases without an imprint have.
OLD_TABLES = (types.IDENTITY_LEDGER, types.MENTION_ELEMENT)
_LEDGER_RULES = (
    (
        "有重复的编码或序号",
        "select count(*) - count(distinct code) + count(*) - count(distinct element || serial) from {ledger}",
    ),
    (
        "序号不连续，有编码缺失",
        "select count(*) from (select element from {ledger} group by element"
        " having min(serial) <> 1 or max(serial) <> count(*))",
    ),
    (
        "有编码并入了不存在的、更晚的或另一类的编码",
        "select count(*) from {ledger} as c left join {ledger} as t on t.code = c.merged_into"
        " where c.merged_into is not null and (t.code is null or t.serial >= c.serial or t.element <> c.element)",
    ),
    (
        "有编码分自不存在的、更晚的或另一类的编码",
        "select count(*) from {ledger} as c left join {ledger} as t on t.code = c.split_from"
        " where c.split_from is not null and (t.code is null or t.serial >= c.serial or t.element <> c.element)",
    ),
)
_RULES: dict[str, tuple[tuple[str, str], ...]] = {
    types.IDENTITY_LEDGER.name: _LEDGER_RULES,
    types.IDENTITY_EVENT.name: (
        (
            "经过的编号不连续",
            "select count(*) - count(distinct event_no) + abs(count(*) - coalesce(max(event_no), 0)) from {table}",
        ),
        (
            "有不在台账里的编码",
            "select count(*) from {table} as e left join {ledger} as c on c.code = e.code where c.code is null",
        ),
    ),
    types.MENTION_HOME.name: (
        (
            "同一提及有两个归属",
            "select count(*) - count(distinct element || chr(31) || mention_key) from {table}",
        ),
        (
            "有不在台账里的编码",
            "select count(*) from {table} as h left join {ledger} as c on c.code = h.home_code where c.code is null",
        ),
    ),
    types.MENTION_ELEMENT.name: (
        (
            "有不在台账里的或已并入别处的编码",
            "select count(*) from {table} as m left join {ledger} as c on c.code = m.code and c.merged_into is null"
            " where m.element <> 'address' and m.code is not null and c.code is null",
        ),
    ),
}


@dataclass(frozen=True)
class Imprint:
    """What a build left of itself: its name, how many builds it follows on from, its codes, its files' digests."""

    build: str
    follows: str
    depth: int
    codes: int
    files: dict[str, str]


def write_imprint(
    core: Path, *, build: str, made: Mapping[str, TableRef], previous: Imprint | None
) -> None:
    """Write the imprint of the identity tables that lie in `core`."""
    imprint = Imprint(
        build=build,
        follows=previous.build if previous else "",
        depth=previous.depth + 1 if previous else 1,
        codes=made[types.IDENTITY_LEDGER.name].rows,
        files={table.name: _digest(made[table.name].paths[0]) for table in MARKED_TABLES},
    )
    write_json(core / FILE_NAME, asdict(imprint))


def read_imprint(core: Path) -> Imprint | None:
    """The imprint in `core`; None if the build is of a release without one."""
    path = core / FILE_NAME
    if not path.exists():
        later = [table for table in MARKED_TABLES if table not in OLD_TABLES]
        if any(_path(core, table).exists() for table in later):
            raise _damaged(path, "文件不见了")
        return None
    try:
        return Imprint(**read_json(path))
    except (ValueError, TypeError) as cause:
        raise _damaged(path, "读不出来") from cause


def require_sound(connection: duckdb.DuckDBPyConnection, core: Path) -> Imprint | None:
    """Refuse to follow on from a build whose identity tables are not what it wrote; says what is wrong and where."""
    imprint = read_imprint(core)
    for table in MARKED_TABLES if imprint else OLD_TABLES:
        path = _path(core, table)
        if not path.exists():
            raise _damaged(path, "文件不见了")
        if imprint is None:
            wrong = _what_is_wrong(connection, core, table)
        elif _digest(path) != imprint.files.get(table.name):
            wrong = _what_is_wrong(connection, core, table) or "内容和建库时写下的不一样"
        else:
            wrong = ""
        if wrong:
            raise _damaged(path, wrong)
    return imprint


def _what_is_wrong(connection: duckdb.DuckDBPyConnection, core: Path, table: BulkTable) -> str:
    """The first rule that the table breaks, in words; empty if it keeps all."""
    sources = {
        "table": scan_sql([_path(core, table)]),
        "ledger": scan_sql([_path(core, types.IDENTITY_LEDGER)]),
    }
    columns = ", ".join(f'"{name}"' for name in table.column_names)
    try:
        connection.execute(f"select {columns} from {sources['table']} limit 0").fetchall()
        for sentence, sql in _RULES[table.name]:
            if connection.execute(sql.format(**sources)).fetchall()[0][0]:
                return sentence
        if table is types.IDENTITY_LEDGER and not _codes_fit(connection, sources["ledger"]):
            return "有编码和序号对不上"
    except duckdb.Error:
        # The engine's own words may hold a value of a row.
        return "读不出来"
    return ""


def _codes_fit(connection: duckdb.DuckDBPyConnection, ledger: str) -> bool:
    for element in PREFIX_BY_ELEMENT:
        given: pa.Table = connection.sql(
            f"select code, serial from {ledger} where element = $element",
            params={"element": element},
        ).to_arrow_table()
        codes = np.asarray(given["code"].to_pylist(), dtype=np.str_)
        if not np.array_equal(codes, codes_of(element, given["serial"].to_numpy())):
            return False
    return True


def _path(core: Path, table: BulkTable) -> Path:
    return core / f"{table.name}.parquet"


def _digest(path: Path) -> str:
    stat = path.stat()
    return _digest_of(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=32)
def _digest_of(path: Path, _mtime_ns: int, _size: int) -> str:
    # Kept while the file stays as it is, because a build asks several times.
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _damaged(path: Path, what: str) -> DataFault:
    return DataFault(
        "identity.damaged",
        f"上一版的编码台账坏了（{what}），没有建库；正在用的版本照常可用",
        where=Where(file=str(Path(*path.parts[-4:]))),
        remedy="从备份恢复这个文件，再重新建库。不要删掉这一版接着建：它发出过的编码会再发给别人。",
    )
