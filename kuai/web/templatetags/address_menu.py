"""The menu of the address pages: an entry shows to whom its own route's rule lets in."""

from __future__ import annotations

from typing import Any

from django import template
from django.urls import NoReverseMatch, resolve, reverse
from django.utils.translation import gettext_lazy as _

from kuai.guard.access import find_rule

register = template.Library()

ENTRIES = (
    ("address_library", _("地址库")),
    ("address_explain", _("洗一条地址")),
    ("address_proposals", _("建议")),
    ("address_applications", _("申请")),
    ("address_plans", _("导入")),
    ("address_events", _("变更记录")),
    ("address_grids", _("网格")),
)


@register.simple_tag(takes_context=True)
def address_entries(context: dict[str, Any]) -> list[dict[str, Any]]:
    """The entries this reader may open; a page that is not there yet has none."""
    request = context["request"]
    actor = request.actor
    shown = []
    for name, title in ENTRIES:
        try:
            url = reverse(name)
        except NoReverseMatch:
            continue
        rule = find_rule(resolve(url).func)
        if actor is not None and rule is not None and actor.role in rule.roles:
            shown.append({"title": title, "url": url})
    matching = [str(entry["url"]) for entry in shown if request.path.startswith(entry["url"])]
    current = max(matching, key=len, default="")
    return [{**entry, "is_current": entry["url"] == current} for entry in shown]
