"""A clerk's word: never overruled by rule, fact or model; newest wins; what contradicts is told."""

from __future__ import annotations

import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kuai.linkage.engine.clerk_ties import (
    ClerkRow,
    ClerkWord,
    keep_edges,
    settle,
    word_of,
)
from kuai.linkage.engine.components import (
    Edges,
    Traits,
    component_labels,
    keep_consistent_edges,
    strongest_paths,
)
from tests.modules.linkage.builders import (
    FAR_ROOM,
    ROOM,
    a_decision,
    a_row,
    an_id_number,
    link_rows,
    strangers,
)
from tests.modules.linkage.test_components import COUNT, EDGE_LISTS, TRAITS, UNKNOWN, edges_from

KEYS = [f"m{number:02d}" for number in range(COUNT)]
NUMBER_OF = {key: number for number, key in enumerate(KEYS)}
MENTIONS = st.sampled_from([*KEYS, "gone1", "gone2"])
DECISIONS = st.lists(
    st.one_of(
        st.tuples(st.just("same"), st.lists(MENTIONS, min_size=2, max_size=4, unique=True)),
        st.tuples(st.just("different"), st.lists(MENTIONS, min_size=2, max_size=2, unique=True)),
        st.tuples(st.just("split"), st.lists(MENTIONS, min_size=2, max_size=5, unique=True)),
    ),
    max_size=6,
)
SON = an_id_number("1990-07-08", sequence=13)
BROTHER = an_id_number("1992-01-08", sequence=15)
PHONE = "13912340001"


def rows_of(decisions: list[tuple[str, list[str]]]) -> list[ClerkRow]:
    rows: list[ClerkRow] = []
    for sequence, (kind, keys) in enumerate(decisions, 1):
        leaving, staying = (keys[:-1], keys[-1:]) if kind == "split" else (keys, [])
        rows += a_decision(sequence, kind, *leaving, staying=staying)
    return rows


def traits_of(values: list[int | None]) -> Traits:
    return Traits(
        (np.array([UNKNOWN if value is None else value for value in values], dtype=np.int64),)
    )


def labels_under(
    listed: list[tuple[int, int, int]], values: list[int | None], rows: list[ClerkRow]
) -> np.ndarray:
    shifted = [(a, b, tier + 1) for a, b, tier in listed]
    word = word_of(rows, NUMBER_OF)
    merging = keep_edges(COUNT, edges_from(shifted), traits_of(values), word, equal_below=9)
    return component_labels(COUNT, merging.kept.left, merging.kept.right)


@given(EDGE_LISTS, TRAITS, DECISIONS)
@settings(max_examples=300, deadline=None)
def test_no_rule_and_no_fact_overrules_the_clerk(
    listed: list[tuple[int, int, int]],
    values: list[int | None],
    decisions: list[tuple[str, list[str]]],
) -> None:
    rows = rows_of(decisions)
    labels = labels_under(listed, values, rows)
    spoken = settle(rows)
    for group in spoken.groups:
        assert len({labels[NUMBER_OF[key]] for key in group if key in NUMBER_OF}) <= 1
    group_of = {key: group for group in spoken.groups for key in group}
    for one, other in spoken.apart:
        here = {labels[NUMBER_OF[key]] for key in group_of[one] if key in NUMBER_OF}
        there = {labels[NUMBER_OF[key]] for key in group_of[other] if key in NUMBER_OF}
        assert not here & there


@given(DECISIONS)
@settings(max_examples=300, deadline=None)
def test_every_pair_a_decision_names_holds_or_is_told_as_contradicted_by_a_newer_one(
    decisions: list[tuple[str, list[str]]],
) -> None:
    rows = rows_of(decisions)
    spoken = settle(rows)
    group_of = {key: group for group in spoken.groups for key in group}
    told = {one.older for one in spoken.contradictions}
    assert all(one.newer > one.older for one in spoken.contradictions)
    for sequence, (kind, keys) in enumerate(decisions, 1):
        if sequence in told:
            continue
        ones = keys[:-1] if kind == "split" else keys
        if kind in ("same", "split"):
            assert len({group_of[key] for key in ones}) == 1
        if kind in ("different", "split"):
            assert all(group_of[key] != group_of[keys[-1]] for key in keys[:-1])


@given(EDGE_LISTS, TRAITS, DECISIONS, st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_the_order_of_rows_and_edges_does_not_matter(
    listed: list[tuple[int, int, int]],
    values: list[int | None],
    decisions: list[tuple[str, list[str]]],
    rng: random.Random,
) -> None:
    rows = rows_of(decisions)
    wanted = labels_under(listed, values, rows)
    rng.shuffle(rows)
    listed = rng.sample(listed, len(listed))
    assert labels_under(listed, values, rows).tolist() == wanted.tolist()


@given(EDGE_LISTS, TRAITS)
def test_without_a_decision_everything_is_as_before(
    listed: list[tuple[int, int, int]], values: list[int | None]
) -> None:
    edges, traits = edges_from(listed), traits_of(values)
    plain = keep_consistent_edges(COUNT, edges, traits)
    silent = keep_edges(COUNT, edges, traits, ClerkWord.silent(), equal_below=9)
    for one, other in ((plain.kept, silent.kept), (plain.cut, silent.cut)):
        assert one.left.tolist() == other.left.tolist()
        assert one.right.tolist() == other.right.tolist()
        assert one.tier.tolist() == other.tier.tolist()


@given(EDGE_LISTS, TRAITS, DECISIONS)
def test_clusters_no_decision_touches_come_out_as_before(
    listed: list[tuple[int, int, int]],
    values: list[int | None],
    decisions: list[tuple[str, list[str]]],
) -> None:
    rows = rows_of(decisions)
    shifted = edges_from([(a, b, tier + 1) for a, b, tier in listed])
    merging = keep_consistent_edges(COUNT, shifted, traits_of(values))
    before = component_labels(COUNT, merging.kept.left, merging.kept.right)
    after = labels_under(listed, values, rows)
    possible = component_labels(
        COUNT,
        np.concatenate([shifted.left, word_of(rows, NUMBER_OF).same.left]),
        np.concatenate([shifted.right, word_of(rows, NUMBER_OF).same.right]),
    )
    named = {possible[NUMBER_OF[row.subject]] for row in rows if row.subject in NUMBER_OF}
    for node in range(COUNT):
        if possible[node] not in named:
            assert before[node] == after[node]


def test_a_same_ties_what_the_rules_would_never_tie_and_says_who_said_so() -> None:
    rows = [a_row("a", number=SON), a_row("b", "李芳", "rental", number=BROTHER)]
    links, figures = link_rows(rows, decided=a_decision(1, "same", "b", "a"))
    assert links["a"]["cluster"] == links["b"]["cluster"] == "a"
    assert links["b"]["match_probability"] == 1.0
    assert links["b"]["reason"] == "人工核定为同一对象"
    assert figures.edges_by_key["clerk"] == 1


def test_a_different_parts_what_number_phone_and_room_tie_over_every_path() -> None:
    rows = [
        a_row("a", number=SON, phone=PHONE, room=ROOM),
        a_row("b", source="rental", number=SON, phone=PHONE, room=ROOM),
        a_row("c", source="access", phone=PHONE),
        a_row("d", source="water", room=ROOM),
    ]
    plain, _ = link_rows([*rows, *strangers()])
    assert len({plain[row]["cluster"] for row in "abcd"}) == 1
    links, figures = link_rows([*rows, *strangers()], decided=a_decision(1, "different", "a", "b"))
    assert links["a"]["cluster"] != links["b"]["cluster"]
    assert figures.edges_parted > 0
    assert not links["a"]["quarantined"], "what the clerk parted is no riddle any more"


def test_when_the_first_record_leaves_the_others_hold_on_to_each_other() -> None:
    rows = [a_row(row, source=row, number=SON) for row in "abcd"]
    decided = a_decision(1, "split", "a", staying=("b", "c"))
    links, _ = link_rows(rows, decided=decided)
    assert [links[row]["cluster"] for row in "bc"] == ["b", "b"]
    assert links["a"]["cluster"] == "a"
    assert links["c"]["reason"] == "身份证号码相同且姓名一致"


def test_neither_the_model_nor_a_lone_name_brings_back_what_a_clerk_parted() -> None:
    rows = [
        a_row("a", "欧阳晓明", phone=PHONE, room=ROOM, born="1990-07-08"),
        a_row("b", "欧阳晓鸣", "rental", phone=PHONE, room=ROOM, born="1990-07-08"),
        a_row("c", "欧阳晓明", "access", room=FAR_ROOM),
    ]
    links, _ = link_rows([*rows, *strangers()], decided=a_decision(1, "different", "a", "b"))
    assert links["a"]["cluster"] != links["b"]["cluster"]


def test_the_newest_decision_wins_and_the_older_is_told_over_a_chain() -> None:
    rows = [
        *a_decision(3, "same", "a", "b"),
        *a_decision(5, "same", "b", "c"),
        *a_decision(7, "different", "a", "c"),
        *a_decision(9, "same", "c", "d"),
    ]
    spoken = settle(rows)
    assert [(one.older, one.newer, one.left, one.right) for one in spoken.contradictions] == [
        (3, 7, "a", "b")
    ]
    assert ("b", "c", "d") in spoken.groups
    reversed_word = settle([*a_decision(1, "different", "a", "c"), *rows[:4]])
    assert [(one.older, one.newer) for one in reversed_word.contradictions] == [(1, 5)]


def test_a_decision_about_records_that_are_not_here_waits_and_is_counted() -> None:
    decided = [*a_decision(1, "same", "a", "gone"), *a_decision(2, "same", "gone", "b")]
    links, figures = link_rows([a_row("a"), a_row("b", "李芳", "rental")], decided=decided)
    assert links["b"]["cluster"] == "a", "both are one with the third, wherever that is"
    assert figures.decisions_waiting == 2
    nobody, figures = link_rows([a_row("a")], decided=a_decision(1, "same", "x", "y"))
    assert nobody["a"]["cluster"] == "a"
    assert figures.decisions_waiting == 0, "it names nobody of this link"


def test_what_is_kept_is_still_the_strongest_path() -> None:
    word = word_of(a_decision(1, "same", "m00", "m01"), NUMBER_OF)
    edges = Edges(np.array([1]), np.array([2]), np.array([4], np.int16))
    merging = keep_edges(COUNT, edges, traits_of([None] * COUNT), word, equal_below=9)
    membership = strongest_paths(COUNT, merging.kept)
    assert membership.path_tier[:3].tolist() == [-1, 0, 4]
