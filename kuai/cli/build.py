"""`kuai build`: from departments' files to published blocks."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from kuai.cli.allowing import require_allowed
from kuai.cli.options import DEFAULT_STORE, JsonOption, StoreOption, read_day
from kuai.cli.output import console, receipt_table, shown_progress, write_json_answer
from kuai.kit.clock import local_day, utc_now
from kuai.kit.store import Store

# Offices write days that are to come (a term, a planned visit), but none beyond a year: that is a slip of typing.
SLIP_OF_THE_YEAR = timedelta(days=366)


def build(
    package: Annotated[
        Path | None,
        typer.Argument(
            help="数据包文件夹，或单个 CSV/XLSX/XLS 文件；不写则用库里各来源最新的一期（含门户上传的）"
        ),
    ] = None,
    store: StoreOption = DEFAULT_STORE,
    as_of: Annotated[
        str, typer.Option(help="建库日，如 2026-10-31；不写则取数据包里最新的日期")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """从部门文件建库：接收、映射、清洗、关联、认定、装块、发布。"""
    from kuai.cli.work_database import open_work_database

    require_allowed("build")
    opened = open_work_database(store)
    # From here on, because these rooms' tables need Django to be started.
    from kuai.flows.build import build_package, rebuild_store
    from kuai.flows.queries import is_synthetic
    from kuai.flows.registration import gate_of, registrar_of
    from kuai.sources import actions as sources

    synthetic = sources.read_package(package).synthetic if package else is_synthetic(opened)
    common: dict[str, Any] = {
        "registrar": registrar_of(synthetic=synthetic, at=utc_now()),
        "gate_on": gate_of(synthetic=synthetic),
        "as_of": read_day(as_of) if as_of else None,
        "latest_day": local_day(utc_now()) + SLIP_OF_THE_YEAR,
        "at": utc_now(),
    }
    with shown_progress(quiet=as_json) as progress:
        if package:
            result = build_package(package, opened, **common, progress=progress)
        else:
            result = rebuild_store(opened, **common, progress=progress)
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


def _show_build(store: Store, result: Any) -> None:
    from kuai.flows.queries import list_stage_receipts

    console.print(receipt_table("接收", result.receipt.parts))
    console.print(receipt_table("各环节", tuple(list_stage_receipts(store))))
    if result.already_published:
        console.print(receipt_table("这次的地址库", (result.library,)))
        console.print("同样的输入已经建过，未重复建库。")
    if result.resumed_stages:
        console.print(
            f"接着上次未完成的建库：{'、'.join(result.resumed_stages)} 已经做完，没有重做。"
        )
    console.print(
        f"已发布 [bold]{result.version}[/]，建库日 {result.as_of}。查看：kuai block CODE --store {store.root}"
    )
