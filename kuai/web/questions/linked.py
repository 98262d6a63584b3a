"""The page of an answer link: plain HTML, no login, no name, no address; each question is answered by one tap, once."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from kuai.flows import questions as outbox
from kuai.kit.clock import utc_now
from kuai.kit.errors import Refusal
from kuai.services.questions import actions
from kuai.services.questions.types import Said
from kuai.web.declare.frame import SIZE_COOKIE, SIZES, address_of, words_of
from kuai.web.doors import current_store
from kuai.web.questions.words import LINK_ANSWERS, REQUEST_ANSWERS
from kuai.web.rules import anybody

ANSWERED = "question_answered"


@anybody("questions.link")
@require_http_methods(["GET", "POST"])
def show_link(request: HttpRequest, code: str) -> HttpResponse:
    """GET: what is asked; opening it answers nothing, for phones open links by themselves. POST: one answer."""
    store, at, address = current_store(), utc_now(), address_of(request)
    try:
        if request.method == "POST":
            return _answer(request, code)
        asked = actions.open_link(store, code, address=address, at=at)
    except Refusal as refusal:
        if refusal.code == "link.unknown" and request.session.pop(ANSWERED, False):
            return _page(request, {"is_done": True})
        return _page(request, {"refused": words_of(refusal)}, status=404)
    shown = {
        "asked": asked,
        "answers": [(said.value, words) for said, words in LINK_ANSWERS],
        "request_answers": [(said.value, words) for said, words in REQUEST_ANSWERS],
        "has_answered": request.session.pop(ANSWERED, False),
        "code": code,
    }
    return _page(request, shown)


def _answer(request: HttpRequest, code: str) -> HttpResponse:
    said = request.POST.get("answer", "")
    if said not in set(Said):
        raise Refusal("question.answer", _("请选一个回答。"))
    number = request.POST.get("question", "")
    outbox.answer_link(
        current_store(), code, number, Said(said), address=address_of(request), at=utc_now()
    )
    request.session[ANSWERED] = True
    return HttpResponseRedirect(reverse("question_link", args=[code]))


def _page(request: HttpRequest, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    size = request.COOKIES.get(SIZE_COOKIE, "")
    frame = {
        "letters": size if size in SIZES else "",
        "here": request.get_full_path(),
        "chinese": "中文",
    }
    answer = render(request, "questions/link.html", {**frame, **context}, status=status)
    # A link in a shared browser's cache would answer for somebody else.
    answer["Cache-Control"] = "no-store"
    return answer
