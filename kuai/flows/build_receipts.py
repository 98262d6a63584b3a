"""What a build tells of itself in `receipts.json`: what came in, was kept, refused, sent back; by source, by stage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kuai.address.types import ADDRESS_WASH
from kuai.flows.build_inputs import BuildInputs
from kuai.flows.deliveries import MappedResource, ReceivedResource
from kuai.flows.stages import Bench
from kuai.guard.types import Zone
from kuai.kit.engine import engine, scan_sql
from kuai.kit.receipt import Receipt
from kuai.kit.store import write_json
from kuai.registry.types import KEYLESS_MENTION


def total_received(inputs: BuildInputs) -> Receipt:
    """What came in; how many places of the library the delivery ended is told, because their codes never return."""
    retired = inputs.library.receipt.notes.get("retired", 0)
    told = {"library_retired": retired} if retired else {}
    return Receipt.total("build", tuple(one.receipt for one in inputs.received), **told)


def write_receipts(bench: Bench) -> Receipt:
    """What came in, was kept, refused, sent back: by source and by stage, beside the zones (it names them all)."""
    mapped: dict[str, list[MappedResource]] = {}
    for mapped_one in bench.inputs.mapped:
        mapped.setdefault(mapped_one.mentions.source, []).append(mapped_one)
    grades = _grades_by_source(bench)
    keyless = _keyless_by_source(bench)
    lines = [
        _source_line(one, mapped.get(one.resource.name, []), grades.get(one.resource.name, {}))
        | {"without_key": keyless.get(one.resource.name, 0)}
        for one in bench.inputs.received
    ]
    total = total_received(bench.inputs)
    write_json(
        bench.log.folder / "receipts.json",
        {
            "version": bench.version,
            "as_of": bench.inputs.as_of.isoformat(),
            "receipt": total.as_json(),
            "stages": [receipt.as_json() for receipt in bench.log.receipts],
            "sources": lines,
        },
    )
    return total


def _source_line(
    one: ReceivedResource, deliveries: Sequence[MappedResource], grades: dict[str, int]
) -> dict[str, Any]:
    """What is told of a source: of its newest delivery, and which earlier ones it stands on."""
    mapped = deliveries[-1] if deliveries else None
    registration = mapped.registration if mapped else None
    return {
        "source": one.resource.name,
        "title": one.resource.title,
        "department": one.resource.department,
        "zone": one.zone.value,
        "template": one.mapping.template,
        "refused_reason": one.mapping.refused,
        "period": one.snapshot.period,
        "file_name": one.snapshot.file_name,
        "encoding": one.snapshot.encoding,
        "delivery": one.resource.delivery,
        "receive": one.receipt.as_json(),
        "map": mapped.receipt.as_json() if mapped else None,
        "right_to_build": mapped.right_to_build if mapped else "",
        "handler": registration.handler if registration else one.resource.department,
        "legal_basis": registration.legal_basis if registration else "",
        "refresh_days": registration.refresh_days if registration else 0,
        "grades": grades if one.zone is Zone.CORE and mapped else {},
        "stands_on": [_delivery_line(earlier) for earlier in deliveries[:-1]],
    }


def _delivery_line(earlier: MappedResource) -> dict[str, Any]:
    snapshot = earlier.received.snapshot
    return {
        "period": snapshot.period,
        "delivery": earlier.received.resource.delivery,
        "file_name": snapshot.file_name,
        "standing": earlier.standing.as_json() if earlier.standing else None,
    }


def _grades_by_source(bench: Bench) -> dict[str, dict[str, int]]:
    """How many core places of each source were washed to each grade; the washes are read once for all sources."""
    wash = bench.core / f"{ADDRESS_WASH.name}.parquet"
    grades: dict[str, dict[str, int]] = {}
    with engine() as connection:
        # A mention's key begins with its source's name, and no name holds a colon.
        found = connection.execute(
            "select split_part(mention_key, ':', 1) as source, grade, count(*) from read_parquet($wash)"
            " group by source, grade order by source, grade",
            {"wash": str(wash)},
        ).fetchall()
    for source, grade, count in found:
        grades.setdefault(source, {})[grade] = int(count)
    return grades


def _keyless_by_source(bench: Bench) -> dict[str, int]:
    """How many namings of each source have no key at all; which rows they are in is in the build's table."""
    path = bench.core / f"{KEYLESS_MENTION.name}.parquet"
    with engine() as connection:
        found = connection.execute(
            f"select source, count(*) from {scan_sql([path])} group by source order by source"
        ).fetchall()
    return {str(source): int(count) for source, count in found}
