"""The link stage over one relation `person_row`: exact keys first, then the model for what remains.

Owns the order of the steps and the thresholds found in the data. Refuses nothing: a mention without any
key stays single. Reads raw values only in the given in-memory session and leaves none behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from kuai.kit.progress import SILENT, Progress, ProgressTask, progress_line
from kuai.linkage.engine import components
from kuai.linkage.engine.clerk_ties import ClerkRow, ClerkWord, keep_edges
from kuai.linkage.engine.clusters import write_clusters
from kuai.linkage.engine.components import Edges, Merging, Traits
from kuai.linkage.engine.figures import LinkFigures
from kuai.linkage.engine.holding_back import watch_persons
from kuai.linkage.engine.keys import MODEL_KEYS, PERSON_KEYS, TIER_OF
from kuai.linkage.engine.lone_names import lone_name_edges
from kuai.linkage.engine.pairing_model import model_edges, train_model
from kuai.linkage.engine.person_keys import name_edges
from kuai.linkage.engine.person_numbers import number_edges, slip_edges
from kuai.linkage.engine.shaping import SHAPE_TABLES, Tokens, parts_of_table, shape_rows
from kuai.linkage.engine.steps import (
    clerk_word,
    columns_of,
    make_table,
    registered,
    row_count,
)

EXACT_STEPS = 4
FIRST_MODEL_TIER = TIER_OF[MODEL_KEYS[0].code]
# Birth dates are counted from here where they are traits.
_DAY_ONE = date(1800, 1, 1)
_FIRST_DAY = (_DAY_ONE - date(1970, 1, 1)).days

_WORK_TABLES = (
    *SHAPE_TABLES,
    "person_id_name",
    "person_id_doubt",
    "person_common_name",
    "person_name_chance",
    "person_slip_pair",
    "person_repair",
    "person_key_edge",
    "person_node",
    "person_pairing_row",
    "person_number_off",
    "person_register",
)


def link_person_rows(
    connection: duckdb.DuckDBPyConnection,
    *,
    progress: Progress = SILENT,
    with_model: bool = True,
    decided: Sequence[ClerkRow] = (),
    as_of: date | None = None,
    parts: Iterable[str] | None = None,
) -> LinkFigures:
    """From the relation `person_row` (mention_no 0..n-1 in founding order) make the temporary tables
    `mention_cluster(mention_no, founder_no, match_probability, reason, quarantined)`, `cluster_suspicion` and
    `cluster_tie`. Without a day `as_of` nobody is too old.

    `parts`: the rows as FROM items, read one after the other instead of `person_row` (clerks' words need that one).
    """
    with progress_line(progress, "关联人员", total=EXACT_STEPS + 2, measure="步") as task:
        word = clerk_word(connection, decided, rows="person_row")
        merging, traits, shared = _link_exactly(connection, task, word, parts)
        if with_model:
            merging = _add_model_edges(connection, merging, traits, word)
        task.advance()
        figures = write_clusters(
            connection,
            merging,
            keys=PERSON_KEYS,
            traits=traits,
            word=word,
            watch=watch_persons(as_of),
        )
        task.advance()
    for name in _WORK_TABLES:
        connection.execute(f"drop table if exists {name}")
    return replace(figures, shared_values=shared)


def train_person_model(connection: duckdb.DuckDBPyConnection, *, truth: str) -> dict[str, Any]:
    """A new model from `person_row` and the table `truth` (mention_no, person): retraining is a release."""
    with progress_line(SILENT, "", total=EXACT_STEPS) as task:
        merging, traits, _ = _link_exactly(connection, task, ClerkWord.silent())
    _label_mentions(connection, merging, traits)
    return train_model(connection, truth=truth)


def _link_exactly(
    connection: duckdb.DuckDBPyConnection,
    task: ProgressTask,
    word: ClerkWord,
    parts: Iterable[str] | None = None,
) -> tuple[Merging, Traits, dict[str, int]]:
    shared = shape_rows(
        connection, parts_of_table(connection) if parts is None else parts, tokens=Tokens()
    )
    task.advance()
    edges = number_edges(connection)
    task.advance()
    edges += slip_edges(connection)
    task.advance()
    edges += name_edges(connection)
    task.advance()
    traits = _traits(connection)
    count = row_count(connection, "person_shape")
    merging = keep_edges(count, Edges.joined(edges), traits, word, equal_below=FIRST_MODEL_TIER)
    return merging, traits, shared


def _traits(connection: duckdb.DuckDBPyConnection) -> Traits:
    unknown = int(components.UNKNOWN)
    found = columns_of(
        connection,
        f"select mention_no, coalesce(id_key, {unknown}) as id_key,"
        f" coalesce(date_diff('day', date '{_DAY_ONE}', birth_date), {unknown}) as birth_date,"
        f" coalesce(cast(sex as bigint), {unknown}) as sex from person_shape",
    )
    return Traits(
        tuple(
            _by_mention(found["mention_no"], found[name])
            for name in ("id_key", "birth_date", "sex")
        )
    )


def _by_mention(mention_no: np.ndarray, column: np.ndarray) -> np.ndarray:
    placed = np.empty(len(column), dtype=np.int64)
    placed[mention_no] = column
    return placed


def _label_mentions(
    connection: duckdb.DuckDBPyConnection, merging: Merging, traits: Traits
) -> np.ndarray:
    """Make `person_node` (cluster, whether it has a number, birth date as the cluster knows it) and what the model may
    pair; returns the clusters."""
    count = len(traits.columns[0])
    labels = merging.labels(count)
    id_key, born, _ = traits.columns
    unknown = components.UNKNOWN
    anchored = np.zeros(count, dtype=bool)
    anchored[labels[id_key != unknown]] = True
    known = np.flatnonzero(born != unknown)
    # The earliest, because a clerk may have told that two dates are one person's.
    earliest = np.full(count, np.iinfo(np.int64).max)
    np.minimum.at(earliest, labels[known], born[known])
    cluster_born = earliest[labels]
    told = np.where(born != unknown, born, cluster_born)
    is_dated = told != np.iinfo(np.int64).max
    days = np.where(is_dated, told + _FIRST_DAY, 0).astype(np.int32)
    node = pa.table(
        {
            "mention_no": np.arange(count, dtype=np.int32),
            "cluster_no": labels.astype(np.int32),
            "is_anchored": anchored[labels],
            "birth_date": pa.array(days, mask=~is_dated).cast(pa.date32()),
        }
    )
    with registered(connection, labelled_mention=node):
        connection.execute(
            "create or replace temp table person_node as select * from labelled_mention"
        )
    make_table(connection, "person_pairing_row")
    return labels


def _add_model_edges(
    connection: duckdb.DuckDBPyConnection, merging: Merging, traits: Traits, word: ClerkWord
) -> Merging:
    count = len(traits.columns[0])
    labels = _label_mentions(connection, merging, traits)
    found = model_edges(connection)
    tiers = (found.tier + FIRST_MODEL_TIER).astype(np.int16)
    proposed = Edges.joined(
        [Edges(found.left, found.right, tiers), lone_name_edges(connection, labels)]
    )
    again = keep_edges(
        count,
        Edges.joined([merging.kept, proposed]),
        traits,
        word,
        equal_below=FIRST_MODEL_TIER,
        labels=components.joined_labels(labels, proposed.left, proposed.right),
    )
    # What the model proposed and a fact forbade is no sign of a bad structure: only exact ties accuse.
    return Merging(again.kept, merging.cut, merging.parted, again.told_labels)
