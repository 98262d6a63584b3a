"""Every command has a rule, and no rule is left of a command that is gone."""

from __future__ import annotations

from collections.abc import Iterator

import click
import typer

from kuai.cli.main import app
from kuai.guard.command_rules import list_command_rules


def command_names(command: click.Command, prefix: str = "") -> Iterator[str]:
    """ "build", "explain mention": every command that can be run."""
    children = getattr(command, "commands", None)
    if not children:
        yield prefix
    for name, child in (children or {}).items():
        yield from command_names(child, f"{prefix} {name}".strip())


def test_every_command_has_a_rule_and_every_rule_a_command() -> None:
    commands = set(command_names(typer.main.get_command(app)))
    ruled = {name for name in list_command_rules() if not name.startswith("test ")}
    assert sorted(commands - ruled) == []
    assert sorted(ruled - commands) == []


def test_commands_that_name_a_mention_touch_persons() -> None:
    rules = list_command_rules()
    for name in ("export mentions", "explain mention", "explain relation"):
        assert rules[name].touches_persons, name
