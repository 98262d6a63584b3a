"""“We think you live here, right?”: for the person of this login, about their own homes alone."""

from __future__ import annotations

import hashlib

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from kuai.guard.types import Actor
from kuai.kit.clock import utc_now
from kuai.kit.errors import Refusal
from kuai.services.residence import actions, queries
from kuai.services.residence.types import HomeLine
from kuai.web.declare import words
from kuai.web.declare.rules import answers_own_home
from kuai.web.doors import current_store
from kuai.web.looks import note_look

CHANGED = "home_changed"


@answers_own_home
@never_cache
@require_GET
def show_homes(request: HttpRequest) -> HttpResponse:
    """Each home on file, a yes and four ways to say no."""
    return _page(request)


@answers_own_home
@require_POST
def answer_home(request: HttpRequest) -> HttpResponse:
    """One answer; the page then says what it changed."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    store = current_store()
    try:
        marked = {_mark(one): one for one in queries.list_homes(store, actor)}
        home = marked.get(request.POST.get("home", ""))
        if home is None:
            raise Refusal("home.not_yours", _("这一条不是您的登记。"))
        changed = actions.answer_home(
            store, home.fact_key, request.POST.get("says", ""), by=actor, at=utc_now()
        )
    except Refusal as refusal:
        return _page(request, refused=refusal)
    request.session[CHANGED] = {
        "sentence": changed.sentence,
        "blocks": list(changed.block_names),
        "cases": list(changed.cases),
    }
    return HttpResponseRedirect(reverse("own_home"))


def _page(request: HttpRequest, *, refused: Refusal | None = None) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    homes: tuple[HomeLine, ...] = ()
    try:
        homes = queries.list_homes(current_store(), actor)
        note_look(
            request, "viewed_own_home", kind="person", refs=(actor.person_code or "",), count=1
        )
    except Refusal as refusal:
        refused = refused or refusal
    context = {
        "homes": [(_mark(one), one) for one in homes],
        "answers": words.HOME_ANSWERS,
        "refused": refused,
        "here": "home",
        "changed": request.session.pop(CHANGED, None),
    }
    # Who is not yet bound is told what to do instead; an act that could not be done says so by its status too.
    status = 409 if refused and request.method == "POST" else 200
    return render(request, "declare/homes.html", context, status=status)


def _mark(home: HomeLine) -> str:
    """What stands for a fact in a form: its key names codes."""
    text = f"{settings.SECRET_KEY}|home|{home.fact_key}"
    return hashlib.sha256(text.encode()).hexdigest()[:24]
