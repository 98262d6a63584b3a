"""Anything of a child under 14 is L4: clear by a ticket that names it to a role for L4, or not at all, not masked."""

from __future__ import annotations

import ast
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import kuai
from kuai.guard.engine.purposes import permitted_purposes
from kuai.guard.engine.reading import FIELD_LEVELS, ROLES_FOR_L4, ZONE_OF_ROLE, decide_reading
from kuai.guard.types import Actor, Role, Ticket, TicketKind
from kuai.kit.errors import Refusal
from kuai.kit.tables import CATALOGUE, Sensitivity, effective_level
from tests.modules.guard.builders import NOON, PERSON, PLACE, a_mention, a_subject

FIELDS = sorted(FIELD_LEVELS)
OPENERS = ("open_sealed", "open_sealed_batches")
HOUSE = Path(kuai.__file__).parent


@given(
    role=st.sampled_from(Role),
    kind=st.sampled_from(TicketKind),
    purpose=st.sampled_from(sorted(permitted_purposes())),
    named=st.sets(st.sampled_from(FIELDS)),
    asked=st.lists(st.sampled_from(FIELDS), min_size=1, unique=True),
)
def test_a_childs_value_comes_out_clear_by_a_ticket_that_names_it_or_not_at_all(
    role: Role, kind: TicketKind, purpose: str, named: set[str], asked: list[str]
) -> None:
    reader = Actor("li", role, areas=("",), person_code=PERSON.removeprefix("person:"))
    ticket = Ticket(
        ticket_id="T-1",
        kind=kind,
        origin="any",
        purpose=purpose,
        holder="li",
        subjects=(PERSON,),
        fields=tuple(sorted(named)),
        begins_at=NOON - timedelta(hours=1),
        ends_at=NOON + timedelta(hours=1),
    )
    zone = ZONE_OF_ROLE.get(role)
    mentions = (a_mention(zone=zone),) if zone else (a_mention(),)
    child = a_subject(mentions=mentions, area_paths=(PLACE,), is_child_under_14=True)
    try:
        decision = decide_reading(PERSON, asked, reader=reader, ticket=ticket, subject=child)
    except Refusal:
        return
    assert decision.masked == ()
    assert set(decision.clear) == set(asked) <= named
    assert role in ROLES_FOR_L4
    assert kind is not TicketKind.BREAK_GLASS


def test_every_column_of_every_table_is_l4_where_it_is_a_childs() -> None:
    levels = {column.level for table in CATALOGUE.tables.values() for column in table.columns}
    assert levels
    for level in levels | set(Sensitivity):
        assert effective_level(level, is_child_under_14=True) is Sensitivity.L4


def test_field_staff_and_leaders_never_read_a_child() -> None:
    closed = {
        Role.GRID_WORKER,
        Role.SUBDISTRICT_CLERK,
        Role.LEADER,
        Role.AUDITOR,
        Role.CHECKER,
        Role.DISPATCHER,
    }
    assert not closed & ROLES_FOR_L4


# A service opens what it sealed itself: what a declarer typed, a form's sheet that waits for its release; and the
# number a firm put on the register for its office. It masks what the declarer typed on the declarer's own receipt, and
# the preview of a list whose values `reveal_list` gave, which leaves children out.
SERVICES_THAT_OPEN = {
    "services/residence/sealed_values",
    "services/residence/firm_contact",
    "services/forms/fillings",
}
# The names under which files speak of the guard.
GUARD_NAMES = ("access", "actions", "guard", "guard_actions")
SERVICES_THAT_MASK = {"services/residence/receipts", "services/forms/planned"}


def names_taken_from_the_guard(node: ast.AST) -> set[str]:
    if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("kuai.guard"):
        return {alias.name for alias in node.names}
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return {node.attr} if node.value.id in GUARD_NAMES else set()
    return set()


def uses_of_sealed_values() -> dict[str, set[str]]:
    """Which of our files outside the guard open sealed values, or mask one by themselves."""
    found: dict[str, set[str]] = {}
    for path in HOUSE.rglob("*.py"):
        parts = path.relative_to(HOUSE).with_suffix("").parts
        room = "/".join(parts) if parts[0] == "services" else parts[0]
        if room == "guard":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for name in names_taken_from_the_guard(node) & {"mask", *OPENERS}:
                found.setdefault(name, set()).add(room)
    return found


def test_no_entrance_opens_the_vault_or_masks_by_itself() -> None:
    """`reveal` is the one way out, because it asks whether somebody is a child; stages never show what they open."""
    uses = uses_of_sealed_values()
    assert uses["mask"] == SERVICES_THAT_MASK
    opened = uses["open_sealed"] | uses["open_sealed_batches"]
    assert opened == {"sources", "linkage"} | SERVICES_THAT_OPEN


@pytest.mark.parametrize("kind", [TicketKind.BREAK_GLASS])
def test_break_glass_names_no_purpose_that_reads_a_person(kind: TicketKind) -> None:
    reading = [one for one in permitted_purposes().values() if kind in one.ticket_kinds]
    assert [one.code for one in reading] == ["emergency_response"]
    assert all(one.ticket_kinds == (kind,) for one in reading)


def test_guardianship_is_of_the_highest_tier() -> None:
    text = (HOUSE / "registry" / "relations.yaml").read_text(encoding="utf-8")
    line = next(one for one in text.splitlines() if "code: PP_GUARDIAN" in one)
    assert "tier: 3" in line
