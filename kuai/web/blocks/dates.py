"""One block at two dates: two published builds side by side."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from kuai.blocks.queries import compare_dates
from kuai.kit.errors import Refusal
from kuai.web.blocks.drawing import short_name
from kuai.web.doors import current_reader, current_store
from kuai.web.looks import note_look
from kuai.web.rules import sees_blocks

MOST_BUILDS = 60


@dataclass(frozen=True)
class Published:
    """A build that can be compared."""

    version: str
    at: datetime
    folder: Path


@sees_blocks
@require_GET
def show_dates(request: HttpRequest, code: str) -> HttpResponse:
    """The block's figures in the builds `earlier` and `later`; else the form that asks for them."""
    reader = current_reader()
    try:
        block = reader.get_block(code)
    except Refusal as refusal:
        raise Http404(str(refusal)) from refusal
    if block.level == "room":
        raise Http404
    builds = list_builds()
    by_version = {one.version: one for one in builds}
    current = current_store().current_version() or ""
    later = request.GET.get("later", "") or current
    earlier = request.GET.get("earlier", "")
    context: dict[str, Any] = {
        "shown": block,
        "title": short_name(block),
        "builds": builds,
        "earlier": earlier,
        "later": later,
    }
    if earlier:
        if earlier not in by_version or later not in by_version:
            raise Refusal("dates.unknown", _("没有这个版本，或者它已不在库里。"))
        old, new = (_open(by_version[one].folder) for one in (earlier, later))
        note_look(request, "compared_dates", kind="block", refs=(block.code,))
        context["rows"] = compare_dates(old, new, block.code)
        context["days"] = (old.as_of, new.as_of)
    return render(request, "blocks/dates.html", context)


def list_builds() -> list[Published]:
    """Published builds that are still there, newest first, each once."""
    store = current_store()
    found: dict[str, Published] = {}
    for version, at in sorted(store.list_publications(), key=lambda one: one[1], reverse=True):
        folder = store.builds / version
        if version not in found and folder.is_dir():
            found[version] = Published(version, at, folder)
    return list(found.values())[:MOST_BUILDS]


def _open(folder: Path) -> Any:
    return import_string(settings.KUAI_OPEN_BLOCKS)(folder)
