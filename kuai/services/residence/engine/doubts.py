"""What makes a declaration doubtful: each reason becomes one question, never a refusal and never a sanction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from kuai.services.residence.engine.fields import MOVING_IN
from kuai.services.residence.types import Act, QuestionKind

# No library knows how many rooms to sleep in a home has. Two persons a bedroom is the rule for let homes
# (商品房屋租赁管理办法第8条); above five bedrooms' worth somebody is asked, nobody is refused.
MOST_PERSONS = 10
# 民法典第18条: below sixteen nobody lives by their own work.
ALONE_FROM_YEARS = 16


@dataclass(frozen=True)
class Seen:
    """What is known when somebody declares. `persons`: on file and declared, with this one."""

    act: Act
    has_number: bool = False
    number_holds: bool = True
    born_on: date | None = None
    persons: int = 1
    is_verified_elsewhere: bool = False


def find_doubts(seen: Seen, *, on: date) -> tuple[QuestionKind, ...]:
    """The doubts, in the order of the kinds; none for most."""
    found = []
    if seen.has_number and not seen.number_holds:
        found.append(QuestionKind.IMPOSSIBLE_NUMBER)
    if (
        seen.act is not Act.CHILD
        and seen.born_on
        and years_old(seen.born_on, on) < ALONE_FROM_YEARS
    ):
        found.append(QuestionKind.UNDER_AGE_ALONE)
    if seen.act in MOVING_IN and seen.persons > MOST_PERSONS:
        found.append(QuestionKind.OVER_OCCUPANCY)
    if seen.act in MOVING_IN and seen.is_verified_elsewhere:
        found.append(QuestionKind.CONTRADICTS_VERIFIED)
    return tuple(found)


def years_old(born_on: date, on: date) -> int:
    """Full years on a day."""
    return on.year - born_on.year - ((on.month, on.day) < (born_on.month, born_on.day))
