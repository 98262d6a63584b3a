"""Cases that travel to a department and back as a file. Private: see the door `decisions`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from kuai.guard import access
from kuai.guard.types import Actor
from kuai.kit.errors import DataFault, Refusal, Where
from kuai.kit.store import Store
from kuai.registry.believing import catalogue_of
from kuai.registry.cases import (
    CaseView,
    answer_case,
    list_cases,
    mark_sent,
    require_own_department,
)
from kuai.registry.deciding import PURPOSE
from kuai.registry.engine.case_moves import CaseState
from kuai.registry.engine.fact_keys import find_fact_key
from kuai.registry.engine.return_form import (
    FormAnswer,
    FormRow,
    read_answers,
    write_csv,
    write_xlsx,
)
from kuai.registry.facts import title_of

MOST_FORM_BYTES = 4 * 1024 * 1024
SAID_OF_A_PERSON = {"birth_date": "出生日期", "sex": "性别"}


@dataclass(frozen=True)
class TakenAnswer:
    """What became of one answer in a file: taken, or why not."""

    number: str
    is_taken: bool
    sentence: str


def titles_of_facts(store: Store) -> dict[str, str]:
    """The Chinese title of every kind of fact."""
    return SAID_OF_A_PERSON | {one.code: one.title_zh for one in catalogue_of(store).values()}


def export_cases(
    store: Store, target: BinaryIO, *, department: str, form: str, by: Actor, at: datetime
) -> tuple[CaseView, ...]:
    """Write the department's open cases (`form`: xlsx or csv) and note them as sent. May be repeated.

    Refuses a department without open cases, and another department's clerk. Who took out what is in the ledger.
    """
    require_own_department(department, by)
    waiting = list_cases(
        by, store=store, states=(CaseState.OPENED, CaseState.SENT), department=department
    )
    if not waiting:
        raise Refusal("case.none_open", "这个单位没有待答复的校核单。")
    rows = list(_rows(store, waiting))
    (write_csv if form == "csv" else write_xlsx)(rows, target)
    sent = mark_sent([one.number for one in waiting], by=by, at=at)
    access.record_entry(
        actor=by,
        action="exported_cases",
        object_kind="case",
        object_refs=tuple(one.number for one in sent),
        purpose=PURPOSE,
        count=len(rows),
        at=at,
    )
    return sent


def take_in_answers(
    store: Store, content: bytes, *, file: str, by: Actor, at: datetime
) -> tuple[TakenAnswer, ...]:
    """Write down the answers of a filled file, case by case; those refused are told, the rest is taken.

    May be repeated: an answer that is there already is taken again without a step.
    """
    if not content or len(content) > MOST_FORM_BYTES:
        raise DataFault("case.form_size", "请选一份填好的校核单，不超过 4 MB")
    known = {one.number: one for one in list_cases(by, store=store)}
    answers = read_answers(content, file=file)
    departments = {known[one.number].department for one in answers if one.number in known}
    if len(departments) > 1:
        raise DataFault(
            "case.form_mixed",
            "一份校核单只有一个单位的",
            where=Where(file=file),
            remedy="请按单位分别导出、分别导入。",
        )
    taken = [_take_in(store, one, known, by=by, at=at) for one in answers]
    access.record_entry(
        actor=by,
        action="imported_case_answers",
        object_kind="case",
        object_refs=tuple(one.number for one in taken if one.is_taken),
        purpose=PURPOSE,
        count=len(taken),
        at=at,
    )
    return tuple(taken)


def _take_in(
    store: Store, one: FormAnswer, known: Mapping[str, CaseView], *, by: Actor, at: datetime
) -> TakenAnswer:
    # What is typed for a number is shown again only if it is one of ours.
    number = one.number if one.number in known else "？"
    if one.fault or one.answer is None:
        return TakenAnswer(number, False, f"{one.where}：{one.fault}")
    if number != one.number:
        return TakenAnswer(number, False, f"{one.where}：没有这个校核单。")
    case = known[number]
    if case.state is CaseState.OPENED:
        return TakenAnswer(number, False, f"{one.where}：这张校核单还没有送出。")
    if not set(one.rows) <= _asked_in(case):
        return TakenAnswer(
            number,
            False,
            f"{one.where}：来源、期次或行号与校核单不符；请填在导出的原文件里，其他列不改。",
        )
    try:
        answer_case(store, one.number, one.answer, ends_on=one.ends_on, by=by, at=at)
    except Refusal as refusal:
        return TakenAnswer(number, False, f"{one.where}：{refusal}")
    return TakenAnswer(number, True, "")


def _asked_in(case: CaseView) -> set[tuple[str, str, str]]:
    """Source, period and row as the case's own form has them: a number alone may be guessed."""
    return {
        (name, line["period"], str(line["row_no"] + 1))
        for line in case.statements
        for name in (title_of(line["source"]), line["source"])
    }


def _rows(store: Store, cases: Sequence[CaseView]) -> Iterable[FormRow]:
    titles = titles_of_facts(store)
    sources: dict[str, str] = {}
    for one in cases:
        key = find_fact_key(one.fact_key)
        assert key is not None
        for line in one.statements:
            source = line["source"]
            if source not in sources:
                sources[source] = title_of(source)
            yield FormRow(
                number=one.number,
                source=source,
                title=sources[source],
                period=line["period"],
                row_no=line["row_no"],
                about=titles.get(key.type, key.type),
                says=one.says,
                due_on=one.due_on,
            )
