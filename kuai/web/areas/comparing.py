"""Two areas side by side: saved ones by their number, published blocks by code. No shape stands in the address."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from kuai.blocks.queries import compare_areas
from kuai.blocks.types import AreaView
from kuai.guard.types import Actor
from kuai.kit.errors import Refusal
from kuai.web.areas import keeping
from kuai.web.areas.counting import count_shape
from kuai.web.areas.shapes import AreaShape
from kuai.web.blocks.drawing import short_name
from kuai.web.doors import BlockReader, current_reader
from kuai.web.looks import note_look
from kuai.web.rules import draws_areas


@dataclass(frozen=True)
class Side:
    """One of the two: what it is called, its figures, where its page is."""

    title: str
    view: AreaView
    ref: str
    is_block: bool


@draws_areas
@require_GET
def show_comparison(request: HttpRequest) -> HttpResponse:
    """The two of `first` and `second`, or the form that asks for them."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    reader = current_reader()
    refs = [request.GET.get(key, "").strip()[:40] for key in ("first", "second")]
    context: dict[str, object] = {
        "own": keeping.list_own(actor),
        "refs": refs,
        "first_ref": refs[0],
        "second_ref": refs[1],
    }
    if all(refs):
        try:
            first, second = (_side(reader, ref, actor=actor) for ref in refs)
        except Refusal as refusal:
            context["refusal"] = refusal
        else:
            note_look(request, "compared_areas", kind="area", refs=tuple(refs))
            rows = compare_areas(first.view, second.view)
            context |= {"first": first, "second": second, "rows": rows}
    status = 409 if "refusal" in context else 200
    return render(request, "areas/compare.html", context, status=status)


def _side(reader: BlockReader, ref: str, *, actor: Actor) -> Side:
    """What `ref` names, a published block too only within the reader's areas: of two, one is soon taken off."""
    try:
        number = UUID(ref)
    except ValueError:
        if not ref.isalnum():
            raise Refusal("compare.ref", _("请选一个区域，或填一个块的编码。")) from None
        block = reader.get_block(ref)
        if block.level == "room":
            raise Refusal("compare.room", _("房屋没有可比的数。")) from None
        chosen = AreaShape("blocks", {"codes": [block.code]})
        view = count_shape(reader, chosen, actor=actor)
        return Side(short_name(block), view, block.code, True)
    kept = keeping.get_area(number, by=actor)
    return Side(kept.title, count_shape(reader, kept.shape, actor=actor), str(kept.uuid), False)
