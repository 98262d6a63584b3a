"""Pages of grids: for one community a proposal with its figures beside the present grids, accepted as events."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from kuai.address import drawing, library
from kuai.address.drawing import GridGround, GridProposal, GridSettings
from kuai.address.library import Entry
from kuai.address.types import Level
from kuai.kit.clock import local_day, utc_now
from kuai.kit.errors import Refusal
from kuai.kit.store import read_json, write_json
from kuai.web.addresses.events import IMPORTED
from kuai.web.addresses.forms import DayField, ReasonField, ReasonForm
from kuai.web.addresses.library import get_entry, map_settings
from kuai.web.addresses.reader import LibraryReader, open_reader
from kuai.web.doors import current_store
from kuai.web.looks import note_look
from kuai.web.rules import KEEPS_ADDRESSES, keeps_library, reads_library

DRAWN, SPLIT, MERGED = "drawn", "split", "merged"
USUAL_TARGET, LEAST_TARGET, MOST_TARGET = 400, 50, 2000
# Below and above the target by a quarter: 300 to 500 households around the custom of 400.
SHARE_AROUND_TARGET = 0.25
MOST_PARTS = 9
KEPT_PROPOSALS = 16
MOST_GRIDS_ASKED = 60
LAST_EVENTS, LAST_SHOWN = 40, 8


class WishForm(forms.Form):
    """What to draw. All of it stands in the address of the page, so that a proposal can be looked at again."""

    what = forms.ChoiceField(choices=[(one, one) for one in (DRAWN, SPLIT, MERGED)])
    target = forms.IntegerField(
        min_value=LEAST_TARGET,
        max_value=MOST_TARGET,
        error_messages={
            "required": gettext_lazy("请写每个网格大约多少户。"),
            "invalid": gettext_lazy("户数写成数字，例如 400。"),
            "min_value": gettext_lazy("每个网格至少 50 户。"),
            "max_value": gettext_lazy("每个网格最多 2000 户。"),
        },
    )
    grid = forms.CharField(required=False, max_length=40)
    parts = forms.IntegerField(required=False, min_value=2, max_value=MOST_PARTS)
    grids = forms.MultipleChoiceField(required=False)

    def __init__(self, present: Sequence[Entry], *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        choices = [(one.address_code, one.name) for one in present]
        self.fields["grids"] = forms.MultipleChoiceField(choices=choices, required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("what") == SPLIT and not cleaned.get("grid"):
            raise forms.ValidationError(_("请选要拆分的网格。"))
        if cleaned.get("what") == MERGED and len(cleaned.get("grids") or ()) < 2:
            raise forms.ValidationError(_("请选要合并的网格，至少两个。"))
        return cleaned

    def wish(self) -> Wish:
        """What was asked for."""
        cleaned = self.cleaned_data
        what = cleaned["what"]
        return Wish(
            target=cleaned["target"],
            split=cleaned["grid"] if what == SPLIT else "",
            parts=cleaned.get("parts") or 2,
            merge=tuple(sorted(cleaned["grids"])) if what == MERGED else (),
        )


class AcceptForm(forms.Form):
    """Day and reason of the new division."""

    def __init__(self, *arguments: Any, today: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.fields["day"] = DayField(today=today)
        self.fields["reason"] = ReasonField()


@dataclass(frozen=True)
class Wish:
    """One kind of drawing with its parameters."""

    target: int = USUAL_TARGET
    split: str = ""
    parts: int = 2
    merge: tuple[str, ...] = ()

    @property
    def settings(self) -> GridSettings:
        """The limits around the target."""
        around = self.target * SHARE_AROUND_TARGET
        return GridSettings(
            target=self.target, fewest=self.target - around, most=self.target + around
        )

    @property
    def query(self) -> str:
        """As it stands in the page's address."""
        what = SPLIT if self.split else MERGED if self.merge else DRAWN
        values: list[tuple[str, Any]] = [("what", what), ("target", self.target)]
        if self.split:
            values += [("grid", self.split), ("parts", self.parts)]
        values += [("grids", code) for code in self.merge]
        return urlencode(values)


@dataclass(frozen=True)
class PresentGrid:
    """One grid as it is now."""

    code: str
    name: str
    buildings: int
    households: int
    premises: int
    has_outline: bool


@dataclass(frozen=True)
class GridFiguresShown:
    """Figures of the present division, to be held beside a proposal's."""

    grids: int
    weight_min: float
    weight_mean: float
    weight_max: float
    balance_ratio: float
    unassigned: int


@dataclass(frozen=True)
class Redrawing:
    """Events that were recorded one after the other: one acceptance, or a single event."""

    first: int
    last: int
    day: date | None
    reason: str
    is_undone: bool

    @property
    def is_several(self) -> bool:
        return self.last > self.first


@reads_library
@require_GET
def show_communities(request: HttpRequest) -> HttpResponse:
    """The communities by sub-district, to choose one."""
    reader = open_reader()
    note_look(request, "viewed_library", kind="address")
    return render(request, "addresses/grid_communities.html", {"parts": list_communities(reader)})


def list_communities(reader: LibraryReader) -> list[tuple[str, list[tuple[Entry, int]]]]:
    """(name of what lies above, its communities with how many grids each has)."""
    waiting = [(one, "") for one in reader.children("")]
    parts: list[tuple[str, list[tuple[Entry, int]]]] = []
    while waiting:
        area, above = waiting.pop(0)
        if area.level is Level.COMMUNITY:
            continue
        name = f"{above} {area.name}".strip()
        below = [one for one in reader.children(area.address_code) if one.is_living]
        communities = [one for one in below if one.level is Level.COMMUNITY]
        counts = reader.children_counts([one.address_code for one in communities])
        if communities:
            parts.append((name, [(one, counts.get(one.address_code, 0)) for one in communities]))
        waiting += [(one, name) for one in below if one.level is Level.SUBDISTRICT]
    return parts


@reads_library
@require_GET
def show_grids(request: HttpRequest, code: str) -> HttpResponse:
    """The present grids of a community; with parameters in the address, a proposal beside them."""
    return _grids_page(request, code)


def _grids_page(
    request: HttpRequest,
    code: str,
    *,
    accept: AcceptForm | None = None,
    refusal: Refusal | None = None,
) -> HttpResponse:
    reader = open_reader()
    entry = get_entry(reader, code)
    if entry.level is not Level.COMMUNITY:
        raise Http404(code)
    around = drawing.grid_ground(reader.record, code)
    is_asked = "what" in request.GET
    initial = {"what": DRAWN, "target": str(USUAL_TARGET), "parts": "2"}
    form = WishForm(around.present, request.GET if is_asked else initial)
    proposal = None
    if is_asked and form.is_valid():
        try:
            proposal = propose(reader, code, form.wish())
        except Refusal as cannot:
            refusal = refusal or cannot
    note_look(
        request, "proposed_grids" if proposal else "viewed_library", kind="address", refs=(code,)
    )
    may_keep = request.actor.role in KEEPS_ADDRESSES  # type: ignore[attr-defined]
    context = {
        "community": entry,
        "form": form,
        "is_asked": is_asked,
        "refusal": refusal,
        "present": list_present(around),
        "now": measure_present(around),
        "redrawings": list_redrawings(reader, code),
        "may_keep": may_keep,
        "accept": accept or _fresh_accept(),
        "shapes_url": _shapes_url(code, form.wish() if proposal else None),
        **(_proposal_context(around, proposal) if proposal else {}),
        **map_settings(),
    }
    bad = refusal is not None or (is_asked and bool(form.errors)) or accept is not None
    return render(request, "addresses/grids.html", context, status=400 if bad else 200)


def _fresh_accept() -> AcceptForm:
    today = local_day(utc_now())
    return AcceptForm(today=today, initial={"day": today.isoformat()})


def _shapes_url(code: str, wish: Wish | None) -> str:
    if wish is None:
        return reverse("address_shapes", args=[code])
    return f"{reverse('address_grid_shapes', args=[code])}?{wish.query}"


def _proposal_context(around: GridGround, proposal: GridProposal) -> dict[str, Any]:
    names = {one.address_code: one.name for one in around.present}
    grids = {one.address_code: one.name for one in proposal.grids}
    return {
        "proposal": proposal,
        "figures": proposal.figures,
        "seen": fingerprint(proposal),
        "lineage": [
            {
                "old": names.get(one.old_code, one.old_code),
                "new": grids.get(one.new_code, one.new_code),
                "buildings": one.buildings,
                "households": one.households,
                "share": one.share,
            }
            for one in proposal.lineage
        ],
        "ended_names": [names.get(code, code) for code in proposal.ended],
        "kept_count": sum(one.is_kept for one in proposal.grids),
    }


def propose(reader: LibraryReader, code: str, wish: Wish) -> GridProposal:
    """The proposal; the page and its map ask for the same one, and it is drawn once a version of the library."""
    return _propose(str(current_store().root), reader.record.at.chain, code, wish)


@lru_cache(maxsize=KEPT_PROPOSALS)
def _propose(_store: str, chain: str, code: str, wish: Wish) -> GridProposal:
    reader = open_reader()
    if reader.record.at.chain != chain:
        raise Refusal("library.raced", _("地址库刚刚有了变更。"), next_step=_("请再点一次。"))
    around = drawing.grid_ground(reader.record, code)
    return drawing.propose_grids(
        around, wish.settings, split=wish.split, parts=wish.parts, merge=wish.merge
    )


def fingerprint(proposal: GridProposal) -> str:
    """What was looked at is what is accepted: grids, their buildings and their outlines."""
    said = [
        [one.address_code, one.name, list(one.buildings), hashlib.sha256(one.wkb).hexdigest()]
        for one in proposal.grids
    ]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:24]


def list_present(around: GridGround) -> list[PresentGrid]:
    """The grids as they are now, with what each holds."""
    shown = []
    for entry in around.present:
        own = [one for one in around.buildings if one.grid_code == entry.address_code]
        shown.append(
            PresentGrid(
                code=entry.address_code,
                name=entry.name,
                buildings=len(own),
                households=sum(one.households for one in own),
                premises=sum(one.premises for one in own),
                has_outline=around.ground.present.get(entry.address_code) is not None,
            )
        )
    return shown


def measure_present(around: GridGround) -> GridFiguresShown | None:
    """How even the present grids are; None without any."""
    weigh = GridSettings().weight_of
    weights = [
        sum(weigh(one) for one in around.buildings if one.grid_code == entry.address_code)
        for entry in around.present
    ]
    if not weights:
        return None
    mean = sum(weights) / len(weights)
    codes = {entry.address_code for entry in around.present}
    return GridFiguresShown(
        grids=len(weights),
        weight_min=min(weights),
        weight_mean=round(mean, 1),
        weight_max=max(weights),
        balance_ratio=round(max(weights) / mean, 2) if mean else 1.0,
        unassigned=sum(one.grid_code not in codes for one in around.buildings),
    )


def list_redrawings(reader: LibraryReader, code: str) -> list[Redrawing]:
    """The last changes of a community's grids, newest first, those of one acceptance together."""
    grids = [one for one in reader.children(code) if one.level is Level.GRID]
    events = {
        event.number: event
        for grid in grids[:MOST_GRIDS_ASKED]
        for event in reader.events(grid.address_code, limit=LAST_EVENTS)
    }
    runs: list[list[library.EventView]] = []
    for number in sorted(events):
        event = events[number]
        before = runs[-1][-1] if runs else None
        if before is not None and event.undoes is None and _is_one_hand(reader, before, event):
            runs[-1].append(event)
        else:
            runs.append([event])
    shown = [
        Redrawing(
            first=run[0].number,
            last=run[-1].number,
            day=run[0].day,
            reason=run[0].reason,
            is_undone=all(event.undone_by is not None for event in run),
        )
        for run in runs
        if run[0].undoes is None
    ]
    return shown[::-1][:LAST_SHOWN]


def _is_one_hand(
    reader: LibraryReader, before: library.EventView, after: library.EventView
) -> bool:
    """Whether everything recorded from one event to the other was said by one person of one day and reason.

    Between the beginning of grids and the end of others lie the moves of buildings, which touch no grid.
    """
    if after.number - before.number > LAST_EVENTS:
        return False
    said = [reader.event(number) for number in range(before.number, after.number + 1)]
    begun = [one.reason for one in said if one is not None]
    return all(
        one is not None
        and one.kind != IMPORTED
        and (one.day, one.by) == (before.day, before.by)
        and one.reason.startswith(begun[0])
        for one in said
    )


@reads_library
@require_GET
def draw_shapes(request: HttpRequest, code: str) -> JsonResponse:
    """GeoJSON of a proposal. The look is the page that carries the map."""
    reader = open_reader()
    get_entry(reader, code)
    around = drawing.grid_ground(reader.record, code)
    form = WishForm(around.present, request.GET)
    if not form.is_valid():
        raise Http404(code)
    return JsonResponse(drawing.draw_proposal(around, propose(reader, code, form.wish())))


@keeps_library
@require_POST
def accept_grids(request: HttpRequest, code: str) -> HttpResponse:
    """Record the proposal that was looked at: its events all together or none, then outlines of grids that go on."""
    reader = open_reader()
    get_entry(reader, code)
    form = AcceptForm(request.POST, today=local_day(utc_now()))
    around = drawing.grid_ground(reader.record, code)
    asked = WishForm(around.present, request.GET)
    if not form.is_valid() or not asked.is_valid():
        return _grids_page(request, code, accept=form)
    try:
        proposal = propose(reader, code, asked.wish())
        if fingerprint(proposal) != request.POST.get("seen"):
            raise Refusal(
                "grids.other",
                _("您看的时候，地址库有了别的变更，建议和您看到的不一样了。"),
                next_step=_("请看过下面现在的建议，再采用。"),
            )
        numbers = record_proposal(
            reader,
            around,
            proposal,
            cleaned=form.cleaned_data,
            by=request.actor.user_id,  # type: ignore[attr-defined]
        )
    except Refusal as refusal:
        return _grids_page(request, code, accept=form, refusal=refusal)
    note_look(request, "accepted_grids", kind="address", refs=(code,), count=len(numbers))
    if not numbers:
        messages.success(request, _("网格本来就是这样，没有要登记的。"))
        return HttpResponseRedirect(reverse("address_grids_of", args=[code]))
    messages.success(request, _("已采用。登记了 %(count)s 条变更。") % {"count": len(numbers)})
    query = urlencode({"first": min(numbers), "last": max(numbers)})
    return HttpResponseRedirect(f"{reverse('address_redraw', args=[code])}?{query}")


def record_proposal(
    reader: LibraryReader,
    around: GridGround,
    proposal: GridProposal,
    *,
    cleaned: Mapping[str, Any],
    by: str,
) -> list[int]:
    """The numbers of the events recorded: all of them and the outlines of grids that go on, or none."""
    store, day, reason = current_store(), cleaned["day"], cleaned["reason"].strip()
    before = drawing.outlines_before(reader.record, around, proposal)
    events = proposal.events(day=day, reason=reason, present=around.parents)
    with transaction.atomic():
        numbers = [library.record_event(store, event, by=by).number for event in events]
        # Inside, because without its outlines a division is half of what was looked at and accepted.
        _bring_in(drawing.kept_outlines(around, proposal), day=day, reason=reason, by=by)
        if numbers:
            write_json(_outlines_before(numbers[0]), before)
    return numbers


def _outlines_before(first: int) -> Path:
    """Where the outlines wait that come back when the acceptance beginning with event `first` is undone."""
    folder = current_store().library / "redraws"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{first}.json"


def _bring_in(outlines: Mapping[str, Any], *, day: date | None, reason: str, by: str) -> None:
    """An outline alone is no event of life: it comes in as every outline does, by an import."""
    if not outlines["features"]:
        return
    store = current_store()
    with tempfile.TemporaryDirectory(dir=store.scratch) as folder:
        path = Path(folder) / "grids.geojson"
        path.write_text(json.dumps(outlines, ensure_ascii=False), encoding="utf-8")
        plan = library.plan_import(store, path, by=by, datum="CGCS2000", day=day)
    library.apply_plan(store, plan.plan_id, by=by, reason=reason)


@reads_library
@require_GET
def show_redraw(request: HttpRequest, code: str) -> HttpResponse:
    """The events of one acceptance, to be undone together."""
    reader = open_reader()
    get_entry(reader, code)
    return _redraw_page(request, reader, code, values=request.GET)


def _redraw_page(
    request: HttpRequest,
    reader: LibraryReader,
    code: str,
    *,
    values: Mapping[str, Any],
    refusal: Refusal | None = None,
) -> HttpResponse:
    events = _events_between(reader, values)
    community = reader.entry(code)
    context = {
        "community": community,
        "events": events,
        "first": events[0].number,
        "last": events[-1].number,
        "may_undo": request.actor.role in KEEPS_ADDRESSES  # type: ignore[attr-defined]
        and all(one.undone_by is None for one in events),
        "refusal": refusal,
        "form": ReasonForm(),
    }
    return render(request, "addresses/redraw.html", context, status=409 if refusal else 200)


def _events_between(reader: LibraryReader, values: Mapping[str, Any]) -> list[library.EventView]:
    first, last = str(values.get("first", "")), str(values.get("last", ""))
    if not (first.isdigit() and last.isdigit()) or len(first + last) > 20:
        raise Http404
    begin, end = int(first), int(last)
    if not 0 <= end - begin <= MOST_EVENTS:
        raise Http404
    events = [one for number in range(begin, end + 1) if (one := reader.event(number))]
    # One acceptance: one day, one reason, one hand.
    if not events or len({(one.day, one.by) for one in events}) != 1:
        raise Http404
    return events


MOST_EVENTS = 300


@keeps_library
@require_POST
def undo_redraw(request: HttpRequest, code: str) -> HttpResponse:
    """Take one acceptance back: its events in reverse order, all or none."""
    reader = open_reader()
    get_entry(reader, code)
    events = _events_between(reader, request.POST)
    form = ReasonForm(request.POST)
    by = request.actor.user_id  # type: ignore[attr-defined]
    try:
        if not form.is_valid():
            raise Refusal("library.reason", _("请写明原因，例如批文名称和文号。"))
        reason = form.cleaned_data["reason"].strip()
        with transaction.atomic():
            for event in reversed(events):
                library.undo_event(current_store(), event.number, by=by, reason=reason)
            waiting = _outlines_before(events[0].number)
            if waiting.exists():
                _bring_in(read_json(waiting), day=events[0].day, reason=reason, by=by)
    except Refusal as refusal:
        return _redraw_page(request, reader, code, values=request.POST, refusal=refusal)
    note_look(request, "undid_library_event", kind="address", refs=(code,), count=len(events))
    messages.success(request, _("已撤销这次划分，网格和以前一样。"))
    return HttpResponseRedirect(reverse("address_grids_of", args=[code]))
