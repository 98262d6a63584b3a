"""What rules offer on its way to the persons concerned. Idempotent: the newest run is handed over once."""

from __future__ import annotations

from datetime import datetime

from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.rules import queries as rules
from kuai.rules.types import Asks, Finding
from kuai.services.proactive import actions
from kuai.services.proactive.types import HandedOver

MOST_A_PAGE = 1_000


def hand_over_offers(store: Store, *, at: datetime) -> HandedOver:
    """Hand the offers of the newest run of the rules over. May be repeated. Refuses before the first run."""
    run = rules.get_run(store)
    if run is None:
        raise Refusal(
            "rules.not_run",
            "这个库还没有跑过规则。",
            next_step="运行 kuai rules run --store STORE。",
        )
    findings: list[Finding] = []
    while True:
        after = findings[-1].finding_id if findings else ""
        page = rules.list_findings(store, asks=Asks.OFFER.value, after=after, limit=MOST_A_PAGE)
        findings += page
        if len(page) < MOST_A_PAGE:
            break
    return actions.hand_over(store, findings, run=f"{run['build']}|{run['day']}", at=at)
