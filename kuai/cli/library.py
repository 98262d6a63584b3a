"""`kuai library`: the living address library: imports with a plan first, events, undoing, where a code leads."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from kuai.cli import library_events
from kuai.cli.allowing import operator, require_allowed
from kuai.cli.library_output import show_entry, show_plan, show_resolution, show_steps
from kuai.cli.options import DEFAULT_STORE, JsonOption, StoreOption, read_day
from kuai.cli.output import console, receipt_table, require_folder_of, write_json_answer
from kuai.cli.work_database import open_existing_work_database, open_work_database
from kuai.kit.clock import local_day, utc_now

app = typer.Typer(help="统一地址库：导入、事件、去向  The address library", no_args_is_help=True)
app.add_typer(library_events.app, name="event")

ReasonOption = Annotated[str, typer.Option("--reason", help="理由，写进记录")]
CodeArgument = Annotated[str, typer.Argument(help="地址编码")]


@app.command("plan")
def plan_import(
    source: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV、XLSX、GeoJSON、shapefile 或 GeoPackage")
    ],
    datum: Annotated[
        str, typer.Option("--datum", help="坐标系：CGCS2000、WGS84、GCJ-02 或 BD-09")
    ] = "CGCS2000",
    full: Annotated[bool, typer.Option("--full", help="这是全量：文件里没有的地点要停用")] = False,
    day: Annotated[str, typer.Option("--day", help="从哪天起算，如 2026-10-31；不写则今天")] = "",
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """看看一个文件会怎样改变地址库：新增、变更、停用、退回。什么也不改，计划留着待执行。"""
    require_allowed("library plan")
    opened = open_work_database(store)
    from kuai.address import library

    plan = library.plan_import(
        opened,
        source,
        by=operator().user_id,
        datum=datum,
        full=full,
        day=read_day(day) if day else local_day(utc_now()),
    )
    if as_json:
        write_json_answer(plan.as_json())
    else:
        show_plan(plan)


@app.command("plans")
def list_plans(
    plan_id: Annotated[str, typer.Argument(metavar="[PLAN]", help="只看这一个，列出明细")] = "",
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """导入计划，新的在前；写明编号则看明细。"""
    require_allowed("library plans")
    open_existing_work_database(store)
    from kuai.address import library

    plans = (library.open_plan(plan_id),) if plan_id else library.list_plans()
    if as_json:
        write_json_answer([plan.as_json() for plan in plans])
        return
    for plan in plans:
        show_plan(plan, with_lists=bool(plan_id))
    if not plans:
        console.print("没有。")


@app.command("apply")
def apply_plan(
    plan_id: Annotated[str, typer.Argument(metavar="PLAN", help="计划编号，如 L-0123456789ab")],
    reason: ReasonOption,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """执行一个计划：好的行进库，退回的行不进。库已经变过的，要重新做计划。"""
    require_allowed("library apply")
    opened = open_existing_work_database(store)
    from kuai.address import library

    receipt = library.apply_plan(opened, plan_id, by=operator().user_id, reason=reason)
    if as_json:
        write_json_answer(receipt.as_json())
        return
    console.print(receipt_table("导入地址库", (receipt,)))
    console.print("下次建库（kuai build）时生效。")


@app.command("drop")
def drop_plan(
    plan_id: Annotated[str, typer.Argument(metavar="PLAN", help="计划编号")],
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """丢弃一个没有执行的计划。"""
    require_allowed("library drop")
    opened = open_existing_work_database(store)
    from kuai.address import library

    library.drop_plan(plan_id, store=opened)
    console.print(f"已丢弃 {plan_id}。", highlight=False)


@app.command("undo")
def undo_event(
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="第几步，见 kuai library events")],
    reason: ReasonOption,
    day: Annotated[str, typer.Option("--day", help="哪天；不写则今天")] = "",
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """撤销一步（事件或导入）：停用的恢复，新发的编码停用并指回原处。两步都留在记录里。"""
    require_allowed("library undo")
    opened = open_existing_work_database(store)
    from kuai.address import library

    step = library.undo_event(
        opened,
        number,
        by=operator().user_id,
        reason=reason,
        day=read_day(day) if day else local_day(utc_now()),
    )
    show_steps((step,), as_json=as_json)


@app.command("events")
def list_events(
    code: Annotated[str, typer.Option("--code", help="只看涉及这个编码的")] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="最多几步")] = 50,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """地址库经历的每一步，新的在前。"""
    require_allowed("library events")
    open_existing_work_database(store)
    from kuai.address import library

    show_steps(library.list_events(code=code or None, limit=limit), as_json=as_json)


@app.command("resolve")
def resolve_code(
    code: CodeArgument,
    as_of: Annotated[str, typer.Option("--as-of", help="在哪一天，如 2026-10-31")] = "",
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """一个编码（不管多旧）现在是哪里。"""
    require_allowed("library resolve")
    opened = open_existing_work_database(store)
    from kuai.address import library

    record = library.open_record(opened)
    found = record.resolve(code, read_day(as_of) if as_of else None)
    if as_json:
        write_json_answer(found.as_json())
    else:
        show_resolution(found, record)


@app.command("show")
def show_code(
    code: CodeArgument, store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False
) -> None:
    """一个编码的一切：名称、标准地址、上级、别名、其他编码、状态。"""
    require_allowed("library show")
    opened = open_existing_work_database(store)
    from kuai.address import library

    record = library.open_record(opened)
    entry = record.entry(code)
    facts: dict[str, Any] = {
        "entry": entry,
        "above": record.ancestors(code),
        "children": len(record.children(code)),
        "aliases": [line.text for line in record.aliases(code)]
        + [one.text for one in library.list_aliases(code) if not one.is_revoked],
        "identifiers": record.identifiers(code),
        "successors": record.resolve(code).successors,
    }
    show_entry(facts, as_json=as_json)


@app.command("children")
def list_children(
    code: CodeArgument,
    ended_too: Annotated[bool, typer.Option("--ended", help="停用的也列出")] = False,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """一个编码下面有什么（按本版的层级，不按编码截取）。"""
    require_allowed("library children")
    opened = open_existing_work_database(store)
    from kuai.address import library

    record = library.open_record(opened)
    record.entry(code)
    below = record.children(code, ended_too=ended_too)
    if as_json:
        write_json_answer([show_entry({"entry": one}, as_json=True, quiet=True) for one in below])
        return
    for one in below:
        state = "" if one.is_living else f"  {library.STATE_WORDS[one.state]}"
        console.print(
            f"{one.address_code}  {one.name}  {one.standard_text}{state}", highlight=False
        )
    if not below:
        console.print("没有。")


@app.command("export")
def export_library(
    out: Annotated[Path, typer.Option("-o", "--out", help="写到哪个 CSV、XLSX 或 Parquet")],
    ended_too: Annotated[bool, typer.Option("--ended", help="停用的也写出")] = False,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """把现在的地址库写成文件，表头和导入时一样。"""
    require_allowed("library export")
    require_folder_of(out)
    opened = open_existing_work_database(store)
    from kuai.address import library

    receipt = library.export_library(opened, out, ended_too=ended_too)
    if as_json:
        write_json_answer(receipt.as_json())
    else:
        console.print(f"已写出 {receipt.kept:,} 行：{out}", highlight=False)
