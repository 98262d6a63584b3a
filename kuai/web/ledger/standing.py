"""Whether the ledger is sealed and whole, in a form a page can show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from kuai.guard import ledger
from kuai.kit.clock import utc_now
from kuai.kit.errors import Breakdown, Refusal
from kuai.web.doors import current_store

MOST_FAULTS_SHOWN = 50
# Sealing takes about a second; half a minute means that nobody seals.
TOO_LONG_S = 30.0


@dataclass(frozen=True)
class Standing:
    """How far sealing has come."""

    entries: int
    sealed: int
    waiting: int
    last_sealed_at: datetime | None
    is_stuck: bool


@dataclass(frozen=True)
class Verdict:
    """What a verification found; `faults` says where."""

    is_whole: bool
    sealed: int
    at: datetime
    faults: tuple[str, ...] = ()


def read_standing() -> Standing:
    """The sealer's state now."""
    health = ledger.get_ledger_health(now=utc_now())
    return Standing(
        entries=health.entries,
        sealed=health.sealed,
        waiting=health.waiting,
        last_sealed_at=health.last_sealed_at,
        is_stuck=health.oldest_wait_s > TOO_LONG_S,
    )


def verify_ledger() -> Verdict:
    """Compare each entry with its seal and with the last signed checkpoint."""
    now = utc_now()
    sealed = ledger.get_ledger_health(now=now).sealed
    try:
        faults = tuple(islice(ledger.find_row_faults(current_store()), MOST_FAULTS_SHOWN))
    except (Breakdown, Refusal) as failure:
        faults = (str(failure),)
    return Verdict(is_whole=not faults, sealed=sealed, at=now, faults=faults)
