"""Every finding, question and list says why, who answers by name, where to object and until when; contested, it stands
still. Attacks on the loop: late answers, records in doubt, texts changed after the signature."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from dataclasses import fields, is_dataclass, replace
from datetime import date, timedelta
from importlib import import_module
from typing import Any

import pytest
import typst
from django.apps import apps
from openpyxl import load_workbook

from kuai.blocks.queries import open_blocks
from kuai.flows import questions as outbox
from kuai.flows import verdicts
from kuai.flows.demo_forms import seed_demo_forms
from kuai.flows.offers import hand_over_offers
from kuai.guard import access, officials
from kuai.guard.models import Account, OfficialRecord
from kuai.guard.types import Actor, Role
from kuai.kit.clock import local_day, utc_now
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.registry import decisions
from kuai.registry.queries import record_of
from kuai.rules import queries as rules
from kuai.rules.types import Asks, Harm, SubjectKind, ToWhom
from kuai.services.forms import actions as forms
from kuai.services.proactive import actions as proactive
from kuai.services.proactive import looking
from kuai.services.proactive import queries as standings
from kuai.services.proactive import types as offer_types
from kuai.services.proactive.models import FindingAnswer, Offer, Rehearsal
from kuai.services.proactive.rule_life import MOST_REHEARSALS_A_DAY
from kuai.services.proactive.types import RuleState, Verdict
from kuai.services.questions import actions, queries
from kuai.services.questions import types as question_types
from kuai.services.questions.models import Question
from kuai.services.questions.types import By, Said, State
from tests.stories import test_night_and_answers as bad
from tests.stories.declaring import Phone, a_wish, declare, door_of, rooms_with, somebody_on_file
from tests.stories.test_everyone_who_turns_sixty import RULE, put_into_force, run
from tests.stories.test_questions import NOW, clerk, store  # noqa: F401 - fixtures
from tests.stories.test_registered_forms import (
    a_blank,
    a_registration,
    fill,
    in_a_browser,
    login,
    office,  # noqa: F401 - a fixture
)

pytestmark = pytest.mark.django_db(transaction=True)
CHANNEL = "一楼 7 号窗口，0755-8288 0007"
# Office -> who answers for it.
NAMED = {
    "街道公共服务办": "林晓明",
    "街道应急办": "周文",
    "公交集团": "陈立",
    officials.DECLARATIONS: "何静",
    officials.FORM_KEEPING: "许明",
}


def name_everybody() -> None:
    for who, name in NAMED.items():
        officials.name_official(
            who, name=name, post="主任", channel=CHANNEL, by=login("data-steward"), at=NOW
        )


def says_all_four(text: str, *, why: str, who: str, until: date | str) -> None:
    for part in (why, NAMED[who], CHANNEL, str(until)):
        assert part in text, part


def contest(store: Store, *, of: str) -> None:  # noqa: F811
    """Somebody objects to where this person, or this room's people, live."""
    fact = next(
        one["fact_key"]
        for kind in ("PH_RESIDE", "PH_RENT", "PH_HUKOU", "PH_OWN")
        for one in rooms_with(store, kind)
        if of in (one["from_code"], one["to_code"])
    )
    decisions.contest_fact(
        store, fact, says=decisions.Objection.TYPO, by=login("subdistrict-clerk"), at=NOW,
        reason="窗口提出",
    )  # fmt: skip


def test_offers_lists_rehearsals_and_stops_say_who_answers_and_stand_still_when_contested(
    office: Store,  # noqa: F811
) -> None:
    name_everybody()
    number = seed_demo_forms(at=NOW)
    rule = rules.get_rule(RULE, office)
    steward, second = in_a_browser("data-steward"), login("subdistrict-clerk")

    # A rehearsal, until when it carries a signature, and not a day longer.
    proactive.rehearse_rule(
        office, RULE, day=NOW.date(), by=login("data-steward"), at=utc_now(), smallest_population=10
    )
    until = local_day(utc_now()) + timedelta(days=90)
    page = steward.get("/offers/rules/").content.decode()
    says_all_four(page, why=rule.basis, who=rule.owner, until=f"{until} 前签字")
    with pytest.raises(Refusal, match="90 天"):
        proactive.sign_rule(office, RULE, by=second, at=utc_now() + timedelta(days=91))
    proactive.sign_rule(office, RULE, by=second, at=utc_now())
    run(office)
    hand_over_offers(office, at=utc_now())
    clerk = in_a_browser("subdistrict-clerk")  # noqa: F811

    # An offer, and the finding behind it on its office's page.
    homes = {one["from_code"] for one in rooms_with(office, "PH_RESIDE")}
    row = next(one for one in Offer.objects.filter(state="offered") if one.subject in homes)
    access.seed_resident(
        "demo-resident", row.subject, record=record_of(office, row.subject), at=utc_now()
    )
    own = in_a_browser("resident")
    page = own.get("/mine/offers/").content.decode()
    says_all_four(page, why="出生日期", who=rule.owner, until=row.due_on)
    clerk.post("/offers/findings/take/", {"finding": row.finding, "rule": RULE})
    page = clerk.get("/offers/findings/person/").content.decode()
    says_all_four(page, why=rule.basis, who=rule.owner, until=row.due_on)
    listed = clerk.get(f"/offers/findings/?rule={RULE}").content.decode()
    says_all_four(listed, why=rule.basis, who=rule.owner, until=row.due_on)

    # The form's page, the released sheet, the resident's own account of it, the letter that sends one back.
    until = "用到 "
    page = clerk.get(f"/forms/{number}/").content.decode()
    says_all_four(page, why="老年人权益保障法", who="公交集团", until="有效期至")
    filling, filled = fill(office, number, a_blank())
    lines = load_workbook(io.BytesIO(filled))["来源说明"].iter_rows(max_row=12, values_only=True)
    says_all_four(str(list(lines)), why="年度乘车优待办理", who="公交集团", until=until)
    page = clerk.get(f"/forms/sheets/{filling}/").content.decode()
    says_all_four(page, why="老年人权益保障法", who="公交集团", until=until)
    says_all_four(
        own.get("/mine/looks/").content.decode(), why="列入名单", who="公交集团", until=until
    )
    letter = forms.write_refusal_letter(
        title="摸底表", office="某单位", fields=(), reasons=("no_basis",),
        by=login("data-steward"), at=NOW,
    )  # fmt: skip
    told = typst_told(lambda: forms.read_letter(letter))
    says_all_four(told, why="职责依据", who=officials.FORM_KEEPING, until=f"{NOW.year}年")

    # Contested: the offer waits and no day runs; the finding takes no result; the list leaves the row out and says so.
    contest(office, of=row.subject)
    assert "期限停着" in own.get("/mine/offers/").content.decode()
    with pytest.raises(Refusal, match="暂停"):
        proactive.answer_offer(office, row.number, accepts=True, by=login("resident"), at=utc_now())
    late = utc_now() + timedelta(days=60)
    hand_over_offers(office, at=late)
    row.refresh_from_db()
    assert (row.state, row.due_on > local_day(late)) == ("offered", True)
    proactive.take_finding_ticket(office, row.finding, by=login("subdistrict-clerk"), at=utc_now())
    with pytest.raises(Refusal, match="提了异议"):
        proactive.answer_finding(
            office, row.finding, Verdict.FALSE, by=login("subdistrict-clerk"), at=utc_now()
        )
    assert "停着，等异议有结果" in clerk.get("/offers/findings/person/").content.decode()
    with pytest.raises(Refusal, match="不再取出"):
        forms.fetch_filled(office, filling, by=login("subdistrict-clerk"), at=utc_now())
    _, again = fill(office, number, a_blank())
    book = load_workbook(io.BytesIO(again))
    assert "异议" in str([*book["待问清单"].iter_rows(values_only=True)])

    # What was missed, and a stopped rule: on the rules' page, in counts.
    run(office, later=1)
    hand_over_offers(office, at=utc_now())
    page = steward.get("/offers/rules/").content.decode()
    (missed, *_) = standings.list_missed()
    assert missed.due_on.day >= 28, "the end of a month tells no birthday"
    says_all_four(page, why="提过，没有回答", who=rule.owner, until=missed.due_on)
    proactive.suspend_rule(
        office, RULE, because="两处登记打架", by=login("data-steward"), at=utc_now()
    )
    until = local_day(utc_now()) + timedelta(days=30)
    page = steward.get("/offers/rules/").content.decode()
    says_all_four(page, why="两处登记打架", who=rule.owner, until=f"{until} 前改好")


def typst_told(make: Any) -> str:
    """What was handed to the printer for this PDF."""
    told: list[str] = []
    compiled = typst.compile
    with pytest.MonkeyPatch.context() as patching:
        patching.setattr(
            typst,
            "compile",
            lambda layout, **more: (
                told.append(str(json.loads(next(iter(more["sys_inputs"].values())))))
                or compiled(layout, **more)
            ),
        )
        assert make()[:4] == b"%PDF"
    return told[0]


def test_questions_doubts_sheets_letters_and_messages_say_who_answers_and_stand_still_when_contested(
    store: Store,  # noqa: F811
    clerk: Actor,  # noqa: F811
) -> None:
    name_everybody()
    bad.inject(store)
    bad.sign(store, bad.BAD)
    bad.run(store, bad.BAD)
    let_room, *_ = somebody_on_file(store, "PH_LET")
    declare(store, door_of(store, let_room, at=NOW), a_wish(), Phone(), at=NOW)
    outbox.hand_over(store, at=NOW)
    desk = in_a_browser("subdistrict-clerk")

    # What a rule asks, and what a declaration leaves in doubt.
    for origin, who, why in (
        ("finding:", "街道应急办", "住得太多"),
        (outbox.DECLARATION, officials.DECLARATIONS, "拿不准"),
    ):
        row = Question.objects.filter(origin__startswith=origin).first()
        assert row is not None, origin
        page = desk.get(f"/questions/{row.number}/").content.decode()
        says_all_four(page, why=why, who=who, until=row.due_on)
    page = desk.get("/declarations/").content.decode()
    says_all_four(page, why="拿不准", who=officials.DECLARATIONS, until="等到 ")

    # Whoever answers now stands on what is still asked.
    officials.name_official(
        "街道应急办", name="周文武", post="主任", channel=CHANNEL, by=login("data-steward"), at=NOW
    )
    outbox.hand_over_findings(store, at=NOW)
    asked = Question.objects.filter(rule=bad.BAD).first()
    assert asked is not None
    assert asked.responsible == "街道应急办 主任 周文武"

    # The visit sheet on paper and as Excel; what is contested after it was drawn is on neither.
    grid = next(grid for grid, doors, _ in queries.list_waiting_grids(by=clerk) if doors > 1)
    sheet = actions.draw_sheet(store, grid, on=local_day(NOW), by=clerk, at=NOW)
    for told in (
        typst_told(lambda: actions.visit_sheet_pdf(sheet)),
        str([*load_workbook(io.BytesIO(queries.write_visit_sheet(sheet))).active.values]),
    ):
        says_all_four(told, why="街道职责清单", who="街道应急办", until=asked.due_on)
    door = sheet.doors[0]
    contest(store, of=door.place_code)
    printed = queries.get_sheet(store, sheet.number, by=clerk)
    assert door.place_code not in {one.place_code for one in printed.doors}
    stands = Question.objects.get(rule=bad.BAD, place_code=door.place_code)
    assert "暂停" in desk.get(f"/questions/{stands.number}/").content.decode()
    with pytest.raises(Refusal, match="停用|异议"):
        outbox.settle(store, stands.number, Said.HOLDS, way=By.PHONE, by=clerk, at=NOW)
    # The next run finds it no more, because it is contested: it waits, it is not gone, and no day runs.
    assert actions.close_gone((), of=f"finding:{stands.origin[8:]}", at=NOW) == 0
    late = NOW + timedelta(days=40)
    actions.lapse_overdue(on=local_day(late), at=late)
    stands.refresh_from_db()
    assert stands.state == State.CHECK.value

    # A letter says all four of each question; it waits with a question that stands still.
    rows = [one for one in Question.objects.filter(rule=bad.BAD, state="open")][:2]
    Question.objects.filter(pk__in=[one.pk for one in rows]).update(is_check=False)
    for one in rows:
        Question.objects.filter(pk=one.pk).update(contact=f"place:{one.place_code}")
    actions.send_due(store, by=clerk, at=NOW, gateway=lambda *_: None)
    contest(store, of=rows[0].place_code)
    told = typst_told(lambda: actions.print_letters(by=clerk, at=NOW)[0])
    says_all_four(told, why="住得太多", who="街道应急办", until=rows[1].due_on)
    assert rows[1].place_text in told
    assert rows[0].place_text not in told


def late_answers(store: Store, asked: Iterable[Question], *, by: Actor) -> int:  # noqa: F811
    counted = 0
    for one in asked:
        outbox.settle(store, one.number, Said.WRONG, way=By.PHONE, by=by, at=NOW)
        counted = FindingAnswer.objects.filter(finding=one.origin.removeprefix("finding:")).count()
    return counted


def test_an_answer_counts_when_the_newest_run_has_its_finding_no_more_but_not_for_another_text(
    store: Store,  # noqa: F811
    clerk: Actor,  # noqa: F811
) -> None:
    bad.inject(store)
    bad.sign(store, bad.BAD)
    bad.run(store, bad.BAD)
    outbox.hand_over_findings(store, at=NOW)
    first, second = Question.objects.filter(rule=bad.BAD).order_by("pk")[:2]
    # Another run, in which the rule was not asked: its findings are gone.
    bad.run(store, RULE)
    assert not rules.list_findings(store, rule=bad.BAD)
    assert late_answers(store, [first], by=clerk) == 1
    assert standings.precision_of(rules.get_rule(bad.BAD, store)).wrong == 1
    assert verdicts.tell_late(store, at=NOW).refused == 0

    # A word of the text changes, its number does not: the signature is gone, and old answers say nothing of it.
    file = store.root / "rules" / "packs" / "own" / "every_home.yaml"
    file.write_text(
        file.read_text(encoding="utf-8").replace("太多了，是吗", "太多吗"), encoding="utf-8"
    )
    changed = rules.get_rule(bad.BAD, store)
    assert changed.version == 1
    assert standings.state_of(changed)[0] is RuleState.DRAFT
    assert late_answers(store, [second], by=clerk) == 0
    assert standings.precision_of(changed).wrong == 0


def test_who_declined_looks_to_the_office_like_who_said_nothing_and_nobody_is_counted_by_name(
    office: Store,  # noqa: F811
) -> None:
    put_into_force(office)
    run(office)
    hand_over_offers(office, at=utc_now())
    row, other, *_ = Offer.objects.filter(state="offered")
    access.seed_resident(
        "demo-resident", row.subject, record=record_of(office, row.subject), at=utc_now()
    )
    proactive.answer_offer(office, row.number, accepts=False, by=login("resident"), at=utc_now())
    for later in (1, 40):
        run(office, later=later)
        hand_over_offers(office, at=utc_now() + timedelta(days=later))
        lines = standings.list_rule_findings(
            office, RULE, by=login("subdistrict-clerk"), limit=1000
        )
        declined, silent = (
            next(one for one in lines if one.finding == offer.finding) for offer in (row, other)
        )
        for name in ("offer", "blocking", "due_on", "verdict", "is_paused"):
            assert getattr(declined, name) == getattr(silent, name), (later, name)
        missed = {one.number for one in standings.list_missed()}
        assert (row.number in missed, other.number in missed) == (False, True)
    assert standings.precision_of(rules.get_rule(RULE, office)).wrong == 0
    # What says nothing of a place lies where its person lives, and nowhere else.
    homes = {one["from_code"]: one["to_code"] for one in rooms_with(office, "PH_RESIDE")}
    found = next(one for one in rules.list_findings(office, rule=RULE) if one.subject_code in homes)
    found = replace(found, grid_code="", place_code="")
    path = open_blocks(office.current_build()).path_of(homes[found.subject_code])
    for area, kept in ((path.rpartition("/")[0], [found]), ("440399", [])):
        reader = replace(login("subdistrict-clerk"), areas=(area,))
        assert looking._in_area(office, [found], reader) == kept
    # Neither the rooms' doors nor a leader's pages say who did how much.
    workers = {"given_by", "moved_by", "entered_by", "made_by", "taken_by"}
    for module in (offer_types, question_types):
        for kind in (one for one in vars(module).values() if is_dataclass(one)):
            assert not workers & {field.name for field in fields(kind)}, kind
    leader = in_a_browser("leader")
    for path in ("/offers/rules/", "/offers/findings/", "/offers/officials/", "/questions/"):
        assert leader.get(path).status_code == 403, path


def test_no_word_of_a_signed_rule_changes_under_its_signature_and_nobody_signs_for_two(
    office: Store,  # noqa: F811
) -> None:
    proactive.rehearse_rule(
        office, RULE, day=NOW.date(), by=login("data-steward"), at=utc_now(), smallest_population=10
    )
    rule = rules.get_rule(RULE, office)
    assert standings.state_of(rule)[0] is RuleState.REHEARSED
    told_elsewhere = {"title_en", "examples", "file", "sql_line", "lines"}
    changed = {
        "valid_until": date(2099, 1, 1), "valid_from": date(2020, 1, 1), "version": 9,
        "subject": SubjectKind.ROOM, "to_whom": ToWhom.ROOM, "evidence": {"birth_date": "别的"},
        "cool_down_days": 1, "harm": Harm.HIGH, "asks": Asks.CHECK, "least_confidence": 0.1, "least_precision": 0.1,
    }  # fmt: skip
    for field in fields(rule):
        if field.name not in told_elsewhere:
            other = replace(rule, **{field.name: changed.get(field.name, "别的")})
            assert standings.state_of(other)[0] is RuleState.DRAFT, field.name
    # A second login of one person is no second person.
    Account.objects.filter(username="demo-data-steward").update(staff_no="")
    with pytest.raises(Refusal, match="谁演练的谁不能签字"):
        proactive.sign_rule(office, RULE, by=login("subdistrict-clerk"), at=utc_now())
    # Sums of many days are not to be subtracted from each other.
    (made,) = Rehearsal.objects.values("rule", "version", "digest", "day", "sums", "made_by")
    for _ in range(MOST_REHEARSALS_A_DAY - 1):
        Rehearsal(**made, made_at=utc_now()).save()
    with pytest.raises(Refusal, match="明天再来"):
        proactive.rehearse_rule(
            office, RULE, day=NOW.date(), by=login("data-steward"), at=utc_now()
        )


def test_the_upgrade_names_who_signed_and_who_registered_where_sources_are_real(
    office: Store,  # noqa: F811
) -> None:
    seed_demo_forms(at=NOW)
    Account.objects.filter(username="demo-subdistrict-clerk").update(
        department="街道公共服务办", display_name="林晓明"
    )
    Account.objects.filter(username="demo-data-steward").update(display_name="陈立")
    put_into_force(office)
    upgrades = [
        import_module(f"kuai.services.{room}").__dict__[step]
        for room, step in (
            ("proactive.migrations.0003_officials_and_notes", "name_who_signed"),
            ("forms.migrations.0003_name_officials", "name_who_registered"),
        )
    ]
    for real in (False, True):
        if real:
            access.register_source(
                replace(
                    a_registration("street_cameras"),
                    synthetic=False, assessment_id="A-1", assessment_approved_on=NOW.date(),
                ),
                by=Actor(user_id="demo-data-steward", role=Role.DATA_STEWARD), at=NOW,
            )  # fmt: skip
            assert officials.find_official("公交集团") is None
        for _ in range(2):
            for step in upgrades:
                step(apps, None)
        named = [(one.office, one.name) for one in OfficialRecord.objects.all()]
        assert named == [("街道公共服务办", "林晓明"), ("公交集团", "陈立")] * real


RECORDS_RULE = (
    bad.BAD_RULE.replace("id: every_home", "id: every_record")
    .replace(
        "title: {zh: 住得太多, en: Too many in a home}", "title: {zh: 登记可能有错, en: Doubt}"
    )
    .replace("purpose: residence_registration", "purpose: record_review")
    .replace("asks: check", "asks: question")
    .replace("to_whom: room", "to_whom: department")
)


def test_the_desk_says_that_no_record_was_wrong_and_a_bad_rule_of_records_stops_within_fifty(
    store: Store,  # noqa: F811
    clerk: Actor,  # noqa: F811
) -> None:
    folder = store.root / "rules" / "packs" / "own"
    folder.mkdir(parents=True)
    (folder / "every_record.yaml").write_text(RECORDS_RULE.lstrip(), encoding="utf-8")
    name = "own.every_record"
    bad.sign(store, name)
    bad.run(store, name)
    desk = in_a_browser("subdistrict-clerk")
    found = [one.finding_id for one in rules.list_findings(store, rule=name)]
    desk.post("/offers/findings/take/", {"finding": found[0], "rule": name})
    page = desk.get("/offers/findings/thing/").content.decode()
    assert "登记没有错" in page
    assert "不属实" not in page
    for finding in found[:50]:
        answer = {"finding": finding, "rule": name, "says": "false"}
        assert desk.post("/offers/findings/answer/", answer).status_code == 302
        if standings.state_of(rules.get_rule(name, store))[0] is not RuleState.LIVE:
            break
    assert standings.state_of(rules.get_rule(name, store))[0] is RuleState.SUSPENDED
