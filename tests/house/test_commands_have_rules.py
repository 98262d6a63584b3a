"""Every command has a rule, and no rule is left of a command that is gone."""

from __future__ import annotations

from collections.abc import Iterator

import click
import typer

from kuai.cli.main import app
from kuai.guard.command_rules import list_command_rules


def commands_of(command: click.Command, prefix: str = "") -> Iterator[tuple[str, click.Command]]:
    """ "build", "explain mention": every command that can be run."""
    children = getattr(command, "commands", None)
    if not children:
        yield prefix, command
    for name, child in (children or {}).items():
        yield from commands_of(child, f"{prefix} {name}".strip())


def all_commands() -> dict[str, click.Command]:
    return dict(commands_of(typer.main.get_command(app)))


def options_of(command: click.Command) -> set[str]:
    return {option for parameter in command.params for option in parameter.opts}


def test_every_command_has_a_rule_and_every_rule_a_command() -> None:
    commands = set(all_commands())
    ruled = {name for name in list_command_rules() if not name.startswith("test ")}
    assert sorted(commands - ruled) == []
    assert sorted(ruled - commands) == []


def test_commands_that_name_a_mention_touch_persons() -> None:
    rules = list_command_rules()
    for name in ("export mentions", "explain mention", "explain relation"):
        assert rules[name].touches_persons, name


def test_commands_that_touch_persons_and_no_others_take_a_ticket() -> None:
    rules = list_command_rules()
    taking = {name for name, one in all_commands().items() if "--ticket" in options_of(one)}
    touching = {name for name in all_commands() if rules[name].touches_persons}
    assert taking == touching


def test_a_command_that_reads_a_store_says_which() -> None:
    for name, command in all_commands().items():
        if "--ticket" in options_of(command):
            assert "--store" in options_of(command), name
