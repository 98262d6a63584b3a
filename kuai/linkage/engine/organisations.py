"""Organisations: the credit code first, then the name where it belongs to one organisation only."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import numpy as np
import pyarrow as pa

from kuai.linkage.engine import components, near_numbers
from kuai.linkage.engine.clerk_ties import ClerkRow, keep_edges
from kuai.linkage.engine.clusters import write_clusters
from kuai.linkage.engine.components import Edges, Traits
from kuai.linkage.engine.figures import LinkFigures
from kuai.linkage.engine.holding_back import watch_organisations
from kuai.linkage.engine.keys import CLERK, LinkKey
from kuai.linkage.engine.steps import (
    clerk_word,
    columns_of,
    edges_of,
    make_table,
    registered,
    row_count,
)

SLIP_AND_NAME = LinkKey(
    "code_slip_and_name", 0.9985, "统一社会信用代码有一处笔误，校正后唯一对应，名称一致"
)
ORGANISATION_KEYS = (
    CLERK,
    LinkKey("credit_code", 0.9999, "统一社会信用代码相同", "credit_code"),
    SLIP_AND_NAME,
    LinkKey(
        "name_and_building", 0.998, "名称一致且在同一楼栋", "plain_name || ' ' || building_code"
    ),
    LinkKey("name", 0.99, "名称一致，且该名称只对应一个主体", "plain_name"),
    # Firms may share their name but for the form of company: only where no two codes meet.
    LinkKey("bare_name", 0.97, "除公司类型字样外名称一致，且该名称只对应一个主体", "bare_name"),
)
SHORTEST_BARE_NAME = 4


def link_organisation_rows(
    connection: duckdb.DuckDBPyConnection, *, decided: Sequence[ClerkRow] = ()
) -> LinkFigures:
    """From `organisation_row` make the temporary table `mention_cluster`."""
    connection.execute(
        f"update organisation_row set bare_name = null where length(bare_name) < {SHORTEST_BARE_NAME}"
    )
    # First, because what a slip is repaired to tells two firms of one name apart.
    edges = [_slip_edges(connection)]
    edges += [
        _key_edges(connection, tier, key) for tier, key in enumerate(ORGANISATION_KEYS) if key.other
    ]
    count = row_count(connection, "organisation_row")
    word = clerk_word(connection, decided, rows="organisation_row")
    traits = _traits(connection)
    merging = keep_edges(
        count, Edges.joined(edges), traits, word, equal_below=len(ORGANISATION_KEYS)
    )
    return write_clusters(
        connection,
        merging,
        keys=ORGANISATION_KEYS,
        traits=traits,
        word=word,
        watch=watch_organisations(),
    )


def _slip_edges(connection: duckdb.DuckDBPyConnection) -> Edges:
    """A code that fails its check, with exactly one known neighbour of the same name, takes its place."""
    make_table(connection, "organisation_slip_pair")
    pairs = connection.sql("select * from organisation_slip_pair").to_arrow_table()
    near = near_numbers.is_one_slip(
        pairs["faulty_code"].to_pylist(), pairs["credit_code"].to_pylist()
    )
    with registered(connection, near_code=pairs.filter(pa.array(near))):
        make_table(connection, "organisation_repair")
    found = columns_of(connection, "select mention_no, first_no from organisation_repair")
    connection.execute(
        "update organisation_row set credit_code = r.credit_code from organisation_repair as r"
        " where r.mention_no = organisation_row.mention_no"
    )
    for table in ("organisation_slip_pair", "organisation_repair"):
        connection.execute(f"drop table {table}")
    return edges_of(found, tier=ORGANISATION_KEYS.index(SLIP_AND_NAME))


def _key_edges(connection: duckdb.DuckDBPyConnection, tier: int, key: LinkKey) -> Edges:
    connection.execute(
        f"create or replace temp view organisation_key_value as select mention_no, {key.other} as value,"
        f" credit_code from organisation_row where {key.other} is not null"
    )
    make_table(connection, "organisation_key_edge")
    found = columns_of(connection, "select mention_no, first_no from organisation_key_edge")
    connection.execute("drop view organisation_key_value")
    connection.execute("drop table organisation_key_edge")
    return edges_of(found, tier=tier)


def _traits(connection: duckdb.DuckDBPyConnection) -> Traits:
    unknown = int(components.UNKNOWN)
    found = columns_of(
        connection,
        f"select case when credit_code is null then {unknown} else dense_rank() over (order by credit_code)"
        " end as code from organisation_row order by mention_no",
    )
    return Traits((found["code"].astype(np.int64),))
