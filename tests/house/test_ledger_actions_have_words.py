"""Whoever reads the ledger reads office words: every action that the code names has its own."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from kuai.web.ledger.words import ACTION_NAMES

PACKAGE = Path(__file__).resolve().parents[2] / "kuai"


def named_actions(source: str) -> Iterator[str]:
    """Actions that stand in a module as text or as one of its constants; one made at run time is not seen."""
    tree = ast.parse(source)
    constants = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        values = [one.value for one in node.keywords if one.arg == "action"]
        if isinstance(node.func, ast.Name) and node.func.id == "note_look":
            values += node.args[1:2]
        for value in values:
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield value.value
            elif isinstance(value, ast.Name) and value.id in constants:
                yield str(constants[value.id])


def test_every_action_that_the_code_names_has_office_words() -> None:
    named = {
        action: path.relative_to(PACKAGE).as_posix()
        for path in sorted(PACKAGE.rglob("*.py"))
        for action in named_actions(path.read_text(encoding="utf-8"))
    }
    assert len(named) > 50
    missing = {action: path for action, path in named.items() if action not in ACTION_NAMES}
    assert not missing, f"add words to kuai/web/ledger/words.py: {missing}"


def test_an_action_without_words_would_be_seen() -> None:
    source = 'OWN = "thing.done"\nrecord_entry(action=OWN)\nnote_look(request, "looked_at_thing")\n'
    assert set(named_actions(source)) == {"thing.done", "looked_at_thing"}
