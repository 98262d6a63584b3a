"""What the sources page shows of a source: its registration, its last delivery, sums that add up, grades, freshness."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.translation import gettext as _

from kuai.flows.queries import SourceLine
from kuai.guard.queries import find_source
from kuai.guard.types import SourceRegistration
from kuai.kit.receipt import Receipt
from kuai.web.doors import list_sources

GRADES = ("A", "B", "C", "D")
SHARE_WIDTH = 1000


@dataclass(frozen=True)
class GradeShare:
    """One grade's part of the bar, in thousandths of its width."""

    grade: str
    count: int
    share: float
    begins: int
    width: int


@dataclass(frozen=True)
class SourceStanding:
    """One source as the page shows it. A Receipt whose sums do not add up cannot exist (kit), so these do."""

    line: SourceLine
    grades: tuple[GradeShare, ...]
    registration: SourceRegistration | None
    is_late: bool

    @property
    def is_apart(self) -> bool:
        """Whether it lies in a store of its own (care, reporters)."""
        return self.line.zone != "core"

    @property
    def delivery_name(self) -> str:
        """The kind of delivery, in words."""
        names = {"full": _("全量"), "delta": _("增量"), "append": _("追加")}
        return names.get(self.line.delivery, self.line.delivery)

    @property
    def sums(self) -> list[tuple[str, Receipt]]:
        """The receipts of its stages, named."""
        stages = [(_("文件"), self.line.receive)]
        return [*stages, (_("读列"), self.line.map)] if self.line.map else stages


def list_standings(*, today: date) -> list[SourceStanding]:
    """Every source of the published build, core first, in the package's order."""
    standings = [as_standing(line, today=today) for line in list_sources()]
    return sorted(standings, key=lambda one: one.is_apart)


def as_standing(line: SourceLine, *, today: date) -> SourceStanding:
    """One source's line, with what is registered of it."""
    is_late = line.refresh_days > 0 and line.as_of + timedelta(days=line.refresh_days) < today
    return SourceStanding(
        line=line,
        grades=share_out(line.grades),
        registration=find_source(line.source),
        is_late=is_late,
    )


def share_out(counts: Mapping[str, int]) -> tuple[GradeShare, ...]:
    """The bar's parts; empty where no address was washed."""
    total = sum(counts.get(grade, 0) for grade in GRADES)
    if not total:
        return ()
    shares = []
    so_far = 0
    for grade in GRADES:
        count = counts.get(grade, 0)
        # Cut the running total, not each part: rounded parts would not fill the bar.
        begins = round(SHARE_WIDTH * so_far / total)
        so_far += count
        ends = round(SHARE_WIDTH * so_far / total)
        shares.append(GradeShare(grade, count, count / total, begins, ends - begins))
    return tuple(shares)
