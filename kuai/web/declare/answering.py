"""Questions at a door: a phone is proven, then whatever is asked of it there is answered by a tap."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from kuai.guard import officials
from kuai.kit.clock import utc_now
from kuai.kit.errors import Refusal
from kuai.services.residence import actions, queries
from kuai.services.residence.types import Answer
from kuai.web.declare import words
from kuai.web.declare.frame import address_of, page, words_of
from kuai.web.doors import current_store
from kuai.web.rules import anybody

PROOF = "door_proof"


@anybody("declare.questions")
@require_http_methods(["GET", "POST"])
def show_questions(request: HttpRequest, code: str) -> HttpResponse:
    """GET: what is asked of a phone proven here, else where to prove one. POST: the number, then its code."""
    store, at = current_store(), utc_now()
    context = {}
    try:
        door = actions.open_door(store, code, address=address_of(request), at=at)
        context = {"door": door, "shown_code": queries.shown_door_code(door.door_code)}
        if request.method == "POST":
            return _prove(request, door.door_code, context)
    except Refusal as refusal:
        name = "questions" if context else "start"
        said = {**context, "refused": words_of(refusal), "phone": request.POST.get("phone", "")}
        said["reference"] = request.POST.get("reference", "")
        return page(request, name, said, status=409 if context else 404)
    return page(request, "questions", {**context, **_asked(request, door.door_code)})


@anybody("declare.answer")
@require_POST
def answer(request: HttpRequest, code: str) -> HttpResponse:
    """One answer, by the phone that was proven here."""
    said = request.POST.get("answer", "")
    try:
        if said not in set(Answer):
            raise Refusal("question.answer", _("请选一个回答。"))
        kept = request.session.get(PROOF, {})
        if kept.get("door") != code:
            raise Refusal(
                "code.again", _("这一步放得太久了。"), next_step=_("请重新收一次验证码。")
            )
        proof = actions.find_proof(kept["reference"], at=utc_now())
        actions.answer_question(
            current_store(),
            request.POST.get("question", ""),
            Answer(said),
            proof=proof,
            at=utc_now(),
        )
    except Refusal as refusal:
        return page(request, "start", {"refused": words_of(refusal)}, status=409)
    request.session["answered"] = True
    return HttpResponseRedirect(reverse("declare_questions", args=[code]))


def _prove(request: HttpRequest, code: str, context: dict[str, object]) -> HttpResponse:
    store, at = current_store(), utc_now()
    phone, reference = request.POST.get("phone", ""), request.POST.get("reference", "")
    if not reference:
        asked = actions.ask_for_door_proof(store, code, phone, address=address_of(request), at=at)
        shown = {**context, "phone": phone, "reference": asked.reference}
        return page(request, "questions", shown)
    actions.prove_at_door(store, reference, request.POST.get("code", ""), phone=phone, at=at)
    request.session[PROOF] = {"door": code, "reference": reference}
    return HttpResponseRedirect(reverse("declare_questions", args=[code]))


def _asked(request: HttpRequest, code: str) -> dict[str, object]:
    kept = request.session.get(PROOF, {})
    if kept.get("door") != code:
        return {}
    try:
        proof = actions.find_proof(kept["reference"], at=utc_now())
    except Refusal:
        return {}
    asked = queries.list_for_proof(current_store(), proof)
    return {
        "is_proven": True,
        "responsible": officials.speak_of(officials.DECLARATIONS),
        "channel": officials.where_to_object(officials.DECLARATIONS),
        "has_answered": request.session.pop("answered", False),
        "asked": [
            {"number": one.number, "text": words.QUESTION_TEXTS[one.kind], "due_on": one.due_on}
            for one in asked
        ],
    }
