"""The link stage over one relation `person_row`: exact keys first, then the model for what remains.

Owns the order of the steps and the thresholds found in the data. Refuses nothing: a mention without any
key stays single. Reads raw values only in the given in-memory session and leaves none behind.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import duckdb
import numpy as np
import pyarrow as pa

from kuai.kit.engine import read_sql
from kuai.kit.identity_numbers import check_character
from kuai.kit.progress import SILENT, Progress, progress_line
from kuai.linkage.engine import components, names, near_numbers
from kuai.linkage.engine.components import Edges, Traits
from kuai.linkage.engine.keys import (
    FOUNDER_REASON,
    ID_AND_NAME,
    ID_AND_NAME_VARIANT,
    NAME_KEYS,
    SLIP_AND_NAME,
    LinkKey,
)
from kuai.linkage.engine.pairing_model import MODEL_KEYS, model_edges

# A household shares a phone; more names than this on one phone is an office, an agent or a placeholder.
PHONE_NAMES_MAX = 6
# More names on one number that fails its check than one person and a typing slip can explain.
FAULTY_NAMES_MAX = 2
# More names at one room over all sources than a crowded let with its owners and past tenants.
ROOM_NAMES_MAX = 60
# A valid number with this many names that are not spellings of each other is a borrowed or sample number.
ID_FOREIGN_NAMES_MAX = 2
# Phones of one clustered person beyond this are an agent's or a mistake.
PERSON_PHONES_MAX = 8

EDGE_KEYS: tuple[LinkKey, ...] = (ID_AND_NAME, ID_AND_NAME_VARIANT, SLIP_AND_NAME, *NAME_KEYS, *MODEL_KEYS)
TIER_OF = {key.code: tier for tier, key in enumerate(EDGE_KEYS)}

_WORK_TABLES = (
    "person_shape",
    "person_id_name",
    "person_id_doubt",
    "person_shared_phone",
    "person_shared_faulty",
    "person_shared_room",
    "person_common_name",
    "person_slip_pair",
    "person_repair",
    "person_key_edge",
    "person_node",
)


@dataclass(frozen=True)
class LinkFigures:
    """What the link did, in counts; goes into the receipt."""

    mentions: int
    clusters: int
    quarantined: int
    edges_by_key: dict[str, int] = field(default_factory=dict)
    edges_cut: int = 0
    shared_values: dict[str, int] = field(default_factory=dict)

    def as_notes(self) -> dict[str, object]:
        return {
            "clusters": self.clusters,
            "quarantined_mentions": self.quarantined,
            "edges_by_key": self.edges_by_key,
            "edges_cut": self.edges_cut,
            "shared_values": self.shared_values,
        }


def link_person_rows(
    connection: duckdb.DuckDBPyConnection, *, progress: Progress = SILENT, with_model: bool = True
) -> LinkFigures:
    """From the relation `person_row` (mention_no 0..n-1 in founding order) make the temporary table
    `person_cluster(mention_no, founder_no, match_probability, reason, quarantined)`.
    """
    steps: list[tuple[str, Callable[[], list[Edges]]]] = [
        ("身份证号码", lambda: _id_edges(connection)),
        ("校正号码笔误", lambda: _slip_edges(connection)),
        ("姓名与其他信息", lambda: _name_edges(connection)),
    ]
    with progress_line(progress, "关联人员", total=len(steps) + 3, measure="步") as task:
        shared = _shape_rows(connection)
        task.advance()
        edges: list[Edges] = []
        for _label, step in steps:
            edges.extend(step())
            task.advance()
        count = _count(connection, "person_row")
        traits = _traits(connection)
        merging = components.keep_consistent_edges(count, Edges.joined(edges), traits)
        if with_model:
            merging = _add_model_edges(connection, merging, count, traits)
        task.advance()
        figures = _write_clusters(connection, merging, count, shared)
        task.advance()
    for name in _WORK_TABLES:
        connection.execute(f"drop table if exists {name}")
    return figures


def _step(
    connection: duckdb.DuckDBPyConnection, name: str, parameters: dict[str, object] | None = None
) -> None:
    connection.execute(
        f"create or replace temp table {name} as {read_sql(__file__, name)}", parameters or None
    )


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    row = connection.execute(f"select count(*) from {table}").fetchall()[0]
    return int(row[0])


def _shape_rows(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    _step(
        connection,
        "person_shape",
        {
            "traditional": names.TRADITIONAL,
            "traditional_class": f"[{names.TRADITIONAL}]",
            "simplified": names.SIMPLIFIED,
            "placeholder_name": names.PLACEHOLDER_NAME,
        },
    )
    _step(connection, "person_shared_phone", {"phone_names_max": PHONE_NAMES_MAX})
    _step(connection, "person_shared_faulty", {"names_max": FAULTY_NAMES_MAX})
    _step(connection, "person_shared_room", {"room_names_max": ROOM_NAMES_MAX})
    for column, table in (
        ("phone", "person_shared_phone"),
        ("id_faulty", "person_shared_faulty"),
        ("room_code", "person_shared_room"),
    ):
        connection.execute(
            f"update person_shape set {column} = null where {column} in (select {column} from {table})"
        )
    return {
        "phones": _count(connection, "person_shared_phone"),
        "faulty_numbers": _count(connection, "person_shared_faulty"),
        "rooms": _count(connection, "person_shared_room"),
    }


def _columns(connection: duckdb.DuckDBPyConnection, query: str) -> dict[str, np.ndarray]:
    return connection.execute(query).fetchnumpy()


def _edges_of(left: np.ndarray, right: np.ndarray, key: LinkKey) -> Edges:
    tier = np.full(len(left), TIER_OF[key.code], dtype=np.int16)
    return Edges(left.astype(np.int64), right.astype(np.int64), tier)


def _id_edges(connection: duckdb.DuckDBPyConnection) -> list[Edges]:
    """Ties of equal valid numbers; where the names cannot be one name, the number is taken off the row."""
    _step(connection, "person_id_name")
    _step(connection, "person_id_doubt")
    doubt = connection.sql("select * from person_id_doubt").to_arrow_table().to_pydict()
    likeness = _likeness(doubt["name"], doubt["leading_name"])
    no_name = np.array([name is None for name in doubt["name"]], dtype=bool)
    foreign = (likeness == names.NameLikeness.DIFFERENT) & ~no_name
    id_keys = np.array(doubt["id_key"], dtype=np.int64)
    _take_numbers_off(connection, id_keys[foreign], [n for n, f in zip(doubt["name"], foreign, strict=True) if f])
    own = _columns(
        connection,
        "select s.mention_no, n.first_no from person_shape as s inner join person_id_name as n"
        " on n.id_key = s.id_key and n.name is not distinct from s.name where s.mention_no <> n.first_no",
    )
    variant = ~foreign
    return [
        _edges_of(own["mention_no"], own["first_no"], ID_AND_NAME),
        _edges_of(
            np.array(doubt["first_no"], dtype=np.int64)[variant],
            np.array(doubt["leading_no"], dtype=np.int64)[variant],
            ID_AND_NAME_VARIANT,
        ),
    ]


def _likeness(left: Sequence[str | None], right: Sequence[str | None]) -> np.ndarray:
    if not left:
        return np.zeros(0, dtype=np.int8)
    return names.compare_names([value or "" for value in left], [value or "" for value in right])


def _take_numbers_off(
    connection: duckdb.DuckDBPyConnection, id_keys: np.ndarray, written_names: list[str]
) -> None:
    """A number borrowed by another name proves nothing there; carried by many names it proves nothing at all."""
    if not len(id_keys):
        return
    numbers, counts = np.unique(id_keys, return_counts=True)
    borrowed = pa.table({"id_key": id_keys, "name": written_names})
    worthless = pa.table({"id_key": numbers[counts > ID_FOREIGN_NAMES_MAX]})
    with _registered(connection, borrowed_number=borrowed, worthless_number=worthless):
        connection.execute(
            "update person_shape set id_key = null, birth_date = declared_birth_date where exists (select 1 from"
            " borrowed_number as b where b.id_key = person_shape.id_key and b.name = person_shape.name)"
            " or id_key in (select id_key from worthless_number)"
        )


class _registered:
    """Arrow tables as relations of `connection` for the length of a block."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, **tables: pa.Table) -> None:
        self._connection, self._tables = connection, tables

    def __enter__(self) -> None:
        for name, table in self._tables.items():
            self._connection.register(name, table)

    def __exit__(self, *_: object) -> None:
        for name in self._tables:
            self._connection.unregister(name)


def _slip_edges(connection: duckdb.DuckDBPyConnection) -> list[Edges]:
    """Faulty numbers with exactly one known near neighbour of a compatible name take its place."""
    _step(connection, "person_slip_pair")
    pairs = connection.sql("select * from person_slip_pair").to_arrow_table().to_pydict()
    likeness = _likeness(pairs["faulty_name"], pairs["known_name"])
    meant = [body + check_character(body) for body in pairs["body"]]
    near = near_numbers.is_one_slip(pairs["id_faulty"], meant)
    fits = near & (likeness <= names.NameLikeness.ONE_CHARACTER)
    repair = pa.table(
        {
            "id_faulty": pa.array([v for v, f in zip(pairs["id_faulty"], fits, strict=True) if f], pa.string()),
            "name": pa.array([v for v, f in zip(pairs["faulty_name"], fits, strict=True) if f], pa.string()),
            "id_key": pa.array(np.array(pairs["id_key"], dtype=np.int64)[fits], pa.int64()),
        }
    )
    with _registered(connection, slip_candidate=repair):
        _step(connection, "person_repair")
    found = _columns(connection, "select mention_no, first_no from person_repair")
    connection.execute(
        "update person_shape set id_key = r.id_key, birth_date = r.birth_date, sex = r.sex, id_faulty = null"
        " from person_repair as r where r.mention_no = person_shape.mention_no"
    )
    return [_edges_of(found["mention_no"], found["first_no"], SLIP_AND_NAME)]


def _name_edges(connection: duckdb.DuckDBPyConnection) -> list[Edges]:
    """Ties by the declared name keys, for groups in which at least one mention has no number."""
    _step(connection, "person_common_name", {"bearers_min": 1})
    return [_key_edges(connection, key) for key in NAME_KEYS]


def _key_edges(connection: duckdb.DuckDBPyConnection, key: LinkKey) -> Edges:
    rare_only = (
        f" and name not in (select name from person_common_name where bearers > {key.most_bearers})"
        if key.most_bearers
        else ""
    )
    connection.execute(
        f"create or replace temp view person_key_value as select mention_no, name, {key.other} as other, id_key,"
        f" birth_date, sex from person_shape where name is not null and {key.other} is not null{rare_only}"
    )
    _step(connection, "person_key_edge")
    found = _columns(connection, "select mention_no, first_no from person_key_edge")
    connection.execute("drop view person_key_value")
    return _edges_of(found["mention_no"], found["first_no"], key)


def _traits(connection: duckdb.DuckDBPyConnection) -> Traits:
    unknown = int(components.UNKNOWN)
    found = _columns(
        connection,
        f"select coalesce(id_key, {unknown}) as id_key,"
        f" coalesce(date_diff('day', date '1800-01-01', birth_date), {unknown}) as birth_date,"
        f" coalesce(cast(sex as bigint), {unknown}) as sex from person_shape order by mention_no",
    )
    return Traits(tuple(found[name].astype(np.int64) for name in ("id_key", "birth_date", "sex")))


def _add_model_edges(
    connection: duckdb.DuckDBPyConnection, merging: components.Merging, count: int, traits: Traits
) -> components.Merging:
    labels = components.component_labels(count, merging.kept.left, merging.kept.right)
    node = pa.table({"mention_no": np.arange(count), "cluster_no": labels})
    with _registered(connection, labelled_mention=node):
        connection.execute("create or replace temp table person_node as select * from labelled_mention")
    found = model_edges(connection)
    tiers = found.tier + TIER_OF[MODEL_KEYS[0].code]
    proposed = Edges(found.left, found.right, tiers.astype(np.int16))
    again = components.keep_consistent_edges(count, Edges.joined([merging.kept, proposed]), traits)
    return components.Merging(again.kept, Edges.joined([merging.cut, again.cut]))


def _write_clusters(
    connection: duckdb.DuckDBPyConnection, merging: components.Merging, count: int, shared: dict[str, int]
) -> LinkFigures:
    membership = components.strongest_paths(count, merging.kept)
    disputed = np.unique(membership.founder[np.concatenate([merging.cut.left, merging.cut.right])])
    rows = pa.table(
        {
            "mention_no": np.arange(count),
            "founder_no": membership.founder,
            "path_tier": membership.path_tier,
            "own_tier": membership.own_tier,
        }
    )
    tiers = pa.table(
        {
            "tier": pa.array(range(len(EDGE_KEYS)), pa.int16()),
            "probability": [key.probability for key in EDGE_KEYS],
            "reason": [key.reason for key in EDGE_KEYS],
        }
    )
    with _registered(
        connection, membership=rows, tier=tiers, disputed_cluster=pa.table({"founder_no": disputed})
    ):
        _step(
            connection,
            "person_cluster",
            {"founder_reason": FOUNDER_REASON, "person_phones_max": PERSON_PHONES_MAX},
        )
    summary = connection.execute(
        "select count(distinct founder_no), count(*) filter (where quarantined) from person_cluster"
    ).fetchall()[0]
    used, counts = np.unique(merging.kept.tier, return_counts=True)
    return LinkFigures(
        mentions=count,
        clusters=int(summary[0]),
        quarantined=int(summary[1]),
        edges_by_key={EDGE_KEYS[tier].code: int(n) for tier, n in zip(used, counts, strict=True)},
        edges_cut=len(merging.cut),
        shared_values=shared,
    )
