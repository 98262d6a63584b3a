"""`kuai questions`: hand over what is asked, send it, draw a grid's visits, take them in. Counts alone, no person."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from kuai.cli.allowing import account_of_operator, require_allowed
from kuai.cli.options import DEFAULT_STORE, JsonOption, StoreOption
from kuai.cli.output import console, require_folder_of, write_json_answer
from kuai.cli.work_database import open_existing_work_database
from kuai.kit.clock import local_day, utc_now
from kuai.kit.errors import Refusal
from kuai.kit.receipt import Receipt

app = typer.Typer(help="问题与核对  Questions and checks", no_args_is_help=True)
OutOption = Annotated[Path, typer.Option("--out", help="写到这个文件")]


@app.command("hand-over")
def hand_over(store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False) -> None:
    """把规则和申报里要问的交进来，没人再问的关掉，到期没答的转为等上门；可以重复，每晚一次就够。"""
    require_allowed("questions hand-over")
    opened = open_existing_work_database(store)
    from kuai.flows import questions

    _show(questions.hand_over(opened, at=utc_now()), as_json=as_json)


@app.command("send")
def send(store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False) -> None:
    """以本人账号发出待发的问题：一人一天一条；断了的记为说不清，不会再发。"""
    require_allowed("questions send")
    opened = open_existing_work_database(store)
    from kuai.services.questions import actions

    sent = actions.send_due(opened, by=account_of_operator(), at=utc_now())
    _show((sent,), as_json=as_json)


@app.command("mandate")
def mandate(
    basis: Annotated[str, typer.Option("--basis", help="依据：职责清单的哪一项或哪份通知")] = "",
    until: Annotated[str, typer.Option("--until", help="到哪天止，2026-11-01；最长一年")] = "",
    end: Annotated[str, typer.Option("--end", help="收回这个编号的委托")] = "",
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """以本人账号委托夜间代发（--basis、--until），或收回（--end）；都不写，就看现在有哪些。"""
    require_allowed("questions mandate")
    open_existing_work_database(store)
    from kuai.services.questions import actions, queries

    by, at = account_of_operator(), utc_now()
    if end:
        actions.end_mandate(end, by=by, at=at)
    elif basis or until:
        actions.give_mandate(basis=basis, until=_day(until), by=by, at=at)
    rows = queries.list_mandates(by=by, at=at)
    if as_json:
        write_json_answer([{**asdict(one), "state": one.state.value} for one in rows])
        return
    for one in rows:
        console.print(
            f"{one.number}  {one.holder}  {one.given_at:%Y-%m-%d} — {one.until}  {one.state.value}  {one.basis}",
            highlight=False,
        )
    if not rows:
        console.print("没有人委托，夜里一条也不发。")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as fault:
        raise Refusal("mandate.until", "请写截止日期（--until），例如 2026-11-01。") from fault


@app.command("letters")
def letters(out: OutOption, store: StoreOption = DEFAULT_STORE) -> None:
    """把待印的信写成一份 PDF。"""
    require_allowed("questions letters")
    open_existing_work_database(store)
    from kuai.services.questions import actions

    require_folder_of(out)
    pdf, count = actions.print_letters(by=account_of_operator(), at=utc_now())
    _write(out, pdf)
    console.print(f"{count} 封信已写 {out}", highlight=False)


@app.command("outbox")
def count_outbox(store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False) -> None:
    """问题和消息各有多少，多少户等着上门。"""
    require_allowed("questions outbox")
    open_existing_work_database(store)
    from kuai.services.questions import queries

    counts = queries.count_outbox(by=account_of_operator())
    told = {
        "questions": counts.questions,
        "messages": counts.messages,
        "waiting_doors": counts.waiting_doors,
    }
    if as_json:
        write_json_answer(told)
        return
    for name, count in (*counts.questions.items(), *counts.messages.items()):
        console.print(f"{name}  {count:,}", highlight=False)
    console.print(f"等着上门的户  {counts.waiting_doors:,}")


@app.command("visits")
def visits(
    grid: Annotated[str, typer.Argument(help="网格（没有网格的，社区）编码")],
    out: Annotated[Path, typer.Option("--out", help="写到这个文件：.pdf 打印，.xlsx 填写")],
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """出一个网格本周的上门核对表；户数有上限，其余等下一周。"""
    require_allowed("questions visits")
    opened = open_existing_work_database(store)
    from kuai.services.questions import actions, queries

    require_folder_of(out)
    if out.suffix not in (".pdf", ".xlsx"):
        raise Refusal("visits.suffix", "文件名要以 .pdf 或 .xlsx 结尾。")
    at = utc_now()
    sheet = actions.draw_sheet(opened, grid, on=local_day(at), by=account_of_operator(), at=at)
    is_pdf = out.suffix == ".pdf"
    _write(out, actions.visit_sheet_pdf(sheet) if is_pdf else queries.write_visit_sheet(sheet))
    console.print(
        f"{sheet.number}：{len(sheet.doors)} 户，另有 {sheet.waiting} 户等下一周。已写 {out}",
        highlight=False,
    )


@app.command("returns")
def returns(
    file: Annotated[Path, typer.Argument(help="填好结果的核对表（.xlsx）")],
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """收回上门核对表：好的行收下，坏的行说明原因；同一份再交不变。"""
    require_allowed("questions returns")
    opened = open_existing_work_database(store)
    from kuai.flows import questions
    from kuai.services.questions import queries

    lines = queries.read_visits(file.read_bytes(), file=file.name)
    receipt, faults = questions.take_in_returns(
        opened, lines, by=account_of_operator(), at=utc_now()
    )
    _show((receipt,), as_json=as_json)
    for line, code, reason in faults if not as_json else ():
        console.print(f"  第 {line} 行 {code}：{reason}", highlight=False)


def _show(receipts: tuple[Receipt, ...], *, as_json: bool) -> None:
    if as_json:
        write_json_answer({one.stage: one.as_json() for one in receipts})
        return
    for one in receipts:
        console.print(
            f"{one.stage}：{one.received:,} = {one.kept:,} + {one.refused:,} + {one.quarantined:,}",
            highlight=False,
        )


def _write(out: Path, content: bytes) -> None:
    out.write_bytes(content)
    out.chmod(0o600)
