"""Offers: handed over once for a finding, held back with the cause told, accepted or declined. Private."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha256

from django.conf import settings
from django.db import transaction

from kuai.guard import access
from kuai.guard.types import Actor, Role
from kuai.kit.clock import local_day
from kuai.kit.engine import engine, scan_sql
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.registry.queries import facts_out_of_use, is_record_of
from kuai.registry.types import MENTION_ELEMENT
from kuai.rules.queries import get_rule
from kuai.rules.types import Asks, Finding, Rule, SubjectKind, ToWhom
from kuai.services.proactive.engine.moves import require_offer_move
from kuai.services.proactive.models import Offer, OfferMove
from kuai.services.proactive.rule_life import state_of
from kuai.services.proactive.types import (
    Blocking,
    HandedOver,
    MissedOffer,
    OfferState,
    OfferView,
    RuleState,
)

ANSWER_DAYS = 30
CLOSED = (OfferState.ACCEPTED.value, OfferState.DECLINED.value)
OPEN = (OfferState.WAITING.value, OfferState.OFFERED.value)
TWICE = 2
_REACHED = """
select distinct p.code from {rows} as p join {rows} as c using (source, period, row_no)
where p.element = 'person' and c.element = 'contact' and list_contains($codes, p.code)
"""


def hand_over(store: Store, findings: Iterable[Finding], *, run: str, at: datetime) -> HandedOver:
    """Turn findings that offer something to a person into offers. May be repeated: a finding never raises two.

    `run`: which run of the rules they are from; the same run counts once. What is in the way is kept and told.
    """
    wanted = [one for one in findings if is_offer(one)]
    rules = {name: get_rule(name, store) for name in {one.rule for one in wanted}}
    reached = _reached(store, {one.subject_code for one in wanted})
    contested = _contested(one.subject_code for one in wanted)
    counts = dict.fromkeys(("offered", "waiting", "left_alone"), 0)
    with transaction.atomic():
        for one in sorted(wanted, key=lambda finding: finding.finding_id):
            row = _row_of(one, rules[one.rule], at=at)
            if row is None:
                counts["left_alone"] += 1
                continue
            if row.last_run != run and row.state not in CLOSED:
                row.runs, row.last_run = row.runs + 1, run
            counts[_move_on(row, rules[one.rule], contested=contested, reached=reached, at=at)] += 1
        lapsed = _lapse(store, {one.finding_id for one in wanted}, at=at)
    return HandedOver(findings=len(wanted), lapsed=lapsed, **counts)


def is_offer(finding: Finding) -> bool:
    """Whether the finding offers something to the person it is about."""
    return (
        finding.asks is Asks.OFFER
        and finding.to_whom is ToWhom.PERSON
        and finding.subject_kind is SubjectKind.PERSON
    )


def answer_offer(store: Store, number: str, *, accepts: bool, by: Actor, at: datetime) -> None:
    """Accept or decline one's own offer. Refuses everybody else, and an offer that pauses (declining never pauses)."""
    code = _own_code(store, by)
    with transaction.atomic():
        row = Offer.objects.select_for_update().filter(number=number, subject=code).first()
        if row is None:
            raise Refusal("offer.not_yours", "没有这项给您的服务。")
        if accepts and _pause(store, row):
            raise Refusal(
                "offer.paused",
                "这项服务暂停了，正在核对。",
                next_step="核对完会接着办，不用重新申请。",
            )
        end = OfferState.ACCEPTED if accepts else OfferState.DECLINED
        _move(row, end, by=by.user_id, at=at)
        row.closed_at = at
        row.save()


def list_own_offers(store: Store, by: Actor) -> tuple[OfferView, ...]:
    """What the person of this login is offered, newest first; refuses a login that is nobody's."""
    code = _own_code(store, by)
    rows = Offer.objects.filter(subject=code).exclude(state=OfferState.WAITING.value)
    return tuple(_view(store, row) for row in rows.order_by("-pk"))


def list_missed() -> tuple[MissedOffer, ...]:
    """Persons entitled in two runs or more who neither accepted nor declined: errors of ours, with their cause."""
    rows = Offer.objects.filter(runs__gte=TWICE).exclude(state__in=CLOSED).order_by("rule", "pk")
    return tuple(
        MissedOffer(row.number, row.rule, Blocking(row.blocking or Blocking.UNANSWERED), row.runs)
        for row in rows
    )


def _row_of(finding: Finding, rule: Rule, *, at: datetime) -> Offer | None:
    """The offer of this finding, new if need be; None where the same was declined, or taken not long ago."""
    known = Offer.objects.filter(finding=finding.finding_id).first()
    if known is not None:
        return None if known.state in CLOSED else known
    before = Offer.objects.filter(rule=finding.rule, subject=finding.subject_code)
    since = at - timedelta(days=rule.cool_down_days)
    if (
        before.filter(state=OfferState.DECLINED.value).exists()
        or before.filter(state=OfferState.ACCEPTED.value, closed_at__gte=since).exists()
    ):
        return None
    evidence = "；".join(rule.evidence.get(name, name) for name in finding.evidence)
    return Offer(
        number=f"O-{sha256(finding.finding_id.encode()).hexdigest()[:12].upper()}",
        finding=finding.finding_id,
        rule=finding.rule,
        version=finding.rule_version,
        subject=finding.subject_code,
        title=rule.title_zh,
        text=rule.ask_zh,
        reason=f"因为登记里的：{evidence or '居住'}。{rule.clears_zh}的，告诉我们就不再提。",
        basis=rule.basis,
        responsible=f"{rule.owner} {settings.KUAI_QUESTION_OFFICIAL}".strip(),
        channel=settings.KUAI_QUESTION_CHANNEL,
        due_on=local_day(at) + timedelta(days=ANSWER_DAYS),
        state=OfferState.WAITING.value,
        entitled_at=at,
    )


def _move_on(
    row: Offer, rule: Rule, *, contested: frozenset[str], reached: frozenset[str], at: datetime
) -> str:
    blocking = _blocking(row, rule, contested=contested, reached=reached, at=at)
    row.blocking = blocking.value
    if row.state == OfferState.WAITING.value and not blocking:
        row.save()
        _move(row, OfferState.OFFERED, by="flows", at=at)
        row.offered_at = at
        row.due_on = local_day(at) + timedelta(days=ANSWER_DAYS)
    row.save()
    return "waiting" if row.state == OfferState.WAITING.value else "offered"


def _blocking(
    row: Offer, rule: Rule, *, contested: frozenset[str], reached: frozenset[str], at: datetime
) -> Blocking:
    state, _ = state_of(rule)
    if state is RuleState.SUSPENDED:
        return Blocking.SUSPENDED
    if state is not RuleState.LIVE:
        return Blocking.NOT_LIVE
    if row.subject in contested:
        return Blocking.CONTESTED
    if row.state != OfferState.WAITING.value:
        return Blocking.NONE
    since = at - timedelta(days=rule.cool_down_days)
    others = Offer.objects.filter(rule=row.rule, subject=row.subject, offered_at__gte=since)
    if others.exclude(finding=row.finding).exists():
        return Blocking.COOL_DOWN
    return Blocking.NONE if row.subject in reached else Blocking.NO_CONTACT


def _lapse(store: Store, found: set[str], *, at: datetime) -> int:
    """Offers of which no finding is left, or whose day is over; paused ones stand still."""
    rows = Offer.objects.filter(state__in=OPEN)
    today = local_day(at)
    lapsed = 0
    for row in rows:
        is_gone = row.finding not in found
        is_late = row.state == OfferState.OFFERED.value and row.due_on < today
        if (is_gone or is_late) and not _pause(store, row):
            _move(row, OfferState.LAPSED, by="flows", at=at)
            # Entitled no longer is no error of ours; entitled and silent still is.
            row.runs = 0 if is_gone else row.runs
            row.save()
            lapsed += 1
    return lapsed


def _pause(store: Store, row: Offer) -> bool:
    """Whether the offer stands still: its rule is not in force, or something about the person is contested."""
    state, _ = state_of(get_rule(row.rule, store))
    return state is not RuleState.LIVE or bool(_contested([row.subject]))


def _contested(codes: Iterable[str]) -> frozenset[str]:
    named = {part for key in facts_out_of_use() for part in key.split("|")}
    return frozenset(codes) & named


def _reached(store: Store, codes: set[str]) -> frozenset[str]:
    """Of these persons those whom some row names with a phone. The phone itself is read by nobody here."""
    path = store.current_build() / "core" / f"{MENTION_ELEMENT.name}.parquet"
    if not codes or not path.exists():
        return frozenset()
    with engine() as connection:
        rows = connection.execute(
            _REACHED.format(rows=scan_sql([path])), {"codes": sorted(codes)}
        ).fetchall()
    return frozenset(code for (code,) in rows)


def _own_code(store: Store, by: Actor) -> str:
    binding = access.find_binding(by) if by.role is Role.RESIDENT else None
    if binding is None or not is_record_of(store, binding.record, binding.person_code):
        raise Refusal(
            "offer.unbound",
            "还没有工作人员当面核对过这个登录是您本人。",
            next_step="请本人带证件到社区服务窗口，说“核对居民登录”。",
        )
    return str(binding.person_code)


def _view(store: Store, row: Offer) -> OfferView:
    return OfferView(
        number=row.number, title=row.title, text=row.text, reason=row.reason, basis=row.basis,
        responsible=row.responsible, channel=row.channel, due_on=row.due_on,
        state=OfferState(row.state), offered_at=row.offered_at,
        is_paused=row.state not in CLOSED and _pause(store, row),
    )  # fmt: skip


def _move(row: Offer, end: OfferState, *, by: str, at: datetime) -> None:
    require_offer_move(OfferState(row.state), end)
    OfferMove(offer=row, start=row.state, end=end.value, moved_by=by, moved_at=at).save()
    row.state = end.value
