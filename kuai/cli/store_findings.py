"""What `kuai doctor` sees in a store's work database: sealing of the ledger, reviews that are due, the nightly run."""

from __future__ import annotations

import importlib.util
from datetime import datetime, timedelta

from kuai.cli.finding import Finding
from kuai.cli.work_database import has_work_database, start_django
from kuai.kit.clock import local_day, utc_now
from kuai.kit.errors import Refusal
from kuai.kit.store import Store

NIGHTLY_FINISHED = "nightly.finished"
# A day and what a night's run may be late.
LONGEST_WITHOUT_NIGHTLY = timedelta(hours=36)


def examine_work_database(store: Store) -> list[Finding]:
    """Nothing where there is no work database yet; nothing is changed in one."""
    # Without Django there is no looking; that it is missing is another finding.
    if not has_work_database(store) or importlib.util.find_spec("django") is None:
        return []
    start_django(store)
    from django.db import DatabaseError

    now = utc_now()
    try:
        return [_sealing(now), _due_reviews(now), _nightly(now)]
    except DatabaseError:
        return [
            Finding(
                "工作库",
                is_well=False,
                state="打不开，或表还没有更新到这个版本",
                remedy="检查 KUAI_DATABASE_URL；运行 kuai nightly 会更新表",
            )
        ]


def _sealing(now: datetime) -> Finding:
    from kuai.guard import ledger

    health = ledger.get_ledger_health(now=now)
    state = f"{health.sealed:,} 条已封存，{health.waiting:,} 条等待"
    try:
        ledger.require_sealing_alive(now=now)
    except Refusal:
        hours = health.oldest_wait_s / 3600
        return Finding(
            "台账封存",
            is_well=False,
            state=f"{state}，最久的等了 {hours:.0f} 小时；查看个人资料已暂停",
            remedy="运行 kuai ledger seal 补封，再启动门户（kuai serve 会自动封存）",
            is_needed=False,
        )
    return Finding("台账封存", is_well=True, state=state, is_needed=False)


def _due_reviews(now: datetime) -> Finding:
    from kuai.guard import access

    due = access.list_due_reviews(as_of=local_day(now))
    return Finding(
        "应急查看的复核",
        is_well=not due,
        state=f"{len(due)} 次到期未复核" if due else "没有到期的",
        remedy="请审计员逐次复核应急查看",
        is_needed=False,
    )


def _nightly(now: datetime) -> Finding:
    from kuai.guard import ledger
    from kuai.guard.ledger_types import LedgerFilter

    entries = ledger.list_entries(LedgerFilter(action=NIGHTLY_FINISHED), limit=1).entries
    last = entries[0].recorded_at if entries else None
    return Finding(
        "夜间任务（失效凭据、过期会话）",
        is_well=last is not None and now - last <= LONGEST_WITHOUT_NIGHTLY,
        state=f"上次 {last:%Y-%m-%d %H:%M} UTC" if last else "没有运行过",
        remedy="每晚运行 kuai nightly，见 docs/runbooks/nightly.md",
        is_needed=False,
    )
