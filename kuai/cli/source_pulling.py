"""`kuai sources pull`: a source that is a table of an office's database."""

from __future__ import annotations

from typing import Annotated

import typer

from kuai.cli.allowing import enter_in_ledger, require_allowed
from kuai.cli.options import DEFAULT_STORE, JsonOption, StoreOption
from kuai.cli.output import console, write_json_answer
from kuai.kit.store import Store
from kuai.sources.types import DeliveryKind


def pull_source(
    source: Annotated[str, typer.Argument(help="来源名（已登记）")],
    table: Annotated[str, typer.Option("--table", help="一张表或一个视图的名字")],
    schema: Annotated[str, typer.Option("--schema", help="表所在的模式；不写则是默认模式")] = "",
    delivery: Annotated[
        DeliveryKind, typer.Option("--delivery", help="全量 full、增量 delta 或追加 append")
    ] = DeliveryKind.FULL,
    most_rows: Annotated[
        int, typer.Option("--most-rows", help="超过多少行就一行也不取", min=1)
    ] = 2_000_000,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """只读取一张数据库表，封存成这个来源的下一次交付。地址和口令不写在命令里：见 docs/settings.md。"""
    from kuai.cli.work_database import open_work_database

    require_allowed("sources pull")
    open_work_database(store)
    from kuai.flows.database_source import pull_table

    opened = Store(store)
    pulled = pull_table(
        opened, source, table=table, schema=schema, delivery=delivery, most_rows=most_rows
    )
    receipt = pulled.received.receipt
    enter_in_ledger(opened, "pulled_table", count=receipt.received, ticket="", about=source)
    if as_json:
        left_out = list(pulled.left_out)
        period = pulled.received.snapshot.period
        write_json_answer({"period": period, "receipt": receipt.as_json(), "left_out": left_out})
        return
    period = pulled.received.snapshot.period
    again = "（内容没有变，认出来了，没有重复收）" if receipt.notes.get("already_received") else ""
    sums = f"收到 {receipt.received:,} = 留用 {receipt.kept:,} + 退回 {receipt.quarantined:,}"
    console.print(f"{source} 第 {period} 期：{sums}{again}", highlight=False)
    if pulled.left_out:
        console.print(f"没有取的二进制列：{'、'.join(pulled.left_out)}")
    console.print("运行 kuai build --store … 把它放进块里。")
