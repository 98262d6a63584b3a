"""Every route has a rule; every role is tried on every route; a change of who may come in is seen in review.

The reviewed table is `authorization_table.csv` beside this file. After a deliberate change write it anew:
    KUAI_WRITE_TABLES=1 .venv/bin/python -m pytest tests/house/test_routes_have_rules.py
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver

from kuai.guard.access import list_routes
from kuai.guard.models import Account
from kuai.guard.route_rules import Route, RouteRuleMiddleware, find_rule
from kuai.guard.types import Role

TABLE = Path(__file__).with_name("authorization_table.csv")
HEADINGS = (
    "path",
    "method",
    "permission",
    "purpose",
    "tickets",
    "public",
    "before_password_change",
    "roles",
)


def as_row(route: Route) -> tuple[str, ...]:
    rule = route.rule
    assert rule is not None, f"{route.method} {route.path} has no rule"
    roles = " ".join(sorted(role.value for role in rule.roles))
    return (
        route.path,
        route.method,
        rule.permission,
        rule.purpose,
        rule.tickets or "",
        "public" if rule.public else "",
        "yes" if rule.before_password_change else "",
        roles,
    )


def reviewed_rows() -> list[tuple[str, ...]]:
    with TABLE.open(encoding="utf-8", newline="") as lines:
        return [tuple(row) for row in csv.reader(lines)][1:]


def callbacks() -> Iterator[tuple[str, object]]:
    """(path, view) of every pattern, walked by our own hands and not by the guard's list."""

    def walk(resolver: URLResolver, prefix: str) -> Iterator[tuple[str, object]]:
        for pattern in resolver.url_patterns:
            path = prefix + str(pattern.pattern)
            if isinstance(pattern, URLPattern):
                yield path, pattern.callback
            else:
                yield from walk(pattern, path)

    return walk(get_resolver(), "")


def test_every_route_has_a_rule() -> None:
    unlisted = [
        f"{route.method} /{route.path} -> {route.view}"
        for route in list_routes()
        if route.rule is None
    ]
    assert unlisted == []


def test_the_list_of_routes_leaves_no_pattern_out() -> None:
    assert {path for path, _ in callbacks()} == {route.path for route in list_routes()}


def test_who_may_come_in_is_what_was_reviewed() -> None:
    rows = [as_row(route) for route in list_routes()]
    if os.environ.get("KUAI_WRITE_TABLES"):
        with TABLE.open("w", encoding="utf-8", newline="") as lines:
            csv.writer(lines, lineterminator="\n").writerows([HEADINGS, *rows])
    assert rows == reviewed_rows()


@pytest.mark.django_db
@pytest.mark.parametrize("role", [None, *Role], ids=lambda role: role.value if role else "stranger")
def test_a_role_is_let_in_exactly_where_the_reviewed_table_says(role: Role | None) -> None:
    """Role x route x method through the middleware, against the table in the file (views are not run)."""
    allowed = {(row[0], row[1]): row for row in reviewed_rows()}
    wrong = []
    for path, view in callbacks():
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            row = allowed.get((path, method)) or allowed.get((path, "*"))
            if row is None:
                continue
            expected = row[5] == "public" or (
                role is not None and role.value in row[7].split() and not row[4]
            )
            if is_let_in(view, method=method, role=role) is not expected:
                wrong.append(f"{role}: {method} /{path} should be {expected}")
    assert wrong == []


def is_let_in(view: object, *, method: str, role: Role | None) -> bool:
    request = RequestFactory().generic(method, "/")
    request.user = (
        Account(username="probe", role=role.value, areas=[""], must_change_password=False)
        if role
        else AnonymousUser()
    )
    try:
        answer = RouteRuleMiddleware(lambda _: HttpResponse()).process_view(request, view, (), {})
    except PermissionDenied:
        return False
    return answer is None


def test_residents_and_administrators_reach_no_page_about_places_or_persons() -> None:
    closed = {
        Role.RESIDENT,
        Role.SYSTEM_ADMINISTRATOR,
        Role.SECURITY_ADMINISTRATOR,
        Role.AUDIT_ADMINISTRATOR,
    }
    for route in list_routes():
        if route.rule and route.rule.purpose == "block_statistics":
            assert not closed & set(route.rule.roles), route.path


def test_a_view_that_shows_a_person_asks_for_a_ticket() -> None:
    """A purpose that issues tickets is a purpose of reading persons: its pages need one, one's own file apart."""
    from kuai.guard.engine.purposes import permitted_purposes
    from kuai.guard.types import TicketKind

    for route in list_routes():
        purpose = permitted_purposes()[route.rule.purpose] if route.rule else None
        kinds = set(purpose.ticket_kinds) if purpose else set()
        if kinds - {TicketKind.OWN_DATA, TicketKind.BREAK_GLASS}:
            assert route.rule.tickets == "person", f"{route.method} /{route.path}"


def test_a_planted_view_without_a_rule_is_found() -> None:
    assert find_rule(lambda request: HttpResponse()) is None
