"""`kuai declarations`: declarations into the store, unanswered questions into checks. Counts only, no person."""

from __future__ import annotations

import typer

from kuai.cli.allowing import require_allowed
from kuai.cli.options import DEFAULT_STORE, JsonOption, StoreOption
from kuai.cli.output import console, write_json_answer
from kuai.cli.work_database import open_existing_work_database
from kuai.kit.clock import local_day, utc_now

app = typer.Typer(help="自主申报  Declarations", no_args_is_help=True)


@app.command("hand-over")
def hand_over(store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False) -> None:
    """把在用的申报交给下次构建（两个来源的一期），满三年的销毁；可以重复，每晚一次就够。"""
    require_allowed("declarations hand-over")
    opened = open_existing_work_database(store)
    from kuai.flows import declarations

    handed = declarations.hand_over(opened, at=utc_now())
    if as_json:
        receipts = {source: receipt.as_json() for source, receipt in handed.receipts}
        write_json_answer({"first_time": handed.first_time, "sources": receipts})
        return
    for source, receipt in handed.receipts:
        console.print(
            f"{source}：{receipt.received:,} 行 = 收下 {receipt.kept:,} + 不收 {receipt.refused:,}"
            f" + 退回 {receipt.quarantined:,}",
            highlight=False,
        )
    console.print(f"第一次交的申报 {handed.first_time:,} 份。下一步：kuai build。")


@app.command("checks")
def turn_into_checks(store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False) -> None:
    """到期没有答复的问题转为核对，并备好当前版本的查找表；可以重复，每晚构建之后一次就够。"""
    require_allowed("declarations checks")
    opened = open_existing_work_database(store)
    from kuai.services.residence import actions

    actions.write_look_up(opened)
    turned = actions.turn_into_checks(on=local_day(utc_now()))
    if as_json:
        write_json_answer({"checks": turned})
        return
    console.print(f"转为核对 {turned:,} 件。")
