"""How likely a person of this city bears a name: read from the known persons, one row a name.

A name's chance is the share of its surname times that of its given name; a given name's share is its count under
other surnames, weighed against the shares of its characters by what foretells the known persons' names best. So a
name that one known person bears may be rare or merely lucky, and the steps that tie by names can tell.
"""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa

from kuai.linkage.engine.names import DOUBLE_SURNAMES
from kuai.linkage.engine.steps import columns_of, make_table, registered

# With fewer known persons the shares say nothing.
KNOWN_PERSONS_MIN = 1000
# How many persons' worth the composition of a given name weighs against its count.
WEIGHTS_OF_COMPOSITION = (1e2, 1e3, 1e4, 1e5, 1e6, 1e8)


def make_name_chances(connection: duckdb.DuckDBPyConnection) -> None:
    """From `person_shape` and `person_spelling` the table `person_name_chance(name, bearers, chance)`: names of two
    or three characters, or four with a double surname; empty where too few persons are known to say."""
    surnames = pa.table({"surname": pa.array(DOUBLE_SURNAMES, pa.string())})
    with registered(connection, double_surname=surnames):
        make_table(connection, "person_name_part")
    numbers = columns_of(connection, "select * from person_name_part order by name")
    connection.execute("drop table person_name_part")
    enough = float(numbers["bearers"].sum()) >= KNOWN_PERSONS_MIN
    share = _given_share(numbers) if enough else np.zeros(len(numbers["name"]))
    told = pa.table(
        {
            "name": numbers["name"],
            "bearers": numbers["bearers"],
            "chance": numbers["surname_share"] * share,
        }
    )
    with registered(connection, told_chance=told if enough else told.slice(0, 0)):
        connection.execute(
            "create or replace temp table person_name_chance as select * from told_chance"
        )


def _given_share(numbers: dict[str, np.ndarray]) -> np.ndarray:
    known = numbers["bearers"]

    def share(weight: float) -> np.ndarray:
        told = numbers["given_elsewhere"] + weight * numbers["composed_share"]
        return np.asarray(told / (numbers["elsewhere"] + weight))

    shares = [share(weight) for weight in WEIGHTS_OF_COMPOSITION]
    return max(shares, key=lambda told: float((known * np.log(told)).sum()))
