"""The frozen snapshot and what was decided since give what a build of today would count."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kuai.blocks.engine.overlay import FACTS_OF_PREMISES, changes_between, premises_counters
from kuai.blocks.types import PlacedChange, PlacedFact
from tests.modules.blocks.builders import TOP, a_library, figure, pack, residents

LIBRARY = a_library(communities=2, grids=1, buildings=2, rooms=2)
PLACES = [row["address_code"] for row in LIBRARY if row["level"] in ("room", "building")]
BLOCKS = [row["address_code"] for row in LIBRARY if row["level"] != "room"]
FIRMS = [
    {
        "organisation_code": f"O-{n}",
        "organisation_no": n,
        "name": f"店{n}",
        "kind": ("enterprise", "sole_trader", "institution")[n % 3],
        "state": ("active", "unknown", "active", "active", "ended")[n],
        "industry_section": (None, "F", "P", "C", "F")[n],
    }
    for n in range(5)
]
EVENTS = [
    {
        "event_code": f"E-{n}",
        "event_no": n,
        "kind": ("request", "inspection", "case", "new_resident_signal")[n % 4],
        "outcome": "不合格" if n % 2 else "合格",
        "place_code": PLACES[n % len(PLACES)],
    }
    for n in range(6)
]
ELEMENTS = {one["organisation_code"]: one for one in FIRMS} | {
    one["event_code"]: one for one in EVENTS
}
STATUSES = ("asserted", "verified", "disputed", "withdrawn", "ended")


@st.composite
def facts(draw):
    """A fact as one or two sources state it, its status in the build and what decisions make of it since."""
    relation = draw(st.sampled_from(FACTS_OF_PREMISES))
    if relation == "HE_OCCUR":
        event = draw(st.sampled_from(EVENTS))
        start, end = event["event_code"], event["place_code"]
    elif relation == "HT_UTILITY":
        start, end = draw(st.sampled_from(PLACES)), f"C-{draw(st.integers(0, 3))}"
    else:
        start, end = (
            draw(st.sampled_from(sorted(f["organisation_code"] for f in FIRMS))),
            draw(st.sampled_from(PLACES)),
        )
    rows = [
        {
            "type": relation,
            "from_code": start,
            "to_code": end,
            "source": source,
            "status": draw(st.sampled_from(STATUSES)),
        }
        for source in draw(st.sampled_from((("market",), ("hotline", "market"))))
    ]
    return rows, draw(st.sampled_from(("", *STATUSES)))


def counted(rows) -> list[PlacedFact]:
    """The facts that count, element by element."""
    found = []
    for row in rows:
        if row["status"] not in ("asserted", "verified"):
            continue
        is_account = row["type"] == "HT_UTILITY"
        element, place = row["from_code"], row["to_code"]
        if is_account:
            element, place = place, element
        for counter in premises_counters(row["type"], ELEMENTS.get(element, {})):
            found.append(PlacedFact(counter, place, element))
    return found


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(facts(), min_size=3, max_size=12))
def test_snapshot_and_overlay_are_the_naive_recount(tmp_path_factory, stated):
    folder = tmp_path_factory.mktemp("overlay")
    before = [row for rows, _ in stated for row in rows]
    words = {
        (rows[0]["type"], rows[0]["from_code"], rows[0]["to_code"]): word for rows, word in stated
    }
    after = [
        row
        | (
            {"status": word}
            if (word := words[row["type"], row["from_code"], row["to_code"]])
            else {}
        )
        for row in before
    ]
    snapshot = pack(folder / "before", LIBRARY, before, organisations=FIRMS, events=EVENTS)
    recount = pack(folder / "after", LIBRARY, after, organisations=FIRMS, events=EVENTS)
    changes = changes_between(counted(before), counted(after), snapshot.leaf_of)
    for code in BLOCKS:
        built = snapshot.get_block(code)
        laid_over = snapshot.lay_over(built, changes)
        ours, theirs = premises_of(laid_over), premises_of(recount.get_block(code))
        if built.level == "building":
            # What happens at homes is told of a building by cells: as built until the next build.
            theirs |= {key: premises_of(built)[key] for key in ("requests", "cases")}
        assert None not in {figure for key, figure in ours.items() if built.level != "building"}
        assert ours == theirs


def premises_of(block) -> dict[str, int | None]:
    """An ended firm's last domicile is counted as the build has it, whatever is decided on it since."""
    return {
        one.key: one.figure
        for one in block.counters
        if not one.counts_persons and one.key != "firms_ended"
    }


def test_a_firm_in_two_rooms_of_a_building_leaves_it_with_the_second(tmp_path):
    rooms = [row["address_code"] for row in LIBRARY if row["level"] == "room"][:2]
    reader = pack(tmp_path, LIBRARY)
    both = [PlacedFact("firms", room, "O-1") for room in rooms]
    assert changes_between(both, both[:1], reader.leaf_of) == ()
    building = reader.leaf_of(rooms[0])
    assert changes_between(both, [], reader.leaf_of) == (PlacedChange("firms", building, -1),)


def test_persons_stay_as_built_and_are_marked(tmp_path):
    room = next(row["address_code"] for row in LIBRARY if row["level"] == "room")
    reader = pack(tmp_path, LIBRARY, residents(room, 12))
    block = reader.get_block(TOP)
    over = reader.lay_over(
        block, [PlacedChange("residents", reader.leaf_of(room), -1)], persons_wait=True
    )
    assert figure(reader, TOP, "residents") == 12
    marked = {one.key: one for one in over.counters}
    assert marked["residents"].figure == 12
    assert marked["residents"].waits_for_build
    assert not marked["firms"].waits_for_build
    assert replace(over, counters=block.counters) == block


@pytest.mark.parametrize(
    ("relation", "element", "counters"),
    [
        (
            "LH_REGISTERED",
            {"kind": "enterprise", "state": "active", "industry_section": "F"},
            ("firms", "firms_enterprise", "firms_active", "firms_section_f"),
        ),
        (
            "LH_REGISTERED",
            {"kind": "sole_trader", "state": "unknown", "industry_section": "H"},
            ("firms", "firms_sole_trader", "firms_state_unknown"),
        ),
        (
            "LH_REGISTERED",
            {"kind": "unknown", "state": "active", "industry_section": "H"},
            ("firms", "firms_other", "firms_active"),
        ),
        ("LH_REGISTERED", {"kind": "enterprise", "state": "ended"}, ()),
        ("HE_OCCUR", {"kind": "new_resident_signal"}, ()),
        ("PH_RESIDE", {}, ()),
    ],
)
def test_a_fact_counts_where_the_build_counts_it(relation, element, counters):
    assert premises_counters(relation, element) == counters
