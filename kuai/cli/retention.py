"""`kuai retention` and `kuai hold`: what is kept too long, erased with a report; what a case keeps all the same."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.table import Table

from kuai.cli.allowing import account_of_operator, operator, require_allowed
from kuai.cli.options import DEFAULT_STORE, JsonOption, StoreOption
from kuai.cli.output import console, write_json_answer
from kuai.cli.work_database import open_existing_work_database
from kuai.guard.types import Actor, Role
from kuai.kit.clock import utc_now
from kuai.kit.errors import Refusal
from kuai.kit.store import Store

holds = typer.Typer(help="法律保全：案件期间不擦除  Legal holds", no_args_is_help=True)

KEEPERS = (Role.DATA_STEWARD, Role.SYSTEM_ADMINISTRATOR)
KEPT_WORDS = {"held": "保全中", "in_use": "发布的版本还在用：请来源重新报送，或移出数据包再建库"}
KINDS = {"delivery": "一期原件", "build": "旧版本", "leftover": "残留的临时文件"}


def retention(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只列出到期的，不擦除")] = False,
    run: Annotated[bool, typer.Option("--run", help="擦除到期的；不能撤销")] = False,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """保存期限：每张表、每期原件、旧版本和残留文件，什么到期、擦除了多少（只有数目），证明在台账里。"""
    require_allowed("retention")
    if dry_run == run:
        raise Refusal(
            "retention.which",
            "写 --dry-run（只看）或 --run（擦除），二者写一个。",
            next_step="先用 --dry-run。",
        )
    opened = open_existing_work_database(store)
    from kuai.flows.retention import run_retention

    by = operator() if dry_run else _keeper(opened)
    report = run_retention(opened, by=by, at=utc_now(), is_dry=dry_run)
    if as_json:
        write_json_answer(report.as_json())
        return
    _tell(report)


def _tell(report: Any) -> None:
    table = Table(title="到期" if report.is_dry else "擦除")
    for heading in ("什么", "到期", "擦除", "说明"):
        table.add_column(heading, justify="right" if heading in ("到期", "擦除") else "left")
    for line in report.tables:
        note = KEPT_WORDS["held"] if line.held else line.because
        table.add_row(line.table, f"{line.due:,}", f"{line.gone:,}", note)
    for line in report.folders:
        note = KEPT_WORDS.get(line.kept, f"应于 {line.due_on} 前")
        table.add_row(f"{KINDS[line.kind]} {line.name}", "1", f"{int(line.gone)}", note)
    console.print(table)
    for name in report.unruled:
        console.print(f"没有期限规则的表（不会擦除）：{name}", highlight=False)
    if report.is_dry:
        console.print("没有擦除任何东西。擦除：kuai retention --run", highlight=False)
    else:
        console.print(
            f"共擦除 {report.gone:,}。报告在库的 retention/ 里，摘要在台账里。", highlight=False
        )


@holds.command("set")
def set_hold(
    name: Annotated[str, typer.Argument(help="表名、来源名、“来源.期”、builds，或 all（全部）")],
    case_number: Annotated[str, typer.Option("--case", help="案号或文号；案情不写在这里")],
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """保全：从现在起不擦除它，直到另一个人解除。"""
    require_allowed("hold set")
    open_existing_work_database(store)
    from kuai.guard import retention as door

    kept = door.set_hold(
        "" if name == "all" else name,
        case_number=case_number,
        by=account_of_operator(),
        at=utc_now(),
    )
    console.print(f"已保全，第 {kept.number} 号。", highlight=False)


@holds.command("end")
def end_hold(
    number: Annotated[int, typer.Argument(help="保全的号（kuai hold list）")],
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """解除一项保全；由设置它以外的人做。"""
    require_allowed("hold end")
    open_existing_work_database(store)
    from kuai.guard import retention as door

    door.end_hold(number, by=account_of_operator(), at=utc_now())
    console.print(f"第 {number} 号保全已解除。", highlight=False)


@holds.command("list")
def list_holds(store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False) -> None:
    """在保全中的。"""
    require_allowed("hold list")
    open_existing_work_database(store)
    from kuai.guard import retention as door

    found = door.list_holds()
    if as_json:
        write_json_answer([vars(one) for one in found])
        return
    for one in found:
        console.print(
            f"{one.number}  {one.name or '全部'}  {one.case_number}  {one.set_by}  {one.set_at:%Y-%m-%d}",
            highlight=False,
        )
    if not found:
        console.print("没有保全中的。")


def _keeper(store: Store) -> Actor:
    """Who erases: on a store of real people the data steward or the system administrator, by their own account."""
    from kuai.flows.queries import is_synthetic

    if is_synthetic(store):
        return operator()
    account = account_of_operator()
    if account.role not in KEEPERS:
        raise Refusal("retention.not_yours", "到期的由数据管理员或系统管理员擦除。")
    return account
