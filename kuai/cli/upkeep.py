"""`kuai doctor` and `kuai nightly`: what is missing here, and what a store needs done every night."""

from __future__ import annotations

from typing import Any

import typer

from kuai.cli.allowing import login_of_operator, require_allowed
from kuai.cli.options import DEFAULT_STORE, JsonOption, StoreOption
from kuai.cli.output import console, receipt_table, write_json_answer
from kuai.cli.store_findings import NIGHTLY_FINISHED
from kuai.cli.work_database import open_existing_work_database
from kuai.guard.types import Actor, Role
from kuai.kit.clock import local_day, utc_now
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
    """每晚一次：结束失效的凭据，清掉过期的会话等技术记录，更新地址建议，封存台账，列出超过保存期限的。不删业务数据。"""
    require_allowed("nightly")
    opened = open_existing_work_database(store)
    receipt = _run_night(opened)
    from kuai.guard import queries

    overdue = queries.list_overdue_things(opened, as_of=local_day(utc_now()))
    if as_json:
        write_json_answer(
            {"receipt": receipt.as_json(), "overdue": [_overdue_json(item) for item in overdue]}
        )
        return
    console.print(receipt_table("夜间任务", receipt.parts))
    for item in overdue:
        what = " ".join(filter(None, (item.thing.name, item.thing.period)))
        console.print(
            f"超过保存期限：{what}，应于 {item.due_on} 前处理，已超 {item.days_over} 天",
            highlight=False,
        )
    console.print(
        "请数据管理员决定是否销毁（kuai keys shred）。" if overdue else "没有超过保存期限的。"
    )


def _run_night(store: Store) -> Receipt:
    """The ledger is sealed last, so that what this night did is sealed too."""
    from kuai.guard import access, ledger
    from kuai.services.forms.actions import end_old_fillings

    by = Actor(user_id=f"os:{login_of_operator()}", role=Role.SYSTEM_ADMINISTRATOR)
    ended = access.end_dead_tickets(at=utc_now())
    cleared = access.clear_technical_rows(by=by, at=utc_now())
    access.record_entry(
        actor=by,
        action=NIGHTLY_FINISHED,
        object_kind="store",
        purpose="administration",
        count=ended + sum(cleared.values()),
        at=utc_now(),
    )
    parts = (
        _done("end_dead_tickets", ended, "tickets"),
        *(_done("clear_technical_rows", rows, label) for label, rows in cleared.items()),
        _done("end_old_fillings", end_old_fillings(store, at=utc_now()), "forms"),
        *_refresh_proposals(store, by=by),
        ledger.seal_pending(store, now=utc_now()),
    )
    return Receipt.total("nightly", parts, what="things")


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
