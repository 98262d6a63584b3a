"""Everyone who turns 60 is on the list without applying: from the transit company's blank sheet to who looked."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from openpyxl import load_workbook

from kuai.flows.demo_forms import seed_demo_forms
from kuai.flows.offers import hand_over_offers
from kuai.guard import access, officials
from kuai.guard.types import Actor, Role
from kuai.kit.clock import utc_now
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.registry.queries import record_of
from kuai.rules import actions as rule_runs
from kuai.rules import queries as rules
from kuai.services.proactive import actions, queries
from kuai.services.proactive.models import Offer
from kuai.services.proactive.types import Blocking, OfferState, RuleState, Verdict
from tests.stories.test_registered_forms import (
    NOW,
    PASSWORD,
    a_blank,
    a_registration,
    fill,
    in_a_browser,
    login,
    office,  # noqa: F401 - a fixture
    sixty_this_year,
)

pytestmark = pytest.mark.django_db(transaction=True)
RULE, FEW = "first.turning_60", 10


def put_into_force(store: Store) -> dict[str, object]:
    sums = actions.rehearse_rule(
        store, RULE, day=NOW.date(), by=login("data-steward"), at=utc_now(), smallest_population=FEW
    )
    actions.sign_rule(store, RULE, by=login("subdistrict-clerk"), at=utc_now())
    return sums


def run(store: Store, *, later: int = 0) -> None:
    rule_runs.run_rules(
        store, day=NOW.date() + timedelta(days=later), overlay=rules.overlay_of(store),
        smallest_population=FEW, rules=[rules.get_rule(RULE, store)], anew=True,
    )  # fmt: skip


def state(store: Store) -> RuleState:
    return queries.state_of(rules.get_rule(RULE, store))[0]


def test_everyone_who_turns_sixty_is_on_the_list_without_applying(
    office: Store,  # noqa: F811
    town: Path,
) -> None:
    # The company's form is registered; the rule is rehearsed by one person and signed by another.
    number = seed_demo_forms(at=NOW)
    with pytest.raises(Refusal, match="没有演练过"):
        actions.sign_rule(office, RULE, by=login("subdistrict-clerk"), at=utc_now())
    sums = put_into_force(office)
    assert sums["builds"]
    assert list(sums["groups"]) == ["age", "area", "housing"]  # type: ignore[call-overload]
    assert state(office) is RuleState.LIVE

    # What the rule finds is offered once, whoever hands it over how often.
    run(office)
    told = hand_over_offers(office, at=utc_now())
    assert told.offered > 0
    assert told.findings == told.offered + told.waiting + told.left_alone
    count = Offer.objects.count()
    hand_over_offers(office, at=utc_now())
    assert Offer.objects.count() == count

    # The blank sheet goes back with everybody, the source of each cell beside it, doubts held back and asked about.
    _, filled = fill(office, number, a_blank())
    book = load_workbook(io.BytesIO(filled))
    lines = book.worksheets[0].iter_rows(min_row=3, values_only=True)
    rows = [row for row in lines if isinstance(row[0], int)]
    assert {(row[1], row[3]) for row in rows if row[1]} == sixty_this_year(town)
    assert {row[6] for row in rows} <= {"是", "否"}
    assert book.sheetnames[1:] == ["来源说明", "待问清单"]

    # One of them logs in, reads the offer with its reason, and who looked.
    from kuai.services.forms.models import FormFilling

    listed = set(FormFilling.objects.latest("pk").subjects)
    offers = Offer.objects.filter(state=OfferState.OFFERED.value, subject__in=listed)
    code = offers.order_by("pk").values_list("subject", flat=True)[0]
    access.seed_resident("demo-resident", code, record=record_of(office, code), at=utc_now())
    # The demo started once more leaves whose login it is.
    access.create_demo_accounts((), synthetic=True, at=utc_now(), password=PASSWORD)
    resident = login("resident")
    (offer,) = queries.list_own_offers(office, resident)
    assert offer.basis
    assert offer.responsible
    assert offer.channel
    assert "出生日期" in offer.reason
    looks = in_a_browser("resident").get("/mine/looks/").content.decode()
    assert "列入名单“老年人乘车优待名单”，送给公交集团" in looks
    browser = in_a_browser("resident")
    page = browser.get("/mine/offers/").content.decode()
    assert offer.title in page
    assert offer.channel in page
    assert offer.responsible in page
    answer = {"offer": offer.number, "says": "yes"}
    assert browser.post("/mine/offers/answer/", answer).status_code == 302
    assert browser.post("/mine/offers/answer/", answer).status_code == 409
    assert queries.list_own_offers(office, resident)[0].state is OfferState.ACCEPTED
    assert in_a_browser("subdistrict-clerk").get("/mine/offers/").status_code == 403
    rules_page = in_a_browser("subdistrict-clerk").get("/offers/rules/").content.decode()
    assert "在用" in rules_page
    assert code not in rules_page
    assert in_a_browser("officer").get("/offers/rules/").status_code == 403


def test_entitled_twice_without_an_answer_is_told_with_its_cause_and_declining_ends_it(
    office: Store,  # noqa: F811
) -> None:
    run(office)
    hand_over_offers(office, at=utc_now())
    assert queries.list_missed() == ()
    run(office, later=1)
    hand_over_offers(office, at=utc_now())
    missed = queries.list_missed()
    assert {one.blocking for one in missed} == {Blocking.NOT_LIVE}
    put_into_force(office)
    hand_over_offers(office, at=utc_now())
    assert {one.blocking for one in queries.list_missed()} <= {
        Blocking.UNANSWERED, Blocking.NO_CONTACT,
    }  # fmt: skip

    code = Offer.objects.filter(state=OfferState.OFFERED.value)[0].subject
    access.seed_resident("demo-resident", code, record=record_of(office, code), at=utc_now())
    (offer,) = queries.list_own_offers(office, login("resident"))
    with pytest.raises(Refusal, match="没有这项"):
        actions.answer_offer(office, "O-000000000000", accepts=True, by=login("resident"), at=NOW)
    actions.answer_offer(office, offer.number, accepts=False, by=login("resident"), at=utc_now())
    run(office, later=2)
    hand_over_offers(office, at=utc_now())
    assert offer.number not in {one.number for one in queries.list_missed()}
    assert Offer.objects.filter(subject=code).count() == 1


def test_only_the_office_that_answers_for_a_rule_signs_it_and_never_who_rehearsed_it(
    office: Store,  # noqa: F811
) -> None:
    rule = rules.get_rule(RULE, office)
    clerk, other = login("subdistrict-clerk"), login("department-clerk")
    for by in (clerk, other):
        actions.rehearse_rule(
            office, RULE, day=NOW.date(), by=by, at=utc_now(), smallest_population=FEW
        )
    with pytest.raises(Refusal, match="谁演练的"):
        actions.sign_rule(office, RULE, by=other, at=utc_now())
    elsewhere = replace(clerk, department="街道综治办")
    with pytest.raises(Refusal, match=rule.owner):
        actions.sign_rule(office, RULE, by=elsewhere, at=utc_now())
    with pytest.raises(Refusal, match="不能签"):
        actions.sign_rule(office, RULE, by=login("data-steward"), at=utc_now())
    # One real source, and an account of no office signs for none.
    steward = Actor(user_id="demo-data-steward", role=Role.DATA_STEWARD)
    real = replace(
        a_registration("street_cameras"),
        synthetic=False, assessment_id="A-1", assessment_approved_on=NOW.date(),
    )  # fmt: skip
    access.register_source(real, by=steward, at=NOW)
    with pytest.raises(Refusal, match="没有写明科室"):
        actions.sign_rule(office, RULE, by=clerk, at=utc_now())
    # Nor is it signed while the office has named nobody to answer for it: an office is not a name.
    own = replace(clerk, department=rule.owner)
    with pytest.raises(Refusal, match="没有写明负责人"):
        actions.sign_rule(office, RULE, by=own, at=utc_now())
    named = {"post": "主任", "channel": "一楼 3 号窗口，0755-8288 0001", "at": utc_now()}
    for name in (rule.owner, "服务窗口", "负责人", "0755"):
        with pytest.raises(Refusal, match="姓名"):
            officials.name_official(rule.owner, name=name, by=own, **named)
    with pytest.raises(Refusal, match="不是街道公共服务办的"):
        officials.name_official(rule.owner, name="林晓明", by=elsewhere, **named)
    officials.name_official(rule.owner, name="林晓明", by=own, **named)
    actions.sign_rule(office, RULE, by=own, at=utc_now())
    assert state(office) is RuleState.LIVE


def test_a_rule_that_is_often_wrong_suspends_itself_and_its_offers_pause(
    office: Store,  # noqa: F811
) -> None:
    put_into_force(office)
    run(office)
    hand_over_offers(office, at=utc_now())
    clerk = login("subdistrict-clerk")
    finding = rules.list_findings(office, rule=RULE)[0]
    for number in range(20):
        one = replace(finding, finding_id=f"F-SILENT{number}")
        assert not actions.record_answer(office, one, Verdict.NO_ANSWER, by=clerk, at=utc_now())
    stopped = [
        actions.record_answer(
            office,
            replace(finding, finding_id=f"F-WRONG{number}"),
            Verdict.FALSE,
            by=clerk,
            at=utc_now(),
        )
        for number in range(50)
    ]
    assert stopped.count(True) == 1
    assert state(office) is RuleState.SUSPENDED
    told = queries.precision_of(rules.get_rule(RULE, office))
    assert (told.right, told.unsaid) == (0, 20)
    code = Offer.objects.filter(state=OfferState.OFFERED.value)[0].subject
    access.seed_resident("demo-resident", code, record=record_of(office, code), at=utc_now())
    (offer,) = queries.list_own_offers(office, login("resident"))
    assert offer.is_paused
    with pytest.raises(Refusal, match="暂停"):
        actions.answer_offer(office, offer.number, accepts=True, by=login("resident"), at=utc_now())
    with pytest.raises(Refusal, match="不能变为"):
        actions.sign_rule(office, RULE, by=clerk, at=utc_now())
    # Only over a new rehearsal and a new signature.
    put_into_force(office)
    assert state(office) is RuleState.LIVE
