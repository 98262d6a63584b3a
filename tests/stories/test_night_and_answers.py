"""Rooms wired together: answers at doors stop a bad rule, a night does all once, each kind says who answers for it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings

from kuai.cli.output import EXIT_BROKEN
from kuai.flows import questions as outbox
from kuai.flows import verdicts
from kuai.guard.types import Actor
from kuai.kit.clock import local_day
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.rules import actions as rule_runs
from kuai.rules import queries as rules
from kuai.services.proactive import actions as proactive
from kuai.services.proactive import queries as standings
from kuai.services.proactive.types import RuleState
from kuai.services.questions import actions, queries
from kuai.services.questions.models import Question
from kuai.services.questions.types import By, Said
from tests.stories import towns
from tests.stories.test_questions import NOW, clerk, login, store  # noqa: F401 - fixtures

pytestmark = pytest.mark.django_db(transaction=True)
FEW, BAD = 10, "own.every_home"
# Injected: it says of every home that too many live there.
BAD_RULE = """
id: every_home
version: 1
title: {zh: 住得太多, en: Too many in a home}
basis: 街道职责清单
purpose: residence_registration
owner: 街道应急办
valid_from: 2026-01-01
asks: check
to_whom: room
ask: 登记在这里的人太多了，是吗？
subject: room
sql: |
  select r.place_code as subject_code, r.place_code, count(distinct r.person_code) as residents,
         min(r.row_ref) as rows, min(r.confidence) as confidence, min(r.status) as status
  from residences as r group by r.place_code
population: |
  select place_code as subject_code from residences
evidence: {residents: 登记居住人数}
clears: 有人搬走
cool_down_days: 180
least_confidence: 0.5
least_precision: 0.6
harm: middle
examples:
  - name: 有人住
    shows: triggers
    day: 2026-10-31
    rows: {residences: [{person_code: P1, place_code: R1}]}
    finds: [R1]
  - {name: 没人住, shows: just_misses, day: 2026-10-31, rows: {residences: []}, finds: []}
  - {name: 不知道, shows: missing_data, day: 2026-10-31, rows: {residences: []}, finds: []}
"""


def inject(store: Store) -> None:  # noqa: F811
    folder = store.root / "rules" / "packs" / "own"
    folder.mkdir(parents=True)
    (folder / "every_home.yaml").write_text(BAD_RULE.lstrip(), encoding="utf-8")


def sign(store: Store, rule: str) -> None:  # noqa: F811
    proactive.rehearse_rule(
        store, rule, day=towns.TOWN_DAY, by=login("data-steward"), at=NOW, smallest_population=FEW
    )
    proactive.sign_rule(store, rule, by=login("subdistrict-clerk"), at=NOW)


def run(store: Store, *names: str) -> None:  # noqa: F811
    asked = [rules.get_rule(name, store) for name in names]
    rule_runs.run_rules(store, day=towns.TOWN_DAY, rules=asked, smallest_population=FEW)


def is_live(store: Store) -> bool:  # noqa: F811
    return standings.state_of(rules.get_rule(BAD, store))[0] is RuleState.LIVE


def test_a_bad_rules_questions_answered_wrong_at_doors_stop_it_and_stand_still(
    store: Store,  # noqa: F811
    clerk: Actor,  # noqa: F811
    settings: LazySettings,
) -> None:
    settings.KUAI_VISITS_PER_WEEK = 60
    inject(store)
    sign(store, BAD)
    run(store, BAD)
    assert outbox.hand_over_findings(store, at=NOW).kept > 50
    wrong = 0
    grids = iter(queries.list_waiting_grids(by=clerk))
    while is_live(store):
        grid, _, _ = next(grids)
        sheet = actions.draw_sheet(store, grid, on=local_day(NOW), by=clerk, at=NOW)
        (code, *_), *_ = sheet.doors[0].lines
        # Whoever would not say speaks against nobody.
        outbox.take_in_returns(store, [(1, code, "不愿说", "")], by=clerk, at=NOW)
        for door in sheet.doors[1:]:
            (code, *_), *_ = door.lines
            outbox.take_in_returns(store, [(1, code, "从来不是", "")], by=clerk, at=NOW)
            wrong += 1
            if not is_live(store):
                break
    assert 0 < wrong <= 50
    told = standings.precision_of(rules.get_rule(BAD, store))
    assert (told.right, told.wrong) == (0, wrong)
    assert told.unsaid > 0
    left = [one for one in queries.list_living(by=clerk, up_to=1000)[0] if one.rule == BAD]
    assert left
    assert all(one.is_paused for one in left), "they stand still at once, not from the next night"
    with pytest.raises(Refusal, match="停用"):
        outbox.settle(store, left[0].number, Said.HOLDS, way=By.PHONE, by=clerk, at=NOW)
    asked = Question.objects.filter(rule=BAD).count()
    assert actions.lapse_overdue(on=local_day(NOW + timedelta(days=30)), at=NOW) == 0

    # Rehearsed again but not signed, it still asks nobody and nothing of it is lost.
    steward = login("data-steward")
    proactive.rehearse_rule(
        store, BAD, day=towns.TOWN_DAY, by=steward, at=NOW, smallest_population=FEW
    )
    outbox.hand_over_findings(store, at=NOW)
    assert all(one.is_paused for one in queries.read_questions(one.number for one in left))
    proactive.sign_rule(store, BAD, by=clerk, at=NOW)
    verdicts.keep_pace(store, at=NOW)
    again = queries.read_questions(one.number for one in left)
    assert not any(one.is_paused for one in again)
    assert {one.state for one in again} == {one.state for one in left}
    assert Question.objects.filter(rule=BAD).count() == asked


def kept(answer: dict) -> dict[str, int]:
    return {part["stage"]: part["kept"] for part in answer["receipt"]["parts"]}


def test_a_second_night_changes_nothing_and_a_failing_step_stops_no_other(own_store: Path) -> None:
    towns.run_well("nightly", "--store", own_store)
    version, findings = (own_store / "current").read_text(), sorted(rules_found(own_store))
    again = towns.run_well("nightly", "--store", own_store, "--json").json()
    assert again["failed"] == {}
    assert (own_store / "current").read_text() == version
    assert sorted(rules_found(own_store)) == findings
    (notes,) = [one["notes"] for one in again["receipt"]["parts"] if one["stage"] == "rules_run"]
    assert (notes["new"], notes["gone"]) == (0, 0)
    assert kept(again)["questions_lapsed"] == kept(again)["answers_to_rules"] == 0

    folder = own_store / "rules" / "packs" / "own"
    folder.mkdir(parents=True)
    (folder / "broken.yaml").write_text("id: [", encoding="utf-8")
    night = towns.run_kuai("nightly", "--store", own_store, "--json")
    assert night.exit_code == EXIT_BROKEN
    told = night.json()
    assert "rules_run" in told["failed"]
    assert {"questions_lapsed", "declarations_asked", "ledger.seal"} <= set(kept(told))


def rules_found(root: Path) -> list[str]:
    return [one.finding_id for one in rules.list_findings(Store(root))]
