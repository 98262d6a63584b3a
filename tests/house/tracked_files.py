"""What is committed: the files house tests look through."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
HOUSE = REPOSITORY / "kuai"


@cache
def tracked_paths() -> tuple[Path, ...]:
    """Every file git knows of and that is there, as absolute paths."""
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z"],
        cwd=REPOSITORY,
        capture_output=True,
        check=True,
    ).stdout.decode("utf-8")
    paths = (REPOSITORY / name for name in listed.split("\0") if name)
    found = tuple(path for path in paths if path.is_file())
    assert len(found) > 100, "git lists too few files to mean anything"
    return found


def tracked_texts() -> Iterator[tuple[str, str]]:
    """(name, text) of every committed text file; files with NUL bytes are no text."""
    for path in tracked_paths():
        raw = path.read_bytes()
        if b"\0" not in raw:
            yield str(path.relative_to(REPOSITORY)), raw.decode("utf-8", errors="replace")


def room_names() -> tuple[str, ...]:
    """The rooms of the house: the folders of `kuai` that hold Python."""
    return tuple(sorted(path.parent.name for path in HOUSE.glob("*/__init__.py")))


def storey_of() -> dict[str, int]:
    """Room -> storey, counted from the bottom, as the import contract lists them."""
    text = (REPOSITORY / ".importlinter").read_text(encoding="utf-8")
    lines = iter(text.split("layers =\n", maxsplit=1)[1].splitlines())
    plan = []
    for line in lines:
        if not line.startswith(" "):
            break
        plan.append([room.strip() for room in line.split("|")])
    return {room: height for height, rooms in enumerate(reversed(plan)) for room in rooms}
