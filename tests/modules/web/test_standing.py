"""Freshness and the bar of grades."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from kuai.web.sources.standing import SHARE_WIDTH, as_standing, share_out
from kuai.web.templatetags.figures import percent, thousands
from tests.modules.web.fakes import AS_OF, a_source_line


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("days_later", "is_late"), [(0, False), (31, False), (32, True), (400, True)]
)
def test_a_source_is_late_the_day_after_its_refresh_cycle(days_later: int, is_late: bool) -> None:
    today = AS_OF + timedelta(days=days_later)
    assert as_standing(a_source_line(), today=today).is_late is is_late


@pytest.mark.django_db
def test_a_source_without_a_cycle_is_never_late() -> None:
    line = a_source_line(refresh_days=0)
    assert not as_standing(line, today=date(2099, 1, 1)).is_late


@pytest.mark.parametrize(
    "counts",
    [{"A": 1, "B": 1, "C": 1, "D": 0}, {"A": 3333, "B": 3333, "C": 3334, "D": 1}, {"D": 7}],
)
def test_the_parts_of_the_bar_fill_it(counts: dict[str, int]) -> None:
    parts = share_out(counts)
    assert sum(part.width for part in parts) == SHARE_WIDTH
    assert sum(part.count for part in parts) == sum(counts.values())
    assert all(
        one.begins + one.width == two.begins for one, two in zip(parts, parts[1:], strict=False)
    )


def test_without_addresses_there_is_no_bar() -> None:
    assert share_out({}) == ()
    assert share_out({"A": 0}) == ()


def test_small_shares_are_not_written_as_none() -> None:
    assert [percent(share) for share in (0.0, 0.001, 0.256, 1.0, None)] == [
        "0%",
        "<1%",
        "26%",
        "100%",
        "—",
    ]
    assert [thousands(value) for value in (0, 1234567, None)] == ["0", "1,234,567", "—"]
