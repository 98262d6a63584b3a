"""`kuai explain pair`: why two persons, or two rows, are one or are not."""

from __future__ import annotations

from typing import Annotated

import typer

from kuai.cli.allowing import enter_in_ledger, require_allowed
from kuai.cli.options import DEFAULT_STORE, JsonOption, StoreOption, TicketOption
from kuai.cli.output import show_steps
from kuai.kit.store import Store


def explain_pair(
    left: Annotated[str, typer.Argument(metavar="A", help="人的编码、记录键，或“来源:行号”")],
    right: Annotated[str, typer.Argument(metavar="B", help="人的编码、记录键，或“来源:行号”")],
    store: StoreOption = DEFAULT_STORE,
    ticket: TicketOption = "",
    as_json: JsonOption = False,
) -> None:
    """两个人（或两行）为什么是同一个，或为什么不是：只说相同不同，不说值。"""
    from kuai.flows.explain_pair import explain_pair as steps_of

    opened = Store(store)
    persons = require_allowed("explain pair", store=opened, ticket=ticket)
    steps = steps_of(left, right, store=opened, persons=persons)
    enter_in_ledger(opened, "explained_pair", count=2, ticket=ticket)
    show_steps(steps, as_json=as_json)
