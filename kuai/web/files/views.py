"""Files of rooms, buildings and organisations: what is public, by two clocks, with the source of every line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from kuai.blocks.queries import counter_catalogue, shown_firm_name
from kuai.guard.queries import find_actor_by_login, find_source
from kuai.kit.clock import local_day, utc_now
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.registry.queries import (
    ElementFile,
    FileFact,
    FileKind,
    catalogue_of,
    read_element_file,
)
from kuai.web.doors import current_reader, current_store
from kuai.web.facts.words import (
    CASE_BADGES,
    CASE_STATES,
    CONFLICT_NAMES,
    EVIDENCE_WORDS,
    LEVEL_WORDS,
    STATUS_BADGES,
    STATUS_NAMES,
)
from kuai.web.files.clocks import Clocks, list_beliefs, read_clocks
from kuai.web.files.drawing import Around, Drawing, draw
from kuai.web.files.words import (
    INDUSTRY,
    PERSON,
    STAGE_BADGES,
    STAGE_NAMES,
    TURN_NAMES,
    VALUE_NAMES,
    in_words,
)
from kuai.web.looks import note_look
from kuai.web.rules import REVIEWS_RECORDS, SEES_FACTS, sees_elements
from kuai.web.words import LEVEL_NAMES, ROLE_NAMES, counter_title, reads_english

LONGEST_CODE = 40
HEADCOUNTS = ("residents", "households")
ROOMS_A_PAGE = 60
FILED = ("room", "building", "organisation")


@sees_elements
@require_GET
def show_file(request: HttpRequest, code: str) -> HttpResponse:
    """One file. Its look stands in the ledger before anything is shown."""
    store = current_store()
    clocks = read_clocks(request, store)
    code = code[:LONGEST_CODE]
    rooms, headcount = _of_building(code)
    kind = request.GET.get("type", "")[:LONGEST_CODE]
    try:
        told = read_element_file(
            store,
            code,
            on=clocks.on,
            belief=clocks.belief,
            rooms=[one.code for one in rooms],
            kind=kind,
            after=_number(request.GET.get("after", "")),
        )
    except Refusal as refusal:
        if refusal.code == "element.unknown":
            raise Http404(str(refusal)) from refusal
        raise
    note_look(request, "viewed_file", kind="block", refs=(told.code,), count=len(told.facts))
    if told.element not in FILED:
        return render(request, "files/only_block.html", {"code": told.code})
    page = _Page(request, store, told, clocks)
    return render(
        request,
        "files/file.html",
        {**page.context(), "headcount": headcount, **_rooms(request, rooms)},
    )


class _Page:
    """One file in words."""

    def __init__(
        self, request: HttpRequest, store: Store, told: ElementFile, clocks: Clocks
    ) -> None:
        self._request, self._store, self._told, self._clocks = request, store, told, clocks
        self._role = request.actor.role  # type: ignore[attr-defined]
        english = reads_english()
        self._titles = {
            one.code: one.title_en if english else one.title_zh
            for one in catalogue_of(store).values()
        }
        self._sources: dict[str, str] = {}

    def context(self) -> dict[str, Any]:
        """What the template needs."""
        told = self._told
        return {
            "told": told,
            "title": self._name(),
            "level": LEVEL_NAMES.get(told.element, told.element),
            "stage": STAGE_NAMES[told.stage],
            "stage_badge": STAGE_BADGES[told.stage],
            "values": self._values(),
            "sources": [(self._source(source), period) for source, period in told.sources],
            "kinds": [self._kind(one) for one in told.kinds],
            "kind": self._request.GET.get("type", ""),
            "facts": [self._fact(one) for one in told.facts],
            "drawing": self._drawing(),
            "turns": [self._turn(one) for one in told.turns],
            "hidden": [(self._titles.get(one.type, one.title), one.figure) for one in told.hidden],
            "conflicts": [(CONFLICT_NAMES.get(one.kind, one.kind), one) for one in told.conflicts],
            "may_judge": self._role in SEES_FACTS,
            "may_review": self._role in REVIEWS_RECORDS and told.element == "organisation",
            "cases": self._cases(),
            "clocks": self._clocks,
            "beliefs": list_beliefs(self._store),
            "believed_version": told.belief.version if self._clocks.believed else "",
            "believed_sequence": told.belief.sequence if ":" in self._clocks.believed else "",
            "keep": self._keep(),
            "after": _number(self._request.GET.get("after", "")),
            "renamed": told.asked_code if told.asked_code != told.code else "",
            "is_room": told.element == "room",
            "is_organisation": told.element == "organisation",
        }

    def _name(self) -> str:
        values = self._told.values
        return str(values.get("standard_text") or self._own_name() or self._told.code)

    def _own_name(self) -> str:
        """The name as search shows it; a sole trader called by a person's name alone has none here either."""
        values = self._told.values
        name = str(values.get("name") or "")
        if self._told.element != "organisation" or not name:
            return name
        kind, credit_code = values.get("kind") or "", values.get("credit_code") or ""
        return self._firm_name(name, kind=kind, credit_code=credit_code)

    def _firm_name(self, name: str, *, kind: str = "", credit_code: str = "") -> str:
        build = self._store.builds / self._told.belief.version
        return shown_firm_name(build, name, kind=kind, credit_code=credit_code)

    def _values(self) -> list[tuple[Any, str]]:
        told = {**self._told.values, "name": self._own_name()}
        return [
            (name, in_words(value))
            for key, name in VALUE_NAMES.items()
            if (value := told.get(key)) not in (None, "")
        ] + self._industry()

    def _industry(self) -> list[tuple[Any, str]]:
        """What a firm does and who says so; the registry tells it of no sole trader (decision 0035)."""
        values = self._told.values
        if not values.get("industry"):
            return []
        counter = counter_catalogue().get(
            f"firms_section_{values['industry_section'] or ''}".lower()
        )
        # Its title says 行业：before the section's name, in every language.
        title = counter_title(counter).replace("：", ": ") if counter else _("行业不明")
        section = title.rpartition(": ")[2]
        said = _("%(industry)s（%(section)s），%(source)s") % {
            "industry": values["industry"],
            "section": section,
            "source": self._source(values.get("industry_source") or ""),
        }
        return [(INDUSTRY, said)]

    def _source(self, source: str) -> str:
        if source not in self._sources:
            registered = find_source(source)
            self._sources[source] = registered.title if registered else source
        return self._sources[source]

    def _other(self, code: str) -> str:
        if not code:
            return str(PERSON)
        name = self._told.names.get(code, code)
        if code.startswith("O-"):
            # A line knows a firm by its name alone: what may be a person's is none.
            name = self._firm_name(name) or code
        return in_words(name)

    def _kind(self, one: FileKind) -> dict[str, Any]:
        return {
            "type": one.type,
            "title": self._titles.get(one.type, one.title),
            "count": one.count,
        }

    def _fact(self, one: FileFact) -> dict[str, Any]:
        status = "contested" if one.is_contested else one.status
        return {
            "one": one,
            "title": self._titles.get(one.type, one.title),
            "other": self._other(one.other_code),
            "url": file_url(one.other_code),
            "room": self._other(one.at_code) if one.at_code != self._told.code else "",
            "room_code": one.at_code,
            "status": STATUS_NAMES.get(status, status),
            "badge": STATUS_BADGES.get(status, ""),
            "level": next((word for key, word in LEVEL_WORDS.items() if key == one.level), ""),
            "said": [(self._source(said.source), said) for said in one.said],
            "verified": [
                self._verified(step) for step in self._told.verified.get(one.fact_key, ())
            ],
        }

    def _verified(self, step: Any) -> dict[str, Any]:
        """A step by the office it was made in, not by the name of whoever made it."""
        actor = find_actor_by_login(step.decided_by)
        return {
            "level": next(word for key, word in LEVEL_WORDS.items() if key == step.level),
            "role": ROLE_NAMES[actor.role] if actor else _("（账号已停用）"),
            "on": step.decided_on,
            "evidence": next(
                (word for key, word in EVIDENCE_WORDS.items() if key == step.evidence_kind), ""
            ),
            "reference": step.evidence_ref,
        }

    def _drawing(self) -> Drawing | None:
        return draw(self._name(), [self._around(one) for one in self._told.kinds])

    def _around(self, one: FileKind) -> Around:
        beyond = one.count - len(one.drawn)
        return Around(
            title=str(self._titles.get(one.type, one.title)),
            count=one.count,
            neighbours=[
                (self._other(fact.other_code), file_url(fact.other_code)) for fact in one.drawn
            ],
            more=_("另有 %(count)s 个，见清单") % {"count": f"{beyond:,}"} if beyond else "",
        )

    def _turn(self, one: Any) -> dict[str, Any]:
        kind = self._told.kinds
        title = next((each.title for each in kind if each.title == one.title), one.title)
        return {
            "on": _day(one.on_day, one.precision),
            "kind": one.kind,
            "name": TURN_NAMES.get(one.kind, one.kind),
            "title": title,
            "other": self._other(one.other_code) if one.title else "",
            "url": file_url(one.other_code),
            "source": self._source(one.source) if one.source else "",
        }

    def _cases(self) -> list[dict[str, Any]]:
        today = local_day(utc_now())
        return [
            {
                "one": one,
                "title": self._titles.get(one.fact_key.partition("|")[0], ""),
                "state": CASE_STATES[one.state],
                "badge": CASE_BADGES[one.state],
                "is_overdue": one.is_overdue(today),
            }
            for one in self._told.cases
        ]

    def _keep(self) -> str:
        """The clocks as the links of the page carry them on."""
        kept = {
            "on": self._request.GET.get("on", "") if self._clocks.on else "",
            "believed": self._clocks.believed,
            "type": self._request.GET.get("type", ""),
        }
        return urlencode({name: value for name, value in kept.items() if value})


def file_url(code: str) -> str:
    """The file of a place or an organisation; nothing for everything else."""
    return reverse("file", args=[code]) if code.isdigit() or code.startswith("O-") else ""


def _of_building(code: str) -> tuple[Sequence[Any], list[dict[str, Any]]]:
    """A building's rooms and head-count, as far as the published figures tell it."""
    if not code.isdigit():
        return (), []
    try:
        reader = current_reader()
        block = reader.get_block(code)
    except Refusal:
        return (), []
    if block.level != "building":
        return (), []
    counters = {one.key: one for one in block.counters}
    figures = [
        {"title": counter_title(counters[key]), "counter": counters[key]}
        for key in HEADCOUNTS
        if key in counters
    ]
    return reader.list_children(code), figures


def _rooms(request: HttpRequest, rooms: Sequence[Any]) -> Mapping[str, Any]:
    start = _number(request.GET.get("rooms_after", ""))
    following = start + ROOMS_A_PAGE
    return {
        "rooms": rooms[start:following],
        "rooms_count": len(rooms),
        "rooms_after": following if following < len(rooms) else None,
    }


def _day(on_day: Any, precision: str) -> str:
    shapes = {"year": "%Y", "month": "%Y-%m"}
    return str(on_day.strftime(shapes.get(precision, "%Y-%m-%d")))


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
