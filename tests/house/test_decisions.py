"""The decisions: index equals folder, every record has its four parts, and whoever cites one cites the right one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.house.tracked_files import REPOSITORY, tracked_texts

FOLDER = REPOSITORY / "docs" / "decisions"
PARTS = ("Context", "Decision", "Consequences", "Roads not taken")
INDEX_LINE = re.compile(r"^\| \[(\d{4})\]\((\d{4}-[a-z0-9-]+\.md)\) \| (.+?) \|", re.MULTILINE)
CITED = re.compile(r"(?:decisions?[ /]|\]\()(?:\w+/)*(0[0-9]{3})\b", re.IGNORECASE)
LONGEST_RECORD_LINES = 60


def records() -> list[Path]:
    return sorted(FOLDER.glob("[0-9]*.md"))


def index() -> dict[str, tuple[str, str]]:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    return {number: (name, title) for number, name, title in INDEX_LINE.findall(text)}


def faults_of(name: str, text: str) -> list[str]:
    number = name[:4]
    faults = (
        [] if re.match(rf"# {number} \S", text) else [f"does not begin with `# {number} Title`"]
    )
    if not re.search(
        r"^Status: (accepted|proposed|superseded by \d{4}), \d{4}-\d\d-\d\d", text, re.M
    ):
        faults.append("has no status line")
    headed = re.findall(r"(?:^\*\*|^#+ )([A-Z][a-z ]+?)\.?(?:\*\*|$)", text, re.M)
    if [part for part in headed if part in PARTS] != list(PARTS):
        faults.append(f"does not have {', '.join(PARTS)} in this order")
    return faults + (["longer than a page"] if text.count("\n") > LONGEST_RECORD_LINES else [])


def test_the_index_equals_the_folder() -> None:
    assert {name for name, _ in index().values()} == {path.name for path in records()}
    assert [path.name[:4] for path in records()] == [
        f"{n:04d}" for n in range(1, len(records()) + 1)
    ]


@pytest.mark.parametrize("path", records(), ids=lambda path: path.stem)
def test_a_record_has_its_parts(path: Path) -> None:
    assert faults_of(path.name, path.read_text(encoding="utf-8")) == []


def test_the_twelve_of_the_architecture_are_held() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    held = {
        int(number)
        for line in text.splitlines()
        if INDEX_LINE.match(line)
        for number in re.findall(r"\d+", line.split("|")[3])
    }
    assert held == set(range(1, 13))


def test_cited_decisions_exist() -> None:
    numbers = {path.name[:4] for path in records()}
    cited = {
        (name, number)
        for name, text in tracked_texts()
        if name.startswith(("kuai/", "docs/")) or name.endswith(".md")
        for number in CITED.findall(text)
    }
    assert len(cited) > 5
    assert sorted((name, number) for name, number in cited if number not in numbers) == []


def test_a_record_without_its_parts_is_seen() -> None:
    assert faults_of("0001-x.md", "# 0002 X\n\n**Context.** Y\n\n**Decision.** Z\n") == [
        "does not begin with `# 0001 Title`",
        "has no status line",
        "does not have Context, Decision, Consequences, Roads not taken in this order",
    ]
