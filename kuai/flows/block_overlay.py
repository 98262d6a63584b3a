"""Blocks as decided: what people said of firms, events and accounts since the build, laid over its figures.

Joins `registry`, which knows the decisions, and `blocks`, which knows the figures. Counts of persons stay as built
(decision 0028): a figure that moves with one objection would tell whose it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from kuai.blocks.queries import (
    FACTS_OF_PREMISES,
    BlockReader,
    changes_between,
    open_blocks,
    premises_counters,
)
from kuai.blocks.types import AreaView, BlockView, PlacedChange, PlacedFact
from kuai.kit.store import Store
from kuai.registry.decisions import last_sequence
from kuai.registry.queries import (
    Belief,
    ElementState,
    count_removals_since_build,
    find_belief,
    published_sequence,
    state_of,
    statuses_since,
)

_COUNTING = ("asserted", "verified")


def as_decided(store: Store, reader: BlockReader, block: BlockView) -> BlockView:
    """The block of the published build with what was decided since. Of another build nothing is laid over."""
    return all_as_decided(store, reader, [block])[0]


def all_as_decided(
    store: Store, reader: BlockReader, blocks: Sequence[BlockView]
) -> list[BlockView]:
    """`as_decided` of several blocks; the log is asked once."""
    if reader.core.parent != store.current_build() or last_sequence() <= published_sequence(store):
        return list(blocks)
    held = find_belief(store)
    waits = count_removals_since_build(store) > 0
    changes = placed_changes(store, held)
    return [reader.lay_over(block, changes, persons_wait=waits) for block in blocks]


def area_as_decided(store: Store, reader: BlockReader, view: AreaView) -> AreaView:
    """The area of the published build with what was decided since, by the buildings that lie in it."""
    if reader.core.parent != store.current_build() or last_sequence() <= published_sequence(store):
        return view
    waits = count_removals_since_build(store) > 0
    changes = placed_changes(store, find_belief(store))
    return reader.lay_over_area(view, changes, persons_wait=waits)


def placed_changes(store: Store, held: Belief) -> tuple[PlacedChange, ...]:
    """What decisions up to `held` do to counters of premises, building by building."""
    return _changes(store, held)


@lru_cache(maxsize=8)
def _changes(store: Store, held: Belief) -> tuple[PlacedChange, ...]:
    keys = [fact.split("|") for fact in statuses_since(held.built_up_to, up_to=held.sequence)]
    # What is said of a person's birth has two parts only.
    elements = {
        key[2] if key[0] == "HT_UTILITY" else key[1] for key in keys if key[0] in FACTS_OF_PREMISES
    }
    as_built = Belief(held.version, held.built_up_to, held.built_up_to)
    before, after = (
        [
            fact
            for code in sorted(elements)
            for fact in _counted(state_of(store, code, belief=belief))
        ]
        for belief in (as_built, held)
    )
    return changes_between(before, after, open_blocks(store.builds / held.version).leaf_of)


def _counted(state: ElementState) -> Iterable[PlacedFact]:
    """The element's facts that count."""
    for one in state.relations:
        if one.status in _COUNTING and not one.is_contested and one.type in FACTS_OF_PREMISES:
            place = one.from_code if one.type == "HT_UTILITY" else one.to_code
            for counter in premises_counters(one.type, state.values):
                yield PlacedFact(counter, place, state.code)
