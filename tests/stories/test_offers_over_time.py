"""Offers over texts, builds, codes and silence; those of children; findings opened by the office that answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from kuai.flows.demo_forms import lend_demo_sources
from kuai.flows.offers import hand_over_offers
from kuai.guard import access
from kuai.guard.ledger import list_entries_about
from kuai.kit.clock import local_day, utc_now
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.registry.queries import record_of
from kuai.rules import queries as rules
from kuai.rules.types import Finding
from kuai.services.proactive import actions, queries
from kuai.services.proactive.models import Offer
from kuai.services.proactive.types import Blocking, OfferState, RuleState, Verdict
from tests.stories.test_everyone_who_turns_sixty import RULE, put_into_force, run, state
from tests.stories.test_registered_forms import (
    NOW,
    in_a_browser,
    login,
    office,  # noqa: F401 - a fixture
)

pytestmark = pytest.mark.django_db(transaction=True)
AN_OFFICE_RULE = "street.turning_60"


def write_office_rule(store: Store, *, version: int, ask: str) -> None:
    """The same rule as the street's own, so that its text can change."""
    house = Path("kuai/rules/packs/first/turning_60.yaml").read_text(encoding="utf-8")
    folder = store.root / "rules" / "packs" / "street"
    folder.mkdir(parents=True, exist_ok=True)
    text = house.replace("version: 1", f"version: {version}").replace(
        "您已满 60 周岁，可免费领取乘车优待卡；不用申请，回复“要”即可。", ask
    )
    (folder / "turning_60.yaml").write_text(text, encoding="utf-8")


def found_by(finding: Finding, rule: str, *, version: int = 1) -> Finding:
    return replace(finding, rule=rule, rule_version=version, finding_id=f"F-{finding.subject_code}")


def sign(store: Store, rule: str) -> None:
    actions.rehearse_rule(
        store, rule, day=NOW.date(), by=login("data-steward"), at=utc_now(), smallest_population=10
    )
    actions.sign_rule(store, rule, by=login("subdistrict-clerk"), at=utc_now())


def the_resident(store: Store, code: str) -> None:
    access.seed_resident("demo-resident", code, record=record_of(store, code), at=utc_now())


def test_a_missed_entitlement_stays_one_over_texts_builds_and_codes_until_it_is_declined(
    office: Store,  # noqa: F811
) -> None:
    run(office)
    put_into_force(office)
    hand_over_offers(office, at=utc_now())
    reached = Offer.objects.filter(state=OfferState.OFFERED.value).order_by("pk")
    one, two = reached[0], reached[1]
    write_office_rule(office, version=1, ask="第一版的话。")
    sample = rules.list_findings(office, subject=one.subject)[0]
    findings = [
        found_by(replace(sample, subject_code=code), AN_OFFICE_RULE)
        for code in (one.subject, two.subject)
    ]

    # Nobody signed: two builds later both are errors of ours, with the cause.
    for build in ("b1|2026-11-01", "b2|2026-11-02", "b2|2026-11-02"):
        actions.hand_over(office, findings, run=build, at=utc_now())
    missed = [line for line in queries.list_missed() if line.rule == AN_OFFICE_RULE]
    assert [(line.blocking, line.runs) for line in missed] == [(Blocking.NOT_LIVE, 2)] * 2

    # The text changes and is signed: the waiting goes on counting, the words are those in force.
    write_office_rule(office, version=2, ask="第二版的话。")
    sign(office, AN_OFFICE_RULE)
    newer = [replace(finding, rule_version=2) for finding in findings]
    actions.hand_over(office, newer, run="b3|2026-11-03", at=utc_now())
    rows = Offer.objects.filter(rule=AN_OFFICE_RULE)
    assert {(row.text, row.version, row.runs, row.state) for row in rows} == {
        ("第二版的话。", 2, 3, "offered")
    }
    assert {line.blocking for line in queries.list_missed() if line.rule == AN_OFFICE_RULE} == {
        Blocking.UNANSWERED
    }

    # One declines. Neither a third text nor another build nor another number of the finding offers it again.
    the_resident(office, one.subject)
    mine = next(
        view for view in queries.list_own_offers(office, login("resident")) if "第二版" in view.text
    )
    actions.answer_offer(office, mine.number, accepts=False, by=login("resident"), at=utc_now())
    write_office_rule(office, version=3, ask="第三版的话。")
    sign(office, AN_OFFICE_RULE)
    renumbered = [
        replace(finding, finding_id=f"{finding.finding_id}-NEW", rule_version=3)
        for finding in findings
    ]
    actions.hand_over(office, renumbered, run="b4|2026-11-04", at=utc_now())
    assert Offer.objects.get(number=mine.number).state == OfferState.DECLINED.value
    assert Offer.objects.filter(rule=AN_OFFICE_RULE, subject=one.subject).count() == 1
    (other,) = Offer.objects.filter(rule=AN_OFFICE_RULE, subject=two.subject)
    assert (other.finding, other.runs) == (renumbered[1].finding_id, 4)
    assert [line.number for line in queries.list_missed() if line.rule == AN_OFFICE_RULE] == [
        other.number
    ]

    # Gone and found again is offered again where it never was; a rule that nobody writes any more blocks no night.
    Offer.objects.filter(pk=other.pk).update(state=OfferState.LAPSED.value, offered_at=None, runs=0)
    actions.hand_over(office, renumbered, run="b5|2026-11-05", at=utc_now())
    assert Offer.objects.get(pk=other.pk).state == OfferState.OFFERED.value
    (office.root / "rules" / "packs" / "street" / "turning_60.yaml").unlink()
    hand_over_offers(office, at=utc_now())
    assert Offer.objects.get(pk=other.pk).state == OfferState.LAPSED.value


def a_person_but(store: Store, codes: set[str]) -> str:
    path = store.current_build() / "core" / "person.parquet"
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"select person_code from read_parquet('{path}') where not quarantined"
            " and birth_date < date '1990-01-01' order by person_code limit 3"
        ).fetchall()
    return next(code for (code,) in rows if code not in codes)


def add_guardian(store: Store, *, guardian: str, ward: str, born: date) -> None:
    """The build learns that one person is the other's guardian, and that the other is a child."""
    core = store.current_build() / "core"
    with duckdb.connect() as connection:
        for table, sql in (
            ("relation", "select * from t union all select * replace ('PP_GUARDIAN' as type, $guardian as from_code,"
             " $ward as to_code, 'PP_GUARDIAN|' || $guardian || '|' || $ward as fact_key, null as valid_from,"
             " null as valid_to, 'asserted' as status, false as is_contested) from (select * from t limit 1)"),
            ("person", "select * replace (case when person_code = $ward then cast($born as date) else birth_date end"
             " as birth_date) from t"),
        ):  # fmt: skip
            path = core / f"{table}.parquet"
            named = (
                {"guardian": guardian, "ward": ward}
                if table == "relation"
                else {"ward": ward, "born": born}
            )
            rows = connection.sql(
                f"with t as (select * from read_parquet('{path}')) {sql}", params=named
            ).to_arrow_table()
            connection.register("made", rows)
            path.unlink()
            connection.execute(f"copy made to '{path}' (format parquet)")
            connection.unregister("made")


def test_what_a_child_is_entitled_to_is_offered_to_the_guardian_alone(
    office: Store,  # noqa: F811
) -> None:
    lend_demo_sources(at=NOW)
    run(office)
    put_into_force(office)
    findings = rules.list_findings(office, rule=RULE)
    sample, theirs = findings[0], findings[1:]
    ward, guardian = sample.subject_code, theirs[0].subject_code
    stranger = a_person_but(office, {ward, guardian})
    born = local_day(utc_now()) - timedelta(days=8 * 365)

    # Without a guardian on record nobody is asked, and the owner reads why.
    add_guardian(office, guardian=ward, ward=ward, born=born)
    actions.hand_over(office, findings, run="b1|d1", at=utc_now())
    assert Offer.objects.get(subject=ward).blocking == Blocking.NO_GUARDIAN.value

    add_guardian(office, guardian=guardian, ward=ward, born=born)
    actions.hand_over(office, findings, run="b2|d2", at=utc_now())
    row = Offer.objects.get(subject=ward)
    assert row.state == OfferState.OFFERED.value
    on = local_day(utc_now())

    # The child's own login and a stranger read nothing of it and answer nothing.
    for code in (ward, stranger):
        the_resident(office, code)
        assert row.number not in {
            one.number for one in queries.list_own_offers(office, login("resident"), on=on)
        }
        with pytest.raises(Refusal, match="没有这项"):
            actions.answer_offer(
                office, row.number, accepts=True, by=login("resident"), at=utc_now()
            )
        access.end_binding("demo-resident", by=login("resident"), at=utc_now())

    # The guardian reads it on their own page, and the child's ledger has the look.
    the_resident(office, guardian)
    page = in_a_browser("resident").get("/mine/offers/").content.decode()
    assert "给您监护的孩子" in page
    assert ward not in page
    assert row.number in page
    looks = list_entries_about(ward, at=utc_now()).entries
    assert any(one.action == "viewed_own_offers" for one in looks)
    # Nor does the office see a child's mask: a child is nobody's finding to open.
    with pytest.raises(Refusal, match="只通过监护人"):
        actions.take_finding_ticket(
            office, sample.finding_id, by=login("subdistrict-clerk"), at=utc_now()
        )
    actions.answer_offer(office, row.number, accepts=True, by=login("resident"), at=utc_now())
    assert Offer.objects.get(subject=ward).state == OfferState.ACCEPTED.value


def test_the_office_opens_a_finding_by_its_ticket_and_reads_rows_dates_and_what_clears_it(
    office: Store,  # noqa: F811
) -> None:
    lend_demo_sources(at=NOW)
    run(office)
    clerk = login("subdistrict-clerk")
    with pytest.raises(Refusal, match="没有签字上线"):
        queries.list_rule_findings(office, RULE, by=clerk)
    put_into_force(office)
    hand_over_offers(office, at=utc_now())
    first, second = queries.list_rule_findings(office, RULE, by=clerk)[:2]
    subject = rules.get_finding(office, first.finding).subject_code
    with pytest.raises(Refusal, match="归街道公共服务办"):
        queries.list_rule_findings(office, RULE, by=replace(clerk, department="街道综治办"))
    with pytest.raises(Refusal, match="不能看"):
        queries.list_rule_findings(office, RULE, by=login("data-steward"))
    assert queries.list_rule_findings(office, RULE, by=replace(clerk, areas=("999999",))) == ()

    browser = in_a_browser("subdistrict-clerk")
    listed = browser.get(f"/offers/findings/?rule={RULE}").content.decode()
    assert first.finding in listed
    assert subject not in listed
    assert browser.get("/offers/findings/person/").status_code == 403
    taken = browser.post("/offers/findings/take/", {"finding": first.finding, "rule": RULE})
    assert taken.headers["Location"] == "/offers/findings/person/"
    page = browser.get("/offers/findings/person/").content.decode()
    for said in ("第 ", " 行", "把握（", "已在名单上，或生日登记有误", "-**-**", "首次发现"):
        assert said in page, said
    assert subject not in page
    assert in_a_browser("officer").get(f"/offers/findings/?rule={RULE}").status_code == 403

    # The person concerned reads the same in plain words.
    the_resident(office, subject)
    own = in_a_browser("resident").get("/mine/offers/").content.decode()
    if Offer.objects.get(subject=subject).state == OfferState.OFFERED.value:
        assert "根据登记里的这几行" in own
        assert "只要这一条成立，就不再提" in own
    assert any(
        one.action == "person.read" for one in list_entries_about(subject, at=utc_now()).entries
    )

    # Answered once: the ticket dies with it, and the answer counts for the rule.
    answer = {"finding": first.finding, "rule": RULE, "says": "false"}
    assert browser.post("/offers/findings/answer/", answer).status_code == 302
    assert browser.post("/offers/findings/answer/", answer).status_code == 409
    assert browser.get("/offers/findings/person/").status_code == 403
    assert queries.precision_of(rules.get_rule(RULE, office)).wrong == 1
    # A ticket of one finding opens no other.
    ticket = actions.take_finding_ticket(office, second.finding, by=clerk, at=utc_now())
    with pytest.raises(Refusal, match="领凭据"):
        actions.open_finding(office, first.finding, by=clerk, at=utc_now(), ticket=ticket)
    stopped = []
    for one in queries.list_rule_findings(office, RULE, by=clerk)[1:]:
        said = {"by": clerk, "at": utc_now()}
        if one.finding != second.finding:
            # What nobody looked at has no result: nobody clicks a rule into, or out of, force.
            with pytest.raises(Refusal, match="没有打开看过"):
                actions.answer_finding(office, one.finding, Verdict.FALSE, **said)
            actions.take_finding_ticket(office, one.finding, **said)
        stopped.append(actions.answer_finding(office, one.finding, Verdict.FALSE, **said))
    assert any(stopped) == (state(office) is RuleState.SUSPENDED)
