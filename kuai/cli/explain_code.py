"""`kuai explain code`: what became of a code, merged, split or restored; by which build or decision."""

from __future__ import annotations

from typing import Annotated

import typer

from kuai.cli.allowing import enter_in_ledger, require_allowed
from kuai.cli.options import DEFAULT_STORE, JsonOption, StoreOption, TicketOption
from kuai.cli.output import show_steps
from kuai.cli.work_database import open_work_database
from kuai.kit.store import Store


def explain_code(
    code: Annotated[str, typer.Argument(help="要素编码，如 P-XXXXXXXX-C")],
    store: StoreOption = DEFAULT_STORE,
    ticket: TicketOption = "",
    as_json: JsonOption = False,
) -> None:
    """一个编码的来历：何时编的、并入了谁、从谁分出、何时恢复，由哪一版或哪个决定。"""
    opened = Store(store)
    persons = require_allowed("explain code", store=opened, ticket=ticket)
    opened.current_build()
    open_work_database(store)
    # From here on, because the log of decisions needs Django to be started.
    from kuai.flows.explain_code import explain_code as steps_of

    steps = steps_of(code, store=opened, persons=persons)
    enter_in_ledger(opened, "explained_code", count=1, ticket=ticket)
    show_steps(steps, as_json=as_json)
