"""All that one build is made of, the name that follows from it, and `inputs.json`, from which it can be made again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from kuai.flows.deliveries import SHREDDED, MappedResource, ReceivedResource
from kuai.flows.frozen_decisions import PreparedDecisions
from kuai.flows.frozen_library import PreparedLibrary
from kuai.flows.stage_log import code_digest, file_digest, model_digest
from kuai.guard.actions import tokenise
from kuai.guard.types import SourceRegistration, Zone
from kuai.kit.store import Store, read_json, write_json
from kuai.registry import actions as registry
from kuai.sources import actions as sources
from kuai.sources.types import ADDRESS_MENTION

INPUTS_FILE = "inputs.json"


@dataclass(frozen=True)
class BuildInputs:
    """What a build is made of. `previous` names the build it goes on from, empty for the first.

    `codes_of` names the build whose codes hold instead: what is made again without erased rows renumbers nobody.
    """

    received: tuple[ReceivedResource, ...]
    mapped: tuple[MappedResource, ...]
    library: PreparedLibrary
    decisions: PreparedDecisions
    catalogue: tuple[registry.RelationType, ...]
    # Of core sources: which deliveries came before, are in the build, were shredded.
    history: tuple[registry.SourceDelivery, ...]
    as_of: date
    previous: str
    codes_of: str = ""

    @property
    def refused(self) -> list[ReceivedResource]:
        """Sources that their mapping keeps out as a whole."""
        return [one for one in self.received if one.mapping.refused]

    def of_zone(self, zone: Zone) -> list[MappedResource]:
        """The mapped deliveries of one zone."""
        return [one for one in self.mapped if one.mentions.zone == zone.value]


def version_of(inputs: BuildInputs) -> str:
    """A build's name: its day and a digest of our steps and of all that these sources bring and people decided.

    What is only said of them counts too (purposes, handler, titles, the city's relations): the build shows it.
    """
    return _version(inputs, inputs.mapped, refused=inputs.refused)


def core_version_of(inputs: BuildInputs) -> str:
    """The name core artefacts carry: no care source goes into it, so that they are equal with and without."""
    return _version(inputs, inputs.of_zone(Zone.CORE), refused=())


def _version(
    inputs: BuildInputs, mapped: Sequence[MappedResource], *, refused: Sequence[ReceivedResource]
) -> str:
    digest = hashlib.sha256(f"{code_digest()}|{inputs.as_of}|{inputs.catalogue}|".encode())
    for one in sorted(mapped, key=lambda one: one.mentions.source):
        paths = [
            path for name in sorted(one.mentions.tables) for path in one.mentions.tables[name].paths
        ]
        digest.update(f"{one.mentions.zone}|{one.mentions.source}|{file_digest(paths)}|".encode())
        digest.update(f"{_said_of(one)}|".encode())
    for other in refused:
        digest.update(f"{other.resource.name}|{other.snapshot.content_hash}|".encode())
    digest.update(f"{inputs.library.title}|{inputs.library.digest}|".encode())
    # The place in the log too: what was decided and taken back leaves the table as it was, but the ledger tells of it.
    digest.update(f"{inputs.decisions.sequence}|{inputs.decisions.digest}".encode())
    # Because what an earlier build knew of a shredded delivery goes with it, though nothing else changed.
    gone = [(one.source, one.period) for one in inputs.history if one.kind == SHREDDED]
    digest.update(f"|{gone}".encode() if gone else b"")
    return f"b-{inputs.as_of:%Y%m%d}-{digest.hexdigest()[:12]}"


def _said_of(one: MappedResource) -> tuple[object, ...]:
    """What the description and the registration of a source say that a build keeps."""
    registration, resource = one.registration, one.received.resource
    return (
        tuple(sorted(registration.permitted_purposes)),
        registration.handler,
        registration.legal_basis,
        registration.refresh_days,
        resource.title,
        resource.department,
        resource.delivery.value,
    )


def write_inputs(
    folder: Path,
    store: Store,
    inputs: BuildInputs,
    *,
    version: str,
    core_version: str,
    links: Mapping[str, Any],
) -> None:
    """Enter beside the build's zones what it was made of: digests of everything, texts of what is ours to keep.

    `links` tells by which a later build knows that linkage need not be asked again.
    """
    mapped = {(one.mentions.source, one.mentions.period): one for one in inputs.mapped}
    earlier = [one for one in inputs.mapped if one.received not in inputs.received]
    deliveries = [
        _delivery_line(store, one, mapped.get((one.snapshot.source, one.snapshot.period)))
        for one in (*(late.received for late in earlier), *inputs.received)
    ]
    write_json(
        folder / INPUTS_FILE,
        {
            "version": version,
            "core_version": core_version,
            "as_of": inputs.as_of.isoformat(),
            "previous": inputs.previous,
            "code": code_digest(),
            "model": model_digest(),
            "decisions": {
                "up_to": inputs.decisions.sequence,
                "in_force": inputs.decisions.receipt.kept,
                "digest": inputs.decisions.digest,
            },
            "library": {
                "title": inputs.library.title,
                "sequence": inputs.library.sequence,
                "digest": inputs.library.digest,
            },
            "relations": [asdict(entry) for entry in inputs.catalogue],
            # Tells one token key from another without telling the key: other keys, other record keys.
            "tokens": tokenise(store, zone=Zone.CORE, value=INPUTS_FILE),
            "links": dict(links),
            "deliveries": deliveries,
            "history": [{**asdict(one), "as_of": one.as_of.isoformat()} for one in inputs.history],
        },
    )


def mentions_digest(folder: Path) -> str:
    """Of the written places of a delivery at rest; "" where there are none."""
    path = folder / f"{ADDRESS_MENTION.name}.parquet"
    return file_digest([path]) if path.exists() else ""


def _delivery_line(
    store: Store, one: ReceivedResource, mapped: MappedResource | None
) -> dict[str, Any]:
    text = sources.write_mapping(one.mapping)
    return {
        "source": one.resource.name,
        "title": one.resource.title,
        "department": one.resource.department,
        "delivery": one.resource.delivery.value,
        "zone": one.zone.value,
        "period": one.snapshot.period,
        "file_name": one.snapshot.file_name,
        "content_hash": one.snapshot.content_hash,
        "rows": one.snapshot.rows,
        "mapping": text,
        "mapping_digest": hashlib.sha256(text.encode()).hexdigest(),
        "registration": registration_line(mapped.registration) if mapped else None,
        "right_to_build": mapped.right_to_build if mapped else "",
        # By which a later build knows what was washed; of core sources alone.
        "addresses": mentions_digest(store.extracts / one.snapshot.source / one.snapshot.period)
        if mapped and one.zone is Zone.CORE
        else "",
    }


def registration_line(registration: SourceRegistration) -> dict[str, Any]:
    """A registration as plain data."""
    plain = asdict(registration)
    approved = registration.assessment_approved_on
    plain["assessment_approved_on"] = approved.isoformat() if approved else None
    plain["permitted_purposes"] = list(registration.permitted_purposes)
    plain["zone"] = registration.zone.value
    return plain


def read_registration(line: Mapping[str, Any]) -> SourceRegistration:
    """Inverse of `registration_line`."""
    approved = line["assessment_approved_on"]
    return SourceRegistration(
        **{
            **line,
            "zone": Zone(line["zone"]),
            "permitted_purposes": tuple(line["permitted_purposes"]),
            "assessment_approved_on": date.fromisoformat(approved) if approved else None,
        }
    )


def read_inputs(build: Path) -> dict[str, Any] | None:
    """What a build was made of; None for one from before inputs were kept."""
    path = build / INPUTS_FILE
    return read_json(path) if path.exists() else None
