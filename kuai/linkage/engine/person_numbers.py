"""Identity numbers as evidence: equal numbers, borrowed numbers, and numbers with one typing slip."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import numpy as np
import pyarrow as pa

from kuai.kit.identity_numbers import check_character
from kuai.linkage.engine import names, near_numbers
from kuai.linkage.engine.components import Edges
from kuai.linkage.engine.frozen_figures import GroupKind, is_noting, note_group
from kuai.linkage.engine.keys import (
    ID_AND_NAME,
    ID_AND_NAME_VARIANT,
    ID_ONLY,
    SLIP_AND_NAME,
    TIER_OF,
)
from kuai.linkage.engine.steps import columns_of, edges_of, make_table, registered

# A valid number with more names than this that are not spellings of its leading name is a sample number.
ID_FOREIGN_NAMES_MAX = 2


def number_edges(connection: duckdb.DuckDBPyConnection) -> list[Edges]:
    """Ties of equal valid numbers; where the names cannot be one name, the number is taken off the row."""
    note_group(
        connection,
        GroupKind.NUMBER,
        "select hash(id_key) as group_no, mention_no from person_shape where id_key is not null",
    )
    make_table(connection, "person_id_name")
    make_table(connection, "person_id_doubt")
    doubt = (
        connection.sql(
            "select d.id_key, d.name, d.first_no, d.leading_no, own.spelling, led.spelling as leading"
            " from person_id_doubt as d left join person_spelling as own on own.name = d.name"
            " left join person_spelling as led on led.name = d.leading_name order by d.id_key, d.first_no"
        )
        .to_arrow_table()
        .to_pydict()
    )
    likeness = _likeness(doubt["spelling"], doubt["leading"])
    no_name = np.array([name is None for name in doubt["name"]], dtype=bool)
    foreign = (likeness == names.NameLikeness.DIFFERENT) & ~no_name
    numbers = np.array(doubt["id_key"], dtype=np.int64)
    worthless = _take_numbers_off(
        connection,
        numbers[foreign],
        [name for name, is_foreign in zip(doubt["name"], foreign, strict=True) if is_foreign],
    )
    own = columns_of(
        connection,
        "select s.mention_no, n.first_no from person_shape as s inner join person_id_name as n"
        " on n.id_key = s.id_key and n.name is not distinct from s.name"
        " where n.mentions > 1 and s.mention_no <> n.first_no",
    )
    variant = ~foreign & ~np.isin(numbers, worthless)
    ends = {
        "mention_no": np.array(doubt["first_no"], dtype=np.int64),
        "first_no": np.array(doubt["leading_no"], dtype=np.int64),
    }
    return [
        edges_of(own, tier=TIER_OF[ID_AND_NAME.code]),
        edges_of(_rows(ends, variant & ~no_name), tier=TIER_OF[ID_AND_NAME_VARIANT.code]),
        edges_of(_rows(ends, variant & no_name), tier=TIER_OF[ID_ONLY.code]),
    ]


def _rows(columns: dict[str, np.ndarray], mask: np.ndarray) -> dict[str, np.ndarray]:
    return {name: column[mask] for name, column in columns.items()}


def _likeness(left: Sequence[str | None], right: Sequence[str | None]) -> np.ndarray:
    if not left:
        return np.zeros(0, dtype=np.int8)
    return names.compare_names([value or "" for value in left], [value or "" for value in right])


def _take_numbers_off(
    connection: duckdb.DuckDBPyConnection, numbers: np.ndarray, written_names: list[int]
) -> np.ndarray:
    """A number borrowed by another name proves nothing there; carried by many names it proves nothing at all.

    Returns the numbers that are worthless. What was read from a number goes with it.
    """
    different, counts = np.unique(numbers, return_counts=True)
    worthless = different[counts > ID_FOREIGN_NAMES_MAX]
    if len(numbers):
        borrowed = pa.table({"id_key": numbers, "name": pa.array(written_names, pa.int64())})
        with registered(
            connection, borrowed_number=borrowed, worthless_number=pa.table({"id_key": worthless})
        ):
            make_table(connection, "person_number_off")
        connection.execute(
            "update person_shape set id_key = null, number_is_off = true, sex = null,"
            " birth_date = nullif(declared_birth_date, birth_date),"
            " likely_birth_date = nullif(declared_birth_date, birth_date)"
            " where mention_no in (select mention_no from person_number_off)"
        )
    return worthless


def slip_edges(connection: duckdb.DuckDBPyConnection) -> list[Edges]:
    """Faulty numbers with exactly one known near neighbour of a compatible name take its place."""
    _note_neighbours(connection)
    make_table(connection, "person_slip_pair")
    found_pairs = connection.sql(
        "select p.*, f.spelling as faulty_spelling, k.spelling as known_spelling from person_slip_pair as p"
        " inner join person_spelling as f on f.name = p.faulty_name"
        " inner join person_spelling as k on k.name = p.known_name"
    ).to_arrow_table()
    pairs = found_pairs.to_pydict()
    likeness = _likeness(pairs["faulty_spelling"], pairs["known_spelling"])
    bodies = [str(number) for number in pairs["id_key"]]
    meant = [body + check_character(body) for body in bodies]
    near = near_numbers.is_one_slip(pairs["written"], meant)
    fits = near & (likeness <= names.NameLikeness.ONE_CHARACTER)
    candidates = found_pairs.select(["id_faulty", "faulty_name", "id_key"]).filter(pa.array(fits))
    with registered(connection, slip_candidate=candidates):
        make_table(connection, "person_repair")
        note_group(
            connection,
            GroupKind.REPAIR,
            "select hash(c.id_faulty, c.faulty_name) as group_no, s.mention_no from slip_candidate as c"
            " inner join person_shape as s on s.id_faulty = c.id_faulty and s.name = c.faulty_name"
            " union select hash(c.id_faulty, c.faulty_name), s.mention_no from slip_candidate as c"
            " inner join person_shape as s on s.id_key = c.id_key",
        )
    found = columns_of(connection, "select mention_no, first_no from person_repair")
    connection.execute(
        "update person_shape set id_key = r.id_key, birth_date = r.birth_date, sex = r.sex, id_faulty = null"
        " from person_repair as r where r.mention_no = person_shape.mention_no"
    )
    return [edges_of(found, tier=TIER_OF[SLIP_AND_NAME.code])]


def _note_neighbours(connection: duckdb.DuckDBPyConnection) -> None:
    """What a known and a faulty number must share to be looked at together (person_slip_pair)."""
    if not is_noting(connection):
        return
    known = (
        "select {value} as group_no, s.mention_no from person_shape as s"
        " inner join person_spelling as n on n.name = s.name where s.id_key is not null"
    )
    faulty = (
        "select {value} as group_no, s.mention_no from person_shape as s"
        " inner join person_spelling as n on n.name = s.name"
        " inner join person_faulty as w on w.id_faulty = s.id_faulty where length(w.written) between 17 and 19"
    )
    head, tail = "s.id_key // 10000000", "s.id_key % 10000000"
    told_head = "try_cast(substr(w.written, 1, 10) as bigint)"
    told_tail = "try_cast(substr(w.written, length(w.written) - 7, 7) as bigint)"
    for kind, rows, value in (
        (GroupKind.KNOWN_HEAD, known, f"hash(s.name, {head})"),
        (GroupKind.KNOWN_TAIL_SURNAME, known, f"hash(n.surname, {tail})"),
        (GroupKind.KNOWN_TAIL_REST, known, f"hash(n.rest, {tail})"),
        (GroupKind.FAULTY_HEAD, faulty, f"hash(s.name, {told_head})"),
        (GroupKind.FAULTY_TAIL_SURNAME, faulty, f"hash(n.surname, {told_tail})"),
        (GroupKind.FAULTY_TAIL_REST, faulty, f"hash(n.rest, {told_tail})"),
    ):
        note_group(connection, kind, rows.format(value=value))
