"""The stages of one build, from mentions to packed blocks: each on an engine of its own, each with a receipt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from kuai.address import actions as address
from kuai.address import places
from kuai.address.types import (
    ADDRESS_ALIAS,
    ADDRESS_ENTRY,
    ADDRESS_SUCCESSION,
    ADDRESS_WASH,
    EarlierWash,
)
from kuai.blocks import actions as blocks
from kuai.blocks.types import BLOCK, BLOCK_CELL, BLOCK_COUNTER, CELL_FIGURE, PackFrame
from kuai.flows.build_inputs import BuildInputs
from kuai.flows.deliveries import MappedResource
from kuai.flows.earlier_wash import earlier_wash
from kuai.flows.frozen_library import FROZEN_TABLES
from kuai.flows.kept_links import NOTE, keep_links
from kuai.flows.stage_log import StageLog
from kuai.guard.types import Zone
from kuai.kit.engine import engine, table_at
from kuai.kit.progress import Progress
from kuai.kit.receipt import Receipt
from kuai.kit.store import Store
from kuai.kit.tables import BulkTable, TableRef
from kuai.linkage import actions as linkage
from kuai.linkage.types import ORGANISATION_LINK, PERSON_LINK
from kuai.registry import actions as registry
from kuai.registry.types import (
    BASE_FACT,
    DECISION,
    ELEMENT_TABLES,
    FACT_LINE,
    KEYLESS_MENTION,
    RELATION,
    RELATION_END,
)
from kuai.sources.types import ADDRESS_MENTION, MENTION_TABLES

Engine = duckdb.DuckDBPyConnection
NO_ADDRESSES = TableRef(table=ADDRESS_MENTION, paths=(), rows=0)
Made = tuple[dict[str, TableRef], Receipt]
# What these spill is what they write: keys, codes and days, in clear in the build itself (decision 0027).
STAGES_OF_CODES = frozenset({"relate", "serve", "pack"})


@dataclass(frozen=True)
class Bench:
    """What the stages of one build share."""

    store: Store
    log: StageLog
    inputs: BuildInputs
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
            with engine(
                spill_to=self.store.scratch / "spill", spills_in_clear=name in STAGES_OF_CODES
            ) as connection:
                return make(connection)

        def loaded() -> dict[str, TableRef]:
            with engine() as connection:
                return {table.name: table_at(connection, table, self.core) for table in tables}

        return self.log.run(name, made, loaded)


def build_core(bench: Bench) -> None:
    """The core zone's stages: what one held, the next may use."""
    core = bench.inputs.of_zone(Zone.CORE)
    tables = bench.stage("library", lambda engine: _freeze(engine, bench), FROZEN_TABLES)
    tables |= bench.stage(
        "decisions",
        lambda engine: bench.inputs.decisions.copy_to(engine, bench.core),
        (DECISION,),
    )
    tables |= bench.stage(
        "wash",
        lambda engine: _wash(
            engine, bench, core, bench.core, earlier=earlier_wash(bench.store, bench.inputs)
        ),
        (ADDRESS_WASH,),
    )
    tables |= bench.stage(
        "link", lambda engine: _link(engine, bench, core, tables), (PERSON_LINK, ORGANISATION_LINK)
    )
    tables |= bench.stage(
        "relate", lambda engine: _relate(engine, bench, core, tables), ELEMENT_TABLES
    )
    tables |= bench.stage(
        "serve",
        lambda engine: _serve(engine, bench, core, tables),
        (RELATION_END, FACT_LINE, KEYLESS_MENTION),
    )
    bench.stage(
        "pack",
        lambda engine: _pack(engine, bench, tables),
        (BLOCK, BLOCK_COUNTER, BLOCK_CELL, CELL_FIGURE),
    )


def _freeze(engine: Engine, bench: Bench) -> Made:
    """The library's tables, with what type-ahead reads of them: a page would else wait for it to be made."""
    refs, receipt = bench.inputs.library.copy_to(engine, bench.core)
    places.write_side_file(
        bench.core / places.SIDE_FILE,
        pq.read_table(bench.core / f"{ADDRESS_ENTRY.name}.parquet"),
        pq.read_table(bench.core / f"{ADDRESS_ALIAS.name}.parquet"),
    )
    return refs, receipt


def build_care(bench: Bench) -> None:
    """The care zone's own small build: its places washed, under its own tokens, in its own folder."""
    care = bench.inputs.of_zone(Zone.CARE)
    if care:
        bench.stage("care", lambda engine: _wash(engine, bench, care, bench.care), ())


def _wash(
    engine: Engine,
    bench: Bench,
    resources: Sequence[MappedResource],
    folder: Path,
    *,
    earlier: EarlierWash | None = None,
) -> Made:
    washed, receipt = address.wash_mentions(
        engine,
        mentions=[one.mentions.tables["address_mention"] for one in resources] or [NO_ADDRESSES],
        library=table_at(engine, ADDRESS_ENTRY, bench.core),
        aliases=table_at(engine, ADDRESS_ALIAS, bench.core),
        successions=table_at(engine, ADDRESS_SUCCESSION, bench.core),
        earlier=earlier,
        folder=folder,
        progress=bench.progress,
    )
    return {washed.name: washed}, receipt


def _link(
    engine: Engine, bench: Bench, resources: Sequence[MappedResource], made: dict[str, TableRef]
) -> Made:
    sets = [one.mentions for one in resources]
    washed = table_at(engine, ADDRESS_WASH, bench.core)

    def link_persons() -> Receipt:
        return linkage.link_persons(
            engine,
            store=bench.store,
            mention_sets=sets,
            washes=washed,
            folder=bench.core,
            decisions=made[DECISION.name],
            as_of=bench.inputs.as_of,
            progress=bench.progress,
        )[1]

    def link_organisations() -> Receipt:
        return linkage.link_organisations(
            engine,
            mention_sets=sets,
            washes=washed,
            folder=bench.core,
            decisions=made[DECISION.name],
            progress=bench.progress,
        )[1]

    parts = (
        _kept_or_linked(bench, "person", link_persons),
        _kept_or_linked(bench, "organisation", link_organisations),
    )
    links = (table_at(engine, table, bench.core) for table in (PERSON_LINK, ORGANISATION_LINK))
    return {one.name: one for one in links}, Receipt.total("link", parts, what="mentions")


def _kept_or_linked(bench: Bench, element: str, link: Callable[[], Receipt]) -> Receipt:
    """The links of the build before where they hold, else linked; the receipt says which and why."""
    kept = keep_links(bench.store, bench.inputs, element, bench.core)
    if isinstance(kept, Receipt):
        return kept
    receipt = link()
    return replace(receipt, notes={**receipt.notes, NOTE: kept})


def _relate(
    engine: Engine, bench: Bench, resources: Sequence[MappedResource], made: dict[str, TableRef]
) -> Made:
    inputs: dict[str, list[TableRef]] = {
        table.name: [one.mentions.tables[table.name] for one in resources]
        for table in MENTION_TABLES
    }
    inputs |= {
        table.name: [made[table.name]]
        for table in (
            ADDRESS_WASH,
            PERSON_LINK,
            ORGANISATION_LINK,
            DECISION,
            ADDRESS_ENTRY,
            ADDRESS_SUCCESSION,
        )
    }
    return registry.identify_and_relate(
        engine,
        inputs=inputs,
        purposes_by_source={
            one.mentions.source: one.registration.permitted_purposes for one in resources
        },
        previous=_previous(engine, bench),
        frame=registry.BuildFrame(
            version=bench.core_version, as_of=bench.inputs.as_of, folder=bench.core
        ),
        catalogue=bench.inputs.catalogue,
        deliveries=bench.inputs.history,
        progress=bench.progress,
    )


def _previous(engine: Engine, bench: Bench) -> registry.PreviousBuild | None:
    """What the build goes on from; with other codes, only who is who is taken from the build that has them."""
    builds, inputs = bench.store.builds, bench.inputs
    before = None
    if inputs.previous:
        before = registry.read_previous(engine, builds / inputs.previous / "core")
    if not inputs.codes_of:
        return before
    codes = registry.read_previous(engine, builds / inputs.codes_of / "core").identity
    return replace(before, identity=codes) if before else registry.PreviousBuild(codes)


def _serve(
    engine: Engine, bench: Bench, resources: Sequence[MappedResource], made: dict[str, TableRef]
) -> Made:
    ends, served = registry.write_relation_ends(
        engine, relations=made[RELATION.name], folder=bench.core
    )
    lines, listed = registry.write_fact_lines(
        engine,
        relations=made[RELATION.name],
        base_facts=made[BASE_FACT.name],
        folder=bench.core,
    )
    inputs = {
        table.name: [one.mentions.tables[table.name] for one in resources]
        for table in MENTION_TABLES
    }
    keyless, told = registry.write_keyless_mentions(
        engine, inputs=inputs | {ADDRESS_WASH.name: [made[ADDRESS_WASH.name]]}, folder=bench.core
    )
    return ends | lines | keyless, Receipt.total(
        "serve",
        (served, listed, told),
        what="relations and mentions",
        without_key=told.notes["without_key"],
    )


def _pack(engine: Engine, bench: Bench, made: dict[str, TableRef]) -> Made:
    return blocks.pack_blocks(
        engine,
        inputs={
            name: made[name]
            for name in ("address_entry", "relation", "organisation", "event", "person")
        },
        frame=PackFrame(
            version=bench.core_version,
            as_of=bench.inputs.as_of,
            library_title=bench.inputs.library.title,
            folder=bench.core,
            before=bench.store.builds / bench.inputs.previous / "core"
            if bench.inputs.previous
            else None,
            source_days={
                one.source: one.as_of for one in bench.inputs.history if one.kind != "shredded"
            },
        ),
        progress=bench.progress,
    )
