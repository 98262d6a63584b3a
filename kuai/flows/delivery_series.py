"""Numbers the deliveries of a source: the same bytes keep their number, new bytes get one that was never given.

The numbers are kept in deliveries/<source>.json and not counted off the vault, because a shredded delivery leaves
the vault while its number stays taken: new bytes must meet neither its tombstone nor a living delivery.
"""

from __future__ import annotations

from pathlib import Path

from kuai.guard.actions import is_shredded
from kuai.guard.types import Zone
from kuai.kit.store import Store, read_json, write_json
from kuai.sources import actions as sources

# Deliveries handed in through the portal are named by the office, `2026` or `2026-11`: a year is no number of ours.
YEARS = range(1900, 2100)


def period_of(store: Store, resource: sources.Resource) -> str:
    """The delivery's number in its source's series: that of the same bytes if they came before, else the next.

    A number and not a digest, because nothing in a core build may depend on the bytes of columns it does not read.
    Kept at once; the caller holds the store's lease.
    """
    content_hash = sources.hash_parts(resource.paths)
    kept = _read_series(store, resource.name)
    series = {**kept, **_received(store, resource.name)}
    period = next((name for name, known in sorted(series.items()) if known == content_hash), "")
    if not period:
        period = _next_number(store, resource.name, series)
        series[period] = content_hash
    if series != kept:
        _write_series(store, resource.name, series)
    return period


def _series_path(store: Store, source: str) -> Path:
    return store.root / "deliveries" / f"{source}.json"


def _read_series(store: Store, source: str) -> dict[str, str]:
    """period -> content hash of every delivery that ever got a number, shredded ones too."""
    path = _series_path(store, source)
    if not path.exists():
        return {}
    return {one["period"]: one["content_hash"] for one in read_json(path)["deliveries"]}


def _write_series(store: Store, source: str, series: dict[str, str]) -> None:
    deliveries = [
        {"period": period, "content_hash": content_hash}
        for period, content_hash in sorted(series.items())
    ]
    write_json(_series_path(store, source), {"deliveries": deliveries})


def _received(store: Store, source: str) -> dict[str, str]:
    """What lies in the vault: deliveries from before there was a series, and those handed in through the portal."""
    cards = sorted(store.vault.glob(f"*/{source}/*/snapshot.json"))
    return {card.parent.name: read_json(card)["content_hash"] for card in cards}


def _next_number(store: Store, source: str, series: dict[str, str]) -> str:
    numbers = {int(name) for name in series if name.isdecimal()} - set(YEARS)
    number = max(numbers, default=0) + 1
    # Because a store may have shredded deliveries before its series was kept.
    while number in YEARS or _is_taken(store, source, f"{number:04d}"):
        number += 1
    return f"{number:04d}"


def _is_taken(store: Store, source: str, period: str) -> bool:
    return any(is_shredded(store, zone=zone, source=source, period=period) for zone in Zone)
