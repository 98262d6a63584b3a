"""The JSON interface of the address library: wash a batch, type ahead, from a point to a place.

No text that was sent is kept: the ledger gets how many were asked, nothing else. What people type may be a name by
mistake, so type-ahead can be asked by POST too, which leaves no text in any server's log of addresses.
"""

from __future__ import annotations

from typing import Any, Literal

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema
from ninja.responses import Response

from kuai.address.places import ContainingArea, NearBuilding, ReverseAnswer, Suggestion
from kuai.address.types import WashedAddress
from kuai.kit.errors import Refusal
from kuai.web.addresses.limits import BATCHES, TYPING, keep_pace
from kuai.web.addresses.places import current_places, plain_text
from kuai.web.api.refusing import RefusalOut
from kuai.web.doors import current_store
from kuai.web.looks import note_look
from kuai.web.rules import asks_for_places, suggests_places, washes_texts

MOST_TEXTS = 1_000
MOST_TEXTS_WITH_STEPS = 50
LONGEST_TEXT = 10_000
MOST_SUGGESTIONS = 50

Datum = Literal["CGCS2000", "WGS84", "GCJ-02", "BD-09"]
router = Router(tags=["addresses"])


class WashIn(Schema):
    """Texts to wash; `steps` explains each of them (at most 50 texts)."""

    texts: list[str] = Field(max_length=MOST_TEXTS)
    steps: bool = False


class CandidateOut(Schema):
    """One possible place with the parts of its score."""

    address_code: str
    level: str
    text: str
    score: float
    parts: dict[str, float]
    why: str


class StepOut(Schema):
    """What one step of the wash saw."""

    title: str
    words: str


class WashedOut(Schema):
    """The answer for one text. `address_code` is null for grade D."""

    address_code: str | None
    level: str | None
    grade: str
    matched_text: str
    explanation: str
    candidates: list[CandidateOut]
    steps: list[StepOut] | None = None


class WashOut(Schema):
    """Answers in the order of the texts, and the build they are true of."""

    version: str | None
    answers: list[WashedOut]


class SuggestIn(Schema):
    """What was typed so far; `within` is a code, or the `within` of the line chosen before."""

    q: str = Field("", max_length=200)
    within: str = Field("", max_length=60)
    limit: int = Field(10, ge=1, le=MOST_SUGGESTIONS)


class SuggestionOut(Schema):
    """One line; `next` is what choosing it will list (send its `within`), empty at the end of the way."""

    level: str
    code: str
    label: str
    text: str
    fill: str
    within: str
    next: str
    count: int
    why: str


class SuggestOut(Schema):
    """Lines, the best first."""

    version: str | None
    items: list[SuggestionOut]


class BuildingOut(Schema):
    """A building at or near the point."""

    address_code: str
    name: str
    standard_text: str
    distance_m: float
    inside: bool


class AreaOut(Schema):
    """An area that holds the point; `found_by` geometry or building."""

    address_code: str
    name: str
    found_by: str


class ReverseOut(Schema):
    """What is at a point, in CGCS2000."""

    version: str | None
    longitude: float
    latitude: float
    closeness: str
    words: str
    building: BuildingOut | None
    rivals: list[BuildingOut]
    grid: AreaOut | None
    community: AreaOut | None
    subdistrict: AreaOut | None
    district: AreaOut | None


REFUSED: dict[int, Any] = dict.fromkeys((400, 401, 403, 409, 413, 415, 422, 429), RefusalOut)


@router.post("/wash", response={200: WashOut, **REFUSED}, url_name="wash_addresses")
@washes_texts
def wash_batch(request: HttpRequest, asked: WashIn) -> Response:
    """Up to 1,000 texts in a body of at most 2.5 MB to code, level, grade and reasons, in their order.

    Only the first 10,000 characters of a text are read.
    """
    keep_pace(request, BATCHES)
    require_json(request)
    if asked.steps and len(asked.texts) > MOST_TEXTS_WITH_STEPS:
        raise Refusal(
            "addresses.too_many_steps",
            f"要说明步骤时一次最多 {MOST_TEXTS_WITH_STEPS} 条。",
            next_step="分几次问，或不要步骤。",
        )
    library = current_places().library
    answers = []
    for text in asked.texts:
        plain = plain_text(text[:LONGEST_TEXT])
        answer = as_washed_out(library.wash_text(plain))
        if asked.steps:
            answer["steps"] = [
                {"title": step.title, "words": step.words} for step in library.explain_text(plain)
            ]
        answers.append(answer)
    note_look(request, "washed_addresses", kind="address", count=len(asked.texts))
    return Response({"version": current_store().current_version(), "answers": answers})


@router.get("/suggest", response={200: SuggestOut, **REFUSED}, url_name="suggest_addresses")
@suggests_places
def suggest_by_address(request: HttpRequest, asked: Query[SuggestIn]) -> Response:
    """Type-ahead for place names. No line in the ledger: each letter typed is not a look."""
    keep_pace(request, TYPING)
    return suggested(asked)


@router.post("/suggest", response={200: SuggestOut, **REFUSED}, url_name="suggest_addresses")
@suggests_places
def suggest_by_body(request: HttpRequest, asked: SuggestIn) -> Response:
    """The same with the text in the body, for clients whose requests are logged on the way."""
    keep_pace(request, TYPING)
    require_json(request)
    return suggested(asked)


@router.get("/reverse", response={200: ReverseOut, **REFUSED}, url_name="reverse_addresses")
@asks_for_places
def reverse_point(
    request: HttpRequest, lon: float, lat: float, datum: Datum = "CGCS2000"
) -> ReverseOut:
    """From a point to the building at or near it and the areas around; `datum` is declared, never guessed."""
    keep_pace(request, TYPING)
    answer = current_places().reverse(lon, lat, datum=datum)
    note_look(request, "asked_for_place", kind="address", count=1)
    return as_reverse_out(answer)


def require_json(request: HttpRequest) -> None:
    """Because a form of another site can send anything but this kind, it stands for the token of our own forms."""
    if (request.content_type or "").lower() != "application/json":
        raise Refusal(
            "request.not_json",
            "请求体须是 JSON。",
            next_step="加上请求头 Content-Type: application/json。",
        )


def suggested(asked: SuggestIn) -> Response:
    """The lines for what was asked."""
    lines = current_places().suggest(
        plain_text(asked.q), within=plain_text(asked.within), limit=asked.limit
    )
    items = [as_suggestion_out(line) for line in lines]
    return Response({"version": current_store().current_version(), "items": items})


# Because a thousand answers through their schemas take as long as their wash, the two busy routes answer with plain
# values of the same shape (a test holds them to it).


def as_suggestion_out(line: Suggestion) -> dict[str, Any]:
    """One line in the shape of SuggestionOut."""
    return {
        "level": line.step,
        "code": line.code,
        "label": line.label,
        "text": line.text,
        "fill": line.fill,
        "within": line.within,
        "next": line.next_step,
        "count": line.count,
        "why": line.why,
    }


def as_washed_out(answer: WashedAddress) -> dict[str, Any]:
    """One answer in the shape of WashedOut; what the library lacks below the code stays inside."""
    return {
        "address_code": answer.address_code,
        "level": answer.level,
        "grade": answer.grade,
        "matched_text": answer.matched_text,
        "explanation": answer.explanation,
        "candidates": list(answer.candidates),
        "steps": None,
    }


def as_reverse_out(answer: ReverseAnswer) -> ReverseOut:
    """The answer for a point as the interface shows it."""
    return ReverseOut(
        version=current_store().current_version(),
        longitude=answer.longitude,
        latitude=answer.latitude,
        closeness=answer.closeness,
        words=answer.words,
        building=_building_out(answer.building) if answer.building else None,
        rivals=[_building_out(rival) for rival in answer.rivals],
        grid=_area_out(answer.grid),
        community=_area_out(answer.community),
        subdistrict=_area_out(answer.subdistrict),
        district=_area_out(answer.district),
    )


def _building_out(building: NearBuilding) -> BuildingOut:
    return BuildingOut(
        address_code=building.address_code,
        name=building.name,
        standard_text=building.standard_text,
        distance_m=building.distance_m,
        inside=building.inside,
    )


def _area_out(area: ContainingArea | None) -> AreaOut | None:
    if area is None:
        return None
    return AreaOut(address_code=area.address_code, name=area.name, found_by=area.found_by)
