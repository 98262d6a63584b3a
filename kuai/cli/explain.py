"""`kuai explain`: how an address was read, what a row became, where a relation comes from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kuai.cli.allowing import enter_in_ledger, require_allowed
from kuai.cli.options import DEFAULT_STORE, JsonOption, StoreOption, TicketOption
from kuai.cli.output import show_steps
from kuai.kit.store import Store

app = typer.Typer(help="说明来龙去脉  Why is it so?", no_args_is_help=True)


@app.command("address")
def explain_address(
    text: Annotated[str, typer.Argument(help="地址文字")],
    store: StoreOption = DEFAULT_STORE,
    library: Annotated[
        Path | None, typer.Option("--library", help="统一地址库 CSV；不写则用库里的")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """一个地址是怎样一步步认出来的。"""
    from kuai.flows.explain import explain_address as steps_of

    require_allowed("explain address")
    show_steps(steps_of(text, store=Store(store), library=library), as_json=as_json)


@app.command("mention")
def explain_mention(
    source: Annotated[str, typer.Argument(help="来源名，如 police_residents")],
    row: Annotated[int, typer.Argument(help="数据行，从 0 数起")],
    store: StoreOption = DEFAULT_STORE,
    ticket: TicketOption = "",
    as_json: JsonOption = False,
) -> None:
    """一行数据成了什么：它说的人、单位、地址、关系，以及理由。"""
    from kuai.flows.explain import explain_mention as steps_of

    opened = Store(store)
    persons = require_allowed("explain mention", store=opened, ticket=ticket)
    steps = steps_of(source, row, store=opened, persons=persons)
    enter_in_ledger(opened, "explained_mention", count=len(steps), ticket=ticket)
    show_steps(steps, as_json=as_json)


@app.command("relation")
def explain_relation(
    number: Annotated[int, typer.Argument(help="关系号（relation_no）")],
    store: StoreOption = DEFAULT_STORE,
    ticket: TicketOption = "",
    as_json: JsonOption = False,
) -> None:
    """一条关系从哪一行来、什么状态、有多大把握。"""
    from kuai.flows.explain import explain_relation as steps_of

    opened = Store(store)
    persons = require_allowed("explain relation", store=opened, ticket=ticket)
    steps = steps_of(number, store=opened, persons=persons)
    enter_in_ledger(opened, "explained_relation", count=len(steps), ticket=ticket)
    show_steps(steps, as_json=as_json)
