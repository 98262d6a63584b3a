"""Every route has a rule, or nobody reaches it: permission, purpose, roles, and whether a person's ticket is needed.

    @route_rule("sources.list", purpose="source_keeping", roles=(Role.DATA_STEWARD, Role.AUDITOR))
    def list_sources(request): ...

Works on Django views (functions, `View.as_view()`) and on ninja operations (below `@api.get`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, URLResolver, get_resolver

from kuai.guard.engine.purposes import require_purpose
from kuai.guard.types import Actor, Role
from kuai.kit.clock import utc_now
from kuai.kit.errors import Refusal

View = TypeVar("View", bound=Callable[..., Any])
RULE_ATTRIBUTE = "kuai_route_rule"
TICKET_HEADER = "X-Kuai-Ticket"
TICKET_IN_SESSION = "kuai_ticket"
ALL_ROLES = tuple(Role)


@dataclass(frozen=True)
class RouteRule:
    """Who may come here and what for. `public`: without a login. `tickets="person"`: shows a person, so a live
    ticket of the reader must come along: header X-Kuai-Ticket, or `ticket` in a form, which the session then keeps.
    Never in the address."""

    permission: str
    purpose: str
    roles: tuple[Role, ...]
    tickets: Literal["person"] | None = None
    public: bool = False
    before_password_change: bool = False

    def __post_init__(self) -> None:
        purpose = require_purpose(self.purpose)
        outside = [role.value for role in self.roles if role not in purpose.roles]
        if outside:
            raise ValueError(
                f"{self.permission}: {outside} do not act for purpose {self.purpose!r}"
            )
        if not self.roles:
            raise ValueError(f"{self.permission}: a route without roles cannot be reached")


def route_rule(
    permission: str,
    *,
    purpose: str,
    roles: tuple[Role, ...],
    tickets: Literal["person"] | None = None,
    public: bool = False,
    before_password_change: bool = False,
) -> Callable[[View], View]:
    """Give a view its rule. Refuses unknown purposes and roles that do not act for the purpose."""
    rule = RouteRule(
        permission=permission,
        purpose=purpose,
        roles=tuple(roles),
        tickets=tickets,
        public=public,
        before_password_change=before_password_change,
    )

    def attach(view: View) -> View:
        setattr(view, RULE_ATTRIBUTE, rule)
        return view

    return attach


def public_route(permission: str) -> Callable[[View], View]:
    """The rule of a page that anybody may see, logged in or not: login, health, what Kuai does not do."""
    return route_rule(
        permission,
        purpose="public_information",
        roles=ALL_ROLES,
        public=True,
        before_password_change=True,
    )


# Views that are not ours, by dotted name. Each has been looked at; a new one must be looked at too.
_OUTSIDE_VIEWS: dict[str, RouteRule] = {
    "django.views.static.serve": RouteRule(
        "static.file", "public_information", ALL_ROLES, public=True, before_password_change=True
    ),
    "django.contrib.staticfiles.views.serve": RouteRule(
        "static.file", "public_information", ALL_ROLES, public=True, before_password_change=True
    ),
    "django.views.i18n.set_language": RouteRule(
        "language.choose", "public_information", ALL_ROLES, public=True, before_password_change=True
    ),
    "django.views.i18n.JavaScriptCatalog": RouteRule(
        "language.catalogue",
        "public_information",
        ALL_ROLES,
        public=True,
        before_password_change=True,
    ),
    "ninja.openapi.views.openapi_json": RouteRule(
        "api.description", "public_information", ALL_ROLES
    ),
    "ninja.openapi.views.openapi_view": RouteRule(
        "api.description", "public_information", ALL_ROLES
    ),
    # The empty root of a ninja API: raises 404 by itself.
    "ninja.openapi.views.default_home": RouteRule("api.root", "public_information", ALL_ROLES),
}


def name_outside_view(dotted_name: str, rule: RouteRule) -> None:
    """Give a rule to a view of a package, by its dotted name; refuses our own, which carry theirs."""
    if dotted_name.startswith("kuai."):
        raise ValueError(f"{dotted_name} is ours: decorate it with route_rule")
    _OUTSIDE_VIEWS[dotted_name] = rule


def find_rule(view: Any, *, method: str = "GET") -> RouteRule | None:
    """The rule of what a URL resolves to, for one HTTP method; None if nobody gave it one."""
    operations = _ninja_operations(view)
    if operations is not None:
        named = {
            m: getattr(o.view_func, RULE_ATTRIBUTE, None) for o in operations for m in o.methods
        }
        # A method that no operation answers gets 405 from ninja; any operation's rule may guard that answer.
        return named[method] if method in named else next(iter(named.values()), None)
    rule = getattr(view, RULE_ATTRIBUTE, None)
    return rule if isinstance(rule, RouteRule) else _OUTSIDE_VIEWS.get(dotted_name_of(view))


def dotted_name_of(view: Any) -> str:
    """Where a view is defined, through partials and `as_view()`."""
    inner = getattr(view, "func", view)
    inner = getattr(inner, "view_class", inner)
    return f"{inner.__module__}.{getattr(inner, '__qualname__', type(inner).__name__)}"


def _ninja_operations(view: Any) -> list[Any] | None:
    # Surprising: ninja shows Django a wrapper; the operations with our functions hide in its closure.
    for cell in getattr(view, "__closure__", None) or ():
        operations = getattr(cell.cell_contents, "operations", None)
        if isinstance(operations, list) and all(hasattr(o, "view_func") for o in operations):
            return operations
    return None


@dataclass(frozen=True)
class Route:
    """One way in: path pattern, HTTP method ("*" for page views, which answer for themselves), view and rule."""

    path: str
    method: str
    view: str
    rule: RouteRule | None


def list_routes(urlconf: str | None = None) -> tuple[Route, ...]:
    """Every route of the URLconf, ninja's operation by operation, sorted."""
    routes = {
        route
        for pattern, path in _walk(get_resolver(urlconf), "")
        for route in _routes_of(pattern, path)
    }
    return tuple(sorted(routes, key=lambda route: (route.path, route.method, route.view)))


def _walk(resolver: URLResolver, prefix: str) -> Iterator[tuple[URLPattern, str]]:
    for pattern in resolver.url_patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern, path)
        else:
            yield pattern, path


def _routes_of(pattern: URLPattern, path: str) -> Iterator[Route]:
    operations = _ninja_operations(pattern.callback)
    if operations is None:
        yield Route(path, "*", dotted_name_of(pattern.callback), find_rule(pattern.callback))
        return
    for operation in operations:
        for method in operation.methods:
            view = operation.view_func
            yield Route(
                path, method, dotted_name_of(view), find_rule(pattern.callback, method=method)
            )


def decide_route(
    rule: RouteRule | None, *, actor: Actor | None, must_change_password: bool = False
) -> None:
    """Refuse a route without a rule, a stranger where a login is needed, and a role that is not listed."""
    if rule is None:
        raise Refusal(
            "route.no_rule",
            "这个入口没有登记访问规则，谁都不能进入。",
            next_step="请告诉系统管理员。",
        )
    if rule.public:
        return
    if actor is None:
        raise Refusal("route.sign_in", "请先登录。")
    if actor.role not in rule.roles:
        raise Refusal(
            "route.role", "你的角色不能进入这里。", next_step="如工作需要，请向安全管理员申请。"
        )
    if must_change_password and not rule.before_password_change:
        raise Refusal("route.change_password", "请先修改初始口令。")


class RouteRuleMiddleware:
    """Asks the rule of every resolved view before it runs; sets `request.actor` and `request.route_rule`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor = find_actor(request)  # type: ignore[attr-defined]
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, _args: tuple[Any, ...], _kwargs: Mapping[str, Any]
    ) -> HttpResponse | None:
        rule = find_rule(view, method=request.method or "GET")
        actor = find_actor(request)
        request.route_rule = rule  # type: ignore[attr-defined]
        try:
            changing = bool(getattr(request.user, "must_change_password", False))
            decide_route(rule, actor=actor, must_change_password=changing)
            _require_ticket(request, rule, actor)
        except Refusal as refusal:
            return _answer(
                request, refusal, actor=actor, speaks_json=_ninja_operations(view) is not None
            )
        return None


def find_actor(request: HttpRequest) -> Actor | None:
    """Who is logged in, as doors take it; None for a stranger."""
    user = request.user
    return user.as_actor() if user.is_authenticated else None  # type: ignore[union-attr]


def _require_ticket(request: HttpRequest, rule: RouteRule | None, actor: Actor | None) -> None:
    if rule is None or rule.tickets is None or actor is None:
        return
    if "ticket" in request.GET:
        # An address is written into logs and histories; whoever reads them must not find what opens a person.
        raise Refusal(
            "ticket.in_address",
            "凭据不能写在网址里。",
            next_step=f"放在请求头 {TICKET_HEADER} 或表单里。",
        )
    # Because tickets need models, which need Django to be ready; this module is read while it starts.
    from kuai.guard.tickets import get_live_ticket  # noqa: PLC0415

    ticket_id = (
        request.headers.get(TICKET_HEADER)
        or request.POST.get("ticket")
        # Given once in a form: the pages that follow need not carry it.
        or getattr(request, "session", {}).get(TICKET_IN_SESSION)
        or ""
    )
    request.ticket = get_live_ticket(ticket_id, holder=actor, at=utc_now())  # type: ignore[attr-defined]
    if request.POST.get("ticket"):
        request.session[TICKET_IN_SESSION] = ticket_id


def _answer(
    request: HttpRequest, refusal: Refusal, *, actor: Actor | None, speaks_json: bool
) -> HttpResponse:
    if actor is not None:
        _record_refused_route(request, refusal, actor)
    if speaks_json:
        status = 401 if refusal.code == "route.sign_in" else 403
        content = {
            "code": refusal.code,
            "sentence": refusal.sentence,
            "next_step": refusal.next_step,
        }
        return JsonResponse(content, status=status)
    if refusal.code == "route.sign_in":
        return redirect_to_login(request.get_full_path())
    # Django's handler403 shows it; the portal may give it a page of its own.
    raise PermissionDenied(str(refusal)) from refusal


def _record_refused_route(request: HttpRequest, refusal: Refusal, actor: Actor) -> None:
    from kuai.guard.ledger import record_entry  # noqa: PLC0415 - needs models, as above

    rule: RouteRule | None = request.route_rule  # type: ignore[attr-defined]
    record_entry(
        actor=actor,
        action="route.refused",
        object_kind="route",
        object_refs=(rule.permission if rule else "unlisted",),
        purpose=rule.purpose if rule else "",
        at=utc_now(),
        outcome=refusal.code,
    )
