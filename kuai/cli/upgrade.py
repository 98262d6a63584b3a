"""`kuai upgrade`: a store that an older programme made, brought to this one; with a backup first."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from kuai.cli.allowing import enter_in_ledger, require_allowed
from kuai.cli.build import SLIP_OF_THE_YEAR
from kuai.cli.options import DEFAULT_STORE, JsonOption, StoreOption
from kuai.cli.output import console, shown_progress, write_json_answer
from kuai.cli.secret_files import read_secret_line
from kuai.cli.work_database import has_work_database, open_work_database, start_django
from kuai.kit.clock import local_day, utc_now
from kuai.kit.errors import Refusal
from kuai.kit.store import Store


def upgrade(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只说会做什么，不改任何东西")] = False,
    backup_to: Annotated[
        Path | None, typer.Option("--backup-to", help="升级前的备份放到哪个文件夹（必须）")
    ] = None,
    passphrase_file: Annotated[
        Path | None,
        typer.Option("--passphrase-file", help="备份口令在这个文件的第一行；写了就加密"),
    ] = None,
    keep_build: Annotated[
        bool, typer.Option("--keep-build", help="不重建已发布的版本（以后自己运行 kuai build）")
    ] = False,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """把旧版程序的库升级到这个版本：先备份，再更新工作库和格式，最后按新版重建。"""
    require_allowed("upgrade")
    opened = Store(store.resolve())
    if not has_work_database(opened):
        raise Refusal(
            "store.none", f"{store} 不是一个库。", next_step="检查 --store（或 KUAI_STORE）。"
        )
    start_django(opened)
    from kuai.flows.upgrade import plan_upgrade, upgrade_store

    plan = plan_upgrade(opened)
    if dry_run or not plan.is_needed:
        _tell_plan(plan, as_json=as_json)
        return
    if backup_to is None:
        raise Refusal(
            "upgrade.backup_first",
            "升级不能撤销，先要一份备份。",
            next_step="写 --backup-to FOLDER；想先看会做什么，写 --dry-run。",
        )
    with shown_progress(quiet=as_json) as progress:
        backup = _back_up(opened, backup_to, passphrase_file, progress)
        rebuild = None if keep_build else lambda: _rebuild(opened, progress)
        upgrade_store(opened, plan, rebuild=rebuild, progress=progress)
    enter_in_ledger(opened, "store.upgraded", count=len(plan.table_steps), ticket="")
    if as_json:
        write_json_answer(
            {**plan.as_json(), "backup": str(backup), "now": opened.current_version()}
        )
        return
    console.print(f"已升级。升级前的备份：{backup}", highlight=False)
    if opened.current_version():
        console.print(f"现在发布的版本：{opened.current_version()}", highlight=False)


def _tell_plan(plan: Any, *, as_json: bool) -> None:
    if as_json:
        write_json_answer(plan.as_json())
        return
    if not plan.is_needed:
        console.print("这个库已经是这个版本的，没有要做的。")
        return
    lines = ["会做（先备份，--backup-to FOLDER）："]
    if plan.table_steps:
        rooms = "、".join(sorted({app for app, _ in plan.table_steps}))
        lines.append(f"  工作库：{len(plan.table_steps)} 步（{rooms}）")
    if plan.from_format != plan.to_format:
        lines.append(f"  库格式：{plan.from_format} → {plan.to_format}")
    if plan.rebuilds:
        lines.append(
            f"  重建：{plan.build} 是别的版本的程序建的；用各来源最新的一期重建，旧的留着（--keep-build 不重建）"
        )
    lines.append("没有改动任何东西。")
    for line in lines:
        console.print(line, highlight=False)


def _back_up(store: Store, target: Path, passphrase_file: Path | None, progress: Any) -> Path:
    from kuai.flows.backup import make_backup, verify_backup

    made = make_backup(
        store,
        target,
        at=utc_now(),
        database_url=os.environ.get("KUAI_DATABASE_URL", ""),
        passphrase=read_secret_line(passphrase_file) if passphrase_file else "",
        progress=progress,
    )
    verify_backup(made.data, progress=progress)
    return made.data


def _rebuild(store: Store, progress: Any) -> None:
    """From what the store holds, under the registrations it has."""
    open_work_database(store.root)
    from kuai.flows.build import rebuild_store
    from kuai.flows.queries import is_synthetic
    from kuai.flows.registration import gate_of, registrar_of

    synthetic = is_synthetic(store)
    rebuild_store(
        store,
        registrar=registrar_of(synthetic=synthetic, at=utc_now()),
        gate_on=gate_of(synthetic=synthetic),
        latest_day=local_day(utc_now()) + SLIP_OF_THE_YEAR,
        at=utc_now(),
        progress=progress,
    )
