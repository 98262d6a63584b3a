"""Pages for whoever comes: what Kuai does not do, help, and the pages for when something is not there."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from kuai.web.about.reading import Part, read_parts
from kuai.web.rules import anybody
from kuai.web.words import reads_english

TEXTS = Path(__file__).resolve().parent / "texts"


@lru_cache(maxsize=4)
def _parts(name: str) -> list[Part]:
    return read_parts((TEXTS / name).read_text(encoding="utf-8"))


@anybody("about.not_done")
@require_GET
def show_not_done(request: HttpRequest) -> HttpResponse:
    """What Kuai does not do: the same text as docs/what-kuai-does-not-do.md."""
    parts = _parts("what-kuai-does-not-do.md")
    ordered = list(reversed(parts)) if reads_english() else parts
    return render(request, "about/not_done.html", {"parts": ordered})


@anybody("about.help")
@require_GET
def show_help(request: HttpRequest) -> HttpResponse:
    """How to use the portal."""
    return render(request, "about/help.html")


def _plain(request: HttpRequest, status: int, template: str, **more: Any) -> HttpResponse:
    if request.path.startswith("/api/"):
        return JsonResponse(
            {"code": f"http.{status}", "sentence": more.get("sentence", "")}, status=status
        )
    return render(request, template, more, status=status)


def show_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """404 in plain words."""
    return _plain(request, 404, "errors/404.html")


def show_forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403 with the refusal's own sentence; who has yet to change the password is led there."""
    if getattr(exception.__cause__, "code", "") == "route.change_password":
        return HttpResponseRedirect(reverse("change_password"))
    return _plain(request, 403, "errors/403.html", sentence=str(exception))


def show_broken(request: HttpRequest) -> HttpResponse:
    """500 without anything that could fail again."""
    return render(request, "errors/500.html", status=500)


def show_csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001
    """A form that was open for too long (settings.CSRF_FAILURE_VIEW)."""
    return render(request, "errors/csrf.html", status=403)
