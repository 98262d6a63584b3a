"""`kuai doctor` and `kuai nightly`: what is missing here, and what a store needs done every night."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import typer

from kuai.cli.allowing import login_of_operator, require_allowed
from kuai.cli.options import DEFAULT_STORE, JsonOption, StoreOption
from kuai.cli.output import EXIT_BROKEN, console, receipt_table, write_json_answer
from kuai.cli.store_findings import NIGHTLY_FINISHED
from kuai.cli.work_database import open_existing_work_database
from kuai.guard.types import Actor, Role
from kuai.kit.clock import local_day, utc_now
from kuai.kit.errors import Breakdown, DataFault, Refusal
from kuai.kit.receipt import Receipt
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


def nightly(store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False) -> None:
    """每晚一次：申报入库、建库、跑规则、交出服务和问题、到期、发出；结束失效凭据，清技术记录，封存台账。一步不成，别的照做。"""
    require_allowed("nightly")
    opened = open_existing_work_database(store)
    receipt, failed = _run_night(opened)
    overdue, untold = _overdue(opened)
    failed |= untold
    waiting = _messages_waiting(receipt)
    if as_json:
        write_json_answer(
            {
                "receipt": receipt.as_json(),
                "overdue": [_overdue_json(item) for item in overdue],
                "failed": failed,
                "messages_waiting": waiting,
            }
        )
        _end_of_night(failed)
        return
    console.print(receipt_table("夜间任务", receipt.parts))
    if waiting:
        console.print(
            f"还有 {waiting:,} 条消息等着发：没有人委托夜间代发，或委托已到期、收回、账号变动。"
            "请经办人在“问题与核对”页委托（或运行 kuai questions mandate），或自己点“发出待发的”。",
            highlight=False,
        )
    for item in overdue:
        what = " ".join(filter(None, (item.thing.name, item.thing.period)))
        console.print(
            f"超过保存期限：{what}，应于 {item.due_on} 前处理，已超 {item.days_over} 天",
            highlight=False,
        )
    if not untold:
        console.print(
            "请数据管理员决定是否销毁（kuai keys shred）。" if overdue else "没有超过保存期限的。"
        )
    for step, said in failed.items():
        console.print(f"没有做成：{step}：{said}", highlight=False)
    _end_of_night(failed)


def _end_of_night(failed: dict[str, str]) -> None:
    """Cron should tell of a night in which a step failed, though all the others ran."""
    if failed:
        raise typer.Exit(EXIT_BROKEN)


def _overdue(store: Store) -> tuple[tuple[Any, ...], dict[str, str]]:
    """What is kept too long, or why nobody could tell."""
    from kuai.guard import queries

    try:
        return tuple(queries.list_overdue_things(store, as_of=local_day(utc_now()))), {}
    except (Refusal, DataFault, Breakdown) as failure:
        return (), {"overdue": str(failure)}


def _messages_waiting(receipt: Receipt) -> int:
    """Messages that nobody's mandate let the night send."""
    return sum(int(one.notes.get("without_mandate", 0)) for one in receipt.parts)


def _run_night(store: Store) -> tuple[Receipt, dict[str, str]]:
    """Each step fails alone; the ledger is sealed last and always, so that what this night did is sealed too."""
    from kuai.flows.night import take_step
    from kuai.guard import ledger

    by = Actor(user_id=f"os:{login_of_operator()}", role=Role.SYSTEM_ADMINISTRATOR)
    done: list[Any] = []
    try:
        done += _office(store)
        done += [take_step(name, chore) for name, chore in _chores(store, by=by).items()]
        done.append(take_step("nightly_finished", lambda: _finish(done, by=by)))
    finally:
        # Whatever broke above, a killed night too: what it did is sealed.
        sealed = take_step("ledger.seal", lambda: (ledger.seal_pending(store, now=utc_now()),))
    done.append(sealed)
    failed = {one.step: one.failed for one in done if one.failed}
    parts = tuple(receipt for one in done for receipt in one.receipts)
    return Receipt.total("nightly", parts, what="things"), failed


def _office(store: Store) -> list[Any]:
    """The offices' steps; where they cannot even begin, that is one failed step and the chores go on."""
    from kuai.flows import night

    done: list[Any] = []

    def work() -> tuple[Receipt, ...]:
        done.extend(night.run_office_night(store, at=utc_now()))
        return ()

    begun = night.take_step("office_night", work)
    return [*done, begun] if begun.failed else done


def _chores(store: Store, *, by: Actor) -> dict[str, Callable[[], tuple[Receipt, ...]]]:
    """What a store needs every night, whether or not anything was built in it."""
    from kuai.guard import access
    from kuai.services.forms.actions import end_old_fillings

    def dead_tickets() -> tuple[Receipt, ...]:
        return (_done("end_dead_tickets", access.end_dead_tickets(at=utc_now()), "tickets"),)

    def technical_rows() -> tuple[Receipt, ...]:
        cleared = access.clear_technical_rows(by=by, at=utc_now())
        return tuple(_done("clear_technical_rows", rows, label) for label, rows in cleared.items())

    def old_fillings() -> tuple[Receipt, ...]:
        return (_done("end_old_fillings", end_old_fillings(store, at=utc_now()), "forms"),)

    return {
        "end_dead_tickets": dead_tickets,
        "clear_technical_rows": technical_rows,
        "end_old_fillings": old_fillings,
        "address_proposals": lambda: _refresh_proposals(store, by=by),
    }


def _finish(done: list[Any], *, by: Actor) -> tuple[Receipt, ...]:
    """The entry by which the doctor sees that a night ran, and how much of it failed."""
    from kuai.guard import access

    failed = sum(bool(one.failed) for one in done)
    cleared = ("end_dead_tickets", "clear_technical_rows")
    access.record_entry(
        actor=by,
        action=NIGHTLY_FINISHED,
        object_kind="store",
        purpose="administration",
        count=sum(part.kept for one in done if one.step in cleared for part in one.receipts),
        outcome=f"failed:{failed}" if failed else "",
        at=utc_now(),
    )
    return ()


def _refresh_proposals(store: Store, *, by: Actor) -> tuple[Receipt, ...]:
    """What the published build says the address library lacks; nothing before a build that knows."""
    from kuai.flows.address_upkeep import can_refresh_proposals, refresh_address_proposals

    if not can_refresh_proposals(store):
        return ()
    return (refresh_address_proposals(store, by=by, at=utc_now()),)


def _done(stage: str, count: int, what: str) -> Receipt:
    return Receipt(stage=stage, received=count, kept=count, what=what)


def _overdue_json(item: Any) -> dict[str, Any]:
    return {
        "kind": item.thing.kind,
        "name": item.thing.name,
        "period": item.thing.period,
        "rows": item.thing.rows,
        "due_on": item.due_on,
        "days_over": item.days_over,
    }
