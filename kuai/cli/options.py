"""Words that several commands take."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from kuai.kit.errors import Refusal

StoreOption = Annotated[Path, typer.Option("--store", help="库所在的文件夹", envvar="KUAI_STORE")]
JsonOption = Annotated[bool, typer.Option("--json", help="以 JSON 输出")]
TicketOption = Annotated[str, typer.Option("--ticket", help="凭据编号（真实数据的库需要）")]
DEFAULT_STORE = Path("var/store")


def read_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refusal(
            "day.form", f"“{text}”不是日期。", next_step="写成 2026-10-31 的样子。"
        ) from None
