"""How long a login lasts: 30 minutes without a request, 12 hours at most; and from which address it comes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse

from kuai.kit.clock import utc_now

OPENED = "kuai_opened_at"
SEEN = "kuai_seen_at"
# The session is written once a minute at most: a write for every tile of a map would cost more than it tells.
SECONDS_BETWEEN_WRITES = 60


class SessionLimitsMiddleware:
    """Slides the idle limit of a login and ends it at its longest age."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            keep_or_end_session(request, at=utc_now())
        return self.get_response(request)


def keep_or_end_session(request: HttpRequest, *, at: datetime) -> None:
    """Log out a session idle or open for too long; else remember that it was used."""
    session = request.session
    opened = datetime.fromisoformat(session.setdefault(OPENED, at.isoformat()))
    seen = datetime.fromisoformat(session.setdefault(SEEN, at.isoformat()))
    idle_s = (at - seen).total_seconds()
    if idle_s >= settings.SESSION_COOKIE_AGE or at - opened >= settings.KUAI_SESSION_LONGEST:
        logout(request)
    elif idle_s >= SECONDS_BETWEEN_WRITES:
        session[SEEN] = at.isoformat()


def client_address(request: HttpRequest) -> str | None:
    """The address that the lock-out counts by; a forwarded one is believed behind our own proxy only."""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
    if settings.KUAI_BEHIND_PROXY and forwarded:
        # The last entry is the one our proxy wrote; those before it come from the client.
        return str(forwarded.rsplit(",", 1)[-1].strip())
    return request.META.get("REMOTE_ADDR")
