"""Every command has a rule. Commands that touch persons run freely on synthetic packages only. No Django here.

Real packages need a ticket, as pages do: the entrance passes how to look one up, so that this module stays light.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from kuai.guard.types import Role
from kuai.kit.errors import Refusal


@dataclass(frozen=True)
class CommandRule:
    """What a command is allowed: `touches_persons` asks for a ticket wherever the package is not synthetic."""

    name: str
    touches_persons: bool
    roles: tuple[Role, ...]


_RULES: dict[str, CommandRule] = {}


def command_rule(name: str, *, touches_persons: bool, roles: tuple[Role, ...]) -> CommandRule:
    """Register the rule of the command `name` ("build", "explain mention"). The same again is the same rule."""
    rule = CommandRule(name=name, touches_persons=touches_persons, roles=tuple(roles))
    known = _RULES.setdefault(name, rule)
    if known != rule:
        raise ValueError(f"command {name!r} has two different rules")
    return rule


def list_command_rules() -> Mapping[str, CommandRule]:
    """All registered rules, by command name."""
    return MappingProxyType(_RULES)


def require_command_allowed(
    name: str,
    *,
    synthetic: bool,
    ticket: str = "",
    ticket_is_live: Callable[[str], bool] | None = None,
) -> str:
    """A note on why the command may run; refuses one without a rule, and persons without a live ticket."""
    rule = _RULES.get(name)
    if rule is None:
        raise Refusal("command.no_rule", f"命令“{name}”没有登记访问规则，不能运行。")
    if not rule.touches_persons:
        return "不涉及个人。"
    if synthetic:
        return "合成数据包：涉及个人的命令可以直接运行。"
    if not ticket:
        raise Refusal(
            "command.needs_ticket",
            f"命令“{name}”涉及个人，库里是真实数据，需要凭据。",
            next_step="用 --ticket 给出进行中的工作发出的凭据编号。",
        )
    # Nobody who cannot ask may take a ticket for live.
    if ticket_is_live is None or not ticket_is_live(ticket):
        raise Refusal("command.ticket_not_live", "这张凭据不存在、已失效，或不是发给你的。")
    return "凭据有效。"
