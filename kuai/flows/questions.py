"""Questions of the house on their way to one outbox: findings that ask, doubts about declarations, gaps of forms.

Idempotent. Not handed over: offers, rules that nobody signed, and what is an office's own inspection, care or request
work. An answer goes back to whoever asked: a declaration, or the rule (`verdicts`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from kuai.flows import verdicts
from kuai.flows.form_cells import hand_over_form_cells
from kuai.guard import officials
from kuai.guard.types import Actor, Role
from kuai.kit.clock import local_day
from kuai.kit.engine import engine, scan_sql
from kuai.kit.errors import Refusal
from kuai.kit.receipt import Receipt
from kuai.kit.store import Store
from kuai.registry.types import RELATION
from kuai.rules import queries as rules
from kuai.rules.types import Asks, Finding, Rule, SubjectKind, ToWhom
from kuai.services.proactive import actions as offering
from kuai.services.questions import actions, queries
from kuai.services.questions.types import Asking, By, Said, Settled, State
from kuai.services.residence import actions as declarations
from kuai.services.residence import queries as declared
from kuai.services.residence.types import Answer, QuestionKind, QuestionState, QuestionView

FINDING, DECLARATION = verdicts.FINDING, "declaration:"
# Inspections, care and requests have offices, zones and rights of their own: no grid worker's visit stands in for them.
OWN_WORK = frozenset({"administrative_inspection", "home_care", "request_answer"})
MOST_A_PAGE, MOST_WAITING = 1_000, 1_000_000
LANDLORDS = ("PH_LET", "PH_OWN")
HOMES = ("PH_RESIDE", "PH_RENT")
# Whoever holds the link; the message it came by is noted in the questions' own room.
BY_LINK = Actor(user_id="link", role=Role.RESIDENT)
_TIES = """
select type, from_code, to_code, fact_key from {relation}
where list_contains($types, type) and list_contains($places, to_code)
  and list_contains(['asserted', 'verified'], status) and not is_contested
order by type, from_code
"""
_TEXTS: Mapping[QuestionKind, str] = {
    QuestionKind.IMPOSSIBLE_NUMBER: "申报里的证件号码好像写错了一位，是照着证件写的吗？",
    QuestionKind.UNDER_AGE_ALONE: "申报的人不满十六周岁，有大人一起住吗？",
    QuestionKind.OVER_OCCUPANCY: "登记在这里的人数比较多，申报的人确实住在这里吗？",
    QuestionKind.CONTRADICTS_VERIFIED: "以前核实过住在别处，现在确实搬来了吗？",
    QuestionKind.TENANT_CONFIRMS: "有人申报把这里租出去了，租客确认吗？",
    QuestionKind.LANDLORD_CONFIRMS: "有租客申报租住这里，房东确认吗？",
    QuestionKind.TENANT_LEFT: "房东说租客已经搬走，对吗？",
    QuestionKind.DISAGREEMENT: "租住情况双方说的不一样，申报的对吗？",
}
_ANSWERS = {
    Said.HOLDS: Answer.YES,
    Said.ENDED: Answer.NO,
    Said.WRONG: Answer.NO,
    Said.UNKNOWN: Answer.UNKNOWN,
}


@dataclass(frozen=True)
class _Ties:
    """Who lets a place, and which fact ties a person to it."""

    landlords: Mapping[str, tuple[str, ...]]
    homes: Mapping[tuple[str, str], str]


def hand_over(store: Store, *, at: datetime) -> tuple[Receipt, ...]:
    """Open what is asked and new, close what nobody asks any more, let lapse what is overdue. May be repeated.

    Receipts: received = kept (in the outbox) + refused (others' own work).
    """
    receipts = (
        hand_over_findings(store, at=at),
        hand_over_declarations(store, at=at),
        hand_over_form_cells(store, at=at),
    )
    lapse(at=at)
    return receipts


def lapse(*, at: datetime) -> tuple[Receipt, ...]:
    """Questions whose day is over lapse, claims nobody recorded become unsure. May be repeated."""
    late = actions.lapse_overdue(on=local_day(at), at=at)
    unsure = actions.mark_unsure(at=at)
    return (
        Receipt(stage="questions_lapsed", received=late, kept=late, what="questions"),
        Receipt(stage="messages_unsure", received=unsure, kept=unsure, what="messages"),
    )


def settle(
    store: Store,
    number: str,
    said: Said,
    *,
    way: By,
    by: Actor,
    at: datetime,
    ends_on: date | None = None,
) -> Settled:
    """Write an answer down, and tell the declaration or the rule it is about. Refuses what either room refuses."""
    asked = queries.get_question(number, by=by)
    settled = actions.settle(store, number, said, way=way, by=by, at=at, ends_on=ends_on)
    _tell_declaration(store, asked.origin, said, settled.state, by=by, at=at)
    verdicts.tell_rules(store, queries.read_questions([number]), by=by, at=at)
    return settled


def answer_link(
    store: Store, token: str, number: str, said: Said, *, address: str, at: datetime
) -> Settled:
    """An answer by link, told to the rule where it closed the question: what waits for staff is told by them."""
    settled = actions.answer_link(store, token, number, said, address=address, at=at)
    verdicts.tell_rules(store, queries.read_questions([number]), by=BY_LINK, at=at)
    return settled


def take_in_returns(
    store: Store, lines: list[tuple[int, str, str, str]], *, by: Actor, at: datetime
) -> tuple[Receipt, tuple[tuple[int, str, str], ...]]:
    """Visits that came back, told to declarations and rules: the receipt, and (line, row code, reason) left out."""
    receipt, faults = actions.take_in_returns(store, lines, by=by, at=at)
    left_out = {one.line for one in faults}
    returned = []
    for line, code, word, _ in lines:
        if line not in left_out:
            number = queries.find_question_of_row(code, by=by)
            asked = queries.get_question(number, by=by)
            said = queries.WORDS[queries.DIGITS.get(word.strip(), word.strip())]
            _tell_declaration(store, asked.origin, said, asked.state, by=by, at=at)
            returned.append(asked)
    verdicts.tell_rules(store, returned, by=by, at=at)
    return receipt, tuple((one.line, one.row_code, one.reason) for one in faults)


def _tell_declaration(
    store: Store, origin: str, said: Said, state: State, *, by: Actor, at: datetime
) -> None:
    answer = _ANSWERS.get(said)
    if not origin.startswith(DECLARATION) or answer is None or state is not State.CLOSED:
        return
    try:
        declarations.settle(store, origin.removeprefix(DECLARATION), answer, by=by, at=at)
    except Refusal as refusal:
        # Answered at the door in the meantime: both sides know.
        if refusal.code != "question.answered":
            raise


def hand_over_findings(store: Store, *, at: datetime) -> Receipt:
    """What signed rules ask, once each; what they no longer find is closed. May be repeated."""
    if rules.get_run(store) is None:
        return Receipt(stage="findings_asked", received=0, kept=0, what="findings")
    known = {one.rule_id: one for one in rules.list_rules(store)}
    found = [one for one in _asking_findings(store) if one.rule in known]
    live = verdicts.keep_pace(store, at=at)
    answered_for = {name for name in live if officials.find_official(known[name].owner)}
    asked = [one for one in found if one.rule in answered_for and _is_for_outbox(known[one.rule])]
    offering.note_findings(store, asked, at=at)
    ties = _read_ties(store, asked)
    for one in asked:
        actions.open_question(store, _of_finding(one, known[one.rule], ties), at=at)
    actions.close_gone((f"{FINDING}{one.finding_id}" for one in asked), of=FINDING, at=at)
    return Receipt(
        stage="findings_asked",
        received=len(found),
        kept=len(asked),
        refused=len(found) - len(asked),
        what="findings",
    )


def hand_over_declarations(store: Store, *, at: datetime) -> Receipt:
    """What declarations leave in doubt, once each; what was answered there is closed. May be repeated."""
    waiting = declared.list_waiting(up_to=MOST_WAITING)
    for one in waiting:
        actions.open_question(store, _of_declaration(one), at=at)
    origins = (f"{DECLARATION}{one.number}" for one in waiting)
    actions.close_gone(origins, of=DECLARATION, at=at)
    return Receipt(
        stage="declarations_asked", received=len(waiting), kept=len(waiting), what="questions"
    )


def _asking_findings(store: Store) -> Iterable[Finding]:
    for kind in (Asks.QUESTION, Asks.CHECK):
        after = ""
        while page := rules.list_findings(store, asks=kind.value, after=after, limit=MOST_A_PAGE):
            yield from page
            after = page[-1].finding_id


def _is_for_outbox(rule: Rule) -> bool:
    return rule.purpose not in OWN_WORK


def _of_finding(found: Finding, rule: Rule, ties: _Ties) -> Asking:
    is_room = len(found.place_code) == 25
    person = f"person:{found.subject_code}" if found.subject_kind is SubjectKind.PERSON else ""
    return Asking(
        origin=f"{FINDING}{found.finding_id}",
        rule=rule.rule_id,
        text=rule.ask_zh,
        reason=rule.title_zh,
        purpose=rule.purpose,
        basis=rule.basis,
        responsible=rule.owner,
        subject_ref=person or f"{found.subject_kind.value}:{found.subject_code}",
        place_code=found.place_code,
        contact=_contact_of(found, ties, is_room=is_room),
        fact_key=_fact_of(found, ties),
        is_check=rule.asks is Asks.CHECK,
        # What a department is asked is answered at its desk; a building's or a person's elsewhere is no door.
        ends_as_check=is_room and rule.to_whom is not ToWhom.DEPARTMENT,
        usefulness=round(100 * found.confidence),
    )


def _fact_of(found: Finding, ties: _Ties) -> str:
    """The fact that the answer decides: the home, where whoever lives there is asked about it."""
    if found.to_whom is not ToWhom.PERSON:
        # What a department is asked about a birth date must not end who lives where.
        return ""
    return ties.homes.get((found.subject_code, found.place_code), "")


def _contact_of(found: Finding, ties: _Ties, *, is_room: bool) -> str:
    if found.to_whom is ToWhom.PERSON and found.subject_kind is SubjectKind.PERSON:
        return f"person:{found.subject_code}"
    if found.to_whom is ToWhom.LANDLORD:
        # Two owners, or none on file: staff ask, because a letter to the door would reach the tenant.
        owners = ties.landlords.get(found.place_code, ())
        return f"person:{owners[0]}" if len(owners) == 1 else ""
    if found.to_whom is ToWhom.ROOM and is_room:
        return f"place:{found.place_code}"
    return ""


def _of_declaration(one: QuestionView) -> Asking:
    return Asking(
        origin=f"{DECLARATION}{one.number}",
        rule="declaration",
        text=_TEXTS[one.kind],
        reason="有人在这里作过自主申报，有一处拿不准",
        purpose="residence_registration",
        basis="居住证暂行条例；住房租赁条例",
        responsible=officials.DECLARATIONS,
        subject_ref=f"declaration:{one.declaration}",
        place_code=one.room_code,
        is_check=one.state is QuestionState.CHECK,
        usefulness=80,
    )


def _read_ties(store: Store, found: Iterable[Finding]) -> _Ties:
    places = sorted({one.place_code for one in found if one.place_code})
    path = store.current_build() / "core" / f"{RELATION.name}.parquet"
    if not places or not path.exists():
        return _Ties({}, {})
    with engine(memory_limit="500MB") as connection:
        rows = connection.execute(
            _TIES.format(relation=scan_sql([path])),
            {"types": [*LANDLORDS, *HOMES], "places": places},
        ).fetchall()
    landlords: dict[str, set[str]] = {}
    homes: dict[tuple[str, str], str] = {}
    for kind, start, place, key in rows:
        if kind in LANDLORDS and str(start).startswith("P-"):
            landlords.setdefault(place, set()).add(start)
        elif kind in HOMES:
            homes.setdefault((start, place), key)
    return _Ties({place: tuple(sorted(codes)) for place, codes in landlords.items()}, homes)
