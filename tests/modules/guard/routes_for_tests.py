"""A small URLconf with every kind of route: page, class view, ninja operation, and some that nobody listed."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.generic import TemplateView, View
from django.views.i18n import set_language
from ninja import NinjaAPI

from kuai.guard.route_rules import ALL_ROLES, public_route, route_rule
from kuai.guard.types import Role

api = NinjaAPI(urls_namespace="guard-tests", docs_url=None, openapi_url=None)
STEWARDS = (Role.DATA_STEWARD, Role.AUDITOR)


@route_rule("sources.list", purpose="source_keeping", roles=STEWARDS)
def list_sources(request: HttpRequest) -> HttpResponse:
    return HttpResponse("sources")


@route_rule("person.card", purpose="record_review", roles=(Role.DATA_STEWARD,), tickets="person")
def show_person(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.ticket.ticket_id)  # type: ignore[attr-defined]


@public_route("health")
def health(request: HttpRequest) -> HttpResponse:
    return HttpResponse("well")


@route_rule(
    "session.change_password",
    purpose="public_information",
    roles=ALL_ROLES,
    before_password_change=True,
)
def change_password(request: HttpRequest) -> HttpResponse:
    return HttpResponse("change")


def forgotten(request: HttpRequest) -> HttpResponse:
    raise AssertionError("a view without a rule was reached")


class ForgottenView(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        raise AssertionError("a view without a rule was reached")


class ListedView(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(request.actor.role.value)  # type: ignore[attr-defined]


@api.get("/blocks")
@route_rule("blocks.read", purpose="block_statistics", roles=(Role.GRID_WORKER,))
def read_blocks(request: HttpRequest) -> dict[str, str]:
    return {"blocks": "all"}


@api.post("/blocks")
def forgotten_operation(request: HttpRequest) -> dict[str, str]:
    raise AssertionError("an operation without a rule was reached")


urlpatterns = [
    path("sources/", list_sources),
    path("person/", show_person),
    path("health/", health),
    path("password/", change_password),
    path("forgotten/", forgotten),
    path("forgotten-class/", ForgottenView.as_view()),
    path("template/", TemplateView.as_view(template_name="none.html")),
    path(
        "listed-class/",
        route_rule("listed", purpose="block_statistics", roles=(Role.LEADER,))(
            ListedView.as_view()
        ),
    ),
    path("language/", set_language),
    path("nested/", include([path("api/", api.urls)])),
]
