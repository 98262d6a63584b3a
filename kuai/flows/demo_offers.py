"""The office's work on a demo store as after a first week: rules in force, offers out, questions asked, a visit sheet.

Everything goes through the doors that people use, under the demo logins. Synthetic stores alone. May be repeated: what
somebody has done since is left as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from kuai.blocks.queries import open_blocks
from kuai.flows.care_bits import care_rows
from kuai.flows.demo_forms import seed_demo_forms
from kuai.flows.offers import hand_over_offers
from kuai.flows.questions import hand_over_findings
from kuai.guard.queries import find_actor_by_login, is_synthetic_store
from kuai.guard.types import Actor
from kuai.kit.clock import local_day
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.rules import actions as rule_runs
from kuai.rules import queries as rules
from kuai.services.proactive import actions as proactive
from kuai.services.proactive.queries import list_states
from kuai.services.proactive.types import RuleState
from kuai.services.questions import actions as questions
from kuai.services.questions.queries import list_waiting_grids
from kuai.services.residence import actions as declarations

# One that offers, one that asks by message, one that ends at a door; and one left for whoever tries the portal to sign.
SIGNED = ("first.turning_60", "first.filing_ended", "first.over_safe_occupancy")
UNSIGNED = "first.turning_80"
DOORS = 2
Progress = Callable[[str], None]


@dataclass(frozen=True)
class SeededOffice:
    """What stands on the pages of a new demo store."""

    rules_live: int
    offers: int
    questions: int
    sheet: str
    doors: int
    form: str


def seed_demo_offers(
    store: Store, *, at: datetime, progress: Progress = lambda _: None
) -> SeededOffice | None:
    """Bring a new demo store to the end of its first week; None where somebody already signed or stopped a rule.

    Refuses a store with real sources: nobody there agreed to anything.
    """
    if not is_synthetic_store():
        raise Refusal("demo.real_store", "演示数据只能放进合成数据的库，这个库有真实来源。")
    steward, clerk = _login("data-steward"), _login("subdistrict-clerk")
    moved = {state for _, state in list_states(store)} - {RuleState.DRAFT}
    if moved or store.current_version() is None:
        return None
    progress("规则：演练、签字")
    _put_into_force(store, steward=steward, clerk=clerk, at=at)
    progress("规则：问一遍全部的人和房")
    with store.writer_lease():
        rule_runs.run_rules(
            store,
            day=local_day(at),
            overlay=rules.overlay_of(store),
            declared=care_rows(store, at=at),
        )
        offered = hand_over_offers(store, at=at).offered
    progress("问题、核对表、报表、门牌码")
    asked = hand_over_findings(store, at=at).kept
    return SeededOffice(
        rules_live=len(SIGNED),
        offers=offered,
        questions=asked,
        sheet=_draw_sheet(store, clerk, at=at),
        doors=_print_doors(store, clerk, at=at),
        form=seed_demo_forms(at=at),
    )


def _put_into_force(store: Store, *, steward: Actor, clerk: Actor, at: datetime) -> None:
    for name in (*SIGNED, UNSIGNED):
        proactive.rehearse_rule(store, name, day=local_day(at), by=steward, at=at)
    for name in SIGNED:
        proactive.sign_rule(store, name, by=clerk, at=at)


def _draw_sheet(store: Store, clerk: Actor, *, at: datetime) -> str:
    """The sheet of the grid where most doors wait; empty where none does."""
    waiting = [(doors, grid) for grid, doors, _ in list_waiting_grids(by=clerk) if doors]
    if not waiting:
        return ""
    _, grid = max(waiting)
    return questions.draw_sheet(store, grid, on=local_day(at), by=clerk, at=at).number


def _print_doors(store: Store, clerk: Actor, *, at: datetime) -> int:
    """Codes for the first doors of the first building on the clerk's ground; returns how many."""
    reader = open_blocks(store.current_build())
    code = clerk.areas[0].rpartition("/")[2] or reader.top_blocks()[0].code
    while reader.get_block(code).level != "building":
        code = next(one.code for one in reader.list_children(code) if one.counters)
    rooms = [one.code for one in reader.list_children(code)][:DOORS]
    return len(declarations.issue_door_codes(store, rooms, by=clerk, at=at))


def _login(role: str) -> Actor:
    found = find_actor_by_login(f"demo-{role}")
    if found is None:
        raise Refusal("demo.logins", "请先建好演示账号（kuai run-demo）。")
    return found
