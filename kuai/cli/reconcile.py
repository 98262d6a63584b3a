"""`kuai reconcile`: the library as a reconciliation service on one's own machine, for OpenRefine."""

from __future__ import annotations

from typing import Annotated

import typer

from kuai.cli.allowing import require_allowed
from kuai.cli.options import DEFAULT_STORE, StoreOption
from kuai.cli.output import console
from kuai.kit.errors import Refusal
from kuai.kit.store import Store


def reconcile(
    store: StoreOption = DEFAULT_STORE,
    port: Annotated[int, typer.Option(min=0, max=65535, help="端口；0 为任一空闲端口")] = 8765,
) -> None:
    """在本机提供地址对照服务（W3C Reconciliation API），供 OpenRefine 使用；只含地址库，只听本机。"""
    from importlib import import_module

    require_allowed("reconcile")
    # By name, because web and cli do not know each other: both are entrances.
    serving = import_module("kuai.web.serving")
    console.print("正在打开地址库…")
    try:
        server = serving.open_reconciliation(Store(store.resolve()), port=port)
    except OSError as taken:
        raise Refusal(
            "reconcile.port_taken", f"端口 {port} 用不了。", next_step="用 --port 换一个。"
        ) from taken
    with server:
        place = f"http://127.0.0.1:{server.server_port}/"
        console.print(f"对照服务：[bold]{place}[/]（0.2，OpenRefine 用这个）", highlight=False)
        console.print(f"          {place}v1/（1.0 草案）　按 Ctrl-C 停止。", highlight=False)
        server.serve_forever()
