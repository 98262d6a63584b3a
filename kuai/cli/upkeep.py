"""`kuai doctor`: what is missing, and how to mend it."""

from __future__ import annotations

import typer

from kuai.cli.allowing import require_allowed
from kuai.cli.options import DEFAULT_STORE, JsonOption, StoreOption
from kuai.cli.output import console, write_json_answer
from kuai.kit.store import Store


def doctor(store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False) -> None:
    """看看缺什么、怎么补。"""
    from kuai.cli.doctor import examine

    require_allowed("doctor")
    findings = examine(Store(store))
    if as_json:
        write_json_answer([finding.as_json() for finding in findings])
    else:
        for finding in findings:
            mark = "[green]好[/]" if finding.is_well else "[red]缺[/]"
            console.print(f"{mark}  {finding.what}：{finding.state}", highlight=False)
            if not finding.is_well:
                console.print(f"    怎么办：{finding.remedy}", highlight=False)
    if not all(finding.is_well or not finding.is_needed for finding in findings):
        raise typer.Exit(code=1)
