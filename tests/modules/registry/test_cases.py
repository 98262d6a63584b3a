"""Objections take a fact out and ask the departments; nobody judges their own; no step of promotion is skipped."""

from __future__ import annotations

import io
from datetime import date, timedelta
from itertools import product

import openpyxl
import pytest
from django.conf import settings

from kuai.guard.ledger_models import LedgerEntry
from kuai.guard.types import Actor, Role
from kuai.kit.errors import DataFault, Refusal
from kuai.kit.store import write_json
from kuai.kit.work_calendar import WorkCalendar, read_work_calendar
from kuai.registry import decisions, queries
from kuai.registry.decisions import CaseAnswer, CaseState, DecisionKind, Objection, Outcome
from kuai.registry.engine.case_moves import MOVES, is_overdue, require_move
from kuai.registry.models import Decision
from tests.modules.registry.contested_town import (
    CLERK,
    DUE,
    ELSEWHERE,
    GRID,
    NOW,
    OTHER_ROOM,
    OTHER_STEWARD,
    ROOM,
    STEWARD,
    STRANGER,
    STREET,
    ContestedTown,
    publish_merged_town,
    publish_town,
    receipts_of,
)

PAPER = {"evidence_kind": "paper_seen", "evidence_ref": "窗口受理2026-118"}


@pytest.fixture
def town(store, settings, db) -> ContestedTown:
    settings.STORE = store
    return publish_town(store)


def contest(town: ContestedTown, by: Actor = STREET, fact: str = "") -> decisions.Contested:
    return decisions.contest_fact(
        town.store,
        fact or town.lives,
        says=Objection.NEVER_LIVED,
        reason="" if by.role is Role.RESIDENT else "走访时无此人",
        by=by,
        at=NOW,
    )


def answer_all(contested: decisions.Contested, answer: CaseAnswer, **more: date) -> None:
    for case in contested.cases:
        decisions.answer_case(settings.STORE, case.number, answer, by=CLERK, at=NOW, **more)


def close(contested: decisions.Contested, by: Actor = STEWARD, **more: object) -> None:
    decisions.close_case(
        settings.STORE, contested.cases[0].number, reason="按部门答复办结", by=by, at=NOW, **more
    )


def word_on(fact: str) -> queries.FactWord | None:
    return queries.statuses_since(0).get(fact)


# --- objections -------------------------------------------------------------------------------------------


def test_an_objection_takes_the_fact_out_at_once_and_opens_a_case_for_each_department(town):
    contested = contest(town)
    assert queries.contested_facts() == {town.lives}
    word = word_on(town.lives)
    assert (word.status, word.is_contested) == ("disputed", True)
    assert [case.department for case in contested.cases] == ["公安分局", "街道网格中心"]
    police, grid = contested.cases
    assert police.statements == (
        {"source": "police", "period": "0001", "row_no": 0, "relation": "PH_RESIDE"},
    )
    assert grid.statements[0]["period"] == "2026-10"
    assert (police.state, police.due_on, police.number) == (CaseState.OPENED, DUE, "JH-2026-000001")


def test_the_same_objection_posted_twice_is_one(town):
    first = contest(town)
    assert contest(town).sequence == first.sequence
    assert len(decisions.list_cases(STEWARD)) == 2


def test_a_fact_that_nobody_states_cannot_be_contested(town):
    with pytest.raises(Refusal, match="没有哪个来源"):
        contest(town, fact=f"PH_OWN|{town.person}|{ROOM}")


def test_a_key_that_is_none_is_refused_without_being_repeated(town):
    with pytest.raises(Refusal) as refused:
        contest(town, fact="张三|13800138000")
    assert "张三" not in str(refused.value)


def test_nobody_acts_on_facts_outside_their_area(town):
    with pytest.raises(Refusal, match="辖区"):
        contest(town, by=STRANGER)
    assert decisions.list_cases(STRANGER, store=town.store) == ()
    contest(town)
    assert decisions.list_cases(STRANGER, store=town.store) == ()
    assert len(decisions.list_cases(STREET, store=town.store)) == 2


def test_residents_contest_what_is_said_of_them_and_nothing_else(town):
    with pytest.raises(Refusal, match="自己的信息"):
        contest(town, by=town.resident("P-GEJKYV2F-3" if town.person != "P-GEJKYV2F-3" else "P-x"))
    contest(town, by=town.resident())
    (view,) = queries.list_decisions()
    assert view.detail == {"says": "never_lived", "by": "resident"}
    assert LedgerEntry.objects.filter(
        action="decision.object", purpose="own_data", subjects__code=town.person
    ).exists()


def test_what_is_said_of_a_person_can_be_contested_too(town):
    contested = contest(town, by=town.resident(), fact=f"birth_date|{town.person}")
    assert [len(case.statements) for case in contested.cases] == [2, 1]


def test_a_birth_date_found_never_true_is_out_of_use_and_contested_no_more(town):
    fact = f"birth_date|{town.person}"
    contested = contest(town, by=town.resident(), fact=fact)
    answer_all(contested, CaseAnswer.CORRECTED)
    close(contested)
    assert word_on(fact).status == "withdrawn"
    assert queries.contested_facts() == frozenset()
    assert queries.facts_out_of_use() == {fact}


def test_an_objection_withdrawn_by_its_maker_ends_its_cases_unless_somebody_else_objects(town):
    first = contest(town)
    decisions.contest_fact(
        town.store, town.lives, says=Objection.MOVED_OUT, reason="物业说明", by=CLERK, at=NOW
    )
    with pytest.raises(Refusal, match="别人的异议"):
        decisions.withdraw_decision(
            first.sequence, reason="看错了", by=STEWARD, at=NOW, store=town.store
        )
    decisions.withdraw_decision(
        first.sequence, reason="看错了", by=STREET, at=NOW, store=town.store
    )
    assert {case.state for case in decisions.list_cases(STEWARD)} == {CaseState.OPENED}
    assert queries.contested_facts() == {town.lives}
    second = next(one for one in queries.list_decisions() if one.decided_by == CLERK.user_id)
    decisions.withdraw_decision(
        second.sequence, reason="看错了", by=CLERK, at=NOW, store=town.store
    )
    assert {case.state for case in decisions.list_cases(STEWARD)} == {CaseState.WITHDRAWN}
    assert queries.contested_facts() == frozenset()
    assert word_on(town.lives).status == ""


# --- cases ------------------------------------------------------------------------------------------------

ALLOWED = {(move.start, move.end) for move in MOVES}


@pytest.mark.parametrize(("start", "end"), list(product(CaseState, CaseState)))
def test_every_move_of_a_case_is_in_the_table_or_refused(start, end):
    if (start, end) in ALLOWED:
        require_move(start, end, by=Role.DATA_STEWARD)
    else:
        with pytest.raises(Refusal):
            require_move(start, end, by=Role.DATA_STEWARD)


@pytest.mark.parametrize("move", [one for one in MOVES if one.by is not None])
@pytest.mark.parametrize("role", list(Role))
def test_each_move_is_made_by_its_roles_only(move, role):
    if role in move.by:
        require_move(move.start, move.end, by=role)
    else:
        with pytest.raises(Refusal):
            require_move(move.start, move.end, by=role)


def test_overdue_is_what_waits_past_its_deadline():
    late = DUE + timedelta(days=1)
    assert [state for state in CaseState if is_overdue(state, DUE, as_of=late)] == [
        CaseState.OPENED,
        CaseState.SENT,
    ]
    assert not any(is_overdue(state, DUE, as_of=DUE) for state in CaseState)


def test_a_case_answered_corrected_makes_the_fact_one_that_never_was(town):
    contested = contest(town)
    answer_all(contested, CaseAnswer.CORRECTED)
    assert word_on(town.lives).status == "disputed", "an answer alone has no effect"
    close(contested)
    assert word_on(town.lives).status == "withdrawn"
    case = decisions.get_case(contested.cases[0].number)
    assert [(move.start, move.end) for move in case.moves] == [
        ("", "opened"),
        ("opened", "answered"),
        ("answered", "closed"),
    ]
    retract = next(one for one in queries.list_decisions() if one.kind is DecisionKind.RETRACT)
    assert retract.detail == {
        "evidence_kind": "department_answer",
        "evidence_ref": contested.cases[0].number,
    }


def test_a_case_answered_with_a_day_ends_the_fact_on_it(town):
    contested = contest(town)
    answer_all(contested, CaseAnswer.CORRECTED, ends_on=date(2026, 9, 1))
    close(contested)
    word = word_on(town.lives)
    assert (word.status, word.ended_on, word.is_contested) == ("ended", date(2026, 9, 1), False)


def test_a_fact_upheld_is_back_and_its_objector_may_go_one_step_higher_once(town):
    contested = contest(town)
    answer_all(contested, CaseAnswer.UPHELD)
    close(contested)
    assert queries.contested_facts() == frozenset()
    with pytest.raises(Refusal, match="复核"):
        contest(town)
    number = contested.cases[0].number
    with pytest.raises(Refusal, match="只有提出"):
        decisions.appeal_case(town.store, number, by=CLERK, reason="再查", at=NOW)
    again = decisions.appeal_case(town.store, number, by=STREET, reason="有新材料", at=NOW)
    (case,) = again.cases
    assert (case.department, case.instance) == ("数据主管部门", 2)
    assert queries.contested_facts() == {town.lives}
    answer_all(again, CaseAnswer.UPHELD)
    close(again)
    for old in (number, case.number):
        with pytest.raises(Refusal, match="复核过"):
            decisions.appeal_case(town.store, old, by=STREET, reason="再查", at=NOW)


def test_a_divided_or_partial_answer_needs_a_stewards_outcome(town):
    contested = contest(town)
    police, grid = contested.cases
    decisions.answer_case(town.store, police.number, CaseAnswer.UPHELD, by=CLERK, at=NOW)
    with pytest.raises(Refusal, match=f"没有答复：{grid.number}"):
        close(contested)
    decisions.answer_case(town.store, grid.number, CaseAnswer.PARTLY, by=CLERK, at=NOW)
    with pytest.raises(Refusal, match="写明怎样办结"):
        close(contested)
    with pytest.raises(Refusal, match="日期"):
        close(contested, outcome=Outcome.END)
    close(contested, outcome=Outcome.END, ends_on=date(2026, 8, 1))
    assert word_on(town.lives).status == "ended"
    assert {case.state for case in decisions.list_cases(STEWARD)} == {CaseState.CLOSED}


def test_nobody_answers_or_settles_their_own_objection(town):
    contested = contest(town, by=STEWARD)
    with pytest.raises(Refusal, match="别人来定"):
        decisions.answer_case(
            town.store, contested.cases[0].number, CaseAnswer.UPHELD, by=STEWARD, at=NOW
        )
    answer_all(contested, CaseAnswer.CORRECTED)
    with pytest.raises(Refusal, match="别人来定"):
        close(contested, by=STEWARD)
    with pytest.raises(Refusal, match="正在校核"):
        decisions.decide_fact(
            town.store, DecisionKind.RETRACT, town.lives, detail={}, reason="x", by=CLERK, at=NOW
        )
    close(contested, by=OTHER_STEWARD)


def test_what_settled_a_case_may_be_withdrawn_and_the_case_is_open_again(town):
    contested = contest(town)
    answer_all(contested, CaseAnswer.CORRECTED)
    close(contested)
    settled = decisions.get_case(contested.cases[0].number).settled_with
    decisions.withdraw_decision(settled, reason="看错了", by=STEWARD, at=NOW, store=town.store)
    assert {case.state for case in decisions.list_cases(STEWARD)} == {CaseState.ANSWERED}
    assert word_on(town.lives).status == "disputed"


def test_nobody_answers_settles_or_takes_back_what_lies_in_another_area(town):
    stranger = Actor("9", Role.DATA_STEWARD, areas=(ELSEWHERE,))
    contested = contest(town)
    with pytest.raises(Refusal, match="辖区"):
        decisions.answer_case(
            town.store, contested.cases[0].number, CaseAnswer.UPHELD, by=stranger, at=NOW
        )
    answer_all(contested, CaseAnswer.CORRECTED)
    with pytest.raises(Refusal, match="辖区"):
        close(contested, by=stranger)
    close(contested)
    settled = decisions.get_case(contested.cases[0].number).settled_with
    for store in (town.store, None):
        with pytest.raises(Refusal, match="辖区"):
            decisions.withdraw_decision(settled, reason="看错了", by=stranger, at=NOW, store=store)
    assert word_on(town.lives).status == "withdrawn"


def test_what_was_decided_of_records_is_taken_back_where_they_lie(town):
    same = decisions.record_decision(
        DecisionKind.SAME, ["police:0#subject", "police:1#subject"], reason="核对", by=CLERK, at=NOW
    )
    stranger = Actor("9", Role.DATA_STEWARD, areas=(ELSEWHERE,))
    with pytest.raises(Refusal, match="辖区"):
        decisions.withdraw_decision(same, reason="看错了", by=stranger, at=NOW, store=town.store)
    assert [one.sequence for one in queries.list_decisions(living_only=True)] == [same]


def test_an_end_taken_back_contests_the_fact_again_with_every_objector_and_reopens_its_cases(town):
    contested = contest(town)
    decisions.contest_fact(
        town.store, town.lives, says=Objection.TYPO, reason="抄错", by=OTHER_STEWARD, at=NOW
    )
    answer_all(contested, CaseAnswer.CORRECTED, ends_on=date(2026, 9, 1))
    close(contested)
    settled = decisions.get_case(contested.cases[0].number).settled_with
    decisions.withdraw_decision(settled, reason="看错了", by=STEWARD, at=NOW + timedelta(hours=1))
    word = word_on(town.lives)
    assert (word.status, word.is_contested) == ("disputed", True)
    assert {case.state for case in decisions.list_cases(STEWARD)} == {CaseState.ANSWERED}
    in_force = queries.list_decisions(key=town.lives, living_only=True)
    assert {one.decided_by for one in in_force} == {STREET.user_id, OTHER_STEWARD.user_id}
    with pytest.raises(Refusal, match="别人来定"):
        close(contested, by=OTHER_STEWARD)
    close(contested)
    assert word_on(town.lives).status == "ended"


def test_a_second_objector_with_the_same_words_objects_too_and_may_not_judge(town):
    contested = contest(town, by=CLERK)
    second = contest(town, by=OTHER_STEWARD)
    assert second.sequence != contested.sequence
    assert [one.number for one in second.cases] == [one.number for one in contested.cases]
    for case in contested.cases:
        with pytest.raises(Refusal, match="别人来定"):
            decisions.answer_case(
                town.store, case.number, CaseAnswer.UPHELD, by=OTHER_STEWARD, at=NOW
            )
        decisions.answer_case(
            town.store,
            case.number,
            CaseAnswer.UPHELD,
            by=Actor("9", Role.DEPARTMENT_CLERK, areas=("",)),
            at=NOW,
        )
    with pytest.raises(Refusal, match="别人来定"):
        close(contested, by=OTHER_STEWARD)
    close(contested)
    again = decisions.appeal_case(
        town.store, contested.cases[0].number, by=OTHER_STEWARD, reason="有新材料", at=NOW
    )
    assert queries.contested_facts() == {town.lives}
    assert again.cases[0].instance == 2


def test_whoever_entered_an_answer_does_not_settle_the_case(town):
    contested = contest(town, by=town.resident())
    police, grid = contested.cases
    decisions.answer_case(town.store, police.number, CaseAnswer.UPHELD, by=OTHER_STEWARD, at=NOW)
    decisions.answer_case(town.store, grid.number, CaseAnswer.UPHELD, by=CLERK, at=NOW)
    for number in (police.number, grid.number):
        with pytest.raises(Refusal, match=f"{police.number} 的答复是你登记的"):
            decisions.close_case(town.store, number, reason="原登记无误", by=OTHER_STEWARD, at=NOW)
    assert queries.contested_facts() == {town.lives}
    close(contested)
    assert queries.contested_facts() == frozenset()


# --- promotion --------------------------------------------------------------------------------------------


def promote(town: ContestedTown, level: str, by: Actor, **evidence: str) -> int:
    detail = {"level": level, **(evidence or PAPER)}
    return decisions.promote_fact(
        town.store, town.lives, detail=detail, reason="核实", by=by, at=NOW
    )


def test_a_fact_is_promoted_step_by_step_each_by_another_hand(town):
    for level, by in (("subdistrict", STREET), ("department", CLERK)):
        with pytest.raises(Refusal, match="一级一级"):
            promote(town, level, by)
    promote(town, "community", STREET)
    with pytest.raises(Refusal, match="另一个人"):
        promote(town, "subdistrict", STREET)
    with pytest.raises(Refusal, match="已经核实"):
        promote(town, "community", GRID, evidence_kind="visit", evidence_ref="走访2026-7")
    promote(town, "subdistrict", Actor("9", Role.SUBDISTRICT_CLERK, areas=("",)))
    promote(town, "department", CLERK)
    assert word_on(town.lives).level == "department"


@pytest.mark.parametrize(
    ("level", "role"),
    [
        ("community", Role.DEPARTMENT_CLERK),
        ("community", Role.DATA_STEWARD),
        ("subdistrict", Role.GRID_WORKER),
        ("department", Role.SUBDISTRICT_CLERK),
        ("department", Role.DATA_STEWARD),
        ("community", Role.RESIDENT),
        ("community", Role.LEADER),
    ],
)
def test_a_level_is_verified_only_by_those_who_stand_there(town, level, role):
    with pytest.raises(Refusal, match="角色"):
        promote(town, level, Actor("9", role, areas=("",), person_code=town.person))


def test_a_relation_whose_catalogue_knows_no_such_level_stops_below_it(town):
    (town.store.root / "relations.yaml").write_text(
        "relations:\n  - {code: PH_RESIDE, zh: 居住, en: residence, from: person, to: address, at_most: null,"
        " tier: 2, source: 网格, verify: {community: 网格员}}\n",
        encoding="utf-8",
    )
    promote(town, "community", GRID)
    with pytest.raises(Refusal, match="没有这一级"):
        promote(town, "subdistrict", STREET)


def test_what_is_contested_is_not_verified_and_what_is_verified_can_be_contested(town):
    promote(town, "community", GRID)
    contest(town)
    with pytest.raises(Refusal, match="有异议"):
        promote(town, "subdistrict", STREET)
    assert word_on(town.lives).status == "disputed"


def test_a_lower_step_is_withdrawn_only_after_the_higher(town):
    low = promote(town, "community", GRID)
    high = promote(town, "subdistrict", STREET)
    with pytest.raises(Refusal, match="更高一级"):
        decisions.withdraw_decision(low, reason="看错了", by=GRID, at=NOW, store=town.store)
    decisions.withdraw_decision(high, reason="看错了", by=STREET, at=NOW, store=town.store)
    decisions.withdraw_decision(low, reason="看错了", by=GRID, at=NOW, store=town.store)
    assert queries.verified_level(town.lives) is None


@pytest.mark.parametrize(
    "evidence",
    [
        {"evidence_kind": "hearsay", "evidence_ref": "x-1"},
        {"evidence_kind": "paper_seen", "evidence_ref": ""},
        {"evidence_kind": "paper_seen", "evidence_ref": "身份证440382198001020014"},
        {"evidence_kind": "paper_seen", "evidence_ref": "13800138000"},
    ],
)
def test_evidence_is_of_the_closed_list_and_its_reference_tells_of_nobody(town, evidence):
    with pytest.raises(Refusal) as refused:
        promote(town, "community", GRID, **evidence)
    assert "440382" not in str(refused.value)
    assert queries.list_decisions() == ()


# --- the file that travels --------------------------------------------------------------------------------


def exported(town: ContestedTown, *, form: str = "xlsx", department: str = "公安分局") -> bytes:
    target = io.BytesIO()
    decisions.export_cases(town.store, target, department=department, form=form, by=CLERK, at=NOW)
    return target.getvalue()


def test_the_form_asks_by_row_and_closed_words_and_names_nobody(town):
    contested = contest(town)
    book = openpyxl.load_workbook(io.BytesIO(exported(town)))
    assert book.sheetnames == ["实有人口登记", "说明"]
    sheet = book["实有人口登记"]
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0] == (
        "校核单号", "来源", "期次", "数据第几行", "涉及内容", "异议", "答复期限", "答复", "终止日期",
    )  # fmt: skip
    assert rows[1][:7] == (
        contested.cases[0].number, "实有人口登记", "0001", "1", "居住",
        "从未如此（如从未在此居住）", "2026-12-04",
    )  # fmt: skip
    (rule,) = sheet.data_validations.dataValidation
    assert "已更正" in rule.formula1
    text = "".join(str(cell) for row in rows for cell in row)
    assert town.person not in text
    assert ROOM not in text
    assert decisions.get_case(contested.cases[0].number).state is CaseState.SENT
    assert decisions.get_case(contested.cases[1].number).state is CaseState.OPENED


@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_a_filled_form_comes_back_row_by_row_with_reasons_for_what_is_refused(town, form):
    first = contest(town)
    second = contest(town, fact=town.lives_elsewhere)
    content = exported(town, form=form)
    numbers = [first.cases[0].number, second.cases[0].number]
    filled = fill(content, form, {numbers[0]: "已更正", numbers[1]: "也许吧"})
    taken = decisions.take_in_answers(town.store, filled, file=f"答复.{form}", by=CLERK, at=NOW)
    assert [(one.number, one.is_taken) for one in taken] == [
        (numbers[0], True),
        (numbers[1], False),
    ]
    assert "第 3 行" in taken[1].sentence
    assert decisions.get_case(numbers[0]).answer is CaseAnswer.CORRECTED
    again = decisions.take_in_answers(town.store, filled, file=f"答复.{form}", by=CLERK, at=NOW)
    assert again[0].is_taken
    assert LedgerEntry.objects.filter(action="exported_cases").count() == 1
    assert OTHER_ROOM not in str(taken)


def fill(content: bytes, form: str, answers: dict[str, str]) -> bytes:
    if form == "csv":
        lines = content.decode("utf-8-sig").splitlines()
        filled = [
            line[:-1] + answers[line.split(",")[0]] + "," if line.split(",")[0] in answers else line
            for line in lines
        ]
        return "\n".join(filled).encode("gb18030")
    book = openpyxl.load_workbook(io.BytesIO(content))
    for row in book["实有人口登记"].iter_rows(min_row=2):
        row[7].value = answers.get(row[0].value, "")
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


@pytest.mark.parametrize(
    ("written", "other"),
    [("实有人口登记", "网格走访"), (",0001,", ",0002,"), (",1,居住", ",2,居住")],
)
def test_a_form_whose_rows_are_not_those_of_the_case_answers_nothing(town, written, other):
    contested = contest(town)
    number = contested.cases[0].number
    filled = fill(exported(town, form="csv"), "csv", {number: "原登记无误"}).decode("gb18030")
    assert written in filled
    (one,) = decisions.take_in_answers(
        town.store, filled.replace(written, other).encode(), file="x.csv", by=CLERK, at=NOW
    )
    assert not one.is_taken
    assert "不符" in one.sentence
    assert decisions.get_case(number).state is CaseState.SENT


def test_a_form_answers_for_one_department_and_only_what_was_sent(town):
    contested = contest(town)
    police, grid = (one.number for one in contested.cases)
    filled = fill(exported(town, form="csv"), "csv", {police: "原登记无误"})
    both = filled + f"\n{grid},网格走访,2026-10,1,居住,,,原登记无误,".encode("gb18030")
    with pytest.raises(DataFault, match="一个单位"):
        decisions.take_in_answers(town.store, both, file="x.csv", by=CLERK, at=NOW)
    alone = both.decode("gb18030").replace(police, "").encode()
    taken = decisions.take_in_answers(town.store, alone, file="x.csv", by=CLERK, at=NOW)
    assert {one.is_taken for one in taken} == {False}
    assert "没有送出" in taken[-1].sentence
    assert decisions.get_case(grid).state is CaseState.OPENED


@pytest.mark.parametrize("content", [b"", b"not a workbook", b"PK\x03\x04broken"])
def test_a_file_that_is_no_such_form_is_refused_whole(town, content):
    with pytest.raises(DataFault):
        decisions.take_in_answers(town.store, content, file="x.xlsx", by=CLERK, at=NOW)


def test_answers_to_unknown_cases_are_refused_without_repeating_what_was_typed(town):
    contest(town)
    content = exported(town, form="csv").decode("utf-8-sig").replace("JH-2026-000001", "张三")
    filled = fill(content.encode("utf-8-sig"), "csv", {"张三": "已更正"})
    (one,) = decisions.take_in_answers(town.store, filled, file="x.csv", by=CLERK, at=NOW)
    assert not one.is_taken
    assert "张三" not in str(one)


# --- working days -----------------------------------------------------------------------------------------


def test_a_city_writes_its_holidays_and_make_up_days_into_a_file(tmp_path):
    assert WorkCalendar().add_workdays(date(2026, 9, 30), 1) == date(2026, 10, 1)
    (tmp_path / "holidays.yaml").write_text(
        "holidays: [2026-10-01..2026-10-07, 2026-12-31]\nworkdays: ['2026-10-10']\n",
        encoding="utf-8",
    )
    calendar = read_work_calendar(tmp_path)
    assert calendar.add_workdays(date(2026, 9, 30), 1) == date(2026, 10, 8)
    assert calendar.add_workdays(date(2026, 9, 30), 3) == date(2026, 10, 10)


@pytest.mark.parametrize(
    "text", ["- x", "holidays: [tomorrow]", "holidays: [2026-10-07..2026-10-01]", "off: []"]
)
def test_a_faulty_holiday_file_is_told(tmp_path, text):
    (tmp_path / "holidays.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(DataFault, match="节假日"):
        read_work_calendar(tmp_path)


def test_what_was_decided_under_a_code_that_merged_since_is_still_the_next_steps_ground(
    store, settings, db
):
    settings.STORE = store
    town = publish_merged_town(store)
    old, new = town.lives_elsewhere, town.lives
    assert old.split("|")[1] != new.split("|")[1]
    decisions.record_decision(
        DecisionKind.VERIFY,
        [old],
        detail={"level": "community", **PAPER},
        reason="核实",
        by=GRID,
        at=NOW,
    )
    decisions.promote_fact(
        store, new, detail={"level": "subdistrict", **PAPER}, reason="核实", by=STREET, at=NOW
    )
    assert queries.verified_level(old) == "subdistrict"


def test_an_objection_under_a_code_that_merged_since_is_not_bypassed(store, settings, db):
    settings.STORE = store
    town = publish_merged_town(store)
    old, new = town.lives_elsewhere, town.lives
    said = {"says": "never_lived", "by": "clerk"}
    decisions.record_decision(
        DecisionKind.OBJECT, [old], detail=said, reason="走访", by=STREET, at=NOW
    )
    with pytest.raises(Refusal) as twice:
        decisions.contest_fact(
            store, new, says=Objection.MOVED_OUT, reason="走访", by=STREET, at=NOW
        )
    assert twice.value.code == "fact.contested_by_you"
    with pytest.raises(Refusal) as verified:
        decisions.promote_fact(
            store, new, detail={"level": "community", **PAPER}, reason="核实", by=GRID, at=NOW
        )
    assert verified.value.code == "fact.contested"
    second = contest(town, by=town.resident(), fact=new)
    assert [case.fact_key for case in second.cases] == [old]
    with pytest.raises(Refusal) as retracted:
        decisions.decide_fact(
            store, DecisionKind.RETRACT, new, detail={}, reason="不实", by=STEWARD, at=NOW
        )
    assert retracted.value.code == "fact.has_case"


def test_a_fact_named_by_a_code_that_merged_since_is_the_fact_of_the_living_code(
    store, settings, db
):
    settings.STORE = store
    town = publish_merged_town(store)
    step = {"level": "community", **PAPER}
    decisions.promote_fact(store, town.lives_elsewhere, detail=step, reason="核实", by=GRID, at=NOW)
    assert queries.verified_level(town.lives) == "community"
    contested = contest(town, by=STREET, fact=town.lives_elsewhere)
    assert {case.fact_key for case in contested.cases} == {town.lives}
    gone = town.lives_elsewhere.split("|")[1]
    (case,) = contest(town, by=STREET, fact=f"birth_date|{gone}").cases
    assert case.fact_key == f"birth_date|{town.person}"


def test_a_fact_stays_contested_while_one_objection_is_in_force_under_whichever_code(
    store, settings, db
):
    settings.STORE = store
    town = publish_merged_town(store)
    said = {"says": "never_lived", "by": "clerk"}
    objections = [
        decisions.record_decision(
            DecisionKind.OBJECT, [fact], detail=said, reason="走访", by=by, at=NOW
        )
        for fact, by in ((town.lives_elsewhere, STREET), (town.lives, GRID))
    ]
    # The build took in the first of them.
    receipts = receipts_of(store.current_build().name, sequence=objections[0])
    write_json(store.current_build() / "receipts.json", {**receipts, "as_of": "2026-11-30"})
    decisions.withdraw_decision(objections[1], reason="看错了", by=GRID, at=NOW, store=store)
    state = queries.state_of(store, town.person, persons=None)
    assert {(row.status, row.is_contested) for row in state.relations} == {("disputed", True)}


@pytest.mark.parametrize("what", ["birth_date", "sex"])
def test_what_is_said_of_a_person_is_put_right_by_its_office_and_not_retracted(town, what):
    with pytest.raises(Refusal, match="登记单位") as refused:
        decisions.decide_fact(
            town.store,
            DecisionKind.RETRACT,
            f"{what}|{town.person}",
            detail={},
            reason="不实",
            by=STEWARD,
            at=NOW,
        )
    assert refused.value.code == "fact.not_a_relation"


def test_a_decision_about_a_fact_keeps_which_records_stated_it(town):
    contested = contest(town)
    stated = ["grid:0#subject", "police:0#subject"]
    assert Decision.objects.get(pk=contested.sequence).detail["mentions"] == stated
    answer_all(contested, CaseAnswer.CORRECTED)
    close(contested)
    assert Decision.objects.get(kind="retract").detail["mentions"] == stated


# --- lists by area ----------------------------------------------------------------------------------------


def test_lists_show_what_lies_in_the_readers_area_and_refuse_the_rest(town):
    for reader in (STEWARD, STREET):
        assert queries.count_conflicts(town.store, reader) == {"two_residences": 1}
        page = queries.list_conflicts(town.store, reader)
        assert ([one.number for one in page.lines], page.next_after) == ([1], None)
        first = queries.list_base_facts(town.store, reader, status="asserted", limit=1)
        assert [one.fact_key for one in first.lines] == [town.lives]
        rest = queries.list_base_facts(
            town.store, reader, status="asserted", after=first.next_after, limit=1
        )
        assert [one.fact_key for one in rest.lines] == [town.lives_elsewhere]
        assert rest.next_after is None
    assert queries.count_conflicts(town.store, STRANGER) == {}
    assert queries.list_conflicts(town.store, STRANGER).lines == ()
    assert queries.list_base_facts(town.store, STRANGER, status="asserted").lines == ()
    with pytest.raises(Refusal, match="辖区"):
        queries.get_conflict(town.store, STRANGER, 1)
    with pytest.raises(Refusal, match="没有这个冲突"):
        queries.get_conflict(town.store, STEWARD, 2)


def test_a_clerk_answers_for_their_own_department_alone(town):
    case = contest(town).cases[0]
    other = Actor("8", Role.DEPARTMENT_CLERK, areas=("",), department="别的局")
    own = Actor("9", Role.DEPARTMENT_CLERK, areas=("",), department=case.department)
    with pytest.raises(Refusal) as refused:
        decisions.answer_case(town.store, case.number, CaseAnswer.UPHELD, by=other, at=NOW)
    assert refused.value.code == "case.other_department"
    with pytest.raises(Refusal) as refused:
        decisions.export_cases(
            town.store, io.BytesIO(), department=case.department, form="csv", by=other, at=NOW
        )
    assert refused.value.code == "case.other_department"
    answered = decisions.answer_case(town.store, case.number, CaseAnswer.UPHELD, by=own, at=NOW)
    assert answered.state is CaseState.ANSWERED
