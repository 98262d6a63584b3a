"""No room reaches past another room's front door (actions, queries, types; some rooms have more, named below)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

HOUSE = Path(__file__).parents[2] / "kuai"
FRONT_DOOR = {"actions", "queries", "types"}
MORE_DOORS = {
    "guard": {
        "access",
        "free_text",
        "only_added",
        "ledger",
        "ledger_types",
        "route_rules",
        "command_rules",
        "retention",
        "register",
        "outside_logins",
        "officials",
        "sessions",
    },
    "web": {"serving"},
    # Apart, because one loads SQLAlchemy and the other Django's tables, which the others do not need.
    "sources": {"database_tables", "asking", "form_sheets"},
    "registry": {"decisions"},
    "address": {"drawing", "library", "learning", "parsing", "places"},
}
OPEN_ROOMS = {"kit", "flows"}  # hallway and stairwell have no inner rooms


def room_of(parts: tuple[str, ...]) -> str:
    return ".".join(parts[1:3]) if parts[1] == "services" else parts[1]


def imports_in(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield from (f"{node.module}.{name.name}" for name in node.names)
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


def trespasses_in(house: Path) -> list[str]:
    found = []
    for path in sorted(house.rglob("*.py")):
        here = room_of(("kuai", *path.relative_to(house).with_suffix("").parts, ""))
        for target in imports_in(path):
            parts = tuple(target.split("."))
            if parts[0] != "kuai" or len(parts) < 3:
                continue
            there = room_of(parts)
            inside = parts[len(there.split(".")) + 1 :]
            doors = FRONT_DOOR | MORE_DOORS.get(there, set())
            if there != here and there not in OPEN_ROOMS and inside and inside[0] not in doors:
                found.append(f"{path.relative_to(house.parent)} -> {target}")
    return found


def test_rooms_use_only_front_doors():
    trespasses = trespasses_in(HOUSE)
    assert not trespasses, "\n".join(trespasses)
