"""Files, classes and functions of the house are named by what they are (house style 5.4.7)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.tracked_files import HOUSE

BANNED_WORDS = frozenset(
    {
        "util", "utils", "helper", "helpers", "common", "misc", "manager", "processor", "handler", "service",
        "data", "info", "process", "handle", "do", "flag", "tmp",
    }
)  # fmt: skip
# Why a name may hold a banned word or end in a figure all the same.
ALLOWED = {
    "DataFault": "the style's own name for a bad row",
    "DataKey": "data key, wrapping key, token key: the words of key management",
    "data_key": "as DataKey",
    "shred_data_key": "as DataKey",
    "_data_key_path": "as DataKey",
    "own_data_origin": "own data: the law's word for a person's file (PIPL 44-45), a ticket kind",
    "register_own_data": "as own_data_origin",
    "process_view": "Django's middleware calls it so",
    "process_exception": "Django's middleware calls it so",
    "get_context_data": "Django's generic views call it so",
    "do_GET": "Python's http.server calls it so",
    "do_POST": "Python's http.server calls it so",
    "do_OPTIONS": "Python's http.server calls it so",
    "LimitedUploadHandler": "Django's upload handlers are named so",
    "handle_raw_input": "Django's upload handlers are called so",
    "receive_data_chunk": "Django's upload handlers are called so",
}
NAMED_AFTER_A_STANDARD = re.compile(r"(gcj02|bd09|cgcs2000|big5|sha256|sm3|sm4|iso8601|18|15)$")


def words_of(name: str) -> list[str]:
    """The words of a snake_case or CamelCase name, in lower case."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+", name)]


def is_badly_named(name: str) -> bool:
    if name in ALLOWED:
        return False
    words = words_of(name)
    numbered = name[-1].isdigit() and not NAMED_AFTER_A_STANDARD.search(name)
    return bool(BANNED_WORDS & set(words)) or words == ["check"] or numbered


def names_in(path: Path) -> Iterator[str]:
    yield path.stem
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, kinds):
            yield node.name


def house_files() -> list[Path]:
    # Migrations are numbered by Django; `static` holds what the front end built.
    left_out = {"migrations", "static"}
    return [path for path in sorted(HOUSE.rglob("*.py")) if not left_out & set(path.parts)]


def test_names_say_what_a_thing_is() -> None:
    bad = [
        f"{path.relative_to(HOUSE)}: {name}"
        for path in house_files()
        for name in names_in(path)
        if is_badly_named(name)
    ]
    assert bad == []


def test_no_leave_is_given_to_a_name_that_is_gone() -> None:
    used = {name for path in house_files() for name in names_in(path)}
    assert sorted(set(ALLOWED) - used) == []


@pytest.mark.parametrize(
    "name",
    ["string_utils", "RowProcessor", "process_rows", "check", "load_data", "wash2", "TaskManager"],
)
def test_a_bad_name_is_seen(name: str) -> None:
    assert is_badly_named(name)


@pytest.mark.parametrize(
    "name", ["check_digit", "update_date", "metadata", "doctor", "to_cgcs2000", "ServiceLevel2x"]
)
def test_words_are_not_found_inside_other_words(name: str) -> None:
    assert is_badly_named(name) == (name == "ServiceLevel2x")
