"""Rules rehearsed, signed, suspended, withdrawn; answers that suspend them. Private: see the doors."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.db import transaction

from kuai.guard import officials
from kuai.guard.free_text import require_nobody
from kuai.guard.queries import are_two_people, list_sources
from kuai.guard.types import Actor, Role
from kuai.kit.clock import local_day
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.rules.queries import get_rule, list_rules, overlay_of
from kuai.rules.types import SMALLEST_POPULATION, Finding, Rule
from kuai.services.proactive.engine.moves import require_rule_move
from kuai.services.proactive.engine.precision import (
    WINDOW,
    floor_of,
    most_wrong,
    speaks_against,
    wilson,
)
from kuai.services.proactive.models import FindingAnswer, NotedFinding, Rehearsal, RuleMove
from kuai.services.proactive.rehearsing import rehearse
from kuai.services.proactive.types import AskedFinding, Precision, RuleState, Standing, Verdict

SIGNING = frozenset({Role.SUBDISTRICT_CLERK, Role.DEPARTMENT_CLERK})
SUSPENDING = SIGNING | {Role.DATA_STEWARD}
BY_ITSELF = "rule"
# A city changes: what was rehearsed longer ago is rehearsed again before it is signed.
REHEARSED_FOR = timedelta(days=90)
# Suspended, a rule is mended or withdrawn by then; its owner reads when that day is over.
MENDED_WITHIN = timedelta(days=30)
MOST_AT_ONCE = 500
MOST_REHEARSALS_A_DAY = 8
TELLING = frozenset({Verdict.TRUE.value, Verdict.FALSE.value})


def digest_of(rule: Rule) -> str:
    """What a rehearsal and a signature are for: everything of the rule that is asked, offered or shown."""
    parts = (
        rule.rule_id, rule.version, rule.sql, rule.population, rule.purpose, rule.asks, rule.to_whom, rule.ask_zh,
        rule.basis, rule.owner, rule.subject, rule.valid_from, rule.valid_until,
        rule.cool_down_days, rule.least_confidence, rule.least_precision, rule.harm,
        rule.title_zh, rule.clears_zh, *rule.evidence.items(),
    )  # fmt: skip
    return hashlib.sha256("\x1f".join(str(one) for one in parts).encode()).hexdigest()


def state_of(rule: Rule) -> tuple[RuleState, str]:
    """Where exactly this text of the rule stands, and why."""
    last = RuleMove.objects.filter(rule=rule.rule_id, digest=digest_of(rule)).last()
    return (RuleState(last.end), last.because) if last else (RuleState.DRAFT, "")


def list_states(store: Store) -> tuple[tuple[Rule, RuleState], ...]:
    """Every rule with where it stands, and nothing else: two statements, for a first page."""
    rules = list_rules(store)
    last = {
        (one.rule, one.digest): one.end
        for one in RuleMove.objects.filter(rule__in=[one.rule_id for one in rules]).order_by("pk")
    }
    return tuple(
        (one, RuleState(last.get((one.rule_id, digest_of(one)), RuleState.DRAFT.value)))
        for one in rules
    )


def rehearse_rule(
    store: Store,
    rule_id: str,
    *,
    day: date,
    by: Actor,
    at: datetime,
    smallest_population: int = SMALLEST_POPULATION,
) -> dict[str, object]:
    """Replay the rule on the last builds and keep the sums with its text's digest. Offers nothing to anybody."""
    rule = get_rule(rule_id, store)
    start, _ = state_of(rule)
    if start is not RuleState.LIVE:
        require_rule_move(start, RuleState.REHEARSED)
    _require_seldom(rule_id, by=by, at=at)
    sums = rehearse(
        store, rule, day=day, overlay=overlay_of(store), smallest_population=smallest_population
    )
    with transaction.atomic():
        Rehearsal(
            rule=rule.rule_id, version=rule.version, digest=digest_of(rule), day=day, sums=sums,
            made_by=by.user_id, made_at=at,
        ).save()  # fmt: skip
        if start is not RuleState.LIVE:
            _move(rule, RuleState.REHEARSED, by=by.user_id, at=at, because="")
    return sums


def _require_seldom(rule_id: str, *, by: Actor, at: datetime) -> None:
    """Sums of many variants, or of many days, could be subtracted from each other."""
    since = at - timedelta(days=1)
    lately = Rehearsal.objects.filter(rule=rule_id, made_by=by.user_id, made_at__gt=since)
    if lately.count() >= MOST_REHEARSALS_A_DAY:
        raise Refusal(
            "rule.rehearsed_often",
            f"这条规则一天里您已经演练了 {MOST_REHEARSALS_A_DAY} 次，明天再来。",
            next_step="看已有的演练，或请同事演练。",
        )


def sign_rule(store: Store, rule_id: str, *, by: Actor, at: datetime) -> None:
    """Put the rule into force by name. Refuses one not rehearsed lately in exactly this text, who rehearsed it, who is
    of another office than answers for the rule, and an office that names nobody to answer for it."""
    rule = get_rule(rule_id, store)
    if by.role not in SIGNING:
        raise Refusal("rule.not_owner", "规则由经办部门的负责人签字，您的账号不能签。")
    require_own_office(rule, by)
    rehearsal = Rehearsal.objects.filter(rule=rule.rule_id, digest=digest_of(rule)).last()
    if rehearsal is None:
        raise Refusal(
            "rule.not_rehearsed",
            "这条规则的这一版没有演练过，不能上线。",
            next_step=f"运行 kuai rules rehearse {rule_id}。",
        )
    if at - rehearsal.made_at > REHEARSED_FOR:
        raise Refusal(
            "rule.rehearsed_long_ago",
            f"演练过了 {REHEARSED_FOR.days} 天，不能再凭它签字。",
            next_step=f"运行 kuai rules rehearse {rule_id}，看过再签。",
        )
    if not _are_two(rehearsal.made_by, by.user_id):
        raise Refusal(
            "rule.two_people",
            "谁演练的谁不能签字，请另一人签。",
            next_step="两个账号都要写有工号，工号不同才算两个人。",
        )
    officials.require_official(rule.owner)
    _move(rule, RuleState.LIVE, by=by.user_id, at=at, because="")


def _are_two(one: str, other: str) -> bool:
    """Two logins are two people only by their staff numbers."""
    return one != other and are_two_people(one, other)


def require_own_office(rule: Rule, by: Actor) -> None:
    """A clerk answers for the rules of the own office. Where all are invented a clerk may be bound to none."""
    if by.department == rule.owner:
        return
    if by.department:
        raise Refusal("rule.other_office", f"这条规则归{rule.owner}，由那里的人负责。")
    if any(not source.synthetic for source in list_sources()):
        raise Refusal(
            "rule.no_office",
            "你的账号没有写明科室，不能替任何科室负责规则。",
            next_step="请安全管理员在“账号”页写明你的科室。",
        )


def suspend_rule(store: Store, rule_id: str, *, because: str, by: Actor, at: datetime) -> None:
    """Stop the rule: open offers pause. Needs a reason that names nobody."""
    _stop(store, rule_id, RuleState.SUSPENDED, because=because, by=by, at=at)


def withdraw_rule(store: Store, rule_id: str, *, because: str, by: Actor, at: datetime) -> None:
    """End this text of the rule for good."""
    _stop(store, rule_id, RuleState.WITHDRAWN, because=because, by=by, at=at)


def note_findings(store: Store, findings: Iterable[Finding], *, at: datetime) -> None:
    """Keep what an answer needs of findings that are asked about, once each: by then no run may have them."""
    asked = list(findings)
    digests = {name: digest_of(get_rule(name, store)) for name in {one.rule for one in asked}}
    known = set(
        NotedFinding.objects.filter(rule__in=digests).values_list("finding", flat=True).iterator()
    )
    NotedFinding.objects.bulk_create(
        (
            NotedFinding(
                finding=one.finding_id, rule=one.rule, version=one.rule_version, digest=digests[one.rule],
                purpose=one.purpose, first_found=one.first_found, noted_at=at,
            )
            for one in {one.finding_id: one for one in asked if one.finding_id not in known}.values()
        ),
        ignore_conflicts=True,
    )  # fmt: skip


def find_asked(finding_ids: Iterable[str]) -> dict[str, AskedFinding]:
    """What was kept of these findings when somebody was asked about them."""
    wanted, found = sorted(set(finding_ids)), {}
    for start in range(0, len(wanted), MOST_AT_ONCE):
        rows = NotedFinding.objects.filter(finding__in=wanted[start : start + MOST_AT_ONCE])
        for row in rows:
            found[row.finding] = AskedFinding(
                row.finding, row.rule, row.version, row.digest, row.purpose, row.first_found
            )
    return found


def record_answer(
    store: Store, finding: Finding | AskedFinding, verdict: Verdict, *, by: Actor, at: datetime
) -> bool:
    """What became of a finding, once for each. True where the rule suspended itself over it."""
    rule = get_rule(finding.rule, store)
    is_old = isinstance(finding, AskedFinding) and finding.digest != digest_of(rule)
    if finding.rule_version != rule.version or is_old:
        raise Refusal("rule.changed", "这条发现是旧版规则的，不计入现在这一版。")
    with transaction.atomic():
        _, is_new = FindingAnswer.objects.get_or_create(
            finding=finding.finding_id,
            defaults={
                "rule": rule.rule_id, "digest": digest_of(rule), "verdict": verdict.value,
                "given_by": by.user_id, "given_at": at,
            },
        )  # fmt: skip
        if not is_new or state_of(rule)[0] is not RuleState.LIVE:
            return False
        told = precision_of(rule)
        if not told.is_below:
            return False
        because = f"回答说明低于准确率下限 {told.floor:.2f}：{told.right} 对，{told.wrong} 错"
        _move(rule, RuleState.SUSPENDED, by=BY_ITSELF, at=at, because=because)
        return True


def precision_of(rule: Rule) -> Precision:
    """How often this text of the rule was right, of the answers that say so since it was last signed."""
    signed = RuleMove.objects.filter(
        rule=rule.rule_id, digest=digest_of(rule), end=RuleState.LIVE.value
    ).last()
    rows = FindingAnswer.objects.filter(rule=rule.rule_id, digest=digest_of(rule))
    if signed is not None:
        rows = rows.filter(given_at__gte=signed.moved_at)
    said = list(rows.order_by("pk").values_list("verdict", flat=True))
    answers = [one == Verdict.TRUE.value for one in said if one in TELLING]
    right, wrong = sum(answers), len(answers) - sum(answers)
    low, high = wilson(right, wrong)
    floor = floor_of(rule.least_precision, rule.harm.value)
    return Precision(
        right=right,
        wrong=wrong,
        unsaid=len(said) - right - wrong,
        share=right / (right + wrong) if right + wrong else None,
        low=low,
        high=high,
        floor=floor,
        most_wrong=most_wrong(floor, is_first=len(answers) < WINDOW),
        is_below=speaks_against(answers, floor=floor, harm=rule.harm.value),
    )


def list_standings(store: Store) -> tuple[Standing, ...]:
    """Every rule with state, precision and its last rehearsal."""
    return tuple(_standing(rule) for rule in list_rules(store))


def _standing(rule: Rule) -> Standing:
    state, because = state_of(rule)
    official = officials.find_official(rule.owner)
    last = Rehearsal.objects.filter(rule=rule.rule_id, digest=digest_of(rule)).last()
    return Standing(
        rule=rule.rule_id,
        version=rule.version,
        title=rule.title_zh,
        title_en=rule.title_en,
        basis=rule.basis,
        owner=rule.owner,
        responsible=officials.speak_of(rule.owner),
        channel=officials.where_to_object(rule.owner),
        is_named=official is not None,
        state=state,
        because=because,
        due_on=_due_on(rule, state, last),
        precision=precision_of(rule),
        rehearsal=last.sums if last else None,
    )


def _due_on(rule: Rule, state: RuleState, rehearsal: Rehearsal | None) -> date | None:
    if state is RuleState.REHEARSED and rehearsal is not None:
        return local_day(rehearsal.made_at + REHEARSED_FOR)
    if state is RuleState.SUSPENDED:
        last = RuleMove.objects.filter(rule=rule.rule_id, digest=digest_of(rule)).last()
        return local_day(last.moved_at + MENDED_WITHIN) if last else None
    return rule.valid_until if state is RuleState.LIVE else None


def _stop(
    store: Store, rule_id: str, end: RuleState, *, because: str, by: Actor, at: datetime
) -> None:
    if by.role not in SUSPENDING:
        raise Refusal("rule.not_owner", "您的账号不能停用规则。")
    if not because.strip():
        raise Refusal("rule.because", "请写明为什么停用，不写任何人。")
    require_nobody(because, what="理由", code="rule.personal")
    _move(get_rule(rule_id, store), end, by=by.user_id, at=at, because=because.strip()[:200])


def _move(rule: Rule, end: RuleState, *, by: str, at: datetime, because: str) -> None:
    start, _ = state_of(rule)
    require_rule_move(start, end)
    RuleMove(
        rule=rule.rule_id, version=rule.version, digest=digest_of(rule), start=start.value, end=end.value,
        moved_by=by, moved_at=at, because=because,
    ).save()  # fmt: skip
