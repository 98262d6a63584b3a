"""What every public page of declarations needs: the size of letters, words for a refusal, who asks from where."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from kuai.guard.sessions import client_address
from kuai.kit.clock import utc_now
from kuai.kit.errors import DataFault, Refusal
from kuai.web.rules import anybody

SIZE_COOKIE = "kuai_letters"
# Plain, 18 pt, 24 pt with headings of 30 pt.
SIZES = ("", "big", "huge")
SIZE_LASTS_S = 180 * 24 * 3600
# As long as a proven code.
KEPT_FOR = timedelta(minutes=15)


def page(
    request: HttpRequest, name: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """One public page, in the size of letters that its reader chose."""
    size = request.COOKIES.get(SIZE_COOKIE, "")
    frame = {
        "letters": size if size in SIZES else "",
        "here": request.get_full_path(),
        # A language is named in itself, so it is no text to translate.
        "chinese": "中文",
        # Where a demo's codes lie: no message is sent there.
        "has_demo_codes": settings.KUAI_CODE_GATEWAY == "file",
    }
    return render(request, f"declare/{name}.html", {**frame, **context}, status=status)


def words_of(refused: Refusal | DataFault) -> dict[str, str]:
    """What a form says above its fields."""
    if isinstance(refused, Refusal):
        return {"sentence": refused.sentence, "next_step": refused.next_step}
    return {"sentence": str(refused), "next_step": ""}


def kept_of(request: HttpRequest, name: str) -> dict[str, Any] | None:
    """What this visitor made a short while ago; older than that, somebody else may hold the phone."""
    kept: dict[str, Any] | None = request.session.get(name)
    if kept is None or utc_now() - datetime.fromisoformat(kept["at"]) > KEPT_FOR:
        return None
    return kept


def address_of(request: HttpRequest) -> str:
    """From which network address somebody asks."""
    return client_address(request) or ""


@anybody("declare.letters")
@require_POST
def choose_letters(request: HttpRequest) -> HttpResponse:
    """Remember the size of letters and go back."""
    back = request.POST.get("next", "/declare/")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
        back = "/declare/"
    answer = HttpResponseRedirect(back)
    size = request.POST.get("letters", "")
    if size in SIZES:
        answer.set_cookie(
            SIZE_COOKIE,
            size,
            max_age=SIZE_LASTS_S,
            samesite="Lax",
            httponly=True,
            secure=settings.SESSION_COOKIE_SECURE,
        )
    return answer
