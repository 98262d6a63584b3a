"""Numbers the deliveries of a source: the same bytes keep their number, new bytes get one that was never given.

The numbers are kept in deliveries/<source>.json and not counted off the vault, because a shredded delivery leaves
the vault while its number stays taken: new bytes must meet neither its tombstone nor a living delivery. They tell
too in which order deliveries came and of which kind each is, because a delta stands on those before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from kuai.guard.actions import is_shredded
from kuai.guard.types import Zone
from kuai.kit.store import Store, read_json, write_json
from kuai.sources import actions as sources
from kuai.sources.types import DeliveryKind

# Deliveries handed in through the portal are named by the office, `2026` or `2026-11`: a year is no number of ours.
YEARS = range(1900, 2100)


@dataclass(frozen=True)
class SeriesEntry:
    """One delivery that ever came: its number or month, and of which kind it was said to be (empty: nobody said)."""

    period: str
    content_hash: str
    delivery: str = ""


def period_of(store: Store, resource: sources.Resource) -> str:
    """The delivery's number in its source's series: that of the same bytes if they came before, else the next.

    A number and not a digest, because nothing in a core build may depend on the bytes of columns it does not read.
    Kept at once, with the kind the description gives; the caller holds the store's lease.
    """
    content_hash = sources.hash_parts(resource.paths)
    kept = _read_series(store, resource.name)
    series = _with_received(store, resource.name, kept)
    known = sorted(one.period for one in series if one.content_hash == content_hash)
    period = known[0] if known else _next_number(store, resource.name, series)
    if not known:
        series = (*series, SeriesEntry(period, content_hash))
    series = tuple(
        replace(one, delivery=resource.delivery.value) if one.period == period else one
        for one in series
    )
    if series != kept:
        _write_series(store, resource.name, series)
    return period


def list_series(store: Store, source: str) -> tuple[SeriesEntry, ...]:
    """Every delivery of the source that ever came, in the order in which they did; shredded ones too."""
    return _with_received(store, source, _read_series(store, source))


def note_delivery(store: Store, source: str, period: str, kind: DeliveryKind) -> None:
    """Keep of which kind a delivery in the vault is, as `period_of` does of those in a package."""
    series = tuple(
        replace(one, delivery=kind.value) if one.period == period else one
        for one in list_series(store, source)
    )
    if series != _read_series(store, source):
        _write_series(store, source, series)


def _series_path(store: Store, source: str) -> Path:
    return store.root / "deliveries" / f"{source}.json"


def _read_series(store: Store, source: str) -> tuple[SeriesEntry, ...]:
    path = _series_path(store, source)
    if not path.exists():
        return ()
    return tuple(_entry(one) for one in read_json(path)["deliveries"])


def _entry(kept: Mapping[str, str]) -> SeriesEntry:
    return SeriesEntry(kept["period"], kept["content_hash"], kept.get("delivery", ""))


def _write_series(store: Store, source: str, series: tuple[SeriesEntry, ...]) -> None:
    write_json(_series_path(store, source), {"deliveries": [asdict(one) for one in series]})


def _with_received(
    store: Store, source: str, kept: tuple[SeriesEntry, ...]
) -> tuple[SeriesEntry, ...]:
    """With what lies in the vault besides: from before there was a series, and handed in through the portal."""
    # By the time it came in, because numbers of packages and months of uploads do not compare.
    cards = sorted(
        store.vault.glob(f"*/{source}/*/snapshot.json"),
        key=lambda path: (path.stat().st_mtime_ns, path.parent.name),
    )
    numbered = {one.period for one in kept}
    return kept + tuple(
        SeriesEntry(card.parent.name, read_json(card)["content_hash"])
        for card in cards
        if card.parent.name not in numbered
    )


def _next_number(store: Store, source: str, series: tuple[SeriesEntry, ...]) -> str:
    numbers = {int(one.period) for one in series if one.period.isdecimal()} - set(YEARS)
    number = max(numbers, default=0) + 1
    # Because a store may have shredded deliveries before its series was kept.
    while number in YEARS or _is_taken(store, source, f"{number:04d}"):
        number += 1
    return f"{number:04d}"


def _is_taken(store: Store, source: str, period: str) -> bool:
    return any(is_shredded(store, zone=zone, source=source, period=period) for zone in Zone)
