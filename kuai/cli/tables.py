"""`kuai wash` and `kuai link`: one stage alone, on a file of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kuai.cli.allowing import require_allowed
from kuai.cli.options import JsonOption
from kuai.cli.output import (
    console,
    receipt_table,
    require_folder_of,
    shown_progress,
    write_json_answer,
)


def wash(
    source: Annotated[Path, typer.Argument(metavar="IN.csv", help="要清洗的 CSV")],
    library: Annotated[Path, typer.Option("--library", help="统一地址库 CSV")],
    text_column: Annotated[str, typer.Option("--text-column", help="哪一列是地址")],
    out: Annotated[Path, typer.Option("-o", "--out", help="写到哪个 CSV")],
    as_json: JsonOption = False,
) -> None:
    """把写法各异的地址洗成标准地址编码，并说明把握（A 准确，B 有把握，C 候选，D 没有）。"""
    from kuai.address import actions

    require_allowed("wash")
    require_folder_of(out)
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


def link(
    source: Annotated[Path, typer.Argument(metavar="IN.parquet")],
    out: Annotated[Path, typer.Option("-o", "--out", help="写到哪个 Parquet")],
    as_json: JsonOption = False,
) -> None:
    """把一张人员表里的同一个人归到一起（给出把握和理由）。"""
    from kuai.linkage import actions

    require_allowed("link")
    require_folder_of(out)
    with shown_progress(quiet=as_json) as progress:
        receipt = actions.link_file(source, out, progress=progress)
    if as_json:
        write_json_answer(receipt.as_json())
    else:
        console.print(receipt_table("关联", (receipt,)))
