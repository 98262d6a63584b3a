"""The glossary and the data dictionary know every word the code stores: roles, zones, tickets, levels, tables."""

from __future__ import annotations

import re
from enum import StrEnum

import pytest

from kuai.address.types import Grade, Level
from kuai.guard.types import Role, TicketKind, Zone
from kuai.kit.tables import CATALOGUE
from kuai.sources.types import DeliveryKind
from scripts import write_docs
from tests.house.tracked_files import REPOSITORY

FOUR_COLUMNS = "| office word | English | in code | not to be confused with |"


def page(name: str) -> str:
    return (REPOSITORY / "docs" / name).read_text(encoding="utf-8")


def coded_words(text: str) -> set[str]:
    """Words between backticks, a path or a call cut to its words."""
    return {word for code in re.findall(r"`([^`\n]+)`", text) for word in re.findall(r"\w+", code)}


@pytest.mark.parametrize("kind", [Role, TicketKind, Zone, DeliveryKind, Level, Grade])
def test_every_stored_word_is_in_the_glossary(kind: type[StrEnum]) -> None:
    assert sorted({member.value for member in kind} - coded_words(page("glossary.md"))) == []


def test_every_bulk_table_is_in_the_dictionary() -> None:
    write_docs.declared_tables()
    headings = set(re.findall(r"^## (\w+)$", page("data-dictionary.md"), re.MULTILINE))
    assert set(CATALOGUE.tables) == headings


def test_every_line_of_the_glossary_has_four_columns() -> None:
    lines = [line for line in page("glossary.md").splitlines() if line.startswith("|")]
    assert lines.count(FOUR_COLUMNS) >= 4
    assert [line for line in lines if len(re.split(r"(?<!\\)\|", line)) != 6] == []


def test_no_office_word_stands_twice() -> None:
    words = re.findall(r"^\| ([^|]+) \|", page("glossary.md"), re.MULTILINE)
    kept = [word for word in words if word not in ("office word", "---")]
    assert sorted({word for word in kept if kept.count(word) > 1}) == []


def test_a_missing_word_is_seen() -> None:
    assert "care_worker" not in coded_words("`grid_worker` and care_worker without quotes")
    assert {"builds", "version"} <= coded_words("`builds/<version>`")
