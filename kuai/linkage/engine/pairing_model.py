"""The probabilistic stage: Splink over the faces of clusters that no exact key could tie to a number.

Owns the settings, the pairing rules and the frozen model file. The model is versioned and only changes by
`train_model`, so an increment equals a full build (decision 6). Thresholds carry their measurement.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from splink import DuckDBAPI, Linker

from kuai.kit.engine import read_sql
from kuai.linkage.engine.components import Edges
from kuai.linkage.engine.names import sound_keys

MODEL_FILE = Path(__file__).resolve().parents[1] / "models" / "person_model_1.json"

# Measured 2026-11-22 on invented rows (1 M, seed 7, unseen in training): over .995 every one of 528 easy and 154
# hard ties was right; between .99 and .995 84 % (easy: fathers and sons on one phone) and 99.5 % (hard).
MODEL_GRADES = (0.999, 0.995)
MODEL_THRESHOLD = MODEL_GRADES[-1]
# Below it a near name that nobody else bears is a slip of the one near name beside it. Measured 2026-11-23 on cities
# easy 7, planted 31, hard 31 and the town of noise 5: from .9 on 280 of 282 such pairs were right, from .5 on 96 %.
SLIP_THRESHOLD = 0.9
# A second candidate at least this probable makes the first one a guess.
RIVAL_PROBABILITY = 0.5

# Because most pairs in a room, on a phone or in a year are relatives or strangers, a pair that contradicts
# itself never becomes a row: it would cost time and could only be refused later.
_NOT_CONTRADICTORY = (
    "l.cluster_no <> r.cluster_no and l.anchored + r.anchored < 2"
    " and coalesce(l.birth_date = r.birth_date, true) and coalesce(l.sex = r.sex, true)"
)
PAIRING_RULES = (
    "l.phone = r.phone",
    "l.room_code = r.room_code",
    "l.birth_date = r.birth_date and l.surname = r.surname",
)


_RETAINED = ("retain_intermediate_calculation_columns", "retain_matching_columns")


def _level(condition: str, label: str, **more: Any) -> dict[str, Any]:
    return {"sql_condition": condition, "label_for_charts": label, **more}


def _null_level(*columns: str) -> dict[str, Any]:
    condition = " or ".join(f"{column}_l is null or {column}_r is null" for column in columns)
    return _level(condition, "unknown", is_null_level=True)


def _comparison(column: str, *levels: dict[str, Any]) -> dict[str, Any]:
    rest = _level("ELSE", "different")
    return {"output_column_name": column, "comparison_levels": [_null_level(column), *levels, rest]}


def _same(column: str, **more: Any) -> dict[str, Any]:
    return _level(f"{column}_l = {column}_r", "same", **more)


_ONE_CHARACTER = (
    "name_length_l = name_length_r and cast(surname_l = surname_r as integer)"
    " + cast(given_first_l = given_first_r as integer) + cast(given_rest_l = given_rest_r as integer) = 2"
)


def untrained_settings() -> dict[str, Any]:
    """What is compared, and how; without probabilities."""
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "unique_id",
        "blocking_rules_to_generate_predictions": [
            {"blocking_rule": f"{rule} and {_NOT_CONTRADICTORY}", "sql_dialect": "duckdb"}
            for rule in PAIRING_RULES
        ],
        "comparisons": [
            _comparison(
                "name",
                _same("name", tf_adjustment_column="name", tf_adjustment_weight=1.0),
                _level("sound_l = sound_r", "sounds the same"),
                _level(f"name_length_l >= 3 and {_ONE_CHARACTER}", "one character of three"),
                _level(f"surname_l = surname_r and {_ONE_CHARACTER}", "one character of two"),
            ),
            _comparison("birth_date", _same("birth_date")),
            _comparison("phone", _same("phone")),
            {
                "output_column_name": "place",
                "comparison_levels": [
                    _null_level("building_code"),
                    _level(
                        "room_code_l = room_code_r and is_head_l = 1 and is_head_r = 1 and source_l <> source_r",
                        "both head of the same room",
                    ),
                    _level("room_code_l = room_code_r", "same room"),
                    _level("building_code_l = building_code_r", "same building"),
                    _level("ELSE", "different"),
                ],
            },
            _comparison("organisation_name", _same("organisation_name")),
            _comparison("sex", _same("sex")),
        ],
        "additional_columns_to_retain": [],
        "retain_intermediate_calculation_columns": False,
        "retain_matching_columns": False,
        "probability_two_random_records_match": 0.01,
        "em_convergence": 0.0001,
        "max_iterations": 25,
    }


def model_edges(connection: duckdb.DuckDBPyConnection) -> Edges:
    """Ties between cluster numbers (of `person_node`) with tiers counted from MODEL_KEYS[0]."""
    # Because what is made here is a set, and keeping an order of its rows takes cores out of work.
    connection.execute("set preserve_insertion_order = false")
    try:
        if not make_profiles(connection):
            return Edges.empty()
        settings = json.loads(MODEL_FILE.read_text(encoding="utf-8"))
        _predict(connection, settings, threshold=RIVAL_PROBABILITY)
    finally:
        connection.execute("set preserve_insertion_order = true")
    sql = read_sql(__file__, "person_model_edge")
    found = connection.execute(
        sql,
        {
            "threshold": MODEL_THRESHOLD,
            "slip_threshold": SLIP_THRESHOLD,
            "rival_probability": RIVAL_PROBABILITY,
        },
    ).fetchnumpy()
    connection.execute("drop table model_pair")
    connection.execute("drop table person_profile")
    grades = np.searchsorted(-np.array(MODEL_GRADES), -found["match_probability"].astype(float))
    return Edges(
        found["left_no"].astype(np.int64),
        found["right_no"].astype(np.int64),
        grades.astype(np.int16),
    )


def make_profiles(connection: duckdb.DuckDBPyConnection) -> int:
    """The table `person_profile`; returns how many faces belong to clusters without a number."""
    connection.execute(
        f"create or replace temp table person_face as {read_sql(__file__, 'person_profile')}"
    )
    spoken = connection.sql("select distinct name from person_face order by name").to_arrow_table()
    sounds = pa.table(
        {"name": spoken["name"], "sound": pa.array(sound_keys(spoken["name"].to_pylist()))}
    )
    connection.register("name_sound", sounds)
    connection.execute(
        "create or replace table person_profile as"
        " select f.*, n.sound from person_face as f inner join name_sound as n on n.name = f.name"
    )
    connection.unregister("name_sound")
    connection.execute("drop table person_face")
    row = connection.execute("select count(*) from person_profile where anchored = 0").fetchall()[0]
    return int(row[0])


def _predict(
    connection: duckdb.DuckDBPyConnection, settings: dict[str, Any], *, threshold: float
) -> None:
    """The table `model_pair`: unique_id_l, unique_id_r, match_probability (and gammas if retained)."""
    api = DuckDBAPI(connection)
    linker = Linker(
        api.register("person_profile"), settings, log_level=logging.ERROR, validate_settings=False
    )
    connection.execute(
        "create or replace table name_frequency as select n.spelling as name, s.named / (select count(name) from"
        " person_shape) as tf_name from (select name, count(*) as named from person_shape group by name) as s"
        " inner join person_spelling as n on n.name = s.name"
        " where n.spelling in (select name from person_profile)"
    )
    linker.table_management.register_term_frequency_lookup(api.register("name_frequency"), "name")
    predicted = linker.inference.predict(threshold_match_probability=threshold)
    connection.execute(
        f"create or replace table model_pair as select * from {predicted.physical_name}"
    )
    api.delete_tables_created_by_splink_from_db()
    connection.execute("drop table name_frequency")


def train_model(connection: duckdb.DuckDBPyConnection, *, truth: str) -> dict[str, Any]:
    """Settings with m and u counted on pairs whose truth is known (table `truth`: mention_no, person).

    Needs `person_shape` and `person_node` as the exact stages leave them. Because m and u are counted among
    the pairs the pairing rules bring, relatives under one roof weigh in as what a stranger looks like.
    """
    settings = untrained_settings() | {name: True for name in _RETAINED}
    make_profiles(connection)
    _predict(connection, settings, threshold=0.0)
    connection.execute(
        "create or replace temp table labelled_pair as select p.*, l.person = r.person as is_match"
        f" from model_pair as p inner join {truth} as l on l.mention_no = p.unique_id_l"
        f" inner join {truth} as r on r.mention_no = p.unique_id_r"
    )
    row = connection.execute("select avg(cast(is_match as integer)) from labelled_pair").fetchall()[
        0
    ]
    settings["probability_two_random_records_match"] = round(float(row[0]), 6)
    for comparison in settings["comparisons"]:
        _count_levels(connection, comparison)
    return settings | {name: False for name in _RETAINED}


def _count_levels(connection: duckdb.DuckDBPyConnection, comparison: dict[str, Any]) -> None:
    gamma = f"gamma_{comparison['output_column_name']}"
    counted = connection.execute(
        f"select {gamma}, count(*) filter (where is_match), count(*) filter (where not is_match)"
        f" from labelled_pair where {gamma} >= 0 group by {gamma}"
    ).fetchall()
    by_gamma = {level: (matches, others) for level, matches, others in counted}
    levels = [level for level in comparison["comparison_levels"] if not level.get("is_null_level")]
    # Half a pair is added to each level, so that what was never seen stays improbable and not impossible.
    all_matches = sum(matches for matches, _ in by_gamma.values()) + len(levels) / 2
    all_others = sum(others for _, others in by_gamma.values()) + len(levels) / 2
    for place, level in enumerate(levels):
        matches, others = by_gamma.get(len(levels) - 1 - place, (0, 0))
        level["m_probability"] = round((matches + 0.5) / all_matches, 8)
        level["u_probability"] = round((others + 0.5) / all_others, 8)
