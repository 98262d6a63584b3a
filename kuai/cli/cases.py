"""`kuai cases`: 校核 cases: lists, the file for the department, its answers, and how a case ends."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from kuai.cli.allowing import Persons, account_of_operator, require_allowed
from kuai.cli.options import DEFAULT_STORE, JsonOption, StoreOption, TicketOption, read_day
from kuai.cli.output import console, require_folder_of, write_json_answer
from kuai.cli.work_database import open_existing_work_database
from kuai.kit.clock import local_day, utc_now
from kuai.kit.errors import Refusal
from kuai.kit.store import Store

app = typer.Typer(help="校核单：开、送、收答复、办结  Verification cases", no_args_is_help=True)

NumberArgument = Annotated[str, typer.Argument(help="校核单号，如 JH-2026-000001")]
FORMS = {".xlsx": "xlsx", ".csv": "csv"}


@app.command("list")
def list_cases(
    everything: Annotated[bool, typer.Option("--all", help="办结和撤销的也列")] = False,
    department: Annotated[str, typer.Option("--department", help="只列这个单位的")] = "",
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """校核单和期限，先到期的在前。真实数据的库里不显示人的编码，见 kuai cases show。"""
    require_allowed("cases list")
    opened = open_existing_work_database(store)
    from kuai.registry import decisions

    persons = _all_if_synthetic(opened)
    states = () if everything else tuple(sorted(decisions.LIVING))
    found = decisions.list_cases(
        account_of_operator(), store=opened, states=states, department=department
    )
    today = local_day(utc_now())
    if as_json:
        write_json_answer([_plain(one, persons, today) for one in found])
        return
    for one in found:
        late = "  已逾期" if one.is_overdue(today) else ""
        console.print(
            f"{one.number}  {one.department}  {one.state.value}  {one.due_on} 前答复{late}"
            f"  {_shown(one.fact_key, persons)}",
            highlight=False,
        )
    if not found:
        console.print("没有。")


@app.command("show")
def show_case(
    number: NumberArgument,
    store: StoreOption = DEFAULT_STORE,
    ticket: TicketOption = "",
    as_json: JsonOption = False,
) -> None:
    """一张校核单：问的是哪一行、说什么、走到哪一步。"""
    opened = open_existing_work_database(store)
    persons = require_allowed("cases show", store=opened, ticket=ticket)
    from kuai.registry import decisions

    case = decisions.get_case(number)
    visible = decisions.list_cases(account_of_operator(), store=opened, fact=case.fact_key)
    if case.number not in {one.number for one in visible}:
        raise Refusal("fact.not_your_area", "这一条不在你的辖区。")
    today = local_day(utc_now())
    if as_json:
        write_json_answer(_plain(case, persons, today))
        return
    console.print(
        f"{case.number}  {case.department}  {case.state.value}  {case.due_on} 前答复",
        highlight=False,
    )
    console.print(f"{_shown(case.fact_key, persons)}  {case.says.value}", highlight=False)
    for line in case.statements:
        console.print(
            f"  {line['source']} {line['period']} 数据第 {line['row_no'] + 1} 行", highlight=False
        )
    for move in case.moves:
        console.print(
            f"  {move.moved_at:%Y-%m-%d}  {move.start or '—'} → {move.end}  {move.reason}",
            highlight=False,
        )


@app.command("export")
def export_cases(
    department: Annotated[str, typer.Option("--department", help="送给哪个单位")],
    out: Annotated[Path, typer.Option("-o", "--out", help="写到哪个文件（.xlsx 或 .csv）")],
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """把一个单位待答复的校核单写成回流文件：只有来源、期次、行号，没有姓名和号码。"""
    require_allowed("cases export")
    form = FORMS.get(out.suffix.lower())
    if form is None:
        raise Refusal("case.form_ending", "文件名要以 .xlsx 或 .csv 结尾。")
    require_folder_of(out)
    opened = open_existing_work_database(store)
    from kuai.kit.atomic_files import replace_when_complete
    from kuai.registry import decisions

    with replace_when_complete(out) as scratch, scratch.open("wb") as target:
        sent = decisions.export_cases(
            opened,
            target,
            department=department,
            form=form,
            by=account_of_operator(),
            at=utc_now(),
        )
    console.print(f"写了 {len(sent)} 张校核单：{out}", highlight=False)


@app.command("answers")
def take_in_answers(
    filled: Annotated[Path, typer.Argument(help="部门填好的回流文件（XLSX 或 CSV）")],
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """导入答复；收不下的逐行说明原因，其余照收。"""
    require_allowed("cases answers")
    opened = open_existing_work_database(store)
    from kuai.registry import decisions

    if not filled.is_file():
        raise Refusal("case.form_absent", f"没有文件 {filled}。")
    taken = decisions.take_in_answers(
        opened, filled.read_bytes(), file=filled.name, by=account_of_operator(), at=utc_now()
    )
    for one in taken:
        console.print(
            f"{one.number}  {'收下' if one.is_taken else f'没有收下：{one.sentence}'}",
            highlight=False,
        )
    refused = sum(not one.is_taken for one in taken)
    if refused:
        raise Refusal("case.some_refused", f"{refused} 张没有收下，见上。")


@app.command("close")
def close_case(
    number: NumberArgument,
    reason: Annotated[str, typer.Option("--reason", help="办结理由（不写姓名和号码）")],
    outcome: Annotated[
        str, typer.Option("--outcome", help="retract | end | stands；答复一致时不用写")
    ] = "",
    ends_on: Annotated[str, typer.Option("--on", help="终止于哪一天（outcome 为 end 时）")] = "",
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """按答复办结：从未属实、终止于某日，或原登记无误。提出异议的人不能办结。"""
    require_allowed("cases close")
    opened = open_existing_work_database(store)
    from kuai.registry import decisions

    if outcome and outcome not in set(decisions.Outcome):
        raise Refusal("case.outcome", "--outcome 只能是 retract、end、stands。")
    case = decisions.close_case(
        opened,
        number,
        reason=reason,
        outcome=decisions.Outcome(outcome) if outcome else None,
        ends_on=read_day(ends_on) if ends_on else None,
        by=account_of_operator(),
        at=utc_now(),
    )
    console.print(f"{case.number}  已办结，决定 {case.settled_with}", highlight=False)


def _all_if_synthetic(opened: Store) -> Persons | None:
    """Everybody's codes may be listed where all are invented, else nobody's."""
    from kuai.flows.queries import is_synthetic

    return None if is_synthetic(opened) else frozenset()


def _shown(fact_key: str, persons: Persons | None) -> str:
    """The fact, without codes of persons whom the reader's ticket does not name."""
    parts = fact_key.split("|")
    return "|".join(
        part if persons is None or not part.startswith("P-") or part in persons else "（人）"
        for part in parts
    )


def _plain(case: Any, persons: Persons | None, today: Any) -> dict[str, Any]:
    return asdict(case) | {
        "fact_key": _shown(case.fact_key, persons),
        "overdue": case.is_overdue(today),
    }
