"""`kuai wash` and `kuai link`: one stage alone, on a file of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, cast

import typer

from kuai.cli.allowing import require_allowed
from kuai.cli.options import JsonOption
from kuai.cli.output import (
    console,
    errors,
    receipt_table,
    require_folder_of,
    require_other_file,
    shown_progress,
    write_json_answer,
)
from kuai.kit.errors import Refusal
from kuai.kit.store import Store


def wash(
    source: Annotated[
        Path, typer.Argument(metavar="IN", help="要清洗的 .csv、.xlsx 或 .parquet；- 为标准输入")
    ],
    text_column: Annotated[str, typer.Option("--text-column", help="哪一列是地址")],
    library: Annotated[
        Path | None, typer.Option("--library", help="统一地址库文件（CSV、XLSX 或 Parquet）")
    ] = None,
    store: Annotated[
        Path | None, typer.Option("--store", help="或用这个库里已发布版本的地址库")
    ] = None,
    out: Annotated[
        Path, typer.Option("-o", "--out", help="写到哪个文件，按后缀定格式；- 为标准输出（CSV）")
    ] = Path("-"),
    as_json: JsonOption = False,
) -> None:
    """把写法各异的地址洗成标准地址编码，并说明把握（A 准确，B 有把握，C 候选，D 没有）。"""
    from kuai.address import actions

    require_allowed("wash")
    if (library is None) == (store is None):
        raise Refusal(
            "wash.which_library",
            "要写明用哪个地址库。",
            next_step="--library 文件，或 --store 库，二者写一个。",
        )
    to_stdout = str(out) == "-"
    if as_json and to_stdout:
        raise Refusal(
            "wash.stdout_taken", "--json 和结果不能都写到标准输出。", next_step="用 -o 写到文件。"
        )
    if not to_stdout:
        require_folder_of(out)
        require_other_file(out, source, *([library] if library else []))
    with shown_progress(quiet=as_json or to_stdout) as progress:
        receipt = actions.wash_file(
            library or actions.library_of_build(Store(cast(Path, store)).current_build() / "core"),
            source,
            text_column=text_column,
            out=out,
            progress=progress,
        )
    if as_json:
        write_json_answer(receipt.as_json())
        return
    # Beside a result on stdout the receipt goes where progress goes.
    screen = errors if to_stdout else console
    screen.print(receipt_table("清洗", (receipt,)))
    screen.print(
        "　".join(
            f"{note.removeprefix('grade_')}：{count:,}"
            for note, count in receipt.notes.items()
            if note.startswith("grade_")
        )
    )


def link(
    source: Annotated[Path, typer.Argument(metavar="IN.parquet")],
    out: Annotated[Path, typer.Option("-o", "--out", help="写到哪个 Parquet")],
    state: Annotated[
        Path | None,
        typer.Option(
            "--state", help="续接的底账文件夹：再来的文件只放新行，只重看受影响的行（仅用精确键）"
        ),
    ] = None,
    spill: Annotated[
        Path | None,
        typer.Option("--spill", help="内存不够时把整数表加密溢写到此文件夹（应在加密盘上）"),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """把一张人员表里的同一个人归到一起（给出把握和理由）。"""
    from kuai.linkage import actions

    require_allowed("link")
    require_folder_of(out)
    require_other_file(out, source)
    if out.suffix.lower() in (".csv", ".xlsx", ".txt"):
        raise Refusal(
            "link.out_form",
            f"结果是 Parquet，不能写成 {out.name}。",
            next_step="用 -o 写到 .parquet 文件。",
        )
    with shown_progress(quiet=as_json) as progress:
        receipt = actions.link_file(source, out, progress=progress, state=state, spill_to=spill)
    if as_json:
        write_json_answer(receipt.as_json())
    else:
        console.print(receipt_table("关联", (receipt,)))
