"""Who says at a door that they left a home they are on file for: it holds for every source's word, not only their own.

The same decision of the registry as by login (`at_home`) or by link, after the same proof: a code to a phone that, with
the name, leads to one person. Out of use at once, whoever stated it is asked; taken back with the declaration. Private.
"""

from __future__ import annotations

from datetime import datetime

from kuai.guard.types import Actor, Role
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.registry import decisions, queries
from kuai.registry.decisions import DecisionKind, Objection
from kuai.services.residence.models import Declaration
from kuai.services.residence.on_file import LIVES, OnFile
from kuai.services.residence.types import Act

TAKEN_BACK = "申报撤回了"


def contest_home(
    store: Store, known: OnFile | None, room: str, *, number: str, at: datetime
) -> tuple[str, ...]:
    """Take the person's home in this room out of use; the numbers of the cases that ask whoever stated it.

    None for somebody who is not on file here, and where a department already upheld it: the declaration stands, and the
    appeal is made by login or at the window.
    """
    if known is None:
        return ()
    held = [kind for kind, to, _ in known.relations if kind in LIVES and to == room]
    keys = {f"{kind}|{known.person_code}|{room}" for kind in held} - queries.facts_out_of_use()
    cases: list[str] = []
    for key in sorted(keys):
        try:
            contested = decisions.contest_fact(
                store, key, says=Objection.MOVED_OUT, by=_at_door(number, known.person_code), at=at
            )
        except Refusal:
            continue
        cases += [one.number for one in contested.cases]
    return tuple(cases)


def take_back(store: Store, row: Declaration, *, at: datetime) -> None:
    """The declaration that they left was withdrawn: the home is in use again, unless its case was settled since."""
    if row.act != Act.LEAVE.value or not row.person_code:
        return
    person = _at_door(row.number, row.person_code)
    for one in queries.list_decisions(kind=DecisionKind.OBJECT, living_only=True):
        if one.decided_by == person.user_id:
            decisions.withdraw_decision(
                one.sequence, reason=TAKEN_BACK, by=person, at=at, store=store
            )


def _at_door(number: str, person_code: str) -> Actor:
    return Actor(user_id=f"door-{number}", role=Role.RESIDENT, person_code=person_code)
