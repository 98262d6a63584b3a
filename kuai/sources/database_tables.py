"""One table or view of an office's database, read once, whole and read-only, into a file of JSON lines.

The URL holds a password: it comes from the environment or from a file beside the keys, and goes into no message, no
card and no ledger. Nothing but a select of the named table is ever sent.
"""

from __future__ import annotations

import datetime
import json
import os
import re
import secrets
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import SQLAlchemyError

from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.sources.receiving import place_nameless, sweep_scratch

# Several times the largest extract of a district we know of; a longer table comes as files.
MOST_ROWS = 2_000_000
ROWS_AT_ONCE = 5_000
CONNECT_SECONDS = 10
URL_VARIABLE = "KUAI_SOURCE_URL_"
_NOT_IN_A_NAME = re.compile(r"[^A-Z0-9]+")
_NOT_IN_A_FILE = re.compile(r"[^\w-]+")
_READING_ONLY = {
    "mysql": "set session transaction read only",
    "mariadb": "set session transaction read only",
    "oracle": "set transaction read only",
}
# Others (json, xml, points, arrays) have no order in some database, and one such column would stop the reading.
_ORDERABLE = (
    sqlalchemy.types.String,
    sqlalchemy.types.Numeric,
    sqlalchemy.types.Integer,
    sqlalchemy.types.Boolean,
    sqlalchemy.types.Date,
    sqlalchemy.types.DateTime,
    sqlalchemy.types.Time,
    sqlalchemy.types.Uuid,
)
# By the first two characters of SQLSTATE, the longer ones first where they say more.
_IN_WORDS = {
    "42501": "这个账号没有读这张表的权限",
    "42P01": "没有这张表",
    "57014": "对方中止了查询（可能超时）",
    "08": "连不上数据库",
    "28": "账号或口令不对",
    "3D": "没有这个库",
    "22": "表里有数据库自己也读不出来的值",
    "25": "数据库不让这样读",
    "40": "读的时候表被改动，请再试一次",
    "42": "数据库不接受这样读这张表",
    "53": "数据库资源不足",
    "57": "数据库正在关闭或重启",
    "58": "数据库自己出了故障",
    "XX": "数据库自己出了故障",
}
_SQLSTATE = re.compile(r"^[0-9A-Z]{5}$")


@dataclass(frozen=True)
class DatabaseTable:
    """Which table of which database. The URL is in no representation of it."""

    table: str
    url: str = field(repr=False)
    schema: str = ""
    most_rows: int = MOST_ROWS


def find_database_url(store: Store, source: str) -> str:
    """The URL of a source's database, from KUAI_SOURCE_URL_<SOURCE> or <keys>/databases/<source>.url (mode 600)."""
    variable = URL_VARIABLE + _NOT_IN_A_NAME.sub("_", source.upper()).strip("_")
    written = os.environ.get(variable, "").strip()
    secret = store.keys / "databases" / f"{source}.url"
    if not written and secret.is_file():
        if stat.S_IMODE(secret.stat().st_mode) & 0o077:
            raise Refusal(
                "database.open_secret",
                "存放数据库地址的文件别人也能读，不使用它。",
                next_step="把文件权限改成 600（只有本账号可读写）后重试。",
            )
        written = secret.read_text(encoding="utf-8").strip()
    if not written:
        raise Refusal(
            "database.no_url",
            f"没有来源“{source}”的数据库地址。",
            next_step=f"设环境变量 {variable}，或写进密钥文件夹的 databases/{source}.url（权限 600）。",
        )
    return written


@contextmanager
def exported_rows(store: Store, wanted: DatabaseTable) -> Iterator[tuple[Path, list[str]]]:
    """A file with the table's rows, gone afterwards, and the columns left out (pictures and other bytes).

    Refuses what is no table or view there, and a table of more rows than asked for: nothing is cut off silently.
    """
    store.scratch.mkdir(parents=True, exist_ok=True)
    # Named as the folders of receiving are: the next reading or receiving sweeps it if this process is killed.
    sweep_scratch(store.scratch)
    folder = store.scratch / f"receive-{os.getpid()}-{secrets.token_hex(8)}"
    folder.mkdir(mode=0o700)
    try:
        target = folder / f"{_NOT_IN_A_FILE.sub('-', wanted.table)[:60]}.jsonl"
        # Raw rows: in a file with a name they would lie there after a kill.
        kept = place_nameless(target)
        try:
            yield target, _export(wanted, target)
        finally:
            os.close(kept)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _export(wanted: DatabaseTable, target: Path) -> list[str]:
    engine = _open(wanted.url)
    try:
        with engine.connect() as connection:
            _promise_to_read_only(connection)
            return _write_rows(connection, wanted, target)
    except SQLAlchemyError as error:
        # Its text holds the statement, the host and sometimes the URL: none of that goes on.
        kind = type(error).__name__
        state = _state_of(error)
    finally:
        engine.dispose()
    raise Refusal(
        "database.failed",
        f"{_in_words(state)}（{kind}{f'，SQLSTATE {state}' if state else ''}）。",
        next_step="请核对地址、账号的只读权限和网络；细节见数据库自己的日志。",
    )


def _state_of(error: SQLAlchemyError) -> str:
    """The five characters of SQLSTATE, which hold no value of a row; "" where the driver tells none."""
    cause = getattr(error, "orig", None)
    state = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None) or ""
    return state if isinstance(state, str) and _SQLSTATE.match(state) else ""


def _in_words(state: str) -> str:
    words = _IN_WORDS.get(state) or _IN_WORDS.get(state[:2])
    return words or "数据库没有答复，或不允许读这张表"


def _open(written: str) -> Engine:
    try:
        url = make_url(written)
        if url.get_backend_name() == "sqlite":
            return _open_sqlite(url)
        arguments: dict[str, Any] = {}
        if url.get_backend_name() == "postgresql":
            # The driver we have; others are looked for under their own names.
            url = url.set(drivername="postgresql+psycopg")
            arguments = {"connect_args": {"connect_timeout": CONNECT_SECONDS}}
        return sqlalchemy.create_engine(url, hide_parameters=True, **arguments)
    except (SQLAlchemyError, ValueError):
        sentence = "数据库地址写得不对。"
    except ImportError:
        sentence = "没有装这种数据库的驱动。"
    raise Refusal(
        "database.url",
        sentence,
        next_step="写成 postgresql://用户:口令@主机:端口/库名 的样子；别的数据库先装它的 SQLAlchemy 驱动。",
    )


def _open_sqlite(url: URL) -> Engine:
    path = Path(url.database or "").resolve()
    if not path.is_file():
        raise Refusal(
            "database.missing", "找不到这个 SQLite 文件。", next_step="请核对地址里的路径。"
        )

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=CONNECT_SECONDS)

    return sqlalchemy.create_engine("sqlite://", creator=connect, hide_parameters=True)


def _promise_to_read_only(connection: Connection) -> None:
    backend = connection.engine.dialect.name
    if backend == "postgresql":
        connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    elif backend in _READING_ONLY:
        connection.execute(sqlalchemy.text(_READING_ONLY[backend]))


def _write_rows(connection: Connection, wanted: DatabaseTable, target: Path) -> list[str]:
    names, left_out, order = _columns_of(connection, wanted)
    table = sqlalchemy.table(
        wanted.table, *(sqlalchemy.column(name) for name in names), schema=wanted.schema or None
    )
    statement = sqlalchemy.select(table).limit(wanted.most_rows + 1)
    # By its key, so that the same table gives the same bytes.
    statement = statement.order_by(*(table.c[name] for name in order))
    rows = connection.execution_options(stream_results=True).execute(statement)
    written = 0
    with target.open("w", encoding="utf-8") as stream:
        for part in rows.partitions(ROWS_AT_ONCE):
            written += len(part)
            if written > wanted.most_rows:
                raise Refusal(
                    "database.too_many_rows",
                    f"这张表超过 {wanted.most_rows:,} 行，一行也没有取。",
                    next_step="请对方给出一个行数少的视图，或加大 --most-rows。",
                )
            for row in part:
                cells = dict(zip(names, map(_as_json, row), strict=True))
                stream.write(json.dumps(cells, ensure_ascii=False) + "\n")
    if not written:
        raise Refusal("database.empty", "这张表里没有数据。", next_step="请核对表名。")
    return left_out


def _columns_of(
    connection: Connection, wanted: DatabaseTable
) -> tuple[list[str], list[str], list[str]]:
    """Names of the columns that are taken, of those left out, and of those to order by."""
    inspector = sqlalchemy.inspect(connection)
    schema = wanted.schema or None
    known = {*inspector.get_table_names(schema), *inspector.get_view_names(schema)}
    if wanted.table not in known:
        raise Refusal(
            "database.no_table",
            f"数据库里没有名叫“{wanted.table}”的表或视图，或这个账号看不到它。",
            next_step="只能写一张表或一个视图的名字；表在别的模式里时加 --schema。",
        )
    columns = inspector.get_columns(wanted.table, schema)
    left_out = [
        one["name"] for one in columns if isinstance(one["type"], sqlalchemy.types.LargeBinary)
    ]
    names = [one["name"] for one in columns if one["name"] not in left_out]
    key = list(inspector.get_pk_constraint(wanted.table, schema).get("constrained_columns") or ())
    orderable = [
        one["name"]
        for one in columns
        if isinstance(one["type"], _ORDERABLE) and not _is_long_text(one["type"], connection)
    ]
    order = key if key and set(key) <= set(names) else orderable
    return names, left_out, order


def _is_long_text(kind: sqlalchemy.types.TypeEngine[Any], connection: Connection) -> bool:
    """Oracle and SQL Server order no CLOB, ntext or XML."""
    return isinstance(kind, sqlalchemy.types.Text) and connection.engine.dialect.name in {
        "oracle",
        "mssql",
    }


def _as_json(value: Any) -> Any:
    """As text, the way a sheet shows it; None stays none."""
    if value is None or isinstance(value, bool | str | int | list | dict):
        return value
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, bytes | memoryview):
        # A type that the database calls something else than bytes.
        return None
    return str(value)
