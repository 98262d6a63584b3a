"""`kuai parse-address` and `kuai train-parser`: addresses into labelled segments, and the model that does it."""

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
    require_other_file,
    shown_progress,
    write_json_answer,
)
from kuai.kit.errors import Refusal


def parse_address(
    source: Annotated[
        Path, typer.Argument(metavar="IN.csv", help="CSV、XLSX 或 Parquet；- 为标准输入（CSV）")
    ],
    text_column: Annotated[str, typer.Option("--text-column", help="哪一列是地址")],
    out: Annotated[
        Path, typer.Option("-o", "--out", help="写到哪个文件，按后缀定格式；- 为标准输出（CSV）")
    ],
    model: Annotated[
        Path | None, typer.Option("--model", help="用哪个模型；不写就用自带的")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """把地址拆成带标签的片段，直到房号（多一列 segments，JSON）。"""
    from kuai.address import parsing

    require_allowed("parse-address")
    require_folder_of(out)
    require_other_file(out, source)
    to_stdout = str(out) == "-"
    if to_stdout and as_json:
        raise Refusal(
            "parse.stdout_taken", "--json 和结果不能都写到标准输出。", next_step="用 -o 写到文件。"
        )
    with shown_progress(quiet=as_json or to_stdout) as progress:
        receipt = parsing.parse_file(
            source, text_column=text_column, out=out, model=model, progress=progress
        )
    if as_json:
        write_json_answer(receipt.as_json())
    if as_json or to_stdout:
        return
    console.print(receipt_table("解析", (receipt,)))
    console.print(f"片段：{receipt.notes['segments']:,}")


def train_parser(
    out: Annotated[Path, typer.Option("-o", "--out", help="模型写到哪里（.npz）")],
    labelled: Annotated[
        Path | None,
        typer.Option("--data", help="标注好的 CSV（address、segments）；不写就用自己编的地址训练"),
    ] = None,
    split: Annotated[str, typer.Option("--split", help="只用 split 列为此值的行训练")] = "",
    test_split: Annotated[
        str, typer.Option("--test-split", help="用 split 列为此值的行评分，从不拿来训练")
    ] = "",
    invented: Annotated[
        int | None, typer.Option("--invented", min=200, help="编多少条地址来训练")
    ] = None,
    width: Annotated[
        int,
        typer.Option(
            "--width",
            min=0,
            max=512,
            help="网络宽度，越小越快、略欠准；0 为默认（128；标注满 4000 行为 64）",
        ),
    ] = 0,
    seed: Annotated[int, typer.Option("--seed", help="同一种子得同一模型")] = 1,
    as_json: JsonOption = False,
) -> None:
    """训练地址解析模型，并报告在留出部分上的 F1。"""
    from kuai.address import parsing

    require_allowed("train-parser")
    require_folder_of(out)
    with shown_progress(quiet=as_json) as progress:
        receipt = parsing.train_parser(
            out,
            labelled=labelled,
            split=split,
            test_split=test_split,
            invented=invented or parsing.INVENTED_ROWS,
            width=width,
            seed=seed,
            progress=progress,
        )
    if as_json:
        write_json_answer(receipt.as_json())
        return
    console.print(receipt_table("训练", (receipt,)))
    for name, figure in receipt.notes.items():
        console.print(f"{name}：{figure}", highlight=False)
