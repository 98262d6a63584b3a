"""Every room has one page: what it owns, its doors, what it refuses (house style 5.2)."""

from __future__ import annotations

import re

import pytest

from tests.house.tracked_files import HOUSE, room_names

# One screen and a bit at our line length; what is longer belongs to docs/.
LONGEST_PAGE_LINES = 130
# A topic is raised by a heading, by a bold word, or at the beginning of a sentence.
TOPICS = {
    "what it owns": r"\bowns\b|\bowned\b",
    "its doors": r"\bdoors?\b",
    "what it refuses": r"\brefuses?\b",
}
RAISED = r"(?im)(?:^#+[^\n]*{word}|\*\*[^*\n]*{word}|^{word}|\b(?:it|they) {word})"


def faults_of(room: str, text: str) -> list[str]:
    faults = [] if re.match(rf"# {room}\b", text) else [f"does not begin with `# {room}`"]
    for topic, words in TOPICS.items():
        if not any(re.search(RAISED.format(word=word), text) for word in words.split("|")):
            faults.append(f"does not say {topic}")
    lines = text.count("\n") + 1
    return faults + ([f"{lines} lines: one page"] if lines > LONGEST_PAGE_LINES else [])


@pytest.mark.parametrize("room", room_names())
def test_a_room_has_its_page(room: str) -> None:
    path = HOUSE / room / "README.md"
    assert path.exists(), f"kuai/{room}/README.md is missing"
    assert faults_of(room, path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("room", room_names())
def test_links_of_a_page_lead_somewhere(room: str) -> None:
    path = HOUSE / room / "README.md"
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text(encoding="utf-8"))
    dead = [link for link in links if "://" not in link and not (path.parent / link).exists()]
    assert dead == []


def test_a_page_that_says_too_little_is_seen() -> None:
    assert faults_of("blocks", "# sources\n\nTakes files. No doors to speak of.\n") == [
        "does not begin with `# blocks`",
        "does not say what it owns",
        "does not say its doors",
        "does not say what it refuses",
    ]
    assert (
        faults_of("blocks", "# blocks\n\nIt owns blocks.\n\n## Doors\n\n**Refuses** rooms.\n") == []
    )
