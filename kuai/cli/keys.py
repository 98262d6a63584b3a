"""`kuai keys`: rotating the wrapping keys, shredding a period."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kuai.cli.allowing import account_of_operator, enter_in_ledger, require_allowed
from kuai.cli.options import DEFAULT_STORE, StoreOption
from kuai.cli.output import console
from kuai.guard.types import Role
from kuai.kit.errors import Refusal
from kuai.kit.store import Store

app = typer.Typer(help="密钥轮换与销毁  Keys", no_args_is_help=True)


@app.command("rotate")
def rotate_keys(store: StoreOption = DEFAULT_STORE) -> None:
    """换一把包裹密钥：数据不动，旧钥匙从此打不开。"""
    from kuai.guard import actions

    require_allowed("keys rotate")
    opened = _as_security_administrator(store)
    with opened.writer_lease():
        actions.rotate_wrapping_key(opened)
    enter_in_ledger(opened, "rotated_wrapping_key", count=1, ticket="")
    console.print("已换包裹密钥。")


@app.command("shred")
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

    require_allowed("keys shred")
    opened = _as_security_administrator(store)
    if not yes:
        typer.confirm(f"销毁 {source} {period} 的密钥，不能撤销。继续？", abort=True)
    with opened.writer_lease():
        actions.shred_period(opened, zone=Zone(zone), source=source, period=period)
    # With the zone, so that a restore from an older backup can do it again.
    enter_in_ledger(
        opened,
        "shredded_period",
        count=1,
        ticket="",
        about=f"{source}.{period}",
        fields=(Zone(zone).value,),
    )
    console.print("密钥已销毁。")


def _as_security_administrator(root: Path) -> Store:
    """The store with its work database open. On a real one only the security administrator's keys turn."""
    from kuai.cli.work_database import open_work_database
    from kuai.flows.queries import is_synthetic

    opened = open_work_database(root)
    if opened.current_version() and not is_synthetic(opened):
        account = account_of_operator()
        if account.role is not Role.SECURITY_ADMINISTRATOR:
            raise Refusal("keys.not_yours", "密钥由安全管理员轮换和销毁。")
    return opened
