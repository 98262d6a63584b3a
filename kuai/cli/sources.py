"""`kuai sources`: what was delivered, registering a source, the rows that go back."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from kuai.cli.allowing import enter_in_ledger, operator, require_allowed
from kuai.cli.options import DEFAULT_STORE, JsonOption, StoreOption, TicketOption
from kuai.cli.output import console, require_folder_of, write_json_answer
from kuai.kit.clock import utc_now
from kuai.kit.errors import Refusal
from kuai.kit.store import Store

MOST_NUMBERS = 30

app = typer.Typer(help="来源：清单、登记、退回的行  Sources", no_args_is_help=True)


@app.command("list")
def list_sources(store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False) -> None:
    """已发布版本里的来源：依据、新鲜度、收到 = 留用 + 退回。"""
    from rich.table import Table

    from kuai.flows.queries import list_sources as lines_of

    require_allowed("sources list")
    lines = lines_of(Store(store))
    if as_json:
        write_json_answer([{**line.as_json()} for line in lines])
        return
    table = Table(title="来源")
    table.add_column("来源", no_wrap=True)
    for heading in ("收到", "留用", "退回", "A", "B", "C", "D"):
        table.add_column(heading, justify="right", no_wrap=True)
    for line in lines:
        counts = (line.receive.received, line.receive.kept, line.receive.quarantined)
        grades = (f"{line.grades[grade]:,}" if line.grades.get(grade) else "" for grade in "ABCD")
        table.add_row(line.source, *(f"{n:,}" for n in counts), *grades)
    console.print(table)
    for line in lines:
        console.print(
            f"{line.source}：{line.title}，{line.handler}，{line.zone} 分区，第 {line.period} 期",
            highlight=False,
        )


@app.command("without-key")
def list_rows_without_key(
    source: Annotated[str, typer.Argument(help="来源名；不写则是全部来源")] = "",
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """没有任何可供识别的号码、日期、地址的行：照留、各自成一个，这里只列行号（从 0 数起）。"""
    from dataclasses import asdict

    from kuai.flows.queries import list_keyless_rows

    require_allowed("sources without-key")
    rows = list_keyless_rows(Store(store), source)
    if as_json:
        write_json_answer([asdict(row) for row in rows])
        return
    groups: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        groups.setdefault((row.source, row.period), []).append(row.row_no)
    for (name, period), numbers in groups.items():
        shown = "、".join(str(number) for number in numbers[:MOST_NUMBERS])
        more = " 等，全部见 --json" if len(numbers) > MOST_NUMBERS else ""
        console.print(
            f"{name} {period} 期：{len(numbers):,} 处没有键，行 {shown}{more}", highlight=False
        )
    if not rows:
        console.print("没有这样的行。")


@app.command("register")
def register_source(
    registration: Annotated[Path | None, typer.Argument(help="登记文件（YAML）")] = None,
    store: StoreOption = DEFAULT_STORE,
    example: Annotated[bool, typer.Option("--example", help="打印一份登记文件的样子")] = False,
) -> None:
    """登记一个来源：处理者、法律依据、协议、用途、影响评估、保存期限。真实个人数据不登记不能建库。"""
    from kuai.flows.register_file import EXAMPLE, read_registration

    require_allowed("sources register")
    if example or registration is None:
        sys.stdout.write(EXAMPLE)
        return
    wished = read_registration(registration)
    from kuai.cli.work_database import open_work_database

    open_work_database(store)
    from kuai.guard import access

    access.register_source(wished, by=operator(), at=utc_now())
    console.print(f"已登记来源 {wished.source}（{wished.zone.value} 分区）。")


@app.command("refused")
def write_refused(
    source: Annotated[str, typer.Argument(help="来源名")],
    out: Annotated[Path, typer.Option("-o", "--out", help="写到哪个 XLSX")],
    store: StoreOption = DEFAULT_STORE,
    ticket: TicketOption = "",
) -> None:
    """把退回的行写回同样的表，加一列“错误原因”；真实数据只写行号和原因，格子写成 ***。"""
    from kuai.flows.queries import list_sources as lines_of
    from kuai.guard.types import Zone
    from kuai.sources import actions

    opened = Store(store)
    persons = require_allowed("sources refused", store=opened, ticket=ticket)
    require_folder_of(out)
    line = next((one for one in lines_of(opened) if one.source == source), None)
    if line is None:
        raise Refusal(
            "sources.unknown",
            f"已发布的版本里没有来源“{source}”。",
            next_step="运行 kuai sources list 看有哪些。",
        )
    written = actions.write_refused_sheet(
        opened,
        zone=Zone(line.zone),
        source=source,
        period=line.period,
        target=out,
        # No ticket names the people of rows that nobody could read: of real ones only place and reason go out.
        with_values=persons is None,
    )
    enter_in_ledger(opened, "exported_refused_rows", count=written, ticket=ticket)
    console.print(f"写了 {written:,} 行到 {out}")
