"""Pages of the address library: its tree, one entry with its codes, names and past, the map, what is wrong on it."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from kuai.address.drawing import draw_area, label_of
from kuai.address.library import Entry
from kuai.address.types import Level, State
from kuai.web.addresses.acts import list_acts
from kuai.web.addresses.events import EventShown, show_events
from kuai.web.addresses.findings import show_findings
from kuai.web.addresses.reader import LibraryReader, open_reader
from kuai.web.addresses.tree import grow_tree, list_branches
from kuai.web.addresses.words import ALIAS_NAMES, ENDED_WORDS, STATE_NAMES
from kuai.web.looks import note_look
from kuai.web.rules import KEEPS_ADDRESSES, reads_library

LONGEST_TEXT = 60
MOST_HITS = 20
MOST_CHILDREN = 300
LAST_EVENTS = 30
# What is drawn around an entry: its community; above communities the area itself.
DRAWN_AS_COMMUNITY = (Level.COMMUNITY, Level.GRID, Level.BUILDING, Level.ROOM)


@dataclass(frozen=True)
class ChildLine:
    """One line of the list under an entry."""

    code: str
    name: str
    state_words: str
    count: int


@dataclass(frozen=True)
class Panel:
    """What the page says of one entry, or of the whole library (no entry)."""

    entry: Entry | None
    path: Sequence[Entry]
    code: str
    chosen: str
    path_codes: str
    shapes_url: str
    findings_url: str
    state_name: str
    is_ended: bool
    ended_words: str
    successors: Sequence[Entry]
    identifiers: Sequence[tuple[str, str]]
    aliases: Sequence[Mapping[str, Any]]
    point: tuple[str, str] | None
    is_placed: bool
    counts: Sequence[tuple[str, Sequence[int]]]
    count_states: Sequence[Any]
    children: Sequence[ChildLine]
    children_level: str
    children_left: int
    events: Sequence[EventShown]
    acts: Sequence[Mapping[str, str]]
    grids_url: str


@reads_library
@require_GET
@vary_on_headers("HX-Request")
def show_library(request: HttpRequest) -> HttpResponse:
    """The whole library: the tops of the tree, how many entries of each level."""
    note_look(request, "viewed_library", kind="address")
    return _page(request, open_reader(), None)


@reads_library
@require_GET
@vary_on_headers("HX-Request")
def show_entry(request: HttpRequest, code: str) -> HttpResponse:
    """One entry; htmx asks for the panel only."""
    reader = open_reader()
    entry = get_entry(reader, code)
    note_look(request, "viewed_library", kind="address", refs=(code,))
    return _page(request, reader, entry)


def get_entry(reader: LibraryReader, code: str) -> Entry:
    """The entry, or 404: also for a code that never was."""
    entry = reader.entry(code)
    if entry is None:
        raise Http404(code)
    return entry


def _page(request: HttpRequest, reader: LibraryReader, entry: Entry | None) -> HttpResponse:
    may_keep = request.actor.role in KEEPS_ADDRESSES  # type: ignore[attr-defined]
    panel = describe(reader, entry, may_keep=may_keep)
    context: dict[str, Any] = {
        "panel": panel,
        "title": reader.label(entry) if entry else _("地址库"),
        "may_keep": may_keep,
    }
    is_part = request.headers.get("HX-Request") == "true"
    if is_part and not request.headers.get("HX-History-Restore-Request"):
        return render(request, "addresses/panel.html", context)
    chosen = [*panel.path, *([entry] if entry else [])]
    context["branches"] = grow_tree(reader, chosen)
    return render(request, "addresses/library.html", {**context, **map_settings()})


def describe(reader: LibraryReader, entry: Entry | None, *, may_keep: bool) -> Panel:
    """Everything the panel says."""
    code = entry.address_code if entry else ""
    path = list(reader.path(code)) if entry else []
    children = sorted(reader.children(code), key=lambda one: (not one.is_living, one.address_code))
    counts = reader.children_counts([child.address_code for child in children[:MOST_CHILDREN]])
    drawn = drawn_around(entry, path)
    above = reader.text_above(code)
    is_ended = entry is not None and not entry.is_living
    table, states = count_table(reader.counts(code)) if _has_inside(entry) else ([], [])
    return Panel(
        entry=entry,
        path=path,
        code=code,
        chosen=chosen_on_map(entry, path),
        path_codes=",".join([*(up.address_code for up in path), *([code] if code else [])]),
        shapes_url=reverse("address_shapes", args=[drawn])
        if drawn
        else reverse("address_shapes_top"),
        findings_url=_findings_url(entry),
        state_name=str(STATE_NAMES.get(entry.state, entry.state)) if entry else "",
        is_ended=is_ended,
        ended_words=str(ENDED_WORDS.get(entry.state, "")) if entry else "",
        successors=reader.successors(code) if is_ended else [],
        identifiers=reader.identifiers(code) if entry else [],
        aliases=[
            {"text": other.text, "kind_name": ALIAS_NAMES.get(other.kind, other.kind)}
            for other in (reader.aliases(code) if entry else [])
        ],
        point=_point(entry),
        is_placed=entry is not None and entry.level in (Level.BUILDING, Level.COMMUNITY),
        counts=table,
        count_states=states,
        children=[_child_line(child, counts, above) for child in children[:MOST_CHILDREN]],
        children_level=children[0].level if children else "",
        children_left=max(0, len(children) - MOST_CHILDREN),
        events=show_events(reader, reader.events(code, limit=LAST_EVENTS)) if entry else [],
        acts=list_acts(entry) if entry and may_keep else [],
        grids_url=_grids_url(entry, path),
    )


def _has_inside(entry: Entry | None) -> bool:
    return entry is None or entry.level != Level.ROOM


def _child_line(child: Entry, counts: Mapping[str, int], above: str) -> ChildLine:
    return ChildLine(
        code=child.address_code,
        name=label_of(child, above),
        state_words=str(STATE_NAMES.get(child.state, child.state)),
        count=counts.get(child.address_code, 0),
    )


def _point(entry: Entry | None) -> tuple[str, str] | None:
    if entry is None or entry.longitude is None or entry.latitude is None:
        return None
    return (f"{entry.longitude:.6f}", f"{entry.latitude:.6f}")


def drawn_around(entry: Entry | None, path: Sequence[Entry]) -> str:
    """The code of the area that the map draws when `entry` is chosen; empty: everything."""
    if entry is None:
        return ""
    if entry.level not in DRAWN_AS_COMMUNITY:
        return entry.address_code
    for one in (entry, *reversed(path)):
        if one.level == Level.COMMUNITY:
            return one.address_code
    return entry.address_code


def chosen_on_map(entry: Entry | None, path: Sequence[Entry]) -> str:
    """The code marked on the map: a room stands where its building does."""
    if entry is None:
        return ""
    if entry.level == Level.ROOM and path:
        return path[-1].address_code
    return entry.address_code


def _findings_url(entry: Entry | None) -> str:
    if entry is None or entry.level in (Level.BUILDING, Level.ROOM):
        return ""
    return reverse("address_findings", args=[entry.address_code])


def _grids_url(entry: Entry | None, path: Sequence[Entry]) -> str:
    """Where the grids of this community, or around this grid, are drawn."""
    if entry is None or not entry.is_living:
        return ""
    if entry.level is Level.COMMUNITY:
        return reverse("address_grids_of", args=[entry.address_code])
    if entry.level is Level.GRID and path and path[-1].level is Level.COMMUNITY:
        return reverse("address_grids_of", args=[path[-1].address_code])
    return ""


def count_table(
    counts: Mapping[tuple[str, str], int],
) -> tuple[list[tuple[str, list[int]]], list[Any]]:
    """Rows by level, columns by state; states that nobody is in are left out."""
    states = [state for state in State if any(counts.get((level, state)) for level in Level)]
    rows = [
        (str(level), [counts.get((level, state), 0) for state in states])
        for level in Level
        if any(counts.get((level, state)) for state in states)
    ]
    return rows, [STATE_NAMES[state] for state in states]


@reads_library
@require_GET
def show_children(request: HttpRequest, code: str) -> HttpResponse:
    """The lines below one line of the tree. Not in the ledger: opening a branch is not yet a look at an entry."""
    reader = open_reader()
    get_entry(reader, code)
    depth = request.GET.get("depth", "1")
    below = (int(depth) if depth.isdigit() and len(depth) < 3 else 1) + 1
    branches = list_branches(reader, code, depth=below)
    return render(request, "addresses/tree_items.html", {"branches": branches})


@reads_library
@require_GET
def show_search(request: HttpRequest) -> HttpResponse:
    """Entries by code or words; under the box while one types, else as a page."""
    text = unicodedata.normalize("NFKC", request.GET.get("q", "")).strip()[:LONGEST_TEXT]
    hits = list(open_reader().search(text, limit=MOST_HITS)) if text else []
    context = {
        "hits": [
            {
                "code": hit.address_code,
                "name": hit.name,
                "standard_text": hit.standard_text,
                "level": hit.level,
                "is_ended": not hit.is_living,
                "state_name": STATE_NAMES.get(hit.state, hit.state),
            }
            for hit in hits
        ],
        "text": text,
        "is_full": len(hits) == MOST_HITS,
    }
    is_part = request.headers.get("HX-Request") == "true"
    if text and not is_part:
        # The text itself stays out: whoever types a name by mistake should not find it in the ledger.
        note_look(request, "searched_places", kind="search")
    return render(request, "addresses/hits.html" if is_part else "addresses/search.html", context)


@reads_library
@require_GET
def draw_shapes(request: HttpRequest, code: str = "") -> JsonResponse:  # noqa: ARG001
    """GeoJSON of one area: outlines or cells, buildings, gaps, overlaps. The look is the page that carries the map."""
    reader = open_reader()
    if code:
        get_entry(reader, code)
    drawn, findings = reader.picture(code)
    return JsonResponse(draw_area(drawn, findings))


@reads_library
@require_GET
def list_findings(request: HttpRequest, code: str) -> HttpResponse:
    """Everything that is wrong on the map of one area, as a list."""
    reader = open_reader()
    entry = get_entry(reader, code)
    context = {"findings": show_findings(reader, entry), "title": reader.label(entry), "code": code}
    is_part = request.headers.get("HX-Request") == "true"
    page = "addresses/findings.html" if is_part else "addresses/findings_page.html"
    return render(request, page, context)


def map_settings() -> dict[str, Any]:
    """What the map's holder needs."""
    basemap = (
        {"tiles": settings.KUAI_BASE_MAP_TILES, "attribution": settings.KUAI_BASE_MAP_CREDIT}
        if settings.KUAI_BASE_MAP_TILES
        else None
    )
    return {
        "open_url": reverse("address_entry", args=["CODE"]),
        "basemap": json.dumps(basemap),
        "map_texts": json.dumps(_map_texts(), ensure_ascii=False),
    }


def _map_texts() -> dict[str, str]:
    """MapLibre's own words and ours, in the reader's language."""
    return {
        "north": _("向北移"),
        "south": _("向南移"),
        "west": _("向西移"),
        "east": _("向东移"),
        "NavigationControl.ZoomIn": _("放大"),
        "NavigationControl.ZoomOut": _("缩小"),
        "ScaleControl.Meters": _("米"),
        "ScaleControl.Kilometers": _("公里"),
        "Map.Title": _("地图画面"),
        "CooperativeGesturesHandler.WindowsHelpText": _("按住 Ctrl 滚动可缩放地图"),
        "CooperativeGesturesHandler.MacHelpText": _("按住 ⌘ 滚动可缩放地图"),
        "CooperativeGesturesHandler.MobileHelpText": _("用两个手指移动地图"),
    }
