"""How figures, shares and levels are written on pages."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.translation import gettext as _

from kuai.web.words import LEVEL_NAMES, ROLE_NAMES, counter_title, purpose_title

register = template.Library()
NO_FIGURE = "—"


@register.filter
def thousands(value: Any) -> str:
    """12345 -> 12,345; nothing -> a dash."""
    return NO_FIGURE if value is None or value == "" else f"{value:,}"


@register.filter
def counted(counter: Any) -> str:
    """A counter's figure; a suppressed one never shows more than that it is small or held back."""
    if counter is None:
        return NO_FIGURE
    return _("不公布") if counter.suppressed else thousands(counter.figure)


@register.filter
def sort_key(counter: Any) -> str:
    """What a table sorts by: empty where there is no figure to show."""
    if counter is None or counter.suppressed or counter.figure is None:
        return ""
    return str(counter.figure)


@register.filter
def percent(share: float | None) -> str:
    """0.256 -> 26%."""
    if share is None:
        return NO_FIGURE
    return "<1%" if 0 < share < 0.005 else f"{share:.0%}"


@register.filter
def level_name(level: str) -> str:
    """community -> 社区."""
    return str(LEVEL_NAMES.get(level, level))


@register.filter
def title_of(counter: Any) -> str:
    """A counter's name in the reader's language."""
    return counter_title(counter)


@register.filter
def source_title(name: str, titles: dict[str, str]) -> str:
    """police_residents -> 实有人口登记."""
    return titles.get(name, name)


@register.filter
def role_name(role: str) -> str:
    """auditor -> 审计员."""
    return str(ROLE_NAMES.get(role, role))  # type: ignore[call-overload]


@register.filter
def purpose_name(code: str) -> str:
    """audit -> 审计监督."""
    return purpose_title(code) or NO_FIGURE
