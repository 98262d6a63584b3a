"""Invented person rows for linkage tests. Division codes 440380+ are unissued: the numbers are nobody's."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb
import pyarrow as pa

from kuai.kit.engine import open_engine
from kuai.kit.identity_numbers import check_character
from kuai.linkage.engine.clerk_ties import ClerkRow
from kuai.linkage.engine.figures import LinkFigures
from kuai.linkage.engine.persons import link_person_rows

ROOM = "4403090010010100001000001"
NEXT_ROOM = "4403090010010100001000002"
FAR_ROOM = "4403090020020200002000009"

_SHAPE = pa.schema(
    [
        ("row_id", pa.string()),
        ("source", pa.string()),
        ("role", pa.string()),
        ("name", pa.string()),
        ("id_number", pa.string()),
        ("birth_date", pa.string()),
        ("sex", pa.string()),
        ("phone", pa.string()),
        ("room_code", pa.string()),
        ("organisation_name", pa.string()),
    ]
)


def an_id_number(born: str, *, sequence: int = 11, division: int = 440380) -> str:
    """A valid number for a birth date such as 1990-01-31; an odd sequence is a man's."""
    body = f"{division}{born.replace('-', '')}{sequence:03d}"
    return body + check_character(body)


def a_row(
    row_id: str, name: str | None = "王晓明", source: str = "police", **known: Any
) -> dict[str, Any]:
    """One mention; `number`, `born`, `sex`, `phone`, `room`, `role`, `employer` as known."""
    return {
        "row_id": row_id,
        "source": source,
        "role": known.get("role", "subject"),
        "name": name,
        "id_number": known.get("number"),
        "birth_date": known.get("born"),
        "sex": known.get("sex"),
        "phone": known.get("phone"),
        "room_code": known.get("room"),
        "organisation_name": known.get("employer"),
    }


def strangers(count: int = 40) -> list[dict[str, Any]]:
    """Neighbours of everybody, so that a name or phone is not rare because the table is small."""
    rng = random.Random(5)
    surnames, given = "赵钱孙李周吴郑冯陈褚卫蒋沈韩杨", "安邦昌典恩芳贡和吉景康乐茂宁"
    rows = []
    for place in range(count):
        name = rng.choice(surnames) + rng.choice(given) + rng.choice(given)
        born = f"{rng.randint(1950, 2000)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
        number = an_id_number(born, sequence=place + 100, division=440390)
        room = f"44030900300303000030{place:05d}"
        rows.append(
            a_row(
                f"z{place}", name, number=number, born=born, phone=f"1590000{place:04d}", room=room
            )
        )
    return rows


@dataclass(frozen=True)
class Watched:
    """A link with what it held back: suspicions and ties by row_id."""

    links: dict[str, dict[str, Any]]
    figures: LinkFigures
    suspicions: list[dict[str, Any]]
    ties: list[dict[str, Any]]


def link_rows(
    rows: Iterable[dict[str, Any]],
    *,
    threads: int = 0,
    with_model: bool = True,
    decided: Iterable[ClerkRow] = (),
) -> tuple[dict[str, dict[str, Any]], LinkFigures]:
    """Link `rows` in a fresh session: row_id -> cluster (row_id of its founder), probability, reason, quarantined."""
    watched = link_and_watch(rows, threads=threads, with_model=with_model, decided=decided)
    return watched.links, watched.figures


def link_and_watch(
    rows: Iterable[dict[str, Any]],
    *,
    threads: int = 0,
    with_model: bool = True,
    decided: Iterable[ClerkRow] = (),
    as_of: date | None = None,
) -> Watched:
    """`link_rows` with suspicions and ties."""
    connection = open_engine(threads=threads)
    try:
        table = pa.Table.from_pylist(list(rows), schema=_SHAPE)
        connection.register("given_row", table)
        connection.execute(
            "create temp table person_row as select row_number() over (order by source, row_id) - 1 as mention_no,"
            " row_id as mention_key, source, role, name, id_number, cast(birth_date as date) as birth_date, sex,"
            " phone, room_code, case when length(room_code) = 25 then substr(room_code, 1, 19) end as building_code,"
            " cast(null as varchar) as likely_room_code,"
            " organisation_name from given_row"
        )
        figures = link_person_rows(
            connection, with_model=with_model, decided=tuple(decided), as_of=as_of
        )
        return Watched(_links(connection), figures, _suspicions(connection), _ties(connection))
    finally:
        connection.close()


def _suspicions(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    return (
        connection.sql(
            "select f.mention_key as cluster, s.kind, l.mention_key as left, r.mention_key as right, s.explanation,"
            " s.agreement from cluster_suspicion as s inner join person_row as f on f.mention_no = s.founder_no"
            " inner join person_row as l on l.mention_no = s.left_no"
            " left join person_row as r on r.mention_no = s.right_no"
            " order by s.founder_no, s.kind, s.left_no, s.right_no"
        )
        .to_arrow_table()
        .to_pylist()
    )


def _ties(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    return (
        connection.sql(
            "select l.mention_key as left, r.mention_key as right, t.key_code, t.is_kept from cluster_tie as t"
            " inner join person_row as l on l.mention_no = t.left_no"
            " inner join person_row as r on r.mention_no = t.right_no order by t.left_no, t.right_no, t.key_code"
        )
        .to_arrow_table()
        .to_pylist()
    )


def a_decision(
    sequence: int, kind: str, *keys: str, staying: Iterable[str] = (), says: str = ""
) -> list[ClerkRow]:
    """One decision as rows of the build's table `decision`."""
    part = "mention" if kind == "confirm" else "subject"
    rows = [ClerkRow(sequence, kind, part, key, says) for key in keys]
    return rows + [ClerkRow(sequence, kind, "staying", key) for key in staying]


def _links(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, Any]]:
    found = connection.sql(
        "select r.mention_key as row_id, f.mention_key as cluster, c.match_probability, c.reason, c.quarantined"
        " from mention_cluster as c inner join person_row as r on r.mention_no = c.mention_no"
        " inner join person_row as f on f.mention_no = c.founder_no"
    ).to_arrow_table()
    return {row["row_id"]: row for row in found.to_pylist()}
