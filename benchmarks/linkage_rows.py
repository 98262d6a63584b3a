"""Labelled person rows of a package, as the link stage sees them: mapped and washed, with the truth beside.

    python benchmarks/linkage_rows.py PACKAGE OUT.parquet

Builds the package once into a folder that is thrown away and keeps what `link_persons` was given, so that a change
of the rules can be tried without building again. For invented packages only: the file holds raw values.
"""

from __future__ import annotations

import csv
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

# The roles whose truth a package tells (shared/tools/score.py).
ROLE = {
    "police_residents": "subject",
    "housing_ownership": "owner",
    "rental_filings": "tenant",
    "business_registry": "representative",
    "social_insurance": "subject",
    "access_cards": "subject",
    "water_usage": "account_holder",
}


class _Captured(Exception):
    """The rows are written: the rest of the build is of no interest."""


def capture(package: Path, out: Path) -> None:
    """Build `package` and write the rows of its link stage with `truth` (null where it tells none)."""
    from kuai.cli.main import app
    from kuai.linkage import actions

    linked = actions.link_person_rows
    begun = actions.link_persons
    mention_paths: list[Path] = []

    def remember(connection: duckdb.DuckDBPyConnection, **given: Any) -> Any:
        mention_paths.extend(
            path
            for one in given["mention_sets"]
            if "person_mention" in one.tables
            for path in one.tables["person_mention"].paths
        )
        return begun(connection, **given)

    def write(connection: duckdb.DuckDBPyConnection, **_: Any) -> Any:
        rows = connection.sql("select * from person_row order by mention_no").to_arrow_table()
        pq.write_table(_labelled(rows, mention_paths, truth_of(package)), out)
        raise _Captured

    actions.link_persons, actions.link_person_rows = remember, write
    try:
        with tempfile.TemporaryDirectory() as store, suppress(_Captured):
            app(["build", str(package), "--store", store], standalone_mode=False)
    finally:
        actions.link_persons, actions.link_person_rows = begun, linked


def _labelled(rows: pa.Table, mention_paths: list[Path], truth: pa.Table) -> pa.Table:
    connection = duckdb.connect()
    connection.register("given", rows)
    connection.register("truth", truth)
    connection.register("role_of", pa.table({"source": list(ROLE), "role": list(ROLE.values())}))
    paths = ", ".join(f"'{path}'" for path in sorted(map(str, mention_paths)))
    return connection.sql(
        "select g.*, t.person as truth from given as g"
        f" inner join (select mention_key, min(row_no) as row_no from read_parquet([{paths}]) group by mention_key)"
        " as m on m.mention_key = g.mention_key"
        " left join role_of as r on r.source = g.source and r.role = g.role"
        " left join truth as t on t.source = r.source and t.row_no = m.row_no order by g.mention_no"
    ).to_arrow_table()


def truth_of(package: Path) -> pa.Table:
    """source, row_no, person of `truth/rows.csv`."""
    with (package / "truth/rows.csv").open(encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if row["person_id"]]
    return pa.table(
        {
            "source": [row["resource"] for row in rows],
            "row_no": pa.array([int(row["row"]) for row in rows], pa.int64()),
            "person": pa.array([int(row["person_id"]) for row in rows], pa.int64()),
        }
    )


if __name__ == "__main__":
    capture(Path(sys.argv[1]), Path(sys.argv[2]))
