"""The build: from a source package to a published store. Seven stages, each with a receipt, each found again.

receive -> map -> wash -> link -> identify and relate -> pack -> publish. Care sources take the same road in a build
of their own beside the core's; nothing of theirs, and no reporter's identity, is read by any core stage.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from kuai.address import actions as address
from kuai.address import places
from kuai.address.types import ADDRESS_ALIAS, ADDRESS_ENTRY, ADDRESS_SUCCESSION, ADDRESS_WASH
from kuai.blocks import actions as blocks
from kuai.blocks.types import BLOCK, BLOCK_COUNTER
from kuai.flows.deliveries import (
    AdmittedResource,
    Gate,
    MappedResource,
    ReceivedResource,
    Registrar,
    admit_resource,
    earlier_deliveries,
    leave_replaced_rows,
    list_received,
    map_resource,
    receive_resource,
)
from kuai.flows.frozen_library import (
    FROZEN_TABLES,
    PreparedLibrary,
    forget_prepared,
    prepare_library,
)
from kuai.flows.stage_log import StageLog, code_digest, file_digest
from kuai.guard.types import Zone
from kuai.kit.atomic_files import sweep_halves
from kuai.kit.engine import core_count, engine, shared_machine, table_at
from kuai.kit.errors import DataFault, Refusal
from kuai.kit.progress import SILENT, Progress
from kuai.kit.receipt import Receipt
from kuai.kit.store import Store, read_json, write_json
from kuai.kit.tables import BulkTable, TableRef
from kuai.linkage import actions as linkage
from kuai.linkage.types import ORGANISATION_LINK, PERSON_LINK
from kuai.registry import actions as registry
from kuai.registry.types import ELEMENT_TABLES
from kuai.sources import actions as sources
from kuai.sources.types import ADDRESS_MENTION, MENTION_TABLES

Engine = duckdb.DuckDBPyConnection
NO_ADDRESSES = TableRef(table=ADDRESS_MENTION, paths=(), rows=0)
Made = tuple[dict[str, TableRef], Receipt]
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


@dataclass(frozen=True)
class _Bench:
    """What the stages of one build share."""

    store: Store
    log: StageLog
    mapped: tuple[MappedResource, ...]
    as_of: date
    version: str
    core_version: str
    progress: Progress

    @property
    def core(self) -> Path:
        return self.log.folder / "core"

    @property
    def care(self) -> Path:
        return self.log.folder / "care"

    def stage(
        self, name: str, make: Callable[[Engine], Made], tables: Sequence[BulkTable]
    ) -> dict[str, TableRef]:
        """Make the stage, or load its `tables` if an earlier run of this build finished it."""

        def made() -> Made:
            with engine(spill_to=self.store.scratch / "spill") as connection:
                return make(connection)

        def loaded() -> dict[str, TableRef]:
            with engine() as connection:
                return {table.name: table_at(connection, table, self.core) for table in tables}

        return self.log.run(name, made, loaded)

    def of_zone(self, zone: Zone) -> list[MappedResource]:
        return [one for one in self.mapped if one.mentions.zone == zone.value]


def build_package(
    package_path: Path,
    store: Store,
    *,
    registrar: Registrar,
    gate_on: Any,
    as_of: date | None = None,
    latest_day: date | None = None,
    progress: Progress = SILENT,
) -> BuildResult:
    """Build `package_path` into `store` and publish it. May be repeated and resumed: same inputs, same store.

    `registrar` tells under which registration a source comes; `gate_on(as_of)` gives the check of its right to build.
    Without a day given by anybody it is the newest one in the package, up to `latest_day`: a mistyped 2062 is none.
    """
    store.create()
    with store.writer_lease():
        _sweep(store)
        package = sources.read_package(package_path)
        _mark_tenant(store, package)
        received = _receive_all(store, package, progress=progress)
        day = as_of or package.as_of or _newest_day(store, received, latest=latest_day)
        mapped = _map_all(
            store, received, as_of=day, registrar=registrar, gate=gate_on(day), progress=progress
        )
        return _build_mapped(store, received, mapped, as_of=day, progress=progress)


def rebuild_store(
    store: Store,
    *,
    registrar: Registrar,
    gate_on: Any,
    as_of: date | None = None,
    latest_day: date | None = None,
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
        mapped = _map_all(
            store, received, as_of=day, registrar=registrar, gate=gate_on(day), progress=progress
        )
        return _build_mapped(store, received, mapped, as_of=day, progress=progress)


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
    by_size = sorted(
        package.resources, key=lambda one: -sum(path.stat().st_size for path in one.paths)
    )
    with ThreadPoolExecutor(max(1, core_count() - 1)) as pool:
        # The largest file first, because the last to start is the last to end.
        running = {
            one.name: pool.submit(receive_resource, store, one, progress=progress)
            for one in by_size
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
) -> tuple[MappedResource, ...]:
    """Map every delivery that mentions come from: the newest of each source and those it stands on. Two at a time.

    The library and refused sources are not mapped.
    """
    newest = [one for one in received if not one.mapping.refused and not _is_library(one)]
    wanted = [one for last in newest for one in (*earlier_deliveries(store, last), last)]
    # All gates first and in this thread: they ask the work database, and a refusal should cost no work.
    admitted = [admit_resource(one, registrar=registrar, gate=gate) for one in wanted]

    def map_one(one: AdmittedResource) -> MappedResource:
        with shared_machine(MAPPED_AT_ONCE):
            return map_resource(store, one, as_of=as_of, progress=progress)

    with ThreadPoolExecutor(MAPPED_AT_ONCE) as pool:
        mapped = tuple(pool.map(map_one, admitted))
    return leave_replaced_rows(store, mapped, _standing_folder(store))


def _standing_folder(store: Store) -> Path:
    """Where the rows of earlier deliveries that still stand are written for one build."""
    return store.scratch / "standing"


def _build_mapped(
    store: Store,
    received: Sequence[ReceivedResource],
    mapped: tuple[MappedResource, ...],
    *,
    as_of: date,
    progress: Progress,
) -> BuildResult:
    delivered = next((one for one in received if _is_library(one)), None)
    library = prepare_library(store, delivered, as_of=as_of)
    try:
        return _build_with(store, received, mapped, library=library, as_of=as_of, progress=progress)
    finally:
        forget_prepared(store)
        shutil.rmtree(_standing_folder(store), ignore_errors=True)


def _build_with(
    store: Store,
    received: Sequence[ReceivedResource],
    mapped: tuple[MappedResource, ...],
    *,
    library: PreparedLibrary,
    as_of: date,
    progress: Progress,
) -> BuildResult:
    catalogue = registry.relation_types(store.root)
    refused = [one for one in received if one.mapping.refused]
    version = _version_of(mapped, library, as_of, catalogue=catalogue, refused=refused)
    # Core artefacts carry a name that no care source goes into, so that they are equal with and without.
    core_version = _version_of(
        [one for one in mapped if one.mentions.zone == Zone.CORE.value],
        library,
        as_of,
        catalogue=catalogue,
    )
    if (store.builds / version / "receipts.json").exists():
        store.publish(version, store.scratch / version)
        # What this package brought: the build may have been made from another with more rows sent back.
        total = _total_received(received, library)
        return BuildResult(
            version,
            as_of,
            store.builds / version,
            total,
            already_published=True,
            library=library.receipt,
        )
    with engine() as connection:
        newest = registry.newest_build(connection, store)
    # Because codes follow on from the newest build: what an interrupted run made after an older one would give the
    # same codes to others.
    log = StageLog(store.scratch / version, after=newest.name if newest else "")
    bench = _Bench(store, log, mapped, as_of, version, core_version, progress)
    _build_core(bench, library)
    _build_care(bench)
    total = _write_receipts(bench, received, library)
    log.clear_scaffolding()
    folder = store.publish(version, log.folder)
    # What is left in scratch belongs to builds that nobody will go on with: under the lease none is under way.
    for left in (*store.scratch.glob("b-*"), store.scratch / "spill", store.scratch / "map"):
        shutil.rmtree(left, ignore_errors=True)
    _sweep_side_files(store)
    return BuildResult(version, as_of, folder, total, resumed_stages=tuple(log.resumed))


def _sweep_side_files(store: Store) -> None:
    """What pages made for builds without a side file of their own goes with those builds."""
    for made in store.scratch.glob(f"*-{places.SIDE_FILE}"):
        core = store.builds / made.name.removesuffix(f"-{places.SIDE_FILE}") / "core"
        if not core.exists() or (core / places.SIDE_FILE).exists():
            made.unlink(missing_ok=True)


def _version_of(
    mapped: Sequence[MappedResource],
    library: PreparedLibrary,
    as_of: date,
    *,
    catalogue: Sequence[registry.RelationType],
    refused: Sequence[ReceivedResource] = (),
) -> str:
    """A build's name: its day and a digest of our steps and of all that these sources and the library bring.

    What is only said of them counts too (purposes, handler, titles, the city's relations): the build shows it.
    """
    digest = hashlib.sha256(f"{code_digest()}|{as_of}|{tuple(catalogue)}|".encode())
    for one in sorted(mapped, key=lambda one: one.mentions.source):
        paths = [
            path for name in sorted(one.mentions.tables) for path in one.mentions.tables[name].paths
        ]
        digest.update(f"{one.mentions.zone}|{one.mentions.source}|{file_digest(paths)}|".encode())
        digest.update(f"{_said_of(one)}|".encode())
    for other in refused:
        digest.update(f"{other.resource.name}|{other.snapshot.content_hash}|".encode())
    digest.update(f"{library.title}|{library.digest}".encode())
    return f"b-{as_of:%Y%m%d}-{digest.hexdigest()[:12]}"


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


def _build_core(bench: _Bench, library: PreparedLibrary) -> None:
    """The core zone's stages, each on an engine of its own: what one held, the next may use."""
    core = bench.of_zone(Zone.CORE)
    tables = bench.stage("library", lambda engine: _freeze(engine, bench, library), FROZEN_TABLES)
    tables |= bench.stage(
        "wash", lambda engine: _wash(engine, bench, core, bench.core), (ADDRESS_WASH,)
    )
    tables |= bench.stage(
        "link", lambda engine: _link(engine, bench, core), (PERSON_LINK, ORGANISATION_LINK)
    )
    tables |= bench.stage(
        "relate", lambda engine: _relate(engine, bench, core, tables), ELEMENT_TABLES
    )
    bench.stage(
        "pack", lambda engine: _pack(engine, bench, tables, library), (BLOCK, BLOCK_COUNTER)
    )


def _freeze(engine: Engine, bench: _Bench, library: PreparedLibrary) -> Made:
    """The library's tables, with what type-ahead reads of them: a page would else wait for it to be made."""
    refs, receipt = library.copy_to(engine, bench.core)
    places.write_side_file(
        bench.core / places.SIDE_FILE,
        pq.read_table(bench.core / f"{ADDRESS_ENTRY.name}.parquet"),
        pq.read_table(bench.core / f"{ADDRESS_ALIAS.name}.parquet"),
    )
    return refs, receipt


def _build_care(bench: _Bench) -> None:
    """The care zone's own small build: its places washed, under its own tokens, in its own folder."""
    care = bench.of_zone(Zone.CARE)
    if care:
        bench.stage("care", lambda engine: _wash(engine, bench, care, bench.care), ())


def _wash(engine: Engine, bench: _Bench, resources: Sequence[MappedResource], folder: Path) -> Made:
    washed, receipt = address.wash_mentions(
        engine,
        mentions=[one.mentions.tables["address_mention"] for one in resources] or [NO_ADDRESSES],
        library=table_at(engine, ADDRESS_ENTRY, bench.core),
        aliases=table_at(engine, ADDRESS_ALIAS, bench.core),
        successions=table_at(engine, ADDRESS_SUCCESSION, bench.core),
        folder=folder,
        progress=bench.progress,
    )
    return {washed.name: washed}, receipt


def _link(engine: Engine, bench: _Bench, resources: Sequence[MappedResource]) -> Made:
    sets = [one.mentions for one in resources]
    washed = table_at(engine, ADDRESS_WASH, bench.core)
    persons, person_receipt = linkage.link_persons(
        engine,
        store=bench.store,
        mention_sets=sets,
        washes=washed,
        folder=bench.core,
        progress=bench.progress,
    )
    organisations, organisation_receipt = linkage.link_organisations(
        engine, mention_sets=sets, washes=washed, folder=bench.core, progress=bench.progress
    )
    receipt = Receipt.total("link", (person_receipt, organisation_receipt), what="mentions")
    return {persons.name: persons, organisations.name: organisations}, receipt


def _relate(
    engine: Engine, bench: _Bench, resources: Sequence[MappedResource], made: dict[str, TableRef]
) -> Made:
    inputs: dict[str, list[TableRef]] = {
        table.name: [one.mentions.tables[table.name] for one in resources]
        for table in MENTION_TABLES
    }
    inputs |= {
        table.name: [made[table.name]] for table in (ADDRESS_WASH, PERSON_LINK, ORGANISATION_LINK)
    }
    newest = registry.newest_build(engine, bench.store)
    previous = registry.read_previous(engine, newest / "core") if newest else None
    return registry.identify_and_relate(
        engine,
        inputs=inputs,
        purposes_by_source={
            one.mentions.source: one.registration.permitted_purposes for one in resources
        },
        previous=previous,
        frame=registry.BuildFrame(version=bench.core_version, as_of=bench.as_of, folder=bench.core),
        catalogue=registry.relation_types(bench.store.root),
        progress=bench.progress,
    )


def _pack(
    engine: Engine, bench: _Bench, made: dict[str, TableRef], library: PreparedLibrary
) -> Made:
    return blocks.pack_blocks(
        engine,
        inputs={
            name: made[name] for name in ("address_entry", "relation", "organisation", "event")
        },
        version=bench.core_version,
        as_of=bench.as_of,
        library_title=library.title,
        folder=bench.core,
        progress=bench.progress,
    )


def _total_received(received: Sequence[ReceivedResource], library: PreparedLibrary) -> Receipt:
    """What came in; how many places of the library the delivery ended is told, because their codes never return."""
    retired = library.receipt.notes.get("retired", 0)
    told = {"library_retired": retired} if retired else {}
    return Receipt.total("build", tuple(one.receipt for one in received), **told)


def _write_receipts(
    bench: _Bench, received: Sequence[ReceivedResource], library: PreparedLibrary
) -> Receipt:
    """What came in, was kept, refused, sent back: by source and by stage, beside the zones (it names them all)."""
    mapped: dict[str, list[MappedResource]] = {}
    for mapped_one in bench.mapped:
        mapped.setdefault(mapped_one.mentions.source, []).append(mapped_one)
    grades = _grades_by_source(bench)
    lines = [
        _source_line(one, mapped.get(one.resource.name, []), grades.get(one.resource.name, {}))
        for one in received
    ]
    total = _total_received(received, library)
    write_json(
        bench.log.folder / "receipts.json",
        {
            "version": bench.version,
            "as_of": bench.as_of.isoformat(),
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


def _grades_by_source(bench: _Bench) -> dict[str, dict[str, int]]:
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
