"""Receive and map one resource of a package: which delivery it is, under which registration, into which zone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from kuai.flows.delivery_series import period_of
from kuai.guard.actions import is_shredded
from kuai.guard.types import SourceRegistration, Zone
from kuai.kit.progress import SILENT, Progress
from kuai.kit.receipt import Receipt
from kuai.kit.store import Store, read_json
from kuai.sources import actions as sources
from kuai.sources.types import DeliveryKind, MentionSet, SnapshotRef

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
    """One resource as mapped: its mentions, its registration, what was said of its right to build."""

    received: ReceivedResource
    registration: SourceRegistration
    mentions: MentionSet
    receipt: Receipt
    right_to_build: str


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
    newest: dict[str, Path] = {}
    # By the time it came in, because numbers of packages and months of uploads do not compare.
    for card in sorted(
        store.vault.glob("*/*/*/snapshot.json"), key=lambda path: path.stat().st_mtime_ns
    ):
        zone, source = Zone(card.parents[2].name), card.parents[1].name
        if not is_shredded(store, zone=zone, source=source, period=card.parent.name):
            newest[source] = card
    told = {line["source"]: line for line in _published_lines(store)}
    return [
        _received_at(store, card, told.get(source, {})) for source, card in sorted(newest.items())
    ]


def _received_at(store: Store, card: Path, told: Mapping[str, Any]) -> ReceivedResource:
    """What a vault's card and the published build (title, department, kind of delivery) say of one delivery."""
    zone, source, period = Zone(card.parents[2].name), card.parents[1].name, card.parent.name
    snapshot = sources.get_snapshot(store, zone=zone, source=source, period=period)
    resource = sources.Resource(
        name=source,
        title=told.get("title", source),
        paths=(),
        department=told.get("department", ""),
        delivery=DeliveryKind(told.get("delivery", DeliveryKind.FULL.value)),
    )
    receipt = sources.read_receipt(store, zone=zone, source=source, period=period)
    mapping = sources.settle_mapping(store, snapshot, zone=zone)
    return ReceivedResource(resource, snapshot, mapping, receipt)


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
