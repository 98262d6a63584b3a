"""Declarations on their way into a build: those in force as rows, and what becomes of those whose time is over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta

from kuai.blocks.queries import open_blocks
from kuai.kit.clock import local_day
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.services.residence import questions, sealed_values
from kuai.services.residence.models import Declaration, TenantSheet
from kuai.services.residence.on_file import drop_earlier_look_ups
from kuai.services.residence.types import Act, Channel, HandOverRow, Step

KEPT_FOR = timedelta(days=3 * 365)
TAKEN_UP = (Act.LIVE, Act.CHILD, Act.LET, Act.SUBLET, Act.AGENT, Act.EMPLOY)


def rows_in_force(store: Store, *, at: datetime) -> Iterator[HandOverRow]:
    """What the next build may take up, oldest first: not held back by a doubt, not refuted, not shredded, young enough.

    An end comes from the person's own word alone (`leave` by the same name and phone): what a landlord says of a
    tenant's leaving is in no row.
    """
    reader = open_blocks(store.current_build())
    ends, guardians = _ends(), _guardians()
    wanted = Declaration.objects.filter(
        act__in=[one.value for one in TAKEN_UP], declared_at__gt=at - KEPT_FOR
    ).exclude(questions.held_back())
    for row in wanted.order_by("pk").iterator():
        values = sealed_values.read_values(store, row.sealed_period, row.sealed_row)
        if not values.get("name"):
            continue
        try:
            text = reader.get_block(row.room_code).standard_text
        except Refusal:
            # A room that the library ended: its declarations wait for the succession to be told.
            continue
        yield HandOverRow(
            number=row.number,
            act=Act(row.act),
            standard_text=text,
            declared_on=local_day(row.declared_at),
            since=row.since,
            until=_end_of(row, ends),
            tenure=row.tenure,
            values=values | {"guardian_name": _guardian_name(store, row, guardians)},
        )


def _guardians() -> dict[tuple[str, str], tuple[str, int]]:
    """Where the name lies of whoever declared living in a room, by room and the phone that proved it."""
    lives = Declaration.objects.filter(
        act=Act.LIVE.value, channel__in=(Channel.DOOR.value, Channel.COUNTER.value)
    )
    # At a window nobody needs a phone; without one nothing ties a guardian to a child.
    told = lives.exclude(declarant_mark="").exclude(questions.held_back())
    return {
        (one.room_code, one.declarant_mark): (one.sealed_period, one.sealed_row)
        for one in told.order_by("pk")
    }


def _guardian_name(
    store: Store, row: Declaration, guardians: dict[tuple[str, str], tuple[str, int]]
) -> str:
    """Of a child's guardian who declared living in the same room with the same phone; a phone alone makes nobody a
    guardian in the store."""
    sealed = guardians.get((row.room_code, row.declarant_mark))
    if row.act != Act.CHILD.value or sealed is None:
        return ""
    return sealed_values.read_values(store, *sealed).get("name", "")


def note_handed_over(numbers: Iterable[str], *, at: datetime) -> int:
    """Write down that these rows were delivered to the store; returns how many for the first time."""
    wanted = Declaration.objects.filter(number__in=list(numbers))
    noted = 0
    for row in wanted.exclude(steps__step=Step.HANDED_OVER.value):
        questions.take_step(row, Step.HANDED_OVER, by="flows", at=at)
        noted += 1
    return noted


def shred_overdue(store: Store, *, at: datetime) -> int:
    """Destroy the values of declarations that are three years old or whose row is gone, a key each; returns how many.
    May be repeated."""
    drop_earlier_look_ups(store)
    over = Declaration.objects.filter(declared_at__lte=at - KEPT_FOR).exclude(sealed_period="")
    periods = set(over.values_list("sealed_period", flat=True)) | _without_row(store, at=at)
    living = sealed_values.sealed_periods(store, before=at)
    # A sheet's rows are of one day, so none of its rows is younger.
    for period in sorted(periods & living):
        sealed_values.shred_values(store, period)
    return len(periods & living)


def _without_row(store: Store, *, at: datetime) -> set[str]:
    """Sealed, but of no row: erased by retention, or a transaction that broke. A day old, so none is under way."""
    known = set(Declaration.objects.values_list("sealed_period", flat=True))
    known |= set(TenantSheet.objects.values_list("number", flat=True))
    return sealed_values.sealed_periods(store, before=at - timedelta(days=1)) - known


def _ends() -> dict[tuple[str, str, str], tuple[int, date]]:
    over = (Step.WITHDRAWN.value, Step.REFUTED.value)
    left = Declaration.objects.filter(act=Act.LEAVE.value).exclude(steps__step__in=over)
    return {
        (one.room_code, one.name_mark, one.phone_mark): (
            one.pk,
            one.since or local_day(one.declared_at),
        )
        for one in left.order_by("pk")
    }


def _end_of(row: Declaration, ends: dict[tuple[str, str, str], tuple[int, date]]) -> date | None:
    """The day they left, said after this was: who comes back the same day lives there."""
    place, day = ends.get((row.room_code, row.name_mark, row.phone_mark), (0, date.min))
    if row.act != Act.LIVE.value or place < row.pk:
        return None
    return max(day, row.since or date.min)
