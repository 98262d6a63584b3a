"""The wash on libraries and noise of other making; the long run is benchmarks/bench_wash_quality."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.bench_wash_quality import Tally, measure_world, summary
from kuai.address.queries import OpenLibrary, open_library
from kuai.address.types import Grade
from tests.modules.address.noise import JUNK, KINDS
from tests.modules.address.noise_worlds import BUILT

# The issue's bars, and texts enough of each kind to see a rule get lost.
LEAST_RIGHT, LEAST_COVER, EACH = 99.8, 96.0, 12


@pytest.mark.parametrize("style", list(BUILT))
def test_noise_is_read_as_the_issue_asks(style: str) -> None:
    tallies = measure_world(BUILT[style](1), seed=1, each=EACH)
    figures = summary(tallies)
    assert figures["rows"] > len(KINDS) * EACH / 2
    assert figures["A+B right %"] >= LEAST_RIGHT, _examples(tallies, "wrong")
    assert figures["cover %"] >= LEAST_COVER, _examples(tallies, "C missed")
    assert "explained otherwise" not in tallies, tallies["explained otherwise"].examples[:3]


def _examples(tallies: dict[str, Tally], verdict: str) -> list[tuple[str, str, str]]:
    return [
        (kind, written.text, answer.explanation)
        for kind, tally in tallies.items()
        for said, written, answer in tally.examples
        if said == verdict
    ]


@cache
def _works() -> OpenLibrary:
    return open_library(BUILT["works"](1).table())


@pytest.mark.parametrize("text", JUNK, ids=range(len(JUNK)))
def test_junk_names_no_place_and_says_why(text: str) -> None:
    answer = _works().wash_text(text)
    assert answer.grade in (Grade.C, Grade.D), answer
    assert answer.explanation
    assert _works().explain_text(text)[-1].words


_WORDS = (
    *("光明区", "公明街道", "第一工业区", "3栋", "101房", "(", ")", "，", "-"),
    *("二十", "巷", "号", "1单元", "A", "社区", "之", "铺"),
)
_PIECES = st.sampled_from([*_WORDS, " "])


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(_PIECES, st.text(max_size=6)), max_size=14))
def test_any_mixture_of_words_gets_an_answer_with_a_reason(pieces: list[str]) -> None:
    text = "".join(pieces)
    answer = _works().wash_text(text)
    assert answer.explanation
    assert (answer.address_code is None) == (answer.grade is Grade.D)
    assert [s.words for s in _works().explain_text(text) if s.title == "理由"] == [
        answer.explanation
    ]
