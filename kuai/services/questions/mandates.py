"""Mandates: a clerk lets the night send in their name, for a reason, until a day, a click or the end of their post.

The night sends as that clerk and for their areas: each phone is read by a ticket in their name, as when they click
themselves. Whoever left, or works elsewhere or otherwise than when they signed, lends no name. Private: see the doors.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import transaction

from kuai.guard import access
from kuai.guard.free_text import require_nobody
from kuai.guard.queries import covers_any, find_actor_by_login
from kuai.guard.types import Actor, Role
from kuai.kit.clock import local_day
from kuai.kit.errors import Refusal
from kuai.kit.receipt import Receipt
from kuai.kit.store import Store
from kuai.services.questions import sending
from kuai.services.questions.engine.texts import new_number
from kuai.services.questions.gateways import Gateway
from kuai.services.questions.models import MandateEnd, SendingMandate
from kuai.services.questions.types import MandateState, MandateView

# Who may write to people, hence whose name the night may borrow.
MANDATING = frozenset({Role.SUBDISTRICT_CLERK, Role.DEPARTMENT_CLERK})
# Who sees that it sends by night; a leader may stop it, and nobody but a clerk may begin it.
WATCHING = MANDATING | {Role.LEADER}
LONGEST = timedelta(days=366)
SHORTEST_BASIS, LONGEST_BASIS = 4, 200
PURPOSE = "fact_upkeep"
NIGHT = Actor(user_id="nightly", role=Role.SYSTEM_ADMINISTRATOR)


def give_mandate(*, basis: str, until: date, by: Actor, at: datetime) -> str:
    """The number of the mandate; entered in the ledger. Refuses other roles, a second one, a day beyond a year."""
    if by.role not in MANDATING:
        raise Refusal("mandate.not_yours", "夜间代发由街道或部门的工作人员以自己的名义委托。")
    said, today = " ".join(basis.split()), local_day(at)
    if not SHORTEST_BASIS <= len(said) <= LONGEST_BASIS:
        raise Refusal(
            "mandate.basis",
            f"请写明依据，{SHORTEST_BASIS}—{LONGEST_BASIS} 字，例如职责清单的哪一项。",
        )
    require_nobody(said, what="依据", code="mandate.personal", next_step="")
    if not today <= until <= today + LONGEST:
        raise Refusal("mandate.until", "截止日期要从今天起，最长一年。")
    with transaction.atomic():
        if any(one.holder == by.user_id and _is_living(one, at=at) for one in _rows()):
            raise Refusal(
                "mandate.there", "您已经委托过了。", next_step="要改期限或依据，先收回再委托。"
            )
        row = SendingMandate(
            number=new_number("D"),
            holder=by.user_id,
            role=by.role.value,
            areas=list(by.areas),
            basis=said,
            given_at=at,
            until=until,
        )
        row.save()
        _enter("question.mandate_given", row, by=by, at=at)
    return row.number


def end_mandate(number: str, *, by: Actor, at: datetime) -> None:
    """Ended by its holder, or by a leader of its areas; entered in the ledger. May be repeated."""
    row = next((one for one in _rows() if one.number == number), None)
    if row is None or not (_is_holder(row, by) or (by.role is Role.LEADER and _is_seen(row, by))):
        raise Refusal("mandate.none", "没有您可以收回的这个委托。")
    with transaction.atomic():
        _, is_new = MandateEnd.objects.get_or_create(
            mandate=row, defaults={"ended_by": by.user_id, "ended_at": at}
        )
        if is_new:
            _enter("question.mandate_ended", row, by=by, at=at)


def list_mandates(*, by: Actor, at: datetime) -> tuple[MandateView, ...]:
    """Mandates of the actor's areas, newest first: who, since, until, why, whether it holds. For clerks and leaders."""
    if by.role not in WATCHING:
        raise Refusal("mandate.not_seen", "夜间代发的委托由工作人员和领导看。")
    return tuple(
        MandateView(
            number=row.number,
            holder=row.holder,
            basis=row.basis,
            given_at=row.given_at,
            until=row.until,
            state=_state(row, at=at),
            is_own=_is_holder(row, by),
        )
        for row in reversed(_rows())
        if _is_holder(row, by) or _is_seen(row, by)
    )


def send_by_mandate(store: Store, *, at: datetime, gateway: Gateway | None = None) -> Receipt:
    """Send in the name of each clerk whose mandate holds; what lies in nobody's mandate waits and is told.

    received = sent + to print (refused) + failed, unsure or waiting for a mandate (quarantined). May be repeated.
    """
    sent = []
    _end_void(at=at)
    for row in _rows():
        holder = _holder_of(row, at=at)
        if holder is None:
            continue
        receipt = sending.send_due(store, by=holder, at=at, gateway=gateway)
        sent.append(receipt)
        if receipt.received:
            _enter("question.mandate_used", row, by=holder, at=at, count=receipt.received)
    areas = [area for row in _rows() if (one := _holder_of(row, at=at)) for area in one.areas]
    waiting = sending.count_waiting(beyond=areas)
    return Receipt(
        stage="questions_sent",
        received=sum(one.received for one in sent) + waiting,
        kept=sum(one.kept for one in sent),
        refused=sum(one.refused for one in sent),
        quarantined=sum(one.quarantined for one in sent) + waiting,
        what="messages",
        notes={"mandates": len(sent), "without_mandate": waiting},
    )


def _end_void(*, at: datetime) -> None:
    """Whoever comes back to a post gives it anew: an account that is opened again revives no mandate."""
    for row in _rows():
        if _state(row, at=at) is MandateState.VOID:
            with transaction.atomic():
                MandateEnd(mandate=row, ended_by="nightly", ended_at=at).save()
                _enter("question.mandate_ended", row, by=NIGHT, at=at)


def _rows() -> list[SendingMandate]:
    return list(SendingMandate.objects.select_related("end").order_by("pk"))


def _state(row: SendingMandate, *, at: datetime) -> MandateState:
    if hasattr(row, "end"):
        return MandateState.ENDED
    if local_day(at) > row.until:
        return MandateState.EXPIRED
    holder = find_actor_by_login(row.holder)
    is_same = (
        holder is not None and holder.role.value == row.role and list(holder.areas) == row.areas
    )
    return MandateState.HOLDS if is_same and row.role in MANDATING else MandateState.VOID


def _is_living(row: SendingMandate, *, at: datetime) -> bool:
    return _state(row, at=at) is MandateState.HOLDS


def _holder_of(row: SendingMandate, *, at: datetime) -> Actor | None:
    """Whoever lends the name tonight: the account as it is now, where nothing about it changed since."""
    return find_actor_by_login(row.holder) if _is_living(row, at=at) else None


def _is_holder(row: SendingMandate, by: Actor) -> bool:
    return row.holder == by.user_id


def _is_seen(row: SendingMandate, by: Actor) -> bool:
    return covers_any(by.areas, row.areas)


def _enter(action: str, row: SendingMandate, *, by: Actor, at: datetime, count: int = 1) -> None:
    access.record_entry(
        actor=by,
        action=action,
        object_kind="mandate",
        object_refs=(row.number,),
        purpose=PURPOSE,
        count=count,
        at=at,
    )
