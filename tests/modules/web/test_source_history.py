"""A source over time: each delivery with its sums, reasons, mended rows and lateness; apart sources stay apart."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from django.test import Client

from kuai.flows.source_history import DeliveryLine, list_deliveries
from kuai.guard.types import Role
from kuai.kit.receipt import Receipt
from kuai.kit.store import Store
from kuai.web.models import Upload
from kuai.web.sources.history import BAR_HEIGHT, draw_bars
from tests.modules.web.test_refused_rows_again import BAD, mended, with_values
from tests.modules.web.test_uploads import HEADINGS, ROWS, hand_in

LogIn = Callable[[Role], Client]
SOURCE = "police_residents"


def came_on(store: Store, period: str, day: date) -> None:
    """Put a delivery's coming in on another day."""
    (card,) = store.vault.glob(f"*/{SOURCE}/{period}/snapshot.json")
    instant = datetime(day.year, day.month, day.day, 4, tzinfo=UTC).timestamp()
    os.utime(card, (instant, instant))


@pytest.fixture
def delivered(log_in: LogIn, portal: Store) -> Store:
    """Three months, the last one late, the second with refused rows of which one came back mended."""
    steward = log_in(Role.DATA_STEWARD)
    hand_in(steward, (HEADINGS + ROWS).encode(), period="2026-07")
    hand_in(steward, (HEADINGS + ROWS + BAD).encode(), period="2026-08")
    sheet = with_values(steward, Upload.objects.get(period="2026-08"))
    sheet.delete_rows(3)
    hand_in(steward, mended(sheet), "退回.xlsx", period="2026-08")
    hand_in(steward, (HEADINGS + ROWS[:60]).encode(), period="2026-10")
    came_on(portal, "2026-07", date(2026, 7, 3))
    came_on(portal, "2026-08", date(2026, 8, 2))
    came_on(portal, "2026-08-mended-1", date(2026, 8, 9))
    came_on(portal, "2026-10", date(2026, 10, 2))
    return portal


def test_every_delivery_stands_with_its_sums_and_what_was_mended(delivered: Store) -> None:
    lines = {one.period: one for one in list_deliveries(delivered, SOURCE, refresh_days=31)}
    assert set(lines) == {"2026-07", "2026-08", "2026-08-mended-1", "2026-10"}
    second = lines["2026-08"]
    assert (second.receipt.kept, second.together.kept, second.together.quarantined) == (5, 6, 1)
    assert second.reasons == (("cell.formula_error", 2),)
    assert lines["2026-08-mended-1"].mends == "2026-08"
    assert {period: one.late_days for period, one in lines.items() if one.late_days} == {
        "2026-10": 30
    }


def test_the_page_shows_them_with_words_a_chart_and_a_table(
    delivered: Store, log_in: LogIn
) -> None:
    page = log_in(Role.LEADER).get(f"/sources/{SOURCE}/").content.decode()
    for said in ("历次交付", "公式错误 2", "另补收 1", "迟 30 天", "补收 2026-08", 'role="img"'):
        assert said in page, said
    assert "李四" not in page


def test_an_overdue_source_says_so(delivered: Store, log_in: LogIn) -> None:
    for period in ("2026-07", "2026-08", "2026-08-mended-1", "2026-10"):
        came_on(delivered, period, date(2020, 1, 2))
    assert "已迟" in log_in(Role.DATA_STEWARD).get(f"/sources/{SOURCE}/").content.decode()


@pytest.mark.parametrize(("role", "is_shown"), [(Role.DATA_STEWARD, True), (Role.LEADER, False)])
def test_of_a_source_that_lies_apart_only_its_keepers_see_a_history(
    log_in: LogIn, role: Role, is_shown: bool
) -> None:
    hand_in(log_in(Role.DATA_STEWARD), (HEADINGS + ROWS).encode(), source="disability_cards")
    page = log_in(role).get("/sources/disability_cards/").content.decode()
    assert ("历次交付" in page) is is_shown


def test_bars_fill_their_height_and_never_more() -> None:
    def line(kept: int, back: int) -> DeliveryLine:
        receipt = Receipt("receive", kept + back, kept, quarantined=back)
        return DeliveryLine("x", date(2026, 1, 1), "", receipt, receipt, ())

    bars = draw_bars([line(1000, 0), line(999, 1), line(0, 500), line(0, 0)])
    assert [bar.kept_height + bar.back_height for bar in bars] == [BAR_HEIGHT, BAR_HEIGHT, 40, 0]
    assert all(bar.back_y >= 0 for bar in bars)
    assert bars[1].back_height == 2
