"""Real texts: 500 firms' addresses labelled by hand, against the packaged gazetteer of divisions."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import duckdb
import pytest

from kuai.address.actions import read_division_library
from kuai.address.gazetteer import FOLDER
from kuai.address.queries import open_library
from tests.modules.address.real_addresses import Outcome, judge_all

pytestmark = pytest.mark.shared

# Reached on 2026-11-22, less a margin of two rows: see docs/decisions or the benchmark for the table by class.
LEAST_RIGHT = 0.880
MOST_WRONG = 19


def test_five_hundred_real_addresses_are_washed_as_a_person_reads_them(
    shared_folder: Path, tmp_path: Path
):
    with duckdb.connect() as connection:
        divisions, _ = read_division_library(connection, tmp_path)
    with (FOLDER / "divisions.csv").open(encoding="utf-8", newline="") as stream:
        parents = {row["code"]: row["parent_code"] for row in csv.DictReader(stream)}
    firms = shared_folder / "data" / "enterprises" / "shenzhen.csv"

    outcomes = judge_all(firms, open_library(divisions), parents)

    totals: Counter[Outcome] = Counter()
    for (_, outcome), count in outcomes.items():
        totals[outcome] += count
    assert sum(totals.values()) == 500
    good = totals[Outcome.RIGHT] + totals[Outcome.NONE_RIGHTLY] + totals[Outcome.CANDIDATE]
    assert good / 500 >= LEAST_RIGHT, totals
    assert totals[Outcome.WRONG] <= MOST_WRONG, totals
