"""What waits for somebody of this role today: sums and ways to them, nobody named, nobody's work counted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from django.urls import reverse
from django.utils.translation import gettext as _

from kuai.guard.types import Actor, Role
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.services.forms import queries as forms
from kuai.services.forms.types import FormState
from kuai.services.proactive import queries as offers
from kuai.services.proactive.types import RuleState
from kuai.services.questions import queries as questions
from kuai.services.questions.types import State
from kuai.services.residence import queries as declarations
from kuai.web.declare.rules import HANDLES_DECLARATIONS
from kuai.web.forms.rules import APPROVES_FORMS, SEES_FORMS
from kuai.web.proactive.rules import ANSWERS_FINDINGS, OWNS_RULES
from kuai.web.questions.rules import ASKS_QUESTIONS, SENDS_QUESTIONS

# A form that ends is renewed by an approval, which takes its time.
ENDING_WITHIN = timedelta(days=30)
FEWEST_SHOWN = 10


@dataclass(frozen=True)
class Matter:
    """One thing that waits. `is_pressing`: an error of ours, or something that stands still."""

    text: str
    url: str
    is_pressing: bool = False


def has_work(role: Role) -> bool:
    """Whether anything ever waits for this role here."""
    return role is Role.RESIDENT or role in {*OWNS_RULES, *ASKS_QUESTIONS, *SEES_FORMS}


def list_matters(store: Store, actor: Actor, *, on: date) -> list[Matter]:
    """What waits for the actor, pressing things first; what a role may not see is not asked."""
    parts: list[tuple[tuple[Role, ...], Callable[[], list[Matter]]]] = [
        ((Role.RESIDENT,), lambda: _own_offers(store, actor)),
        (OWNS_RULES, lambda: _rules(store, actor)),
        (OWNS_RULES, _missed),
        (ASKS_QUESTIONS, lambda: _questions(actor)),
        (HANDLES_DECLARATIONS, lambda: _declarations(store, actor)),
        (SEES_FORMS, lambda: _forms(actor, on=on)),
    ]
    found: list[Matter] = []
    for roles, part in parts:
        if actor.role in roles:
            try:
                found += part()
            except Refusal:
                # No build yet, or a login that is nobody's: the pages themselves say so.
                continue
    return sorted(found, key=lambda one: not one.is_pressing)


def _own_offers(store: Store, actor: Actor) -> list[Matter]:
    waiting = offers.count_unanswered(store, actor)
    return _matters((waiting, _("有 %(n)d 项给您的服务，等您说要不要。"), "own_offers", False))


def _rules(store: Store, actor: Actor) -> list[Matter]:
    sees_all = actor.role is Role.DATA_STEWARD or not actor.department
    own = [
        state
        for rule, state in offers.list_states(store)
        if sees_all or rule.owner == actor.department
    ]
    unsigned = own.count(RuleState.REHEARSED) if actor.role in ANSWERS_FINDINGS else 0
    return _matters(
        (
            own.count(RuleState.SUSPENDED),
            _("%(n)d 条规则停用了，要改或撤回。"),
            "offer_rules",
            True,
        ),
        (unsigned, _("%(n)d 条规则演练过，等签字。"), "offer_rules", False),
    )


def _missed() -> list[Matter]:
    """Failures of ours; below ten only that there are some."""
    count = len(offers.list_missed())
    if not count:
        return []
    told = _("%(n)d 人该得两次还没有回答（漏送）。") % {"n": count}
    few = _("有人该得两次还没有回答（漏送，少于 10）。")
    return [Matter(told if count >= FEWEST_SHOWN else few, reverse("offer_rules"), True)]


def _questions(actor: Actor) -> list[Matter]:
    by_state = questions.count_by_state(by=actor)
    may_send = actor.role in SENDS_QUESTIONS
    return _matters(
        (
            by_state.get(State.ANSWERED.value, 0),
            _("%(n)d 个回答等工作人员定下来。"),
            "questions",
            False,
        ),
        (
            by_state.get(State.OPEN.value, 0) if may_send else 0,
            _("%(n)d 个问题还没发出。"),
            "questions",
            False,
        ),
        (
            by_state.get(State.LAPSED.value, 0) + by_state.get(State.CHECK.value, 0),
            _("%(n)d 件没问到，等着上门核对。"),
            "question_visits",
            False,
        ),
    )


def _declarations(store: Store, actor: Actor) -> list[Matter]:
    waiting = len(declarations.list_area_questions(store, by=actor))
    return _matters((waiting, _("%(n)d 份申报有一处拿不准。"), "declarations", False))


def _forms(actor: Actor, *, on: date) -> list[Matter]:
    listed = forms.list_forms(on=on)
    waiting = sum(
        one.state is FormState.WAITING and one.registered_by != actor.user_id for one in listed
    )
    ending = sum(
        one.state is FormState.IN_FORCE and one.wish.expires_on - on <= ENDING_WITHIN
        for one in listed
    )
    may_approve = actor.role in APPROVES_FORMS
    return _matters(
        (waiting if may_approve else 0, _("%(n)d 张报表等批准。"), "forms", False),
        (ending, _("%(n)d 张报表 30 天内到期。"), "forms", False),
    )


def _matters(*told: tuple[int, str, str, bool]) -> list[Matter]:
    return [
        Matter(text % {"n": count}, reverse(url), is_pressing)
        for count, text, url, is_pressing in told
        if count
    ]
