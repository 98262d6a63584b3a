"""`kuai sources ask` and `kuai sources answers`: sources that answer yes or no and hand nothing over."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kuai.cli.allowing import account_of_operator, enter_in_ledger, require_allowed
from kuai.cli.options import DEFAULT_STORE, StoreOption
from kuai.cli.output import console, require_folder_of
from kuai.cli.work_database import open_existing_work_database
from kuai.kit.clock import utc_now
from kuai.kit.store import Store


def ask_source(
    source: Annotated[str, typer.Argument(help="来源名（已登记，并登记了可以问的问题）")],
    question: Annotated[str, typer.Option("--question", help="问题的 code")],
    ticket: Annotated[str, typer.Option("--ticket", help="凭据编号：只问凭据里的人")],
    out: Annotated[Path, typer.Option("-o", "--out", help="问卷写到哪个 XLSX")],
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """写一张是与否的问卷：只含凭据里的人和这个问题要用的字段；每个人在台账里记一次。"""
    opened = Store(store)
    require_folder_of(out)
    open_existing_work_database(store)
    require_allowed("sources ask", store=opened, ticket=ticket)
    from kuai.sources.asking import ask

    sheet = ask(
        opened,
        source,
        question,
        ticket_id=ticket,
        holder=account_of_operator(),
        at=utc_now(),
        target=out,
    )
    enter_in_ledger(opened, "asked_source", count=sheet.asked, ticket=ticket, about=source)
    console.print(f"问卷 {sheet.number}：{sheet.asked:,} 人，写到 {out}", highlight=False)
    if sheet.without_key:
        console.print(f"另有 {sheet.without_key:,} 人没有要用的号码，不在问卷里。")
    console.print(f"答复回来后：kuai sources answers {source} 文件 --sheet {sheet.number}")


def take_answers_in(
    source: Annotated[str, typer.Argument(help="来源名")],
    answered: Annotated[Path, typer.Argument(help="填好的问卷")],
    sheet: Annotated[str, typer.Option("--sheet", help="问卷号，如 Q-0123456789ab")],
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """收下填好的问卷：封存，答复成为有日期、会到期的事实；收到 = 留用 + 不收 + 退回。"""
    require_allowed("sources answers")
    opened = Store(store)
    open_existing_work_database(store)
    from kuai.sources.asking import take_answers

    with opened.writer_lease():
        receipt = take_answers(opened, answered, source=source, sheet=sheet, at=utc_now())
    enter_in_ledger(opened, "took_answers", count=receipt.kept, ticket="", about=source)
    sums = f"收到 {receipt.received:,} = 留用 {receipt.kept:,} + 不收 {receipt.refused:,}"
    console.print(
        f"{sums} + 退回 {receipt.quarantined:,}（问了 {receipt.notes['asked']:,} 人）",
        highlight=False,
    )
