"""Yes/no sources: departments that answer and hand nothing over. A sheet asks, the same sheet answers, answers expire.

Asked is only what the source's card of questions allows, about the persons of a live ticket, with the fields it names;
every person asked about is a look in the ledger. An answer is a fact of that source on that day, asserted, until it
expires, for the purpose it was asked for and no other.
"""

from __future__ import annotations

import os
import re
import secrets
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import xlsxwriter
import yaml
from django.db import transaction

from kuai.guard import access
from kuai.guard.queries import find_source
from kuai.guard.types import Actor, Zone
from kuai.kit.clock import local_day
from kuai.kit.errors import DataFault, Refusal, Where
from kuai.kit.receipt import Receipt
from kuai.kit.store import Store
from kuai.sources.mapping_files import ColumnChoice
from kuai.sources.models import AskedQuestion, GivenAnswer
from kuai.sources.receiving import open_snapshot, receive_file
from kuai.sources.types import ANSWERED

KEY, QUESTION, ANSWER, DAY = "询问号", "问题", "答复", "答复日期"
FIELD_HEADINGS = {"name": "姓名", "id_number": "身份证号码", "phone": "联系电话"}
# Care facts and what nobody is asked about (what-kuai-does-not-do): not by way of a yes or no either.
_NOT_ASKED = re.compile(
    "残疾|精神|疾病|患病|病史|传染|艾滋|孕|生育|低保|救助|健康|民族|宗教|信仰|党员|政治|犯罪|前科|吸毒|上访|信访|消费|用电|用水|行踪|轨迹"
)
_ANSWERS = {
    **dict.fromkeys(("是", "有", "Y", "YES", "TRUE", "1", "√"), "yes"),
    **dict.fromkeys(("否", "没有", "无", "N", "NO", "FALSE", "0", "×"), "no"),
    **dict.fromkeys(("不知道", "无法确认", "查无此人", "查无", "UNKNOWN"), "unknown"),
}
_DAY = re.compile(r"^([0-9]{4})[-/.年]?([0-9]{1,2})[-/.月]?([0-9]{1,2})日?$")
LONGEST_VALID_DAYS = 366


@dataclass(frozen=True)
class Question:
    """One question that a source has agreed to answer: with which fields of a person, for which purposes, how long
    its answer holds."""

    code: str
    text: str
    fields: tuple[str, ...]
    purposes: tuple[str, ...]
    valid_days: int


@dataclass(frozen=True)
class AnswerFact:
    """What a source said of somebody: asserted, of that day, until it expires."""

    source: str
    question: str
    answer: str
    asked_on: date
    answered_on: date
    valid_until: date


@dataclass(frozen=True)
class AskedSheet:
    """One sheet of questions: its number goes back with the answers. `without_key`: persons who lack a field."""

    number: str
    asked: int
    without_key: int


def read_questions(store: Store, source: str) -> dict[str, Question]:
    """The card STORE/questions/<source>.yaml; refuses a source unregistered or apart, and what is not asked."""
    registration = find_source(source)
    if registration is None:
        raise Refusal("sources.not_registered", f"来源“{source}”还没有登记。")
    if registration.zone is not Zone.CORE:
        raise Refusal("questions.apart", "单独存放的来源不在这里问是与否。")
    path = store.root / "questions" / f"{source}.yaml"
    if not path.is_file():
        raise Refusal(
            "questions.none",
            f"来源“{source}”没有登记可以问的问题。",
            next_step=f"由数据管理员写 questions/{source}.yaml：每个问题的 code、text、fields、purposes、valid_days。",
        )
    try:
        listed = yaml.safe_load(path.read_text(encoding="utf-8"))["questions"]
        found = [
            Question(
                str(one["code"]),
                str(one["text"]),
                tuple(one["fields"]),
                tuple(one["purposes"]),
                int(one["valid_days"]),
            )
            for one in listed
        ]
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as fault:
        raise DataFault(
            "questions.form", "问题登记读不出来", where=Where(file=path.name)
        ) from fault
    for question in found:
        _require_askable(question, permitted=registration.permitted_purposes)
    return {one.code: one for one in found}


def _require_askable(question: Question, *, permitted: Sequence[str]) -> None:
    if _NOT_ASKED.search(question.text + question.code):
        raise Refusal(
            "questions.not_asked",
            "健康、救助、孕育、信仰、前科、消费一类的事，不用是与否来问。",
            next_step="这些事不进核心库；需要时由本人申请。",
        )
    if not set(question.fields) <= set(FIELD_HEADINGS) or not question.fields:
        raise Refusal("questions.fields", "问题只能凭姓名、身份证号码、电话来问。")
    if not set(question.purposes) <= set(permitted) or not question.purposes:
        raise Refusal("questions.purpose", "问题的用途不在这个来源登记的用途里。")
    if not 0 < question.valid_days <= LONGEST_VALID_DAYS:
        raise Refusal("questions.valid", f"答复的有效期是 1 到 {LONGEST_VALID_DAYS} 天。")


def ask(
    store: Store,
    source: str,
    code: str,
    *,
    ticket_id: str,
    holder: Actor,
    at: datetime,
    target: Path,
) -> AskedSheet:
    """Write the sheet that asks `code` about the persons of a live ticket, with the fields needed and no other.

    Refuses what the card does not list, a ticket of another purpose, and one that does not name the fields. Each
    person is a look in the ledger. Repeating asks again, on a sheet of its own.
    """
    question = read_questions(store, source).get(code)
    if question is None:
        raise Refusal("questions.unknown", "这个来源没有登记这个问题，不能问。")
    ticket = access.get_live_ticket(ticket_id, holder=holder, at=at)
    if ticket.purpose not in question.purposes:
        raise Refusal("questions.other_purpose", "这张凭据的用途不能问这个问题。")
    if not set(question.fields) <= set(ticket.fields):
        raise Refusal("questions.ticket_fields", "凭据没有写明要用的字段，问卷里不能写。")
    number = f"Q-{secrets.token_hex(6)}"
    rows: list[list[str]] = []
    asked: list[AskedQuestion] = []
    for subject in ticket.subjects:
        seen = access.reveal(subject, question.fields, to=holder, ticket=ticket, at=at, store=store)
        values = [seen.get(field) or "" for field in question.fields]
        if not all(values):
            continue
        key = f"{number}-{secrets.token_hex(4)}"
        rows.append([key, *values, question.text, "", ""])
        asked.append(
            AskedQuestion(
                key=key,
                sheet=number,
                source=source,
                question=code,
                subject=subject,
                purpose=ticket.purpose,
                ticket_id=ticket.ticket_id,
                asked_by=holder.user_id,
                asked_at=at,
                valid_days=question.valid_days,
            )
        )
    if not rows:
        raise Refusal("questions.nobody", "凭据里的人都没有可以用来问的号码。")
    with transaction.atomic():
        AskedQuestion.objects.bulk_create(asked)
        _write_sheet(target, question, rows)
    return AskedSheet(number, len(rows), len(ticket.subjects) - len(rows))


def _write_sheet(target: Path, question: Question, rows: list[list[str]]) -> None:
    try:
        # Never over what is there, and through no link: the sheet holds numbers of persons.
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        raise Refusal(
            "questions.sheet_exists", f"已经有 {target.name}，不覆盖。", next_step="换一个文件名。"
        ) from None
    headings = [KEY, *(FIELD_HEADINGS[one] for one in question.fields), QUESTION, ANSWER, DAY]
    # In memory, because it holds numbers of persons and the machine's /tmp is no place for them.
    with (
        _whole_or_gone(target),
        os.fdopen(descriptor, "wb") as stream,
        xlsxwriter.Workbook(stream, {"in_memory": True}) as book,
    ):
        text = book.add_format({"num_format": "@"})
        sheet = book.add_worksheet()
        for place, row in enumerate([headings, *rows]):
            for column, cell in enumerate(row):
                sheet.write_string(place, column, cell, text)
        column = headings.index(ANSWER)
        choice = {"validate": "list", "source": ["是", "否", "不知道"]}
        sheet.data_validation(1, column, len(rows), column, choice)


@contextmanager
def _whole_or_gone(target: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        target.unlink(missing_ok=True)
        raise


class _AnswerColumns(ColumnChoice):
    """Of an answered sheet only key, answer and day are sealed: who it is, the key says."""

    def wanted(self, headings: Sequence[str]) -> tuple[int, ...] | None:
        """The numbers of those columns."""
        missing = [one for one in (KEY, ANSWER, DAY) if one not in headings]
        if missing:
            raise DataFault(
                "answers.columns",
                f"答复的表缺少列：{'、'.join(missing)}",
                remedy="请在发出的那张问卷上填“答复”和“答复日期”，别的不动。",
            )
        return tuple(sorted(tuple(headings).index(one) for one in (KEY, ANSWER, DAY)))

    def settle(self, headings: Sequence[str], rows: pa.Table) -> tuple[int, ...]:  # noqa: ARG002
        """The same."""
        return self.wanted(headings) or ()


def take_answers(store: Store, path: Path, *, source: str, sheet: str, at: datetime) -> Receipt:
    """Take an answered sheet in: sealed as a delivery of the source, its answers kept as facts that expire.

    received = kept + refused; a row is refused that answers another question, nothing, or on no day, and one that says
    otherwise than another row or sheet of the same day: which of the two holds, the source has to tell. May be
    repeated: an answer counts once. The caller holds the store's lease.
    """
    asked = {one.key: one for one in AskedQuestion.objects.filter(sheet=sheet, source=source)}
    if not asked:
        raise Refusal("answers.no_sheet", "没有向这个来源发过这张问卷。")
    snapshot, received = receive_file(
        store,
        path,
        source=source,
        period=f"{ANSWERED}{sheet}",
        zone=Zone.CORE,
        columns=_AnswerColumns(store, source, None),
    )
    rows = open_snapshot(store, snapshot, zone=Zone.CORE).select([KEY, ANSWER, DAY]).to_pylist()
    read = [_Read.of(row) for row in rows]
    with transaction.atomic():
        said = _said_before(asked)
        refused: Counter[str] = Counter()
        answers: dict[str, GivenAnswer] = {}
        contested = _contested_keys(read)
        for one in read:
            fault = _fault_of(one, asked.get(one.key), at=at)
            if not fault and one.key in contested:
                fault = "answers.contradict"
            if not fault and one.key in answers:
                fault = "answers.twice"
            if not fault and said.get((one.key, one.day), one.answer) != one.answer:
                fault = "answers.said_otherwise"
            if fault or one.day is None:
                refused[fault] += 1
                continue
            answers[one.key] = GivenAnswer(
                asked=asked[one.key],
                answer=one.answer,
                answered_on=one.day,
                valid_until=one.day + timedelta(days=asked[one.key].valid_days),
                taken_in_at=at,
            )
        GivenAnswer.objects.bulk_create(
            one for key, one in answers.items() if (key, one.answered_on) not in said
        )
    return Receipt(
        "answers",
        received.received,
        len(answers),
        refused=sum(refused.values()),
        quarantined=received.quarantined,
        what="answers",
        notes={"reasons": dict(refused), "asked": len(asked)},
    )


@dataclass(frozen=True)
class _Read:
    """One row of an answered sheet as it was read; "" and None where nothing can be made of a cell."""

    key: str
    answer: str
    day: date | None

    @classmethod
    def of(cls, row: dict[str, str | None]) -> _Read:
        answer = _ANSWERS.get((row[ANSWER] or "").strip().upper(), "")
        return cls((row[KEY] or "").strip(), answer, _day_of(row[DAY] or ""))


def _said_before(keys: Collection[str]) -> dict[tuple[str, date | None], str]:
    """What earlier sheets said to these questions, by question and day."""
    found = GivenAnswer.objects.filter(asked_id__in=keys).order_by("id")
    return {(one.asked_id, one.answered_on): one.answer for one in found}


def _contested_keys(read: Sequence[_Read]) -> set[str]:
    """Questions whose rows on this sheet say different things of one day: none of them is taken."""
    answers: dict[tuple[str, date | None], set[str]] = {}
    for one in read:
        if one.answer:
            answers.setdefault((one.key, one.day), set()).add(one.answer)
    return {key for (key, _), said in answers.items() if len(said) > 1}


def _fault_of(one: _Read, asked: AskedQuestion | None, *, at: datetime) -> str:
    if asked is None:
        return "answers.not_asked"
    if not one.answer:
        return "answers.no_answer"
    if one.day is None or not local_day(asked.asked_at) <= one.day <= local_day(at):
        return "answers.no_day"
    return ""


def _day_of(written: str) -> date | None:
    found = _DAY.match(written.strip().split(" ")[0])
    try:
        return date(*(int(part) for part in found.groups())) if found else None
    except ValueError:
        return None


def list_answers(subjects: Collection[str], *, purpose: str, on: date) -> tuple[AnswerFact, ...]:
    """What sources said of a person, for the purpose it was asked for, still valid on that day; the newest of each
    question. Statuses are asserted. `subjects`: the person's code and every code that leads to it now, because an
    answer stays with the code of the day it was asked. The caller has a ticket and enters the look."""
    found = (
        GivenAnswer.objects.filter(
            asked__subject__in=tuple(subjects),
            asked__purpose=purpose,
            answered_on__lte=on,
            valid_until__gt=on,
        )
        .select_related("asked")
        .order_by("asked__source", "asked__question", "answered_on", "id")
    )
    newest = {(one.asked.source, one.asked.question): one for one in found}
    return tuple(
        AnswerFact(
            source,
            question,
            one.answer,
            local_day(one.asked.asked_at),
            one.answered_on,
            one.valid_until,
        )
        for (source, question), one in newest.items()
    )
