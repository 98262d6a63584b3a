"""A source's deliveries as its page shows them: a line each, a bar each, reasons in words, what is late."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kuai.flows.source_history import DeliveryLine, list_deliveries, next_expected
from kuai.web.doors import current_store
from kuai.web.sources.standing import GradeShare, share_out

# Bars are drawn for the last ones; the table has all.
MOST_BARS = 24
BAR_HEIGHT, BAR_WIDTH, BAR_GAP = 80, 20, 8
REASON_NAMES = {
    "cells.too_few": gettext_lazy("单元格比表头少"),
    "cells.too_many": gettext_lazy("单元格比表头多"),
    "cells.unpaired_quote": gettext_lazy("引号不成对"),
    "row.heading_again": gettext_lazy("重复的表头"),
    "row.not_an_object": gettext_lazy("不是 JSON 对象"),
    "row.doubled_name": gettext_lazy("同名的字段"),
    "cell.undecodable": gettext_lazy("乱码"),
    "cell.control": gettext_lazy("看不见的控制字符"),
    "cell.too_long": gettext_lazy("单元格太长"),
    "cell.formula_error": gettext_lazy("公式错误"),
}


@dataclass(frozen=True)
class Bar:
    """One delivery's bar: rows kept, and on top of them rows sent back."""

    period: str
    x: int
    kept_y: int
    kept_height: int
    back_y: int
    back_height: int


@dataclass(frozen=True)
class HistoryLine:
    """One delivery with its words."""

    delivery: DeliveryLine
    reasons: tuple[tuple[str, int], ...]
    grades: tuple[GradeShare, ...]

    @property
    def mended(self) -> int:
        """How many of its rows came back mended."""
        return self.delivery.together.kept - self.delivery.receipt.kept


@dataclass(frozen=True)
class History:
    """A source over time."""

    lines: tuple[HistoryLine, ...]
    bars: tuple[Bar, ...]
    due_on: date | None
    overdue_days: int

    @property
    def width(self) -> int:
        """Of the chart."""
        return max(1, len(self.bars)) * (BAR_WIDTH + BAR_GAP)

    @property
    def height(self) -> int:
        """Of the chart."""
        return BAR_HEIGHT


def history_of(source: str, *, refresh_days: int, today: date) -> History:
    """The deliveries of one source, newest first, their bars oldest first, and the day the next one is due."""
    deliveries = list_deliveries(current_store(), source, refresh_days=refresh_days)
    due_on = next_expected(deliveries, refresh_days=refresh_days)
    return History(
        lines=tuple(_line(one) for one in reversed(deliveries)),
        bars=draw_bars([one for one in deliveries if not one.is_shredded][-MOST_BARS:]),
        due_on=due_on,
        overdue_days=max(0, (today - due_on).days) if due_on else 0,
    )


def draw_bars(deliveries: Sequence[DeliveryLine]) -> tuple[Bar, ...]:
    """Bars to one scale; what was sent back is one unit high at least, so that it is seen."""
    most = max((one.receipt.received for one in deliveries), default=0)
    bars = []
    for place, one in enumerate(deliveries):
        back = one.receipt.quarantined + one.receipt.refused
        back_height = max(2, round(BAR_HEIGHT * back / most)) if back else 0
        kept_height = (
            min(round(BAR_HEIGHT * one.receipt.kept / most), BAR_HEIGHT - back_height)
            if most
            else 0
        )
        kept_y = BAR_HEIGHT - kept_height
        x = place * (BAR_WIDTH + BAR_GAP)
        bars.append(Bar(one.period, x, kept_y, kept_height, kept_y - back_height, back_height))
    return tuple(bars)


def _line(delivery: DeliveryLine) -> HistoryLine:
    reasons = tuple(
        (str(REASON_NAMES.get(code, _("其他原因"))), count) for code, count in delivery.reasons
    )
    grades = share_out(delivery.share.grades) if delivery.share else ()
    return HistoryLine(delivery, reasons, grades)
