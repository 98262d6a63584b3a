"""`kuai keys`: rotating the wrapping keys, shredding a period."""

from __future__ import annotations

from typing import Annotated

import typer

from kuai.cli.allowing import require_allowed
from kuai.cli.options import DEFAULT_STORE, StoreOption
from kuai.cli.output import console
from kuai.kit.store import Store

app = typer.Typer(help="密钥轮换与销毁  Keys", no_args_is_help=True)


@app.command("rotate")
def rotate_keys(store: StoreOption = DEFAULT_STORE) -> None:
    """换一把包裹密钥：数据不动，旧钥匙从此打不开。"""
    from kuai.guard import actions

    require_allowed("keys rotate")
    actions.rotate_wrapping_key(Store(store))
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
    if not yes:
        typer.confirm(f"销毁 {source} {period} 的密钥，不能撤销。继续？", abort=True)
    actions.shred_period(Store(store), zone=Zone(zone), source=source, period=period)
    console.print("密钥已销毁。")
