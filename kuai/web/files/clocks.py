"""The two clocks of a file's address: the day it is about, and as it was believed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from kuai.kit.clock import local_day
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.registry.queries import Belief, find_belief

LONGEST_BELIEF = 40
MOST_CHOICES = 60


@dataclass(frozen=True)
class Clocks:
    """What the reader chose. `said`: why a choice could not be followed."""

    on: date | None
    believed: str
    belief: Belief
    said: Refusal | None = None

    @property
    def is_chosen(self) -> bool:
        return self.on is not None or bool(self.believed)


def read_clocks(request: HttpRequest, store: Store) -> Clocks:
    """`on` (a day) and `believed` (BUILD, with a place in the log after a colon); what cannot be read is told."""
    said = None
    on = None
    text = request.GET.get("on", "").strip()
    if text:
        try:
            on = date.fromisoformat(text)
        except ValueError:
            said = Refusal("clock.day", _("日期请写成 2026-11-22 这样。"))
    believed = request.GET.get("believed", "").strip()[:LONGEST_BELIEF]
    sequence = request.GET.get("sequence", "").strip()[:12]
    if believed and sequence:
        believed = f"{believed.partition(':')[0]}:{sequence}"
    try:
        return Clocks(on, believed, find_belief(store, believed), said)
    except Refusal as refusal:
        return Clocks(on, "", find_belief(store), refusal)


def list_beliefs(store: Store) -> list[dict[str, Any]]:
    """The builds one may believe by, newest first."""
    found = {version: local_day(at) for version, at in store.list_publications()}
    current = store.current_version()
    lines = [
        (version, _("%(day)s 发布的版本") % {"day": date_format(day, "Y-m-d")})
        for version, day in sorted(found.items(), key=lambda one: (one[1], one[0]), reverse=True)
    ]
    if current and current not in found:
        # Published before publications were noted.
        lines.insert(0, (current, _("已发布的版本")))
    return [{"version": version, "title": title} for version, title in lines[:MOST_CHOICES]]
