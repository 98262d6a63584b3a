"""What a terminal says of rules: plain words; keys are for programmes."""

from __future__ import annotations

import re
from pathlib import Path

from kuai.cli import rule_words
from kuai.kit.store import Store
from kuai.services.proactive.types import Blocking, RuleState
from tests.stories.conftest import built, shared_by_workers, town  # noqa: F401 - fixtures
from tests.stories.towns import read_core


def test_every_state_and_cause_has_a_word() -> None:
    assert set(rule_words.STATES) == {one.value for one in RuleState}
    assert set(rule_words.CAUSES) == {one.value for one in Blocking} - {""}


def test_a_rehearsal_is_told_without_a_key(built: Path) -> None:  # noqa: F811
    grid = next(one["code"] for one in read_core(built, "block") if one["level"] == "grid")
    sums = {
        "builds": {"2026-10-31-aa": 20},
        "found": 20,
        "grids": {grid: 10, "": None},
        "overlap": {"first.turning_60": 10},
        "hit_twice": None,
        "groups": {
            "age": {"60": {"ratio": 2.0, "low": 1.0, "high": 3.0}, "": {"ratio": 1, "low": 1, "high": 1}},
            "area": {"440310": {"ratio": 2.0, "low": 1.0, "high": 3.0}},
            "housing": {"PH_RENT": {"ratio": 2.0, "low": 1.0, "high": 3.0}},
        },
    }  # fmt: skip
    told = "\n".join(rule_words.sum_lines(Store(built), sums))
    for said in (
        "最新一版：20 多",
        "60 到 74 岁：2.0 倍",
        "生日不详",
        "租住",
        "满 60 岁",
        "不公布",
    ):
        assert said in told, said
    assert not re.search(r"[a-z]+_[a-z]+|PH_|None|found|grids", told)
