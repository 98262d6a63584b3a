"""`kuai demo-city`: an invented city with its answers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from kuai.cli.allowing import require_allowed
from kuai.cli.options import JsonOption, read_day
from kuai.cli.output import console, shown_progress, write_json_answer


def demo_city(
    out: Annotated[Path, typer.Argument(help="数据包写到哪个文件夹")],
    rooms: Annotated[int, typer.Option(help="房屋（套间）数，200 到 1,110,000")] = 20_000,
    seed: Annotated[int, typer.Option(help="随机种子；相同种子得到相同城市")] = 1,
    profile: Annotated[
        str,
        typer.Option(help="easy 少噪声 | planted 常见噪声，埋有难例 | hard 多噪声，各部门缺字段"),
    ] = "planted",
    as_of: Annotated[str, typer.Option(help="城市的“今天”，如 2026-10-31")] = "2026-10-31",
    as_json: JsonOption = False,
) -> None:
    """造一个演示城市（合成的部门数据包，带答案）。"""
    from kuai.demo_city import actions

    require_allowed("demo-city")
    with shown_progress(quiet=as_json) as progress:
        report = actions.generate_city(
            out, rooms=rooms, seed=seed, profile=profile, as_of=read_day(as_of), progress=progress
        )
    if as_json:
        write_json_answer(report.as_json())
        return
    _show_city(report)


def _show_city(report: Any) -> None:
    console.print(
        f"写了 {report.package}：房屋 {report.rooms:,}，楼栋 {report.buildings:,}，用时 {report.seconds:.1f} 秒"
    )
    for resource, rows in report.rows.items():
        console.print(f"  {resource:<20}{rows:>12,} 行", highlight=False)
    ceiling = report.ceiling
    console.print(
        "关联上限（按行里所写，最好能做到）："
        f"精确率 {ceiling.precision:.5f}，召回率 {ceiling.recall:.5f}，F1 {ceiling.f1:.5f}"
    )
