"""Answers on their way back to the rule that asked: how right it was, whether it stops, its questions standing still.

Only what is closed speaks: until then a later answer may say more. Silence and a refusal speak against nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from kuai.guard.types import Actor, Role
from kuai.kit.errors import Refusal
from kuai.kit.receipt import Receipt
from kuai.kit.store import Store
from kuai.rules import queries as rules
from kuai.rules.types import Finding
from kuai.services.proactive.actions import record_answer
from kuai.services.proactive.queries import find_asked, list_standings
from kuai.services.proactive.types import AskedFinding, RuleState, Verdict
from kuai.services.questions import actions, queries
from kuai.services.questions.types import QuestionView, Said, State

FINDING = "finding:"
# What a killed run left untold is told by one of the next nights.
TOLD_WITHIN = timedelta(days=7)
NIGHT = Actor(user_id="nightly", role=Role.SYSTEM_ADMINISTRATOR)
BY_ITSELF = "回答说明不准，规则停用了"
NOT_SIGNED = "规则改过，还没有签字"
# One statement a finding up to here, then one a page of its rule.
FEW = 5
MOST_A_PAGE = 1_000
# Rules of this purpose say that records contradict each other, and ask about one of them.
ABOUT_RECORDS = "record_review"
_PLAIN = {
    Said.HOLDS: Verdict.TRUE,
    Said.WRONG: Verdict.FALSE,
    Said.UNKNOWN: Verdict.CANNOT_TELL,
    Said.REFUSED: Verdict.REFUSED,
    Said.NOT_MET: Verdict.NO_ANSWER,
}


def tell_rules(
    store: Store, settled: Iterable[QuestionView], *, by: Actor, at: datetime
) -> tuple[int, int]:
    """Count these answers for the rules that asked; (counted, left out). A rule that stops pauses its questions now.

    Left out: what is not closed by an answer, and what was asked under another text of its rule. A finding that the
    newest run no longer has counts all the same. May be repeated.
    """
    closed = [
        one
        for one in settled
        if one.origin.startswith(FINDING) and one.state is State.CLOSED and one.said is not None
    ]
    found = _find(store, closed)
    counted = 0
    for one in closed:
        finding = found.get(one.origin)
        if finding is None:
            continue
        try:
            stopped = record_answer(store, finding, verdict_of(one, finding), by=by, at=at)
        except Refusal as refusal:
            # The rule was rewritten since it asked, or nobody writes it any more: the answer is not about its new text.
            if refusal.code in ("rule.changed", "rule.unknown"):
                continue
            raise
        counted += 1
        if stopped:
            actions.pause_rule(one.rule, because=BY_ITSELF, at=at)
    return counted, len(closed) - counted


def tell_late(store: Store, *, at: datetime) -> Receipt:
    """Answers of the last days that a killed run did not count. May be repeated: a finding counts once."""
    settled = queries.list_answered(origin=FINDING, since=at - TOLD_WITHIN)
    counted, left_out = tell_rules(store, settled, by=NIGHT, at=at)
    return Receipt(
        stage="answers_to_rules",
        received=counted + left_out,
        kept=counted,
        refused=left_out,
        what="answers",
    )


def verdict_of(asked: QuestionView, finding: Finding | AskedFinding) -> Verdict:
    """What an answer says of the rule. What ended after it was found was there when it was found: that says nothing."""
    said = asked.said
    assert said is not None
    if finding.purpose == ABOUT_RECORDS:
        # One record falls: they did contradict each other. One holds: the other may be the wrong one.
        if said in (Said.ENDED, Said.WRONG):
            return Verdict.TRUE
        return Verdict.CANNOT_TELL if said is Said.HOLDS else _PLAIN[said]
    if said is Said.ENDED:
        return _of_ended(asked.ends_on, finding)
    return _PLAIN[said]


def keep_pace(store: Store, *, at: datetime) -> frozenset[str]:
    """Questions of rules that are not in force stand still, those of rules in force go on. Returns the latter rules.

    Those of a withdrawn rule do not pause, so that they are closed with what it found. May be repeated.
    """
    asking = queries.list_asking_rules()
    standings = list_standings(store)
    for one in standings:
        if one.state in (RuleState.LIVE, RuleState.WITHDRAWN):
            actions.resume_rule(one.rule, at=at)
        elif one.rule in asking:
            actions.pause_rule(one.rule, because=one.because or NOT_SIGNED, at=at)
    return frozenset(one.rule for one in standings if one.state is RuleState.LIVE)


def _of_ended(ended_on: date | None, finding: Finding | AskedFinding) -> Verdict:
    if ended_on is not None and ended_on < finding.first_found:
        return Verdict.FALSE
    return Verdict.CANNOT_TELL


def _find(store: Store, asked: Sequence[QuestionView]) -> dict[str, Finding | AskedFinding]:
    """Origin -> what was kept of the finding when it was asked about; of older questions the newest run's."""
    kept = find_asked(one.origin.removeprefix(FINDING) for one in asked)
    found: dict[str, Finding | AskedFinding] = {
        f"{FINDING}{finding_id}": one for finding_id, one in kept.items()
    }
    return found | _find_in_run(store, [one for one in asked if one.origin not in found])


def _find_in_run(store: Store, asked: Sequence[QuestionView]) -> dict[str, Finding]:
    if not asked or rules.get_run(store) is None:
        return {}
    if len(asked) > FEW:
        wanted = {one.origin for one in asked}
        return {
            origin: one
            for rule in sorted({one.rule for one in asked})
            for one in _of_rule(store, rule)
            if (origin := f"{FINDING}{one.finding_id}") in wanted
        }
    found = {}
    for one in asked:
        try:
            found[one.origin] = rules.get_finding(store, one.origin.removeprefix(FINDING))
        except Refusal as refusal:
            if refusal.code != "finding.unknown":
                raise
    return found


def _of_rule(store: Store, rule: str) -> Iterable[Finding]:
    after = ""
    while page := rules.list_findings(store, rule=rule, after=after, limit=MOST_A_PAGE):
        yield from page
        after = page[-1].finding_id
