"""Receive and map one resource of a package: which delivery it is, under which registration, into which zone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from kuai.flows.delivery_series import list_series, period_of
from kuai.guard.actions import is_shredded
from kuai.guard.types import SourceRegistration, Zone
from kuai.kit.engine import engine
from kuai.kit.progress import SILENT, Progress
from kuai.kit.receipt import Receipt
from kuai.kit.store import Store, read_json
from kuai.registry.actions import SourceDelivery
from kuai.sources import actions as sources
from kuai.sources.types import ANSWERED, DeliveryKind, MentionSet, SnapshotRef

SHREDDED = "shredded"
# Measured 2026-11-22 on a district's files: 0.21 s of processor a megabyte for 0.02 to 0.03.
WORKBOOK_WEIGHT = 6
WORKBOOKS = frozenset({".xlsx", ".xlsm", ".xls", ".et"})
# Whether a source may build, as a note for the receipt; raises a Refusal if it may not.
Gate = Callable[[SourceRegistration], str]
Registrar = Callable[["ReceivedResource"], SourceRegistration]


@dataclass(frozen=True)
class ReceivedResource:
    """One resource of the package as received: its snapshot and the mapping it will be read by."""

    resource: sources.Resource
    snapshot: SnapshotRef
    mapping: sources.Mapping
    receipt: Receipt

    @property
    def zone(self) -> Zone:
        return self.mapping.zone


@dataclass(frozen=True)
class AdmittedResource:
    """One received resource that may be in the build, and why."""

    received: ReceivedResource
    registration: SourceRegistration
    right_to_build: str


@dataclass(frozen=True)
class MappedResource:
    """One delivery as mapped: its mentions, its registration, what was said of its right to build.

    `standing` counts the rows that no later delivery of the source brings anew; None where there is only this one.
    """

    received: ReceivedResource
    registration: SourceRegistration
    mentions: MentionSet
    receipt: Receipt
    right_to_build: str
    standing: Receipt | None = None


def reading_weight(resource: sources.Resource) -> int:
    """How long a resource takes to read, beside others: a byte of a packed workbook takes six of a text's."""
    return sum(
        path.stat().st_size * (WORKBOOK_WEIGHT if path.suffix.lower() in WORKBOOKS else 1)
        for path in resource.paths
        if path.exists()
    )


def receive_resource(
    store: Store, resource: sources.Resource, *, progress: Progress = SILENT
) -> ReceivedResource:
    """Receive one resource into the zone that its kind belongs to, and find its mapping (saved, else suggested).

    Refuses a delivery that was shredded. The columns that its mapping does not take in are not sealed.
    """
    choice = sources.column_choice(store, resource.name)
    snapshot, receipt = sources.receive_parts(
        store,
        resource.paths,
        source=resource.name,
        period=period_of(store, resource),
        zone=choice.mapping.zone if choice.mapping else sources.recognise_zone,
        declared_encoding=resource.encoding,
        columns=choice,
        progress=progress,
    )
    return ReceivedResource(resource, snapshot, choice.settled, receipt)


def list_received(store: Store) -> list[ReceivedResource]:
    """The newest living delivery of every source the vault holds, as if it had just come in; by source name."""
    told = {line["source"]: line for line in _published_lines(store)}
    sources_here = sorted({path.name for path in store.vault.glob("*/*") if path.is_dir()})
    living = {source: _living_cards(store, source) for source in sources_here}
    return [
        _received_at(store, cards[-1][0], told.get(source, {}), delivery=cards[-1][1])
        for source, cards in living.items()
        if cards
    ]


def earlier_deliveries(store: Store, received: ReceivedResource) -> list[ReceivedResource]:
    """The living deliveries that `received` stands on, oldest first: those since the last full one, and that one.

    None for a full delivery, for the library (whose record keeps its own) and for a source refused as a whole.
    """
    if received.resource.delivery is DeliveryKind.FULL or received.mapping.refused:
        return []
    usual = received.resource.delivery
    before: list[ReceivedResource] = []
    entries = list_series(store, received.resource.name)
    places = [one.period for one in entries]
    for entry in reversed(entries[: places.index(received.snapshot.period)]):
        kind = DeliveryKind(entry.delivery or usual)
        card = _card_of(store, received.zone, received.resource.name, entry.period)
        if card is not None:
            resource = replace(received.resource, paths=(), delivery=kind)
            before.append(_received_again(store, card, resource, received.mapping))
        # Shredded or not, what came before a full delivery is over.
        if kind is DeliveryKind.FULL:
            break
    return before[::-1]


def delivery_history(
    store: Store, mapped: Sequence[MappedResource], *, as_of: date
) -> tuple[SourceDelivery, ...]:
    """What the registry is told of core deliveries: by source those a later full one made history, then those in the
    build, in the order in which they came; and of every source what was shredded: nothing of it may be carried on.
    """
    told: list[SourceDelivery] = []
    groups: dict[str, list[MappedResource]] = {}
    for one in mapped:
        if one.mentions.zone == Zone.CORE.value:
            groups.setdefault(one.mentions.source, []).append(one)
    for source, group in sorted(groups.items()):
        days = group[-1].registration.retention_days
        kinds = {one.mentions.period: one.received.resource.delivery.value for one in group}
        told += [
            SourceDelivery(source, period, kinds.get(period, "past"), as_of, days)
            for period in _periods_up_to(store, source, group[-1].mentions.period)
            if period in kinds or not _is_gone(store, source, period)
        ]
    return (*told, *_shredded(store, as_of=as_of))


def _periods_up_to(store: Store, source: str, newest: str) -> list[str]:
    periods = [entry.period for entry in list_series(store, source)]
    return periods[: periods.index(newest) + 1]


def _shredded(store: Store, *, as_of: date) -> Iterator[SourceDelivery]:
    for path in sorted((store.root / "deliveries").glob("*.json")):
        for entry in list_series(store, path.stem):
            if _is_gone(store, path.stem, entry.period):
                yield SourceDelivery(path.stem, entry.period, SHREDDED, as_of)


def _is_gone(store: Store, source: str, period: str) -> bool:
    return is_shredded(store, zone=Zone.CORE, source=source, period=period)


def _living_cards(store: Store, source: str) -> list[tuple[Path, str]]:
    """The cards of the source's living deliveries in the order they came, each with its kind as said."""
    found = []
    for entry in list_series(store, source):
        if entry.period.startswith(ANSWERED):
            continue
        for zone in Zone:
            card = _card_of(store, zone, source, entry.period)
            if card is not None:
                found.append((card, entry.delivery))
    return found


def _card_of(store: Store, zone: Zone, source: str, period: str) -> Path | None:
    card = store.vault / zone.value / source / period / "snapshot.json"
    if not card.exists() or is_shredded(store, zone=zone, source=source, period=period):
        return None
    return card


def _received_at(
    store: Store, card: Path, told: Mapping[str, Any], *, delivery: str
) -> ReceivedResource:
    """What a vault's card and the published build (title, department, kind of delivery) say of one delivery."""
    source = card.parent.parent.name
    resource = sources.Resource(
        name=source,
        title=told.get("title", source),
        paths=(),
        department=told.get("department", ""),
        delivery=DeliveryKind(delivery or told.get("delivery", DeliveryKind.FULL.value)),
    )
    return _received_again(store, card, resource, mapping=None)


def _received_again(
    store: Store, card: Path, resource: sources.Resource, mapping: sources.Mapping | None
) -> ReceivedResource:
    zone, source, period = Zone(card.parents[2].name), card.parents[1].name, card.parent.name
    snapshot = sources.get_snapshot(store, zone=zone, source=source, period=period)
    receipt = sources.read_receipt(store, zone=zone, source=source, period=period)
    settled = mapping or sources.settle_mapping(store, snapshot, zone=zone)
    return ReceivedResource(resource, snapshot, settled, receipt)


def _published_lines(store: Store) -> list[dict[str, Any]]:
    if store.current_version() is None:
        return []
    lines: list[dict[str, Any]] = read_json(store.current_build() / "receipts.json")["sources"]
    return lines


def admit_resource(
    received: ReceivedResource, *, registrar: Registrar, gate: Gate
) -> AdmittedResource:
    """Let a received resource into the build if its registration allows; raises the gate's refusal otherwise."""
    registration = registrar(received)
    return AdmittedResource(received, registration, gate(registration))


def map_resource(
    store: Store, admitted: AdmittedResource, *, as_of: date, progress: Progress = SILENT
) -> MappedResource:
    """Turn an admitted resource into mentions."""
    received = admitted.received
    mentions, receipt = sources.map_snapshot(
        store,
        received.snapshot,
        received.mapping,
        registration=admitted.registration,
        as_of=as_of,
        progress=progress,
    )
    return MappedResource(
        received, admitted.registration, mentions, receipt, admitted.right_to_build
    )


def leave_replaced_rows(
    store: Store, mapped: Sequence[MappedResource], folder: Path
) -> tuple[MappedResource, ...]:
    """The same deliveries with the rows that still stand; deliveries of one source come oldest first."""
    groups: dict[str, list[MappedResource]] = {}
    for one in mapped:
        groups.setdefault(one.mentions.source, []).append(one)
    return tuple(
        one
        for group in groups.values()
        for one in (_standing(store, group, folder) if len(group) > 1 else group)
    )


def _standing(
    store: Store, group: Sequence[MappedResource], folder: Path
) -> Iterator[MappedResource]:
    with engine(spill_to=store.scratch / "spill") as connection:
        sets, receipt = sources.leave_replaced_rows(
            connection, [one.mentions for one in group], folder
        )
    for one, mentions, standing in zip(group, sets, receipt.parts, strict=True):
        yield replace(one, mentions=mentions, standing=standing)
