"""A shop is not where the register says: the block's figure falls at once, and no figure of persons moves."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import LazySettings

from kuai.blocks.queries import open_blocks
from kuai.flows.block_overlay import as_decided
from kuai.guard.types import Actor, Role
from kuai.kit.clock import utc_now
from kuai.kit.store import Store
from kuai.registry import decisions
from kuai.registry.decisions import Objection
from tests.stories import towns

pytestmark = pytest.mark.django_db

STREET = Actor("street", Role.SUBDISTRICT_CLERK, areas=("",))


def test_an_objection_moves_the_count_of_firms_at_once_and_no_count_of_persons(
    own_store: Path, settings: LazySettings
) -> None:
    store = Store(own_store)
    settings.STORE = store
    reader = open_blocks(store.current_build())
    relations = towns.read_core(store.root, "relation")
    shop = next(
        row for row in relations if row["type"] == "LH_OPERATE" and row["status"] == "asserted"
    )
    home = next(
        row for row in relations if row["type"] == "PH_RESIDE" and row["status"] == "asserted"
    )
    building = reader.get_block(reader.leaf_of(shop["to_code"]))
    assert as_decided(store, reader, building) == building

    for fact, says in ((shop, Objection.OTHER), (home, Objection.NEVER_LIVED)):
        decisions.contest_fact(
            store,
            fact["fact_key"],
            says=says,
            reason="走访时不在此处",
            by=STREET,
            at=utc_now().replace(microsecond=0),
        )

    (district,) = reader.top_blocks()
    for block in (building, reader.get_block(district.code)):
        before = {one.key: one.figure for one in block.counters}
        after = {one.key: one.figure for one in as_decided(store, reader, block).counters}
        changed = {key for key in before if before[key] != after[key]}
        assert changed == {"firms_operating"}
        assert after["firms_operating"] == before["firms_operating"] - 1
