"""Every KUAI_* name the product reads is in docs/settings.md, and the page speaks of no other."""

from __future__ import annotations

import re

from tests.house.tracked_files import REPOSITORY, tracked_texts

NAME = re.compile(r"\bKUAI_[A-Z][A-Z_]*[A-Z]\b")
PAGE = "docs/settings.md"
# Folders whose names are the product's; tests and benchmarks set some, but invent none.
READERS = ("kuai/", "scripts/", "frontend/src/", "Makefile", ".ci/")


def names_read() -> set[str]:
    found: set[str] = set()
    for name, text in tracked_texts():
        if name.startswith(READERS):
            found |= set(NAME.findall(text))
    return found


def names_on_page() -> set[str]:
    return set(NAME.findall((REPOSITORY / PAGE).read_text(encoding="utf-8")))


def test_every_setting_is_documented() -> None:
    assert len(names_read()) > 10
    assert sorted(names_read() - names_on_page()) == []


def test_no_setting_is_documented_that_is_gone() -> None:
    assert sorted(names_on_page() - names_read()) == []


def test_tests_set_no_setting_that_does_not_exist() -> None:
    set_by_tests = {
        found
        for name, text in tracked_texts()
        if name.startswith(("tests/", "benchmarks/")) and not name.endswith("_documented.py")
        for found in NAME.findall(text)
    }
    assert sorted(set_by_tests - names_on_page()) == []


def test_a_name_is_found_in_code_and_sentences() -> None:
    assert NAME.findall('os.environ.get("KUAI_KEYS") 请调高 KUAI_MEMORY_LIMIT 后重试') == [
        "KUAI_KEYS",
        "KUAI_MEMORY_LIMIT",
    ]
