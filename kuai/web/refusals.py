"""A refusal that no page caught becomes a page of its own: the sentence and what to do next, never a failure."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from kuai.kit.errors import DataFault, Refusal


class RefusalPageMiddleware:
    """409 with the refusal's words."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Only refusals and faults of what was handed in; everything else is a failure."""
        if isinstance(exception, Refusal):
            words = {"sentence": exception.sentence, "next_step": exception.next_step}
        elif isinstance(exception, DataFault):
            words = {"sentence": str(exception), "next_step": ""}
        else:
            return None
        return render(request, "errors/refused.html", words, status=409)
