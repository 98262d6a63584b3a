"""The only place that reads the machine's clock. Everything below the entrances takes time as a parameter."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

DEFAULT_ZONE = ZoneInfo("Asia/Shanghai")


def utc_now() -> datetime:
    """The present instant, in UTC. For entrances (web, cli, jobs) only."""
    return datetime.now(UTC)  # noqa: TID251


def local_day(instant: datetime, zone: ZoneInfo = DEFAULT_ZONE) -> date:
    """The tenant's calendar day of an instant; refuses naive instants because they have no day."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs a zone")
    return instant.astimezone(zone).date()
