"""A refusal that no page caught becomes a page of its own: the sentence and what to do next, never a failure."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from kuai.kit.errors import DataFault, Refusal


def is_part_request(request: HttpRequest) -> bool:
    """htmx asks for a part of a page; what is typed into the search box only fills the list below it."""
    return request.headers.get("HX-Request") == "true" and request.path != reverse("search_hits")


def for_a_part(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """A refusal in answer to a part takes the whole page's place: put into the part, it would only empty it."""
    if response.status_code == 302 and response.headers["Location"].startswith(settings.LOGIN_URL):
        page = urlsplit(request.headers.get("HX-Current-URL", "")).path or "/"
        answer = HttpResponse(status=204)
        answer.headers["HX-Redirect"] = f"{settings.LOGIN_URL}?{urlencode({'next': page})}"
        return answer
    if response.status_code >= 400:
        response.headers["HX-Retarget"] = response.headers["HX-Reselect"] = "main"
        response.headers["HX-Reswap"] = "outerHTML"
    return response


class RefusalPageMiddleware:
    """409 with the refusal's words."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        return for_a_part(request, response) if is_part_request(request) else response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Only refusals and faults of what was handed in; everything else is a failure."""
        if isinstance(exception, Refusal):
            words = {"sentence": exception.sentence, "next_step": exception.next_step}
        elif isinstance(exception, DataFault):
            words = {"sentence": str(exception), "next_step": ""}
        else:
            return None
        return render(request, "errors/refused.html", words, status=409)
