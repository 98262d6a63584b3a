"""Foreign keys go down the storeys only: models are reachable by label without an import, so migrations are read."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.house.tracked_files import HOUSE, room_names, storey_of


def neighbours_of(source: str) -> Iterator[str]:
    """Labels of the rooms a migration depends on, runs before, or points at with a key."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assign):
            names = {target.id for target in node.targets if isinstance(target, ast.Name)}
            if names & {"dependencies", "run_before"} and isinstance(node.value, ast.List):
                yield from (pair_label(pair) for pair in node.value.elts)
        elif isinstance(node, ast.keyword) and node.arg == "to":
            yield ast.unparse(node.value).strip("'\"").split(".")[0]


def pair_label(pair: ast.expr) -> str:
    """`guard` of ("guard", "0001_initial"); a swappable dependency names no room."""
    if isinstance(pair, ast.Tuple) and isinstance(pair.elts[0], ast.Constant):
        return str(pair.elts[0].value)
    return ""


def trespasses_of(room: str, source: str, *, storeys: dict[str, int]) -> list[str]:
    """Rooms that `room`'s migration may not know: above it, or beside it on its own storey."""
    return sorted(
        {
            there
            for there in neighbours_of(source)
            if there in storeys and there != room and storeys[there] >= storeys[room]
        }
    )


def migrations() -> list[tuple[str, Path]]:
    paths = sorted(HOUSE.glob("*/migrations/0*.py"))
    return [(path.relative_to(HOUSE).parts[0], path) for path in paths]


def test_the_storeys_name_every_room() -> None:
    assert set(storey_of()) == set(room_names())
    assert storey_of()["kit"] == 0 < storey_of()["guard"] < storey_of()["web"]


def test_migrations_point_downwards() -> None:
    storeys = storey_of()
    assert migrations()
    found = {
        f"{room}/{path.name}": trespasses_of(
            room, path.read_text(encoding="utf-8"), storeys=storeys
        )
        for room, path in migrations()
    }
    assert {name: rooms for name, rooms in found.items() if rooms} == {}


def test_an_upward_dependency_is_seen() -> None:
    storeys = storey_of()
    upward = 'class Migration:\n    dependencies = [("registry", "0001_initial")]\n'
    assert trespasses_of("guard", upward, storeys=storeys) == ["registry"]
    assert trespasses_of("orders", upward, storeys=storeys) == []


def test_a_key_to_a_room_beside_or_above_is_seen() -> None:
    key = 'field = models.ForeignKey(on_delete=None, to="orders.order")'
    assert trespasses_of("rules", key, storeys=storey_of()) == ["orders"]
    assert trespasses_of("web", key, storeys=storey_of()) == []
