"""A new demo store's office: brought there through the doors people use, once, and never on a real store."""

from __future__ import annotations

import pytest

from kuai.flows.demo_offers import SIGNED, UNSIGNED, seed_demo_offers
from kuai.guard.ledger import list_entries
from kuai.guard.ledger_types import LedgerFilter
from kuai.guard.models import SourceRecord
from kuai.guard.types import Actor
from kuai.kit.clock import local_day
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.rules import queries as rules
from kuai.services.forms.queries import list_forms
from kuai.services.proactive import actions as proactive
from kuai.services.proactive.queries import list_states
from kuai.services.proactive.types import RuleState
from kuai.services.residence.models import DoorCode
from kuai.web.home.today import list_matters
from tests.stories.test_questions import NOW, clerk, login, store  # noqa: F401 - fixtures

pytestmark = pytest.mark.django_db


def test_a_new_demo_opens_on_work_and_leaves_one_rule_to_sign(
    store: Store,  # noqa: F811 - the fixture
    clerk: Actor,  # noqa: F811
) -> None:
    steps: list[str] = []
    done = seed_demo_offers(store, at=NOW, progress=steps.append)
    assert done is not None
    assert len(steps) == 3
    states = {rule.rule_id: state for rule, state in list_states(store)}
    assert {name for name, state in states.items() if state is RuleState.LIVE} == set(SIGNED)
    assert states[UNSIGNED] is RuleState.REHEARSED
    assert rules.get_run(store) is not None
    assert [one.number for one in list_forms(on=local_day(NOW))] == [done.form]
    assert DoorCode.objects.count() == done.doors > 0
    told = [one.text for one in list_matters(store, clerk, on=local_day(NOW))]
    assert "1 条规则演练过，等签字。" in told
    # Rehearsed by one and signed by another, as everywhere.
    signed = list_entries(LedgerFilter(action="declaration.doors_printed")).entries
    assert [one.actor for one in signed] == [clerk.user_id]
    # What somebody did since is left as it is.
    proactive.suspend_rule(store, SIGNED[0], because="试一试停用", by=clerk, at=NOW)
    assert seed_demo_offers(store, at=NOW) is None
    states = {rule.rule_id: state for rule, state in list_states(store)}
    assert states[SIGNED[0]] is RuleState.SUSPENDED


def test_a_store_with_a_real_source_gets_nothing(store: Store) -> None:  # noqa: F811
    first = SourceRecord.objects.first()
    assert first is not None
    SourceRecord.objects.filter(pk=first.pk).update(synthetic=False)
    with pytest.raises(Refusal) as refused:
        seed_demo_offers(store, at=NOW)
    assert refused.value.code == "demo.real_store"
    assert all(state is RuleState.DRAFT for _, state in list_states(store))
    assert not list_forms(on=local_day(NOW))
