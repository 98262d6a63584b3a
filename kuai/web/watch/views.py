"""Is the portal alive, may it be given work, how does it stand: for the machines that watch it. Nobody is in it.

The first two answer anybody, in yes and no. Figures answer this machine, or whoever shows the token; they are of the
whole tenant and of its machinery: no area, no person, no login.
"""

from __future__ import annotations

import hmac
import shutil
from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from kuai.flows.store_format import read_steps
from kuai.guard import ledger, queries
from kuai.guard.ledger_types import LedgerFilter
from kuai.kit.clock import utc_now
from kuai.kit.errors import Breakdown, Refusal
from kuai.web.doors import current_store
from kuai.web.models import Upload, UploadState
from kuai.web.rules import anybody

OWN_ADDRESSES = ("127.0.0.1", "::1", "")
TEXT_FORM = "text/plain; version=0.0.4; charset=utf-8"
NIGHTLY_FINISHED = "nightly.finished"


@anybody("health.live")
@never_cache
@require_GET
def show_live(_request: HttpRequest) -> HttpResponse:
    """The process answers. Asks nothing of database or disk: else their trouble would have it restarted."""
    return HttpResponse("ok\n", content_type="text/plain")


@anybody("health.ready")
@never_cache
@require_GET
def show_ready(_request: HttpRequest) -> HttpResponse:
    """May requests be sent here? 503 and which part is missing, else."""
    parts = {name: _is_well(examine) for name, examine in PARTS}
    is_ready = all(parts.values())
    return JsonResponse({"ready": is_ready, **parts}, status=200 if is_ready else 503)


@anybody("metrics.view")
@never_cache
@require_GET
def show_metrics(request: HttpRequest) -> HttpResponse:
    """Figures in Prometheus' text form. 404 to whoever may not see them: that there are any is nobody's matter."""
    if not _may_see_figures(request):
        return HttpResponse(status=404)
    lines = [
        line
        for name, meaning, kind, figures in _figures()
        for line in _in_text_form(name, meaning, kind, figures)
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type=TEXT_FORM)


def _may_see_figures(request: HttpRequest) -> bool:
    token = settings.KUAI_METRICS_TOKEN
    if token:
        shown = request.headers.get("Authorization", "")
        return hmac.compare_digest(shown.encode(), f"Bearer {token}".encode())
    if settings.KUAI_BEHIND_PROXY:
        return False
    # Through a proxy everybody would come from this machine.
    is_forwarded = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    return not is_forwarded and request.META.get("REMOTE_ADDR", "") in OWN_ADDRESSES


# --- the parts that must be well ------------------------------------------------------------------------


def _database() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("select 1")
    steps = read_steps()
    return not steps.missing and not steps.unknown


def _store() -> bool:
    return current_store().keys.is_dir() and current_store().root.is_dir()


def _build() -> bool:
    return current_store().current_build().is_dir()


def _sealer() -> bool:
    ledger.require_sealing_alive(now=utc_now())
    return True


PARTS: tuple[tuple[str, Callable[[], bool]], ...] = (
    ("database", _database),
    ("store", _store),
    ("build", _build),
    ("sealer", _sealer),
)


# What a part that is away answers with.
AWAY = (DatabaseError, OSError, Refusal, Breakdown)


def _is_well(examine: Callable[[], bool]) -> bool:
    try:
        return examine()
    except AWAY:
        return False


# --- figures --------------------------------------------------------------------------------------------

Figure = tuple[str, float]


def _figures() -> Iterator[tuple[str, str, str, list[Figure]]]:
    """Name, meaning, kind, and figures with their labels."""
    now = utc_now()
    yield (
        "kuai_ready",
        "1 if this part is well",
        "gauge",
        [(f'{{part="{name}"}}', float(_is_well(examine))) for name, examine in PARTS],
    )
    # Each for itself, because figures are wanted most when one of the parts is away.
    for group in (_ledger_figures, _work_figures, _store_figures):
        try:
            yield from list(group(now))
        except AWAY:
            continue


def _store_figures(now: Any) -> Iterator[tuple[str, str, str, list[Figure]]]:
    store = current_store()
    disk = shutil.disk_usage(store.root)
    yield "kuai_store_free_bytes", "free on the store's disk", "gauge", [("", float(disk.free))]
    told = store.list_publications()
    if told:
        version, at = told[-1]
        age = (now - at).total_seconds()
        yield (
            "kuai_build_age_seconds",
            "since the published build was published",
            "gauge",
            [(f'{{build="{version}"}}', age)],
        )


def _ledger_figures(now: Any) -> Iterator[tuple[str, str, str, list[Figure]]]:
    health = ledger.get_ledger_health(now=now)
    yield "kuai_ledger_entries_total", "entries", "counter", [("", float(health.entries))]
    yield "kuai_ledger_waiting", "entries not sealed yet", "gauge", [("", float(health.waiting))]
    yield (
        "kuai_ledger_lag_seconds",
        "how long the oldest of them waits",
        "gauge",
        [("", health.oldest_wait_s)],
    )


def _work_figures(now: Any) -> Iterator[tuple[str, str, str, list[Figure]]]:
    accounts = float(queries.count_accounts())
    yield "kuai_accounts_active", "logins that are not locked", "gauge", [("", accounts)]
    sessions = float(Session.objects.filter(expire_date__gt=now).count())
    yield "kuai_sessions_open", "sessions that are not over", "gauge", [("", sessions)]
    yield (
        "kuai_uploads",
        "files handed in, by state",
        "gauge",
        [
            (f'{{state="{state.value}"}}', float(Upload.objects.filter(state=state).count()))
            for state in UploadState
        ],
    )
    entries = ledger.list_entries(LedgerFilter(action=NIGHTLY_FINISHED), limit=1).entries
    if entries:
        age = (now - entries[0].recorded_at).total_seconds()
        yield "kuai_nightly_age_seconds", "since the nightly run ended", "gauge", [("", age)]


def _in_text_form(name: str, meaning: str, kind: str, figures: list[Figure]) -> Iterator[str]:
    yield f"# HELP {name} {meaning}"
    yield f"# TYPE {name} {kind}"
    for labels, figure in figures:
        yield f"{name}{labels} {figure:g}" if figure < 1e6 else f"{name}{labels} {figure:.0f}"
