"""`kuai ledger`: sealing, carrying away and verifying who saw, changed and exported what."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from kuai.cli.allowing import operator, require_allowed
from kuai.cli.options import DEFAULT_STORE, JsonOption, StoreOption
from kuai.cli.output import console, write_json_answer
from kuai.kit.clock import utc_now

app = typer.Typer(help="台账：谁看过、改过、导出过  The ledger", no_args_is_help=True)


@app.command("verify")
def verify_ledger(
    entries: Annotated[Path, typer.Argument(help="台账文件 entries-*.jsonl")],
    checkpoint: Annotated[
        Path | None, typer.Option(help="检查点文件；不写则用同一文件夹里的 checkpoints.txt")
    ] = None,
    public_key: Annotated[
        str, typer.Option(help="另处保存的公钥或公钥文件；不写则用同一文件夹里的")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """离线核对台账：改动、删除、插入、换序、截尾，都指出在哪一行。"""
    from kuai.guard import actions

    require_allowed("ledger verify")
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
        console.print("没有检查点：只核对了台账本身，看不出截尾。用 --checkpoint 给出检查点文件。")
    else:
        console.print(
            f"检查点证实到第 {verdict.anchored_at:,} 条；公钥 {verdict.key_id}", highlight=False
        )
    for fault in verdict.faults:
        console.print(f"  第 {fault.line} 行：{fault.sentence}", highlight=False)


@app.command("seal")
def seal_ledger(store: StoreOption = DEFAULT_STORE) -> None:
    """封存台账里还没有封存的记录（门户运行时自动进行）。"""
    from kuai.cli.work_database import open_work_database

    require_allowed("ledger seal")
    opened = open_work_database(store)
    from kuai.guard import ledger

    console.print(f"封存了 {ledger.seal_pending(opened, now=utc_now()).kept} 条。")


@app.command("export")
def export_ledger(
    out: Annotated[Path, typer.Option("-o", "--out", help="写到哪个文件夹")],
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """把已封存的台账、检查点和公钥抄一份给审计员带走（离线核对用）。"""
    from kuai.cli.work_database import open_work_database

    require_allowed("ledger export")
    opened = open_work_database(store)
    from kuai.guard import ledger

    receipt = ledger.export_ledger(opened, out=out, by=operator(), now=utc_now())
    console.print(f"抄了 {receipt.kept:,} 条到 {out}")
