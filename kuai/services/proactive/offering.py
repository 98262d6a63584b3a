"""Offers: handed over once for a finding, held back with the cause told, accepted or declined. Private."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256

from django.db import transaction

from kuai.guard import access, officials
from kuai.guard.types import Actor, Role
from kuai.kit.clock import local_day
from kuai.kit.engine import engine, scan_sql
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.registry.queries import contested_facts, is_record_of, resolve_code
from kuai.registry.types import MENTION_ELEMENT, PERSON
from kuai.rules.queries import get_rule, get_run
from kuai.rules.types import Asks, Finding, Rule, SubjectKind, ToWhom
from kuai.services.proactive.engine.moves import require_offer_move
from kuai.services.proactive.grounds import find_grounds
from kuai.services.proactive.guardians import find_children, find_guardians, readable_by
from kuai.services.proactive.models import Offer, OfferMove
from kuai.services.proactive.rule_life import MENDED_WITHIN, state_of
from kuai.services.proactive.types import (
    Blocking,
    HandedOver,
    MissedOffer,
    OfferState,
    OfferView,
    RuleState,
)

ANSWER_DAYS, LEFT_AFTER_PAUSE = 30, 14
CLOSED = (OfferState.ACCEPTED.value, OfferState.DECLINED.value)
OPEN = (OfferState.WAITING.value, OfferState.OFFERED.value)
TWICE = 2
_REACHED = """
select distinct p.code from {rows} as p join {rows} as c using (source, period, row_no)
where p.element = 'person' and c.element = 'contact' and list_contains($codes, p.code)
"""


@dataclass(frozen=True)
class _Round:
    """What one hand-over looks up once: rules by id (None: nobody writes it any more), states, who is what."""

    rules: Mapping[str, Rule | None]
    states: Mapping[str, RuleState]
    contested: frozenset[str]
    reached: frozenset[str]
    unnamed: frozenset[str]
    children: frozenset[str]
    guardians: Mapping[str, frozenset[str]]
    found: frozenset[str]
    ran: frozenset[str]
    at: datetime


def hand_over(store: Store, findings: Iterable[Finding], *, run: str, at: datetime) -> HandedOver:
    """Turn findings that offer something to a person into offers. May be repeated: a finding never raises two.

    `run`: which run of the rules they are from; the same run counts once. What is in the way is kept and told. What is
    about a child is offered to the guardians alone.
    """
    wanted = [one for one in findings if is_offer(one)]
    counts = dict.fromkeys(("offered", "waiting", "left_alone"), 0)
    with transaction.atomic():
        _follow_codes(store)
        here = _look_up(store, wanted, at=at)
        for one in sorted(wanted, key=lambda finding: finding.finding_id):
            rule = here.rules[one.rule]
            row = _row_of(one, rule, here) if rule else None
            if rule is None or row is None:
                counts["left_alone"] += 1
                continue
            if row.last_run != run:
                row.runs, row.last_run = row.runs + 1, run
            counts[_move_on(row, rule, here)] += 1
        lapsed = _lapse(here)
    return HandedOver(findings=len(wanted), lapsed=lapsed, **counts)


def _look_up(store: Store, wanted: Sequence[Finding], *, at: datetime) -> _Round:
    on = local_day(at)
    codes = {one.subject_code for one in wanted}
    children = find_children(store, codes, on=on)
    guardians = find_guardians(store, children, on=on)
    every = codes | {one for many in guardians.values() for one in many}
    names = {one.rule for one in wanted} | set(
        Offer.objects.filter(state__in=OPEN).values_list("rule", flat=True)
    )
    rules = {name: _rule_named(store, name) for name in sorted(names)}
    living = {name: rule for name, rule in rules.items() if rule is not None}
    return _Round(
        rules=rules,
        states={name: state_of(rule)[0] for name, rule in living.items()},
        contested=find_contested(every | set(Offer.objects.values_list("subject", flat=True))),
        reached=_reached(store, every),
        unnamed=frozenset(
            rule.owner for rule in living.values() if officials.find_official(rule.owner) is None
        ),
        children=children,
        guardians=guardians,
        found=frozenset(one.finding_id for one in wanted),
        # A rule that was not asked has found nothing and lost nothing.
        ran=frozenset((get_run(store) or {}).get("ran", ())),
        at=at,
    )


def _rule_named(store: Store, name: str) -> Rule | None:
    try:
        return get_rule(name, store)
    except Refusal:
        return None


def _follow_codes(store: Store) -> None:
    """Whoever's code became another's keeps what they declined, accepted or were offered."""
    codes = sorted(set(Offer.objects.values_list("subject", flat=True)))
    living = _living(store, codes)
    gone = [code for code in codes if code not in living]
    for old in gone:
        try:
            new = resolve_code(old, store=store)
        except Refusal:
            continue
        if new != old:
            Offer.objects.filter(subject=old).update(subject=new)


def _living(store: Store, codes: list[str]) -> frozenset[str]:
    path = store.current_build() / "core" / f"{PERSON.name}.parquet"
    if not codes or not path.exists():
        return frozenset(codes)
    sql = f"select person_code from {scan_sql([path])} where list_contains($codes, person_code)"
    with engine() as connection:
        return frozenset(code for (code,) in connection.execute(sql, {"codes": codes}).fetchall())


def is_offer(finding: Finding) -> bool:
    """Whether the finding offers something to the person it is about."""
    return (
        finding.asks is Asks.OFFER
        and finding.to_whom is ToWhom.PERSON
        and finding.subject_kind is SubjectKind.PERSON
    )


def answer_offer(store: Store, number: str, *, accepts: bool, by: Actor, at: datetime) -> None:
    """Accept or decline one's own offer, or that of a child one is guardian of. Refuses everybody else, and to accept
    an offer that pauses (declining never pauses)."""
    readable = readable_by(store, _own_code(store, by), on=local_day(at))
    with transaction.atomic():
        rows = Offer.objects.select_for_update().exclude(state=OfferState.WAITING.value)
        row = rows.filter(number=number, subject__in=readable).first()
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


def list_own_offers(store: Store, by: Actor, *, on: date | None = None) -> tuple[OfferView, ...]:
    """What the person of this login is offered, and the children they are guardian of, newest first; refuses a login
    that is nobody's. `on`: who is a child that day; the day of the newest run if none is given."""
    code = _own_code(store, by)
    run = get_run(store)
    day = on or (date.fromisoformat(str(run["day"])) if run else None)
    readable = readable_by(store, code, on=day) if day else (code,)
    rows = Offer.objects.filter(subject__in=readable).exclude(state=OfferState.WAITING.value)
    return tuple(_view(store, row, own=code) for row in rows.order_by("-pk"))


def count_unanswered(store: Store, by: Actor) -> int:
    """How many offers to this very person wait for their word; those to a ward are on the page alone, which looks up
    guardians. Refuses a login that is nobody's."""
    return Offer.objects.filter(
        subject=_own_code(store, by), state=OfferState.OFFERED.value
    ).count()


def list_missed() -> tuple[MissedOffer, ...]:
    """Persons entitled in two runs or more who neither accepted nor declined: errors of ours, with their cause."""
    rows = Offer.objects.filter(runs__gte=TWICE).exclude(state__in=CLOSED).order_by("rule", "pk")
    return tuple(
        MissedOffer(
            number=row.number,
            rule=row.rule,
            blocking=Blocking(row.blocking or Blocking.UNANSWERED),
            runs=row.runs,
            due_on=_end_of_month(local_day(row.entitled_at + MENDED_WITHIN)),
        )
        for row in rows
    )


def _end_of_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def _row_of(finding: Finding, rule: Rule, here: _Round) -> Offer | None:
    """The offer of this finding, new if need be; None where the same was declined, or taken not long ago."""
    mine = Offer.objects.filter(rule=finding.rule, subject=finding.subject_code)
    since = here.at - timedelta(days=rule.cool_down_days)
    if (
        mine.filter(state=OfferState.DECLINED.value).exists()
        or mine.filter(state=OfferState.ACCEPTED.value, closed_at__gte=since).exists()
    ):
        return None
    known = Offer.objects.filter(finding=finding.finding_id).first()
    if known is None:
        # The same entitlement under another number (a code became another's): nobody's waiting begins anew.
        known = mine.exclude(state__in=CLOSED).exclude(finding__in=here.found).first()
    if known is not None and known.state in CLOSED:
        return None
    row = known or Offer(
        number=_new_number(finding.finding_id),
        rule=finding.rule,
        subject=finding.subject_code,
        due_on=local_day(here.at) + timedelta(days=ANSWER_DAYS),
        state=OfferState.WAITING.value,
        entitled_at=here.at,
    )
    row.finding = finding.finding_id
    if row.state == OfferState.WAITING.value or here.states[rule.rule_id] is RuleState.LIVE:
        _write_words(row, finding, rule)
    return row


def _new_number(seed: str) -> str:
    number = f"O-{sha256(seed.encode()).hexdigest()[:12].upper()}"
    return _new_number(f"{seed}+") if Offer.objects.filter(number=number).exists() else number


def _write_words(row: Offer, finding: Finding, rule: Rule) -> None:
    """In the words of the rule as it is now: whoever accepts, accepts what is in force."""
    evidence = "；".join(rule.evidence.get(name, name) for name in finding.evidence)
    row.version = rule.version
    row.title = rule.title_zh
    row.text = rule.ask_zh
    row.reason = f"因为登记里的：{evidence or '居住'}。{rule.clears_zh}的，告诉我们就不再提。"
    row.basis = rule.basis
    row.responsible = officials.speak_of(rule.owner)
    row.channel = officials.where_to_object(rule.owner)


def _move_on(row: Offer, rule: Rule, here: _Round) -> str:
    since = here.at - timedelta(days=rule.cool_down_days)
    is_anew = row.offered_at is None or row.offered_at < since
    if row.state == OfferState.LAPSED.value and is_anew:
        _move(row, OfferState.WAITING, by="flows", at=here.at)
    blocking = _blocking(row, rule, here)
    row.blocking = blocking.value
    if row.state == OfferState.WAITING.value and not blocking:
        row.save()
        _move(row, OfferState.OFFERED, by="flows", at=here.at)
        row.offered_at = here.at
        row.due_on = local_day(here.at) + timedelta(days=ANSWER_DAYS)
    row.save()
    return "waiting" if row.state == OfferState.WAITING.value else "offered"


def _blocking(row: Offer, rule: Rule, here: _Round) -> Blocking:
    state = here.states[rule.rule_id]
    if state is RuleState.SUSPENDED:
        return Blocking.SUSPENDED
    if state is not RuleState.LIVE:
        return Blocking.NOT_LIVE
    if rule.owner in here.unnamed:
        return Blocking.NO_OFFICIAL
    if row.subject in here.contested:
        return Blocking.CONTESTED
    askable = {row.subject}
    if row.subject in here.children:
        askable = set(here.guardians.get(row.subject, ()))
        if not askable:
            return Blocking.NO_GUARDIAN
    if row.state != OfferState.WAITING.value:
        return Blocking.NONE
    since = here.at - timedelta(days=rule.cool_down_days)
    others = Offer.objects.filter(rule=row.rule, subject=row.subject, offered_at__gte=since)
    if others.exclude(finding=row.finding).exists():
        return Blocking.COOL_DOWN
    return Blocking.NONE if askable & here.reached else Blocking.NO_CONTACT


def _lapse(here: _Round) -> int:
    """Offers of which no finding is left, or whose day is over; paused ones that were made stand still."""
    today = local_day(here.at)
    lapsed = 0
    for row in Offer.objects.filter(state__in=OPEN):
        rule = here.rules.get(row.rule)
        is_offered = row.state == OfferState.OFFERED.value
        is_gone = rule is None or (row.rule in here.ran and row.finding not in here.found)
        is_late = is_offered and row.due_on < today
        is_paused = row.subject in here.contested or (
            is_offered and rule is not None and here.states[row.rule] is not RuleState.LIVE
        )
        if (is_gone or is_late) and not is_paused:
            _move(row, OfferState.LAPSED, by="flows", at=here.at)
            # Entitled no longer is no error of ours; entitled and silent still is.
            row.runs = 0 if is_gone else row.runs
            row.save()
            lapsed += 1
        elif is_offered and is_paused:
            # While it stands still no day runs: whoever waited for us has their time afterwards.
            row.due_on = max(row.due_on, today + timedelta(days=LEFT_AFTER_PAUSE))
            row.save()
    return lapsed


def _pause(store: Store, row: Offer) -> bool:
    """Whether the offer stands still: its rule is not in force, or something about the person is contested."""
    rule = _rule_named(store, row.rule)
    is_live = rule is not None and state_of(rule)[0] is RuleState.LIVE
    return not is_live or bool(find_contested([row.subject]))


def find_contested(codes: Iterable[str]) -> frozenset[str]:
    """Those of `codes` of which somebody contests something. What was found wrong is out of the rules already."""
    named = {part for key in contested_facts() for part in key.split("|")}
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


def _view(store: Store, row: Offer, *, own: str) -> OfferView:
    return OfferView(
        number=row.number, title=row.title, text=row.text, reason=row.reason, basis=row.basis,
        responsible=row.responsible, channel=row.channel, due_on=row.due_on,
        state=OfferState(row.state), offered_at=row.offered_at,
        is_paused=row.state not in CLOSED and _pause(store, row),
        subject=row.subject, is_for_ward=row.subject != own, grounds=find_grounds(store, row.finding),
    )  # fmt: skip


def _move(row: Offer, end: OfferState, *, by: str, at: datetime) -> None:
    require_offer_move(OfferState(row.state), end)
    OfferMove(offer=row, start=row.state, end=end.value, moved_by=by, moved_at=at).save()
    row.state = end.value
