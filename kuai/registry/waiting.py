"""Decisions since a build that the next one takes in: who is who, what began and ended. Private: see `believing`."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path

from django.db.models import Max
from django.utils.timezone import get_default_timezone

from kuai.kit.engine import engine, scan_sql
from kuai.registry.engine.decision_kinds import DecisionKind
from kuai.registry.freezing import has_log
from kuai.registry.models import Decision
from kuai.registry.types import MENTION_ELEMENT

OF_ELEMENTS = (
    DecisionKind.SAME,
    DecisionKind.DIFFERENT,
    DecisionKind.SPLIT,
    DecisionKind.CONFIRM,
    DecisionKind.ALIAS,
    DecisionKind.LIFE_CYCLE,
)


def last_sequence_by(day: date) -> int:
    """How far the log had come at the end of the local day."""
    if not has_log():
        return 0
    ended = datetime.combine(day + timedelta(days=1), time(), tzinfo=get_default_timezone())
    return int(
        Decision.objects.filter(decided_at__lt=ended).aggregate(newest=Max("pk"))["newest"] or 0
    )


def list_waiting(core: Path, *, code: str, after: int, up_to: int) -> list[tuple[int, str]]:
    """Place and kind of decisions in force about the element of `code` that came after the build's share of the log."""
    if up_to <= after or not has_log():
        return []
    rows = list(
        Decision.objects.filter(pk__gt=after, pk__lte=up_to, kind__in=OF_ELEMENTS)
        .exclude(withdrawn_by__pk__lte=up_to)
        .order_by("pk")
    )
    named = {row.pk: {*row.subjects, *row.detail.get("staying", ())} for row in rows}
    mentions = {key for keys in named.values() for key in keys if "#" in key}
    own = _mentions_of(core, code, mentions) if mentions else set()
    return [(row.pk, row.kind) for row in rows if code in named[row.pk] or named[row.pk] & own]


def _mentions_of(core: Path, code: str, mentions: set[str]) -> set[str]:
    path = core / f"{MENTION_ELEMENT.name}.parquet"
    with engine(memory_limit="500MB") as connection:
        rows = connection.execute(
            f"select mention_key from {scan_sql([path])}"
            " where code = $code and list_contains($mentions, mention_key)",
            {"code": code, "mentions": sorted(mentions)},
        ).fetchall()
    return {str(key) for (key,) in rows}
