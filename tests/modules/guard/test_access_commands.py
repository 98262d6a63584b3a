"""Commands that touch persons run freely on synthetic packages only."""

from __future__ import annotations

import subprocess
import sys

import pytest

from kuai.guard.command_rules import command_rule, list_command_rules, require_command_allowed
from kuai.guard.types import Role
from kuai.kit.errors import Refusal

PERSONAL = command_rule("test personal", touches_persons=True, roles=(Role.DATA_STEWARD,))
PLAIN = command_rule("test plain", touches_persons=False, roles=(Role.DATA_STEWARD,))


@pytest.mark.parametrize("synthetic", [True, False])
def test_a_command_that_touches_nobody_runs_anywhere(synthetic: bool) -> None:
    assert require_command_allowed("test plain", synthetic=synthetic)


def test_a_command_that_touches_persons_runs_freely_on_a_synthetic_package() -> None:
    assert "合成" in require_command_allowed("test personal", synthetic=True)


def test_on_real_records_it_runs_with_a_live_ticket() -> None:
    assert require_command_allowed(
        "test personal",
        synthetic=False,
        ticket="T-1",
        ticket_is_live=lambda ticket: ticket == "T-1",
    )


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({}, "command.needs_ticket"),
        ({"ticket": "T-1"}, "command.ticket_not_live"),
        ({"ticket": "T-1", "ticket_is_live": lambda _: False}, "command.ticket_not_live"),
        ({"ticket": "", "ticket_is_live": lambda _: True}, "command.needs_ticket"),
    ],
)
def test_on_real_records_it_is_refused_without_one(arguments: dict, code: str) -> None:
    with pytest.raises(Refusal) as refusal:
        require_command_allowed("test personal", synthetic=False, **arguments)
    assert refusal.value.code == code


@pytest.mark.parametrize("synthetic", [True, False])
def test_a_command_without_a_rule_does_not_run(synthetic: bool) -> None:
    with pytest.raises(Refusal) as refusal:
        require_command_allowed("unheard of", synthetic=synthetic)
    assert refusal.value.code == "command.no_rule"


def test_two_different_rules_for_one_command_are_a_fault() -> None:
    assert command_rule("test plain", touches_persons=False, roles=(Role.DATA_STEWARD,)) == PLAIN
    with pytest.raises(ValueError, match="two different"):
        command_rule("test plain", touches_persons=True, roles=(Role.DATA_STEWARD,))
    assert list_command_rules()["test plain"] == PLAIN


def test_the_rules_of_commands_are_readable_without_django() -> None:
    program = "import sys, kuai.guard.command_rules; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
