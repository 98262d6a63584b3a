"""What offices' work needs every night: build, rules, hand-overs, lapses, messages. Each step fails alone.

Declarations come before the build, so that a second run the same night finds nothing new in the store.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from kuai.flows import declarations, questions, verdicts
from kuai.flows.build import rebuild_store
from kuai.flows.care_bits import care_rows
from kuai.flows.form_cells import hand_over_form_cells
from kuai.flows.offers import hand_over_offers
from kuai.flows.queries import is_synthetic
from kuai.flows.registration import gate_of, registrar_of
from kuai.kit.clock import local_day
from kuai.kit.errors import Breakdown, DataFault, Refusal
from kuai.kit.receipt import Receipt
from kuai.kit.store import Store
from kuai.rules import actions as rule_runs
from kuai.rules.queries import overlay_of
from kuai.services.questions.actions import send_by_mandate
from kuai.services.residence.actions import turn_into_checks

# As the build's command: days beyond a year are slips of typing.
SLIP_OF_THE_YEAR = timedelta(days=366)


@dataclass(frozen=True)
class StepDone:
    """One step of a night: its receipts, or in `failed` why there are none."""

    step: str
    receipts: tuple[Receipt, ...] = ()
    failed: str = ""


def run_office_night(store: Store, *, at: datetime) -> tuple[StepDone, ...]:
    """Every step in order; a failing one is told and the next begins. May be repeated: a second run changes nothing.

    Messages leave in the name of whoever gave the night a mandate; the rest waits, and the receipt says how many.
    """
    if store.current_version() is None:
        return ()
    steps: dict[str, Callable[[], tuple[Receipt, ...]]] = {
        "declarations_checks": lambda: _checks(at),
        "declarations": lambda: _declare(store, at),
        "build": lambda: _build(store, at),
        "answers_to_rules": lambda: (verdicts.tell_late(store, at=at),),
        "rules_run": lambda: _rules(store, at),
        "offers": lambda: _offers(store, at),
        "findings_asked": lambda: (questions.hand_over_findings(store, at=at),),
        "declarations_asked": lambda: (questions.hand_over_declarations(store, at=at),),
        "forms_asked": lambda: (hand_over_form_cells(store, at=at),),
        "questions_lapsed": lambda: questions.lapse(at=at),
        "questions_sent": lambda: (send_by_mandate(store, at=at),),
    }
    return tuple(take_step(name, step) for name, step in steps.items())


def take_step(name: str, step: Callable[[], tuple[Receipt, ...]]) -> StepDone:
    """The step's receipts, or why it failed, in words without anybody's data."""
    try:
        return StepDone(name, step())
    except (Refusal, DataFault, Breakdown) as failure:
        return StepDone(name, failed=str(failure))
    except Exception as fault:  # noqa: BLE001 - one step's fault must not cost the night; its text may hold data
        return StepDone(name, failed=f"程序出错：{type(fault).__name__}")


def _checks(at: datetime) -> tuple[Receipt, ...]:
    turned = turn_into_checks(on=local_day(at))
    return (Receipt("declarations_checks", received=turned, kept=turned, what="questions"),)


def _declare(store: Store, at: datetime) -> tuple[Receipt, ...]:
    handed = declarations.hand_over(store, at=at)
    return tuple(receipt for _, receipt in handed.receipts)


def _build(store: Store, at: datetime) -> tuple[Receipt, ...]:
    synthetic = is_synthetic(store)
    built = rebuild_store(
        store,
        registrar=registrar_of(synthetic=synthetic, at=at),
        gate_on=gate_of(synthetic=synthetic),
        latest_day=local_day(at) + SLIP_OF_THE_YEAR,
        at=at,
    )
    return (built.receipt,)


def _rules(store: Store, at: datetime) -> tuple[Receipt, ...]:
    with store.writer_lease():
        run = rule_runs.run_rules(
            store, day=local_day(at), overlay=overlay_of(store), declared=care_rows(store, at=at)
        )
    notes = {"way": run.way, "new": run.new, "gone": run.gone}
    return (
        Receipt(
            "rules_run", received=run.findings, kept=run.findings, what="findings", notes=notes
        ),
    )


def _offers(store: Store, at: datetime) -> tuple[Receipt, ...]:
    with store.writer_lease():
        told = hand_over_offers(store, at=at)
    # Held back with a cause, or declined before: neither is offered, and both are told apart in `kuai offers`.
    return (
        Receipt(
            "offers", received=told.findings, kept=told.offered,
            refused=told.waiting + told.left_alone, what="findings", notes={"lapsed": told.lapsed},
        ),
    )  # fmt: skip
