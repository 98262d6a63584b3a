"""`kuai`: the commands. Each parses its words, calls one door and shows the answer."""

from __future__ import annotations

import getpass
import json
import os
import sys
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from kuai import __version__
from kuai.cli import rules
from kuai.cli.output import (
    console,
    errors,
    receipt_table,
    show_failure,
    show_unexpected,
    shown_progress,
    write_json_answer,
)
from kuai.guard.command_rules import require_command_allowed
from kuai.guard.types import Actor, Role
from kuai.kit.clock import utc_now
from kuai.kit.errors import Breakdown, DataFault, Refusal, Where
from kuai.kit.store import Store

app = typer.Typer(
    help="块 Kuai：把部门的条数据建成块。  From departments' extracts to blocks.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
export_app = typer.Typer(
    help="导出（只有编码，没有姓名号码）  Exports: codes only", no_args_is_help=True
)
explain_app = typer.Typer(help="说明来龙去脉  Why is it so?", no_args_is_help=True)
sources_app = typer.Typer(help="来源：清单、登记、退回的行  Sources", no_args_is_help=True)
ledger_app = typer.Typer(help="谁看过、改过、导出过  The ledger", no_args_is_help=True)
keys_app = typer.Typer(help="密钥轮换与销毁  Keys", no_args_is_help=True)
app.add_typer(export_app, name="export")
app.add_typer(explain_app, name="explain")
app.add_typer(sources_app, name="sources")
app.add_typer(ledger_app, name="ledger")
app.add_typer(keys_app, name="keys")

StoreOption = Annotated[Path, typer.Option("--store", help="库所在的文件夹", envvar="KUAI_STORE")]
JsonOption = Annotated[bool, typer.Option("--json", help="以 JSON 输出")]
TicketOption = Annotated[str, typer.Option("--ticket", help="凭据编号（真实数据的库需要）")]
DEFAULT_STORE = Path("var/store")


@app.callback(invoke_without_command=True)
def version_line(show: Annotated[bool, typer.Option("--version", help="版本")] = False) -> None:
    """块 Kuai。先运行 kuai doctor 看看缺什么；make run 会建一个演示城市。"""
    if show:
        console.print(f"kuai {__version__}")


@app.command("demo-city")
def demo_city(
    out: Annotated[Path, typer.Argument(help="数据包写到哪个文件夹")],
    rooms: Annotated[int, typer.Option(help="房屋（套间）数，200 到 1,000,000")] = 20_000,
    seed: Annotated[int, typer.Option(help="随机种子；相同种子得到相同城市")] = 1,
    profile: Annotated[
        str,
        typer.Option(help="easy 少噪声 | planted 常见噪声，埋有难例 | hard 多噪声，各部门缺字段"),
    ] = "planted",
    as_of: Annotated[str, typer.Option(help="城市的“今天”，如 2026-10-31")] = "2026-10-31",
    as_json: JsonOption = False,
) -> None:
    """造一个演示城市（合成的部门数据包，带答案）。"""
    from kuai.demo_city import actions

    _require_allowed("demo-city")
    with shown_progress(quiet=as_json) as progress:
        report = actions.generate_city(
            out, rooms=rooms, seed=seed, profile=profile, as_of=_read_day(as_of), progress=progress
        )
    if as_json:
        write_json_answer(report.as_json())
        return
    _show_city(report)


def _show_city(report: Any) -> None:
    console.print(
        f"写了 {report.package}：房屋 {report.rooms:,}，楼栋 {report.buildings:,}，用时 {report.seconds:.1f} 秒"
    )
    for resource, rows in report.rows.items():
        console.print(f"  {resource:<20}{rows:>12,} 行", highlight=False)
    ceiling = report.ceiling
    console.print(
        "关联上限（按行里所写，最好能做到）："
        f"精确率 {ceiling.precision:.5f}，召回率 {ceiling.recall:.5f}，F1 {ceiling.f1:.5f}"
    )


@app.command()
def build(
    package: Annotated[Path, typer.Argument(help="数据包文件夹，或单个 CSV/XLSX/XLS 文件")],
    store: StoreOption = DEFAULT_STORE,
    as_of: Annotated[
        str, typer.Option(help="建库日，如 2026-10-31；不写则取数据包里最新的日期")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """从部门文件建库：接收、映射、清洗、关联、认定、装块、发布。"""
    from kuai.cli.work_database import open_work_database

    _require_allowed("build")
    opened = open_work_database(store)
    # From here on, because these rooms' tables need Django to be started.
    from kuai.flows.build import build_package
    from kuai.flows.registration import gate_of, registrar_of
    from kuai.sources import actions as sources

    synthetic = sources.read_package(package).synthetic
    with shown_progress(quiet=as_json) as progress:
        result = build_package(
            package,
            opened,
            registrar=registrar_of(synthetic=synthetic, at=utc_now()),
            gate_on=gate_of(synthetic=synthetic),
            as_of=_read_day(as_of) if as_of else None,
            progress=progress,
        )
    if as_json:
        write_json_answer(
            {
                "version": result.version,
                "as_of": result.as_of,
                "already_published": result.already_published,
                "resumed_stages": result.resumed_stages,
                "receipt": result.receipt.as_json(),
            }
        )
        return
    _show_build(opened, result)


def _read_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refusal(
            "day.form", f"“{text}”不是日期。", next_step="写成 2026-10-31 的样子。"
        ) from None


def _show_build(store: Store, result: Any) -> None:
    from kuai.flows.queries import list_stage_receipts

    console.print(receipt_table("接收", result.receipt.parts))
    console.print(receipt_table("各环节", tuple(list_stage_receipts(store))))
    if result.already_published:
        console.print("同样的输入已经建过，未重复建库。")
    if result.resumed_stages:
        console.print(
            f"接着上次未完成的建库：{'、'.join(result.resumed_stages)} 已经做完，没有重做。"
        )
    console.print(
        f"已发布 [bold]{result.version}[/]，建库日 {result.as_of}。查看：kuai block CODE --store {store.root}"
    )


@app.command()
def block(
    code: Annotated[str, typer.Argument(help="块的编码：区、街道、社区、网格、楼栋、房屋")] = "",
    polygon: Annotated[Path | None, typer.Option(help="GeoJSON 多边形文件（CGCS2000）")] = None,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """一个块里有什么：房屋、楼栋、人口、单位、诉求、检查……"""
    from kuai.blocks.queries import open_blocks

    _require_allowed("block")
    reader = open_blocks(Store(store).current_build())
    if polygon is not None:
        view = reader.count_polygon(_read_geojson(polygon))
    elif code:
        view = reader.get_block(code)
    else:
        raise Refusal(
            "block.which",
            "没有说是哪个块。",
            next_step="给出编码，或用 --polygon 给出 GeoJSON 文件。",
        )
    if as_json:
        write_json_answer(_block_json(view))
        return
    _show_block(view)


def _read_geojson(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as fault:
        raise DataFault("polygon.missing", "找不到这个文件", where=Where(file=str(path))) from fault
    except (UnicodeDecodeError, json.JSONDecodeError) as fault:
        raise DataFault(
            "polygon.form",
            "不是有效的 GeoJSON",
            where=Where(file=path.name),
            remedy="请用 UTF-8 的 GeoJSON。",
        ) from fault
    if not isinstance(value, dict):
        raise DataFault("polygon.form", "不是有效的 GeoJSON", where=Where(file=path.name))
    return value


def _block_json(view: Any) -> dict[str, Any]:
    return {
        "code": view.code,
        "level": view.level,
        "name": view.name,
        "standard_text": view.standard_text,
        "path": [{"code": code, "level": level, "name": name} for code, level, name in view.path],
        "longitude": view.longitude,
        "latitude": view.latitude,
        "version": view.version,
        "notes": view.notes,
        "counters": {counter.key: counter.figure for counter in view.counters},
        "details": [
            {
                "key": counter.key,
                "title": counter.title_zh,
                "figure": counter.figure,
                "suppressed": counter.suppressed,
                "asserted_share": counter.asserted_share,
                "sources": counter.sources,
                "as_of": counter.as_of,
                "definition": counter.definition_zh,
            }
            for counter in view.counters
        ],
    }


def _show_block(view: Any) -> None:
    from rich.table import Table

    console.print(
        f"[bold]{view.standard_text or view.name}[/]  {view.level}  {view.code}", highlight=False
    )
    table = Table()
    for heading in ("指标", "数", "来源", "截至"):
        table.add_column(heading, justify="right" if heading == "数" else "left")
    for counter in view.counters:
        figure = "少于10" if counter.suppressed else f"{counter.figure:,}"
        table.add_row(counter.title_zh, figure, "、".join(counter.sources), str(counter.as_of))
    console.print(table)
    for note in view.notes:
        console.print(note)


@app.command()
def wash(
    source: Annotated[Path, typer.Argument(metavar="IN.csv", help="要清洗的 CSV")],
    library: Annotated[Path, typer.Option("--library", help="统一地址库 CSV")],
    text_column: Annotated[str, typer.Option("--text-column", help="哪一列是地址")],
    out: Annotated[Path, typer.Option("-o", "--out", help="写到哪个 CSV")],
    as_json: JsonOption = False,
) -> None:
    """把写法各异的地址洗成标准地址编码，并说明把握（A 准确，B 有把握，C 候选，D 没有）。"""
    from kuai.address import actions

    _require_allowed("wash")
    with shown_progress(quiet=as_json) as progress:
        receipt = actions.wash_file(
            library, source, text_column=text_column, out_csv=out, progress=progress
        )
    if as_json:
        write_json_answer(receipt.as_json())
        return
    console.print(receipt_table("清洗", (receipt,)))
    console.print(
        "　".join(f"{grade}：{count:,}" for grade, count in receipt.notes.get("grades", {}).items())
    )


@app.command()
def link(
    source: Annotated[Path, typer.Argument(metavar="IN.parquet")],
    out: Annotated[Path, typer.Option("-o", "--out", help="写到哪个 Parquet")],
    as_json: JsonOption = False,
) -> None:
    """把一张人员表里的同一个人归到一起（给出把握和理由）。"""
    from kuai.linkage import actions

    _require_allowed("link")
    with shown_progress(quiet=as_json) as progress:
        receipt = actions.link_file(source, out, progress=progress)
    if as_json:
        write_json_answer(receipt.as_json())
    else:
        console.print(receipt_table("关联", (receipt,)))


@export_app.command("mentions")
def export_mentions(
    out: Annotated[Path, typer.Option("-o", "--out", help="写到哪个 CSV")],
    store: StoreOption = DEFAULT_STORE,
    ticket: TicketOption = "",
    as_json: JsonOption = False,
) -> None:
    """每一行说的是谁、在哪里：只有编码，没有姓名和号码。"""
    from kuai.flows.mentions import export_mentions as write_mentions

    opened = Store(store)
    _require_allowed("export mentions", store=opened, ticket=ticket)
    receipt = write_mentions(opened, out)
    _enter_in_ledger(opened, "exported_mentions", count=receipt.kept, ticket=ticket)
    if as_json:
        write_json_answer(receipt.as_json())
    else:
        console.print(f"写了 {receipt.kept:,} 行到 {out}")


@explain_app.command("address")
def explain_address(
    text: Annotated[str, typer.Argument(help="地址文字")],
    store: StoreOption = DEFAULT_STORE,
    library: Annotated[
        Path | None, typer.Option("--library", help="统一地址库 CSV；不写则用库里的")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """一个地址是怎样一步步认出来的。"""
    from kuai.flows.explain import explain_address as steps_of

    _require_allowed("explain address")
    _show_steps(steps_of(text, store=Store(store), library=library), as_json=as_json)


@explain_app.command("mention")
def explain_mention(
    source: Annotated[str, typer.Argument(help="来源名，如 police_residents")],
    row: Annotated[int, typer.Argument(help="数据行，从 0 数起")],
    store: StoreOption = DEFAULT_STORE,
    ticket: TicketOption = "",
    as_json: JsonOption = False,
) -> None:
    """一行数据成了什么：它说的人、单位、地址、关系，以及理由。"""
    from kuai.flows.explain import explain_mention as steps_of

    opened = Store(store)
    _require_allowed("explain mention", store=opened, ticket=ticket)
    steps = steps_of(source, row, store=opened)
    _enter_in_ledger(opened, "explained_mention", count=len(steps), ticket=ticket)
    _show_steps(steps, as_json=as_json)


@explain_app.command("relation")
def explain_relation(
    number: Annotated[int, typer.Argument(help="关系号（relation_no）")],
    store: StoreOption = DEFAULT_STORE,
    ticket: TicketOption = "",
    as_json: JsonOption = False,
) -> None:
    """一条关系从哪一行来、什么状态、有多大把握。"""
    from kuai.flows.explain import explain_relation as steps_of

    opened = Store(store)
    _require_allowed("explain relation", store=opened, ticket=ticket)
    steps = steps_of(number, store=opened)
    _enter_in_ledger(opened, "explained_relation", count=len(steps), ticket=ticket)
    _show_steps(steps, as_json=as_json)


def _show_steps(steps: list[tuple[str, str]], *, as_json: bool) -> None:
    if as_json:
        write_json_answer([{"step": step, "text": text} for step, text in steps])
        return
    for step, text in steps:
        console.print(f"[bold]{step}[/]  {text}", highlight=False)


@sources_app.command("list")
def list_sources(store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False) -> None:
    """已发布版本里的来源：依据、新鲜度、收到 = 留用 + 退回。"""
    from rich.table import Table

    from kuai.flows.queries import list_sources as lines_of

    _require_allowed("sources list")
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


@sources_app.command("register")
def register_source(
    registration: Annotated[Path | None, typer.Argument(help="登记文件（YAML）")] = None,
    store: StoreOption = DEFAULT_STORE,
    example: Annotated[bool, typer.Option("--example", help="打印一份登记文件的样子")] = False,
) -> None:
    """登记一个来源：处理者、法律依据、协议、用途、影响评估、保存期限。真实个人数据不登记不能建库。"""
    from kuai.flows.register_file import EXAMPLE, read_registration

    _require_allowed("sources register")
    if example or registration is None:
        sys.stdout.write(EXAMPLE)
        return
    wished = read_registration(registration)
    from kuai.cli.work_database import open_work_database

    open_work_database(store)
    from kuai.guard import access

    access.register_source(wished, by=_operator(), at=utc_now())
    console.print(f"已登记来源 {wished.source}（{wished.zone.value} 分区）。")


@sources_app.command("refused")
def write_refused(
    source: Annotated[str, typer.Argument(help="来源名")],
    out: Annotated[Path, typer.Option("-o", "--out", help="写到哪个 XLSX")],
    store: StoreOption = DEFAULT_STORE,
    ticket: TicketOption = "",
) -> None:
    """把退回的行写回同样的表，加一列“错误原因”。"""
    from kuai.flows.queries import list_sources as lines_of
    from kuai.guard.types import Zone
    from kuai.sources import actions

    opened = Store(store)
    _require_allowed("sources refused", store=opened, ticket=ticket)
    line = next((one for one in lines_of(opened) if one.source == source), None)
    if line is None:
        raise Refusal(
            "sources.unknown",
            f"已发布的版本里没有来源“{source}”。",
            next_step="运行 kuai sources list 看有哪些。",
        )
    written = actions.write_refused_sheet(
        opened, zone=Zone(line.zone), source=source, period=line.period, target=out
    )
    _enter_in_ledger(opened, "exported_refused_rows", count=written, ticket=ticket)
    console.print(f"写了 {written:,} 行到 {out}")


@ledger_app.command("verify")
def verify_ledger(
    entries: Annotated[Path, typer.Argument(help="分录文件 entries-*.jsonl")],
    checkpoint: Annotated[
        Path | None, typer.Option(help="存证点文件；不写则用同一文件夹里的 checkpoints.txt")
    ] = None,
    public_key: Annotated[
        str, typer.Option(help="另处保存的公钥或公钥文件；不写则用同一文件夹里的")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """离线核对存证链：改动、删除、插入、换序、截尾，都指出在哪一行。"""
    from kuai.guard import actions

    _require_allowed("ledger verify")
    beside = entries.with_name("checkpoints.txt")
    chosen = checkpoint or (beside if beside.exists() else None)
    verdict = actions.verify_ledger_file(entries, chosen, public_key=public_key)
    if as_json:
        write_json_answer(asdict(verdict) | {"is_whole": verdict.is_whole})
    else:
        _show_verdict(verdict)
    if not verdict.is_whole:
        raise typer.Exit(code=1)


def _show_verdict(verdict: Any) -> None:
    state = "[green]完好[/]" if verdict.is_whole else "[red]有改动[/]"
    console.print(f"{verdict.file}：{verdict.entries:,} 条，{state}", highlight=False)
    if verdict.anchored_at is None:
        console.print("没有存证点：只核对了链本身，看不出截尾。用 --checkpoint 给出存证点文件。")
    else:
        console.print(
            f"存证点证实到第 {verdict.anchored_at:,} 条；公钥 {verdict.key_id}", highlight=False
        )
    for fault in verdict.faults:
        console.print(f"  第 {fault.line} 行：{fault.sentence}", highlight=False)


@ledger_app.command("seal")
def seal_ledger(store: StoreOption = DEFAULT_STORE) -> None:
    """把未封存的分录接入存证链（门户运行时自动进行）。"""
    from kuai.cli.work_database import open_work_database

    _require_allowed("ledger seal")
    opened = open_work_database(store)
    from kuai.guard import ledger

    console.print(f"封存了 {ledger.seal_pending(opened, now=utc_now()).kept} 条。")


@ledger_app.command("export")
def export_ledger(
    out: Annotated[Path, typer.Option("-o", "--out", help="写到哪个文件夹")],
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """把已封存的分录、存证点和公钥抄一份给审计员带走（离线核对用）。"""
    from kuai.cli.work_database import open_work_database

    _require_allowed("ledger export")
    opened = open_work_database(store)
    from kuai.guard import ledger

    receipt = ledger.export_ledger(opened, out=out, by=_operator(), now=utc_now())
    console.print(f"抄了 {receipt.kept:,} 条到 {out}")


@keys_app.command("rotate")
def rotate_keys(store: StoreOption = DEFAULT_STORE) -> None:
    """换一把包裹密钥：数据不动，旧钥匙从此打不开。"""
    from kuai.guard import actions

    _require_allowed("keys rotate")
    actions.rotate_wrapping_key(Store(store))
    console.print("已换包裹密钥。")


@keys_app.command("shred")
def shred_keys(
    source: Annotated[str, typer.Argument(help="来源名")],
    period: Annotated[str, typer.Argument(help="期")],
    zone: Annotated[str, typer.Option(help="core | care | reporters")] = "core",
    store: StoreOption = DEFAULT_STORE,
    yes: Annotated[bool, typer.Option("--yes", help="确认销毁，不再询问")] = False,
) -> None:
    """销毁一期数据的密钥：原始值从此在任何地方（包括备份）都读不出来。不能撤销。"""
    from kuai.guard import actions
    from kuai.guard.types import Zone

    _require_allowed("keys shred")
    if not yes:
        typer.confirm(f"销毁 {source} {period} 的密钥，不能撤销。继续？", abort=True)
    actions.shred_period(Store(store), zone=Zone(zone), source=source, period=period)
    console.print("密钥已销毁。")


@app.command()
def doctor(store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False) -> None:
    """看看缺什么、怎么补。"""
    from kuai.cli.doctor import examine

    _require_allowed("doctor")
    findings = examine(Store(store))
    if as_json:
        write_json_answer([finding.as_json() for finding in findings])
    else:
        for finding in findings:
            mark = "[green]好[/]" if finding.is_well else "[red]缺[/]"
            console.print(f"{mark}  {finding.what}：{finding.state}", highlight=False)
            if not finding.is_well:
                console.print(f"    怎么办：{finding.remedy}", highlight=False)
    if not all(finding.is_well or not finding.is_needed for finding in findings):
        raise typer.Exit(code=1)


@app.command()
def serve(
    store: StoreOption = DEFAULT_STORE,
    host: Annotated[str, typer.Option(help="监听地址")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="端口")] = 8000,
    workers: Annotated[int, typer.Option(help="进程数")] = 2,
) -> None:
    """启动门户。"""
    from kuai.cli.portal import serve_store

    _require_allowed("serve")
    serve_store(store, host=host, port=port, workers=workers)


@app.command("run-demo")
def run_demo(
    store: StoreOption = Path("var/demo"),
    rooms: Annotated[int, typer.Option(min=200, help="演示城市的房屋数")] = 20_000,
    seed: Annotated[int, typer.Option(help="随机种子")] = 1,
    host: Annotated[str, typer.Option(help="监听地址")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="端口")] = 8000,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="只建库，不启动门户")] = False,
) -> None:
    """演示：造城市、建库、开演示账号、启动门户。已建好的不重做。"""
    from kuai.cli.portal import prepare_demo, serve_store

    _require_allowed("run-demo")
    logins = prepare_demo(store, rooms=rooms, seed=seed)
    console.print(
        f"\n门户地址：[bold]http://{host}:{port}/[/]  演示账号（口令都是 {logins[0].password}）："
    )
    for login in logins:
        console.print(f"  {login.username:<28}{login.display_name}", highlight=False)
    if not no_serve:
        serve_store(store, host=host, port=port, workers=2)


def _require_allowed(name: str, *, store: Store | None = None, ticket: str = "") -> None:
    """Refuse unless the command's rule lets it run on this store."""
    from kuai.flows.queries import is_synthetic

    assert rules.COMMAND_RULES
    synthetic = store is not None and is_synthetic(store)
    require_command_allowed(
        name, synthetic=synthetic, ticket=ticket, ticket_is_live=_ticket_lookup(store)
    )


def _ticket_lookup(store: Store | None) -> Any:
    if store is None:
        return None

    def is_live(ticket_id: str) -> bool:
        from kuai.cli.work_database import open_work_database

        open_work_database(store.root)
        from kuai.guard import access, queries

        holder = queries.find_actor_by_login(_login())
        return holder is not None and access.is_live_ticket(ticket_id, holder=holder, at=utc_now())

    return is_live


def _enter_in_ledger(store: Store, action: str, *, count: int, ticket: str) -> None:
    """Who ran a command that touches persons is in the ledger, synthetic or not."""
    from kuai.cli.work_database import open_work_database

    open_work_database(store.root)
    from kuai.guard import access

    access.record_entry(
        actor=_operator(),
        action=action,
        object_kind="store",
        object_refs=(store.current_version() or "",),
        purpose="record_review",
        ticket_id=ticket,
        count=count,
        at=utc_now(),
    )


def _login() -> str:
    """Who sits at the machine: the name under which the operating system knows them."""
    return getpass.getuser()


def _operator() -> Actor:
    return Actor(user_id=f"os:{_login()}", role=Role.DATA_STEWARD)


def main() -> None:
    """The entrance: failures of the three kinds become a sentence and an exit code."""
    try:
        # Without standalone mode the parser does not raise Exit(code=1) but returns its code.
        ended = app(standalone_mode=False)
        if isinstance(ended, int) and ended:
            sys.exit(ended)
    except (Refusal, DataFault, Breakdown) as failure:
        sys.exit(show_failure(failure))
    except typer.Exit as done:
        sys.exit(done.exit_code)
    except typer.Abort:
        errors.print("已取消。")
        sys.exit(130)
    except KeyboardInterrupt:
        errors.print("已中断；做完的环节不会丢。")
        sys.exit(130)
    except Exception as wrong_words:  # noqa: BLE001 - the outer edge: usage errors of the parser, else re-raised
        if not hasattr(wrong_words, "format_message"):
            if os.environ.get("KUAI_DEBUG"):
                raise
            sys.exit(show_unexpected(wrong_words))
        errors.print(f"[bold red]写法不对：[/]{wrong_words.format_message()}", highlight=False)
        path = getattr(getattr(wrong_words, "ctx", None), "command_path", "kuai")
        errors.print(f"  下一步：运行 {path} --help 看写法。", highlight=False)
        sys.exit(2)
