"""A shop is not where the register says: the block's figure falls at once, and no figure of persons moves."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.test import Client

from kuai.blocks.queries import open_blocks
from kuai.flows.block_overlay import as_decided
from kuai.guard.access import create_demo_accounts
from kuai.guard.types import Actor, Role
from kuai.kit.clock import utc_now
from kuai.kit.store import Store
from kuai.registry import decisions
from kuai.registry.decisions import Objection
from kuai.web.areas.counting import count_shape
from kuai.web.areas.shapes import AreaShape
from tests.stories import towns

pytestmark = pytest.mark.django_db

PASSWORD = "kuai-demo-for-tests"
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


def test_files_areas_and_comparisons_say_what_the_blocks_page_says(
    own_store: Path, settings: LazySettings
) -> None:
    store = Store(own_store)
    settings.STORE = store
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    reader = open_blocks(store.current_build())
    shop = next(
        row
        for row in towns.read_core(store.root, "relation")
        if row["type"] == "LH_OPERATE" and row["status"] == "asserted"
    )
    leaf = reader.leaf_of(shop["to_code"])
    built = {one.key: one.figure for one in reader.get_block(leaf).counters}
    decisions.contest_fact(
        store,
        shop["fact_key"],
        says=Objection.OTHER,
        reason="走访时不在此处",
        by=STREET,
        at=utc_now().replace(microsecond=0),
    )
    view = count_shape(reader, AreaShape("blocks", {"codes": [leaf]}), actor=STREET)
    figures = {one.key: one.figure for one in view.counters}
    assert figures["firms_operating"] == built["firms_operating"] - 1

    create_demo_accounts((), synthetic=True, at=utc_now(), password=PASSWORD)
    leader = Client()
    leader.post("/login/", {"username": "demo-leader", "password": PASSWORD})
    (grid,) = [code for code, level, _name in reader.get_block(leaf).path if level == "grid"]
    frozen = {one.key: one for one in reader.get_block(grid).counters}["firms_operating"]
    answer = leader.post(f"/blocks/{grid}/export/", {"form": "csv", "reason": "核对"})
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    (told,) = [row[4] for row in rows if row[0] == grid and row[3] == frozen.title_zh]
    assert int(told) == frozen.figure - 1
