"""The build: from a source package to a published store. Its stages each have a receipt and are found again.

receive -> map -> wash -> link -> identify and relate -> pack -> publish. Care sources take the same road in a build
of their own beside the core's; nothing of theirs, and no reporter's identity, is read by any core stage.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from kuai.address import places
from kuai.flows.build_inputs import BuildInputs, core_version_of, version_of, write_inputs
from kuai.flows.build_receipts import total_received, write_receipts
from kuai.flows.deliveries import (
    AdmittedResource,
    Gate,
    MappedResource,
    ReceivedResource,
    Registrar,
    admit_resource,
    delivery_history,
    earlier_deliveries,
    leave_replaced_rows,
    list_received,
    map_resource,
    reading_weight,
    receive_resource,
)
from kuai.flows.frozen_decisions import forget_decisions, prepare_decisions
from kuai.flows.frozen_library import PreparedLibrary, forget_prepared, prepare_library
from kuai.flows.kept_links import links_line
from kuai.flows.stage_log import StageLog
from kuai.flows.stages import Bench, build_care, build_core
from kuai.guard.types import Zone
from kuai.kit.atomic_files import sweep_halves
from kuai.kit.engine import core_count, engine, shared_machine
from kuai.kit.errors import DataFault, Refusal
from kuai.kit.progress import SILENT, Progress
from kuai.kit.receipt import Receipt
from kuai.kit.store import Store, read_json, write_json
from kuai.registry import actions as registry
from kuai.sources import actions as sources

# Measured 2026-11-22: two mappings at once keep four cores busy; three only add memory.
MAPPED_AT_ONCE = 2
LIBRARY_TEMPLATE = "address_library"


@dataclass(frozen=True)
class BuildResult:
    """What a build came to."""

    version: str
    as_of: date
    folder: Path
    receipt: Receipt
    already_published: bool = False
    resumed_stages: tuple[str, ...] = ()
    # Where the build was there already: what this delivery of the library came to, which its receipts do not tell.
    library: Receipt | None = None


def build_package(
    package_path: Path,
    store: Store,
    *,
    registrar: Registrar,
    gate_on: Any,
    as_of: date | None = None,
    latest_day: date | None = None,
    at: datetime | None = None,
    progress: Progress = SILENT,
) -> BuildResult:
    """Build `package_path` into `store` and publish it. May be repeated and resumed: same inputs, same store.

    `registrar` tells under which registration a source comes; `gate_on(as_of)` gives the check of its right to build.
    Without a day given by anybody it is the newest one in the package, up to `latest_day`: a mistyped 2062 is none.
    `at` is the instant to remember as that of its publication.
    """
    store.create()
    with store.writer_lease():
        _sweep(store)
        package = sources.read_package(package_path)
        _mark_tenant(store, package)
        received = _receive_all(store, package, progress=progress)
        day = as_of or package.as_of or _newest_day(store, received, latest=latest_day)
        mapped, library = _map_all(
            store, received, as_of=day, registrar=registrar, gate=gate_on(day), progress=progress
        )
        return _noted(
            store, _build_mapped(store, received, mapped, library, as_of=day, progress=progress), at
        )


def rebuild_store(
    store: Store,
    *,
    registrar: Registrar,
    gate_on: Any,
    as_of: date | None = None,
    latest_day: date | None = None,
    at: datetime | None = None,
    progress: Progress = SILENT,
) -> BuildResult:
    """Build anew from what the store holds: the newest delivery of every source, uploads of the portal included.

    Refuses a store that never received anything. May be repeated and resumed, as `build_package`.
    """
    with store.writer_lease():
        _sweep(store)
        received = list_received(store)
        if not received:
            raise Refusal(
                "build.nothing_received",
                "库里还没有收到任何文件。",
                next_step="给出数据包：kuai build PACKAGE --store STORE。",
            )
        day = as_of or max(_newest_day(store, received, latest=latest_day), _published_day(store))
        mapped, library = _map_all(
            store, received, as_of=day, registrar=registrar, gate=gate_on(day), progress=progress
        )
        return _noted(
            store, _build_mapped(store, received, mapped, library, as_of=day, progress=progress), at
        )


def _noted(store: Store, result: BuildResult, at: datetime | None) -> BuildResult:
    if at is not None:
        store.note_publication(result.version, at)
    return result


def _published_day(store: Store) -> date:
    """The published build's day: a rebuild without new facts does not go back behind it."""
    if store.current_version() is None:
        return date.min
    return date.fromisoformat(read_json(store.current_build() / "receipts.json")["as_of"])


def _sweep(store: Store) -> None:
    """What killed runs left half-written goes."""
    for place in (
        store.vault,
        store.extracts,
        store.root / "mappings",
        store.root / "deliveries",
        store.keys,
    ):
        sweep_halves(place)


def _receive_all(
    store: Store, package: sources.Package, *, progress: Progress
) -> list[ReceivedResource]:
    """Receive every resource, several files at once: each is parsed in a child process of its own."""
    # What takes longest first, because the last to start is the last to end.
    longest_first = sorted(package.resources, key=reading_weight, reverse=True)
    with ThreadPoolExecutor(max(1, core_count() - 1)) as pool:
        running = {
            one.name: pool.submit(receive_resource, store, one, progress=progress)
            for one in longest_first
        }
        return [running[one.name].result() for one in package.resources]


def _mark_tenant(store: Store, package: sources.Package) -> None:
    """A store is synthetic only while every package ever built into it was."""
    card = store.root / "tenant.json"
    known = read_json(card) if card.exists() else {"synthetic": True}
    write_json(
        card,
        {
            "name": package.name,
            "title": package.title,
            "synthetic": bool(package.synthetic and known["synthetic"]),
            "time_zone": "Asia/Shanghai",
        },
    )


def _is_library(one: ReceivedResource) -> bool:
    return one.mapping.template == LIBRARY_TEMPLATE


def _newest_day(store: Store, received: Sequence[ReceivedResource], *, latest: date | None) -> date:
    # Care sources are asked only where there is nothing else: their coming or staying away moves no core build's day.
    core = [one for one in received if one.zone is not Zone.CARE]
    days = [
        day
        for one in core or received
        if (day := sources.newest_day(store, one.snapshot, one.mapping, not_after=latest))
        is not None
    ]
    if not days:
        raise DataFault(
            "package.no_day",
            "数据包里没有可读的日期，无法确定建库日",
            remedy="在 datapackage.json 里写 as_of，或用 --as-of 给出。",
        )
    return max(days)


def _map_all(
    store: Store,
    received: Sequence[ReceivedResource],
    *,
    as_of: date,
    registrar: Registrar,
    gate: Gate,
    progress: Progress,
) -> tuple[tuple[MappedResource, ...], PreparedLibrary]:
    """Map every delivery that mentions come from: the newest of each source and those it stands on. Two at a time.

    The library and refused sources are not mapped. The library is prepared meanwhile.
    """
    delivered = next((one for one in received if _is_library(one)), None)
    newest = [one for one in received if not one.mapping.refused and not _is_library(one)]
    wanted = [one for last in newest for one in (*earlier_deliveries(store, last), last)]
    # All gates first and in this thread: they ask the work database, and a refusal should cost no work.
    admitted = [admit_resource(one, registrar=registrar, gate=gate) for one in wanted]

    def map_one(one: AdmittedResource) -> MappedResource:
        with shared_machine(MAPPED_AT_ONCE):
            return map_resource(store, one, as_of=as_of, progress=progress)

    with ThreadPoolExecutor(MAPPED_AT_ONCE) as pool:
        running = {
            position: pool.submit(map_one, admitted[position])
            for position in sorted(
                range(len(admitted)), key=lambda at: -admitted[at].received.snapshot.rows
            )
        }
        # In this thread, because the library's record lies in the work database.
        with shared_machine(2 * MAPPED_AT_ONCE):
            library = prepare_library(store, delivered, as_of=as_of)
        mapped = tuple(running[position].result() for position in range(len(admitted)))
    return leave_replaced_rows(store, mapped, _standing_folder(store)), library


def _standing_folder(store: Store) -> Path:
    """Where the rows of earlier deliveries that still stand are written for one build."""
    return store.scratch / "standing"


def _build_mapped(
    store: Store,
    received: Sequence[ReceivedResource],
    mapped: tuple[MappedResource, ...],
    library: PreparedLibrary,
    *,
    as_of: date,
    progress: Progress,
) -> BuildResult:
    try:
        with engine() as connection:
            newest = registry.newest_build(connection, store)
        inputs = BuildInputs(
            received=tuple(received),
            mapped=mapped,
            library=library,
            decisions=prepare_decisions(store),
            catalogue=registry.relation_types(store.root),
            history=delivery_history(store, mapped, as_of=as_of),
            as_of=as_of,
            previous=newest.name if newest else "",
        )
        return _build_with(store, inputs, progress=progress)
    finally:
        forget_prepared(store)
        forget_decisions(store)
        shutil.rmtree(_standing_folder(store), ignore_errors=True)


def _build_with(store: Store, inputs: BuildInputs, *, progress: Progress) -> BuildResult:
    version = version_of(inputs)
    if (store.builds / version / "receipts.json").exists():
        store.publish(version, store.scratch / version)
        # What this package brought: the build may have been made from another with more rows sent back.
        return BuildResult(
            version,
            inputs.as_of,
            store.builds / version,
            total_received(inputs),
            already_published=True,
            library=inputs.library.receipt,
        )
    # Because codes follow on from the newest build: what an interrupted run made after an older one would give the
    # same codes to others.
    log = StageLog(store.scratch / version, after=inputs.previous)
    bench = Bench(store, log, inputs, version, core_version_of(inputs), progress)
    build_core(bench)
    build_care(bench)
    total = write_receipts(bench)
    write_inputs(
        log.folder,
        store,
        inputs,
        version=version,
        core_version=bench.core_version,
        links=links_line(inputs, bench.core),
    )
    log.clear_scaffolding()
    folder = store.publish(version, log.folder)
    # What is left in scratch belongs to builds that nobody will go on with: under the lease none is under way.
    for left in (*store.scratch.glob("b-*"), store.scratch / "spill", store.scratch / "map"):
        shutil.rmtree(left, ignore_errors=True)
    _sweep_side_files(store)
    return BuildResult(version, inputs.as_of, folder, total, resumed_stages=tuple(log.resumed))


def _sweep_side_files(store: Store) -> None:
    """What pages made for builds without a side file of their own goes with those builds."""
    for made in store.scratch.glob(f"*-{places.SIDE_FILE}"):
        core = store.builds / made.name.removesuffix(f"-{places.SIDE_FILE}") / "core"
        if not core.exists() or (core / places.SIDE_FILE).exists():
            made.unlink(missing_ok=True)
