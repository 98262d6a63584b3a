"""`kuai explain organisation`: how one organisation came together, and what is said of it."""

from __future__ import annotations

from typing import Annotated

import typer

from kuai.cli.allowing import enter_in_ledger, require_allowed
from kuai.cli.options import DEFAULT_STORE, JsonOption, StoreOption, TicketOption
from kuai.cli.output import show_steps
from kuai.cli.work_database import open_existing_work_database


def explain_organisation(
    code: Annotated[str, typer.Argument(help="单位编码，如 O-XXXXXXXX-C")],
    store: StoreOption = DEFAULT_STORE,
    ticket: TicketOption = "",
    as_json: JsonOption = False,
) -> None:
    """一个单位由哪些行组成、凭什么连在一起、名称和代码取自哪一行、有哪些关系和冲突、编码的经历。"""
    opened = open_existing_work_database(store)
    persons = require_allowed("explain organisation", store=opened, ticket=ticket)
    from kuai.flows.explain_organisation import explain_organisation as steps_of

    steps = steps_of(code, store=opened, persons=persons)
    enter_in_ledger(opened, "explained_organisation", count=len(steps), ticket=ticket)
    show_steps(steps, as_json=as_json)
