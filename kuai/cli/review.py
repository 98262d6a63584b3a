"""`kuai review`: the live work by which a command line gets a ticket on a real store, and with which it ends."""

from __future__ import annotations

import re
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Annotated

import typer

from kuai.cli.allowing import (
    account_of_operator,
    enter_in_ledger,
    operator,
    require_allowed,
)
from kuai.cli.options import DEFAULT_STORE, JsonOption, StoreOption
from kuai.cli.output import console, write_json_answer
from kuai.cli.work_database import open_existing_work_database, open_work_database
from kuai.guard.types import Actor, Ticket, TicketKind
from kuai.kit.clock import utc_now
from kuai.kit.element_codes import is_element_code
from kuai.kit.errors import Refusal
from kuai.kit.store import Store

app = typer.Typer(help="数据核校：发起、办结，凭据由此而来  Reviews", no_args_is_help=True)

PURPOSE = "record_review"
# A working day; the guard's longest for a review is five days.
USUAL_HOURS, MOST_HOURS = 8, 120
LONGEST_QUESTION = 200
# As long as a phone number or longer.
LONG_NUMBER = re.compile(r"\d{11}")


@app.command("open")
def open_review(
    persons: Annotated[list[str], typer.Argument(metavar="PERSON_CODE...", help="人的编码")],
    question: Annotated[str, typer.Option("--question", help="要核校什么（不写姓名和号码）")],
    fields: Annotated[
        list[str], typer.Option("--field", help="要看的字段，可写多次：name | id_number | phone")
    ],
    hours: Annotated[
        int, typer.Option("--hours", min=1, max=MOST_HOURS, help="凭据几小时后失效")
    ] = USUAL_HOURS,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """发起一次数据核校，并发给你一张凭据：只对写明的人、字段和时间有效。"""
    require_allowed("review open")
    _require_codes(persons)
    _require_plain_question(question)
    open_existing_work_database(store)
    now = utc_now()
    review, ticket = _open_with_ticket(
        persons, question, fields=fields, ends_at=now + timedelta(hours=hours), at=now
    )
    if as_json:
        write_json_answer({"review": review, "ticket": asdict(ticket)})
        return
    console.print(f"核校 {review}", highlight=False)
    console.print(
        f"凭据 {ticket.ticket_id}，到 {_local(ticket.ends_at)} 失效；用法：--ticket {ticket.ticket_id}",
        highlight=False,
    )
    console.print(f"办完请运行 kuai review close {review}，凭据随之失效。", highlight=False)


def _require_codes(persons: list[str]) -> None:
    """The number of somebody must not get into the ledger by way of a wrong argument."""
    for code in persons:
        if not code.startswith("P-") or not is_element_code(code):
            raise Refusal(
                "review.person_code",
                "有一处不是人的编码。",
                next_step="写成 P-XXXXXXXX-C 的样子（不写姓名和号码）；kuai export mentions 和核校清单里有编码。",
            )


def _require_plain_question(question: str) -> None:
    if len(question) > LONGEST_QUESTION or LONG_NUMBER.search(question):
        raise Refusal(
            "review.question",
            f"问题最长 {LONGEST_QUESTION} 字，里面不写证件号码和电话。",
            next_step="用编码说人，用一句话说问题。",
        )


def _open_with_ticket(
    persons: list[str], question: str, *, fields: list[str], ends_at: datetime, at: datetime
) -> tuple[str, Ticket]:
    """Both or neither: a review whose ticket was refused is not left open."""
    from django.db import transaction

    from kuai.guard import access
    from kuai.registry import decisions

    holder = account_of_operator()
    with transaction.atomic():
        review = decisions.open_review(persons, question=question, by=holder, at=at)
        ticket = access.issue_ticket(
            access.TicketRequest(
                kind=TicketKind.REVIEW,
                origin=review,
                purpose=PURPOSE,
                subjects=tuple(f"person:{code}" for code in persons),
                fields=tuple(fields),
                ends_at=ends_at,
            ),
            holder=holder,
            at=at,
        )
    return review, ticket


@app.command("close")
def close_review(
    code: Annotated[str, typer.Argument(help="核校编号，如 R-0123456789ab")],
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """办结你发起的一次核校；它的凭据同时失效。"""
    require_allowed("review close")
    open_existing_work_database(store)
    from kuai.guard import access
    from kuai.registry import decisions

    now = utc_now()
    decisions.close_review(code, by=account_of_operator(), at=now)
    ended = access.end_tickets(TicketKind.REVIEW, code, at=now)
    console.print(f"已办结 {code}，{ended} 张凭据失效。", highlight=False)


@app.command("list")
def list_reviews(store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False) -> None:
    """你手上凭据还有效的核校。"""
    require_allowed("review list")
    open_existing_work_database(store)
    at = utc_now()
    tickets = _live_tickets(account_of_operator(), at=at)
    if as_json:
        write_json_answer([{"review": one.origin, "ticket": asdict(one)} for one in tickets])
        return
    for ticket in tickets:
        console.print(
            f"{ticket.origin}  凭据 {ticket.ticket_id}  {len(ticket.subjects)} 人"
            f"  {'、'.join(ticket.fields)}  到 {_local(ticket.ends_at)}",
            highlight=False,
        )
    if not tickets:
        console.print("没有。")


@app.command("doubtful")
def list_doubtful(
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="最多列几条")] = 50,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """存疑的合并：仅凭姓名、相近的姓名或同一楼栋认作一人的，最没把握的在前；只列来源和行号。"""
    from kuai.flows.queries import is_synthetic

    opened = Store(store)
    # Where nothing is published there is nothing to list, and no work database to begin.
    opened.current_build()
    require_allowed("review doubtful", store=opened)
    open_work_database(opened.root)
    from kuai.registry import decisions

    by = replace(operator(), areas=("",)) if is_synthetic(opened) else account_of_operator()
    page = decisions.list_doubtful(opened, by=by, limit=limit)
    enter_in_ledger(opened, "listed_doubtful", count=len(page.ties), ticket="")
    if as_json:
        write_json_answer(asdict(page))
        return
    for tie in page.ties:
        console.print(
            f"{tie.match_probability:.3f}  {tie.left.source}:{tie.left.row_no}"
            f"  {tie.right.source}:{tie.right.row_no}  {tie.reason}",
            highlight=False,
        )
    console.print(f"共 {page.total} 处存疑，列出 {len(page.ties)} 处。", highlight=False)
    if page.ties:
        console.print(
            "逐条看：kuai explain pair 来源:行号 来源:行号；不是一人的：kuai decide different。",
            highlight=False,
        )


def _live_tickets(holder: Actor, *, at: datetime) -> list[Ticket]:
    """Of reviews still open: a ticket whose review was closed is dead, whatever its time."""
    from kuai.guard import access, queries

    return [
        ticket
        for ticket in queries.list_live_tickets(holder, at=at)
        if ticket.kind is TicketKind.REVIEW
        and access.is_live_ticket(ticket.ticket_id, holder=holder, at=at)
    ]


def _local(instant: datetime) -> str:
    from django.utils.timezone import get_current_timezone

    return f"{instant.astimezone(get_current_timezone()):%Y-%m-%d %H:%M}"
