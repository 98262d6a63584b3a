"""Generated pages say what the house says of itself today; `make docs` writes them anew."""

from __future__ import annotations

import pytest

from scripts import write_docs
from tests.house.tracked_files import REPOSITORY, room_names


@pytest.mark.parametrize("name", ["modules.md", "data-dictionary.md", "relations.md"])
def test_a_generated_page_is_fresh(name: str) -> None:
    path = REPOSITORY / "docs" / name
    expected = write_docs.pages()[path]
    # Compared as a whole first: the difference of two long texts says less than this sentence.
    assert path.read_text(encoding="utf-8") == expected, f"docs/{name} is stale: run `make docs`"


def test_every_room_is_on_the_floor_plan() -> None:
    assert {room for rooms in write_docs.storeys() for room in rooms} == set(room_names())


def test_links_of_a_readme_are_seen_from_docs() -> None:
    text = "see [0003](../../docs/decisions/0003-codes-for-ever.md) and [here](sql/x.sql)"
    seen = write_docs.relinked(text, room="registry")
    assert (
        seen
        == "see [0003](decisions/0003-codes-for-ever.md) and [here](../kuai/registry/sql/x.sql)"
    )


def test_a_door_that_is_passed_on_keeps_its_docstring() -> None:
    doors = {f"{door.module}.{door.name}": door.sentence for door in write_docs.doors_of("blocks")}
    assert doors["actions.pack_blocks"].startswith("Write `block`, `block_counter`")
