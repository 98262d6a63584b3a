"""Doors of rules that read: the catalogue, what a rule may not do, the findings of the newest run."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.rules.drafting import DraftDesk
from kuai.rules.engine.lineage import look_through
from kuai.rules.engine.views import logical_views
from kuai.rules.explaining import explain
from kuai.rules.finding_files import newest_run, read_run, select_findings
from kuai.rules.rule_books import read_rule_named, read_rules
from kuai.rules.running import Question
from kuai.rules.trying import find_example_faults
from kuai.rules.types import (
    SMALLEST_POPULATION,
    Finding,
    LogicalView,
    Overlay,
    Rule,
    RuleFault,
)
from kuai.rules.view_tables import ViewFrame

__all__ = [
    "DraftDesk",
    "check_examples",
    "check_rule",
    "explain_finding",
    "get_finding",
    "get_rule",
    "get_run",
    "list_findings",
    "list_rules",
    "list_views",
    "open_draft_desk",
    "overlay_of",
]
MOST_FINDINGS = 1000


def list_rules(store: Store | None = None) -> tuple[Rule, ...]:
    """All rules by id: those of the house and, with a store, those its offices wrote. Refuses a faulty file."""
    return read_rules(store)


def get_rule(rule_id: str, store: Store | None = None) -> Rule:
    """The rule; refuses one that nobody wrote."""
    return read_rule_named(rule_id, store)


def list_views() -> tuple[LogicalView, ...]:
    """The views a rule may read, in the order of their file."""
    return tuple(logical_views().values())


def check_rule(rule: Rule) -> tuple[RuleFault, ...]:
    """Everything that forbids the rule to run, with file, line and column; empty if it may."""
    return look_through(rule)[1]


def check_examples(rule: Rule) -> tuple[RuleFault, ...]:
    """Where the rule's own examples say something else than it finds, with line; empty if all is as they say."""
    return find_example_faults(rule)


def list_findings(
    store: Store,
    *,
    rule: str = "",
    subject: str = "",
    place: str = "",
    asks: str = "",
    after: str = "",
    limit: int = MOST_FINDINGS,
) -> list[Finding]:
    """Findings of the newest run by id, after the id `after`; of one rule, subject, place or kind if named."""
    named = {"rule": rule, "subject_code": subject, "place_code": place, "asks": asks}
    parameters: dict[str, Any] = {name: value for name, value in named.items() if value}
    where = [f"{name} = ${name}" for name in parameters] + ["finding_id > $after"]
    return select_findings(
        store,
        " and ".join(where),
        {**parameters, "after": after},
        order=f"finding_id limit {int(limit)}",
    )


def get_finding(store: Store, finding_id: str) -> Finding:
    """The finding of the newest run; refuses one that is not there."""
    found = select_findings(store, "finding_id = $finding", {"finding": finding_id})
    if not found:
        raise Refusal(
            "finding.unknown",
            f"最近一次运行里没有发现“{finding_id}”。",
            next_step="可能已经不成立；运行 kuai rules run 看最新的。",
        )
    return found[0]


def get_run(store: Store) -> dict[str, Any] | None:
    """What the newest run noted of itself (build, day, counts a rule); None before the first."""
    folder = newest_run(store)
    return read_run(folder) if folder else None


def open_draft_desk(
    store: Store,
    *,
    day: date,
    rules: Iterable[Rule] | None = None,
    overlay: Overlay | None = None,
    of_views: frozenset[str] = frozenset(),
    smallest_population: int = SMALLEST_POPULATION,
) -> DraftDesk:
    """A desk over the published build that tells what rules would find of a draft. Open it once, not for every draft.

    `of_views`: the views whose rows drafts will have, all if unsaid; facts that only other rules read stay away.
    Of rules that hang together otherwise than by codes (decision 0037) or are about communities no draft is asked: they
    wait for the next run.
    """
    frame = ViewFrame(store.current_build() / "core", overlay or Overlay())
    asked = read_rules(store) if rules is None else rules
    if of_views:
        looked = ((one, look_through(one)[0]) for one in asked)
        asked = [one for one, checked in looked if checked and checked.views & of_views]
    return DraftDesk(frame, asked, Question(day, smallest_population))


def explain_finding(
    store: Store, finding_id: str, *, persons: frozenset[str] | None = None
) -> list[tuple[str, str]]:
    """Why the finding is there, step by step, in Chinese. `persons`: whom the reader may see (None: all are invented).

    Refuses a finding that is gone, and one about a person who is not in `persons`.
    """
    return explain(store, get_finding(store, finding_id), persons)


def overlay_of(store: Store, *, day: date | None = None) -> Overlay:
    """What people decided since the published build and takes facts, or persons, out of every rule. Needs Django.

    `day`: whoever dies or departs after it is still asked.
    """
    # Here, because whoever only reads the catalogue needs no work database.
    from kuai.registry import queries as registry  # noqa: PLC0415

    ended = {
        key
        for key, word in registry.statuses_over(store).items()
        if word.status in ("withdrawn", "disputed", "ended")
    }
    keys = registry.facts_out_of_use() | ended
    births = {key.split("|")[1] for key in keys if key.startswith("birth_date|")}
    contested = {part for key in registry.contested_facts() for part in key.split("|")}
    gone = {code for code, on in registry.persons_gone().items() if day is None or on <= day}
    now = registry.resolve_codes(gone, store=store) if gone else {}
    return Overlay(
        facts=frozenset(keys),
        birth_dates=frozenset(births),
        paused=frozenset(contested),
        gone=frozenset(now.values()),
    )
