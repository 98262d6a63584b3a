"""`kuai export`: codes only, never names or numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kuai.cli.allowing import enter_in_ledger, require_allowed
from kuai.cli.options import DEFAULT_STORE, JsonOption, StoreOption, TicketOption
from kuai.cli.output import console, require_folder_of, write_json_answer
from kuai.kit.store import Store

app = typer.Typer(help="导出（只有编码，没有姓名号码）  Exports: codes only", no_args_is_help=True)


@app.command("mentions")
def export_mentions(
    out: Annotated[Path, typer.Option("-o", "--out", help="写到哪个 CSV")],
    store: StoreOption = DEFAULT_STORE,
    ticket: TicketOption = "",
    as_json: JsonOption = False,
) -> None:
    """每一行说的是谁、在哪里：只有编码，没有姓名和号码。真实数据只写凭据写明的人。"""
    from kuai.flows.mentions import export_mentions as write_mentions

    opened = Store(store)
    persons = require_allowed("export mentions", store=opened, ticket=ticket)
    require_folder_of(out)
    receipt = write_mentions(opened, out, persons=persons)
    enter_in_ledger(opened, "exported_mentions", count=receipt.kept, ticket=ticket)
    if as_json:
        write_json_answer(receipt.as_json())
    else:
        console.print(f"写了 {receipt.kept:,} 行到 {out}")
