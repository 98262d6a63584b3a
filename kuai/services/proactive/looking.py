"""Findings as the office sees them that answers for their rule: listed without persons, opened one by one. Private."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

from django.conf import settings

from kuai.blocks.queries import open_blocks
from kuai.guard import access, officials
from kuai.guard.queries import covers_any, list_live_tickets
from kuai.guard.types import Actor, Ticket, TicketKind
from kuai.kit.clock import local_day
from kuai.kit.engine import engine, scan_sql
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.registry.types import RELATION
from kuai.rules.queries import get_finding, get_rule, list_findings
from kuai.rules.types import Finding, Rule, SubjectKind
from kuai.services.proactive.grounds import grounds_of
from kuai.services.proactive.guardians import find_children
from kuai.services.proactive.models import FindingAnswer, Offer
from kuai.services.proactive.offering import ANSWER_DAYS, TWICE, find_contested
from kuai.services.proactive.rule_life import (
    SIGNING,
    TELLING,
    record_answer,
    require_own_office,
    state_of,
)
from kuai.services.proactive.types import (
    Blocking,
    FindingLine,
    OfferState,
    OpenedFinding,
    RuleState,
    Verdict,
)

A_PAGE, READ_AT_ONCE = 20, 500
# Whom a finding without a place is about lies where they live.
HOMES = ("PH_RESIDE", "PH_RENT", "PH_HUKOU", "PH_OWN")
_HOMES = """
select from_code, list(distinct to_code order by to_code) from {relation}
where list_contains($kinds, type) and list_contains($codes, from_code)
  and list_contains(['asserted', 'verified'], status)
group by from_code
"""
TICKET_LASTS = timedelta(hours=8)
ORIGIN = "finding:"
# What the office sees of a person: by masks alone, because the ticket names another field than these.
SHOWN_MASKED = ("name", "phone")
TICKET_FIELDS = ("birth_date",)
_DAY = re.compile(r"^(\d{4})-\d{2}-\d{2}")


def list_rule_findings(
    store: Store, rule_id: str, *, by: Actor, after: str = "", limit: int = A_PAGE
) -> tuple[FindingLine, ...]:
    """Findings of one rule in the newest run, in the reader's area, by id after `after`: no person, no code.

    Refuses another office than answers for the rule, and a rule that nobody signed: of that there are sums alone.
    """
    rule = _own_rule(store, rule_id, by)
    lines: list[FindingLine] = []
    while len(lines) < limit:
        page = list_findings(store, rule=rule_id, after=after, limit=READ_AT_ONCE)
        here = _in_area(store, page, by)[: limit - len(lines)]
        lines += [_line(one, rule) for one in here]
        if len(page) < READ_AT_ONCE:
            break
        after = page[-1].finding_id
    return tuple(lines[:limit])


def is_about_person(store: Store, finding_id: str) -> bool:
    """Whether it takes a ticket to open the finding."""
    return get_finding(store, finding_id).subject_kind is SubjectKind.PERSON


def open_finding(
    store: Store, finding_id: str, *, by: Actor, at: datetime, ticket: Ticket | None = None
) -> OpenedFinding:
    """One finding with its rows, dates, confidence and what would clear it; its person by masks alone, by the live
    ticket of this finding. Every opening is in the ledger."""
    finding, rule = _own_finding(store, finding_id, by)
    person: Mapping[str, str | None] = {}
    unseen, ends = "", None
    if finding.subject_kind is SubjectKind.PERSON:
        if ticket is None or ticket.origin != f"{ORIGIN}{finding_id}":
            raise Refusal("finding.no_ticket", "先从这一条发现领凭据，再打开。")
        ends = ticket.ends_at
        try:
            ref = f"person:{finding.subject_code}"
            person = access.reveal(ref, SHOWN_MASKED, to=by, ticket=ticket, at=at, store=store)
        except Refusal as refusal:
            unseen = refusal.sentence
    else:
        access.record_entry(
            actor=by,
            action="finding.opened",
            object_kind="finding",
            object_refs=(finding.finding_id,),
            purpose=rule.purpose,
            count=1,
            at=at,
        )
    return OpenedFinding(
        line=_line(finding, rule),
        asks=rule.ask_zh,
        basis=rule.basis,
        purpose=rule.purpose,
        responsible=officials.speak_of(rule.owner),
        channel=officials.where_to_object(rule.owner),
        evidence=tuple(
            (rule.evidence.get(name, name), _masked(value))
            for name, value in finding.evidence.items()
            if not unseen
        ),
        grounds=grounds_of(store, finding),
        person=person,
        unseen=unseen,
        ticket_ends=ends,
    )


def take_finding_ticket(store: Store, finding_id: str, *, by: Actor, at: datetime) -> Ticket:
    """A ticket about the person of one finding; the guard enters it. Refuses other offices, roles and areas, and a
    child's finding: a child is reached through the guardians alone."""
    finding, rule = _own_finding(store, finding_id, by)
    if find_children(store, [finding.subject_code], on=local_day(at)):
        raise Refusal(
            "finding.child",
            "这条发现说的是孩子：只通过监护人联系，不打开。",
            next_step="监护人在自己的页面上看到、回答。",
        )
    return access.issue_ticket(
        access.TicketRequest(
            kind=TicketKind.FINDING,
            origin=f"{ORIGIN}{finding_id}",
            purpose=rule.purpose,
            subjects=(f"person:{finding.subject_code}",),
            fields=TICKET_FIELDS,
            ends_at=at + TICKET_LASTS,
        ),
        holder=by,
        at=at,
    )


def answer_finding(
    store: Store, finding_id: str, verdict: Verdict, *, by: Actor, at: datetime
) -> bool:
    """What the office found out of one finding; its tickets end. True where the rule suspended itself over it."""
    finding, rule = _own_finding(store, finding_id, by)
    origin = f"{ORIGIN}{finding_id}"
    if finding.subject_kind is SubjectKind.PERSON and not any(
        one.origin == origin for one in list_live_tickets(by, at=at)
    ):
        raise Refusal(
            "finding.unopened",
            "没有打开看过的发现，不记结果。",
            next_step="先从这一条发现领凭据，打开看过再记。",
        )
    if _is_paused(finding):
        raise Refusal(
            "finding.paused",
            "这条发现说到的事有人提了异议，核对完以前不记结果，期限也停着。",
            next_step="异议有了结果，会接着办。",
        )
    if FindingAnswer.objects.filter(finding=finding_id).exists():
        raise Refusal("finding.answered", "这条发现已经有回答。")
    stopped = record_answer(store, finding, verdict, by=by, at=at)
    access.record_entry(
        actor=by,
        action="finding.answered",
        object_kind="finding",
        object_refs=(finding_id,),
        purpose=rule.purpose,
        count=1,
        at=at,
        outcome=verdict.value,
    )
    access.end_tickets(TicketKind.FINDING, origin, at=at)
    return stopped


def finding_of(ticket: Ticket) -> str:
    """The finding that a ticket was issued for."""
    return ticket.origin.removeprefix(ORIGIN)


def is_finding_open(origin: str) -> bool:
    """Whether the finding behind a ticket is still found, and nobody said whether it is right."""
    finding = _behind(origin)
    said = FindingAnswer.objects.filter(finding=origin.removeprefix(ORIGIN), verdict__in=TELLING)
    return finding is not None and not said.exists()


def names_subject(origin: str, ref: str) -> bool:
    """Whether the finding behind a ticket is about this person."""
    finding = _behind(origin)
    return (
        finding is not None
        and finding.subject_kind is SubjectKind.PERSON
        and ref == f"person:{finding.subject_code}"
    )


def is_held_by(origin: str, actor: Actor) -> bool:
    """Whether the actor's office answers for the rule behind a ticket."""
    finding = _behind(origin)
    if finding is None:
        return False
    try:
        _own_rule(settings.STORE, finding.rule, actor)
    except Refusal:
        return False
    return True


def _behind(origin: str) -> Finding | None:
    try:
        return get_finding(settings.STORE, origin.removeprefix(ORIGIN))
    except Refusal:
        return None


def _own_rule(store: Store, rule_id: str, by: Actor) -> Rule:
    if by.role not in SIGNING:
        raise Refusal("rule.not_owner", "发现由经办规则的科室看，您的账号不能看。")
    rule = get_rule(rule_id, store)
    require_own_office(rule, by)
    if state_of(rule)[0] not in (RuleState.LIVE, RuleState.SUSPENDED):
        raise Refusal(
            "rule.not_live",
            "这条规则没有签字上线，只看演练的数，不看发现。",
            next_step="先演练，由另一人签字。",
        )
    return rule


def _own_finding(store: Store, finding_id: str, by: Actor) -> tuple[Finding, Rule]:
    finding = get_finding(store, finding_id)
    rule = _own_rule(store, finding.rule, by)
    if not _in_area(store, [finding], by):
        # In the words of one that nobody found: that it lies elsewhere is an answer too.
        raise Refusal("finding.unknown", f"最近一次运行里没有发现“{finding_id}”。")
    return finding, rule


def _in_area(store: Store, findings: Sequence[Finding], by: Actor) -> list[Finding]:
    """Those that lie where the actor works: by their grid, a person without one by where they live."""
    if covers_any(by.areas, ()):
        return list(findings)
    lived = _homes(
        store,
        (
            one.subject_code
            for one in findings
            if not one.grid_code and one.subject_kind is SubjectKind.PERSON
        ),
    )
    path_of = open_blocks(store.current_build()).path_of
    kept = []
    for one in findings:
        places = (one.grid_code,) if one.grid_code else lived.get(one.subject_code, ())
        if covers_any(by.areas, tuple(_known_paths(path_of, places))):
            kept.append(one)
    return kept


def _known_paths(path_of: Callable[[str], str], places: Iterable[str]) -> Iterator[str]:
    for place in places:
        try:
            yield path_of(place)
        except Refusal:
            continue


def _homes(store: Store, codes: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """Where each of these persons lives, is registered or owns."""
    wanted = sorted(set(codes))
    path = store.current_build() / "core" / f"{RELATION.name}.parquet"
    if not wanted or not path.exists():
        return {}
    with engine() as connection:
        rows = connection.execute(
            _HOMES.format(relation=scan_sql([path])), {"codes": wanted, "kinds": list(HOMES)}
        ).fetchall()
    return {code: tuple(places) for code, places in rows}


def tell_deadline(finding: Finding) -> tuple[date, bool]:
    """Until when somebody says what came of the finding, and whether that stands still."""
    offer = Offer.objects.filter(finding=finding.finding_id).first()
    return _due_on(finding, offer), _is_paused(finding)


def _due_on(finding: Finding, offer: Offer | None) -> date:
    return offer.due_on if offer else finding.first_found + timedelta(days=ANSWER_DAYS)


def _line(finding: Finding, rule: Rule) -> FindingLine:
    offer = Offer.objects.filter(finding=finding.finding_id).first()
    answer = FindingAnswer.objects.filter(finding=finding.finding_id).first()
    is_waiting = offer is not None and offer.state == OfferState.WAITING.value
    return FindingLine(
        finding=finding.finding_id,
        rule=finding.rule,
        title=rule.title_zh,
        subject_kind=finding.subject_kind.value,
        grid_code=finding.grid_code,
        confidence=finding.confidence,
        first_found=finding.first_found,
        offer=_shown_state(offer, on=finding.found_on) if offer else None,
        blocking=Blocking(offer.blocking) if offer and is_waiting else None,
        # That somebody was silent is told in sums alone: it would tell who declined, and was not silent.
        is_missed=is_waiting and offer is not None and offer.runs >= TWICE,
        verdict=Verdict(answer.verdict) if answer else None,
        due_on=_due_on(finding, offer),
        is_paused=_is_paused(finding),
    )


def _shown_state(offer: Offer, *, on: date) -> OfferState:
    """Who declined looks like who did not answer: the office has nothing to do for either, and nobody is to ask why."""
    if offer.state != OfferState.DECLINED.value:
        return OfferState(offer.state)
    return OfferState.LAPSED if offer.due_on < on else OfferState.OFFERED


def _is_paused(finding: Finding) -> bool:
    """Whether somebody contests something about its subject: the next run will not find it."""
    return bool(find_contested({finding.subject_code}))


def _masked(value: str | None) -> str:
    """Of a day the year alone."""
    return _DAY.sub(r"\1-**-**", value) if value else ""
