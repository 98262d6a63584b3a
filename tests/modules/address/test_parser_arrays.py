"""The parser's arithmetic against plain, slow arithmetic: layout, chain, network and its slopes."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from kuai.address.parser.chain import ChainWeights, best_tags, empty_chain, expect
from kuai.address.parser.features import character_tables, slots_of
from kuai.address.parser.labels import LABEL_COUNT, spans_of, tags_of
from kuai.address.parser.network import NetworkShape, narrowed, new_network
from kuai.address.parser.packing import code_points, pack_rows
from kuai.address.parser.reading import ReadingNetwork
from kuai.address.parser.recurrent import (
    RecurrentTrace,
    new_recurrent,
    packed_gates,
    run_ahead,
    run_back,
)
from kuai.address.parser.training import vocabulary_of

LENGTHS = np.array([5, 3, 3, 1])


def random_chain(seed: int) -> ChainWeights:
    chance = np.random.default_rng(seed)
    chain = empty_chain()
    for name in ("follow", "begin", "end", "single", "second"):
        weights = getattr(chain, name)
        weights[...] = chance.standard_normal(weights.shape)
    return chain


def score_of(tags: tuple[int, ...], scores: np.ndarray, chain: ChainWeights) -> float:
    """One reading's score, written out; impossible readings have none."""
    if tags[0] >= LABEL_COUNT:
        return -np.inf
    total = float(chain.begin[tags[0]] + scores[0, tags[0]])
    for place in range(1, len(tags)):
        before, now = tags[place - 1], tags[place]
        label = before % LABEL_COUNT
        if now < LABEL_COUNT:
            total += chain.follow[label, now]
            total += chain.single[label] if before < LABEL_COUNT else 0
        elif now - LABEL_COUNT != label:
            return -np.inf
        else:
            total += chain.second[label] if before < LABEL_COUNT else 0
        total += scores[place, now]
    last = tags[-1]
    total += chain.end[last % LABEL_COUNT]
    return float(total + (chain.single[last] if last < LABEL_COUNT else 0))


def readings_of(length: int) -> list[tuple[int, ...]]:
    # Three labels are enough to try every reading; the others are made impossible by their scores.
    few = (0, 1, 2, LABEL_COUNT, LABEL_COUNT + 1, LABEL_COUNT + 2)
    return list(product(few, repeat=length))


@pytest.fixture
def scored_rows():
    """Packed rows with random scores in which labels from the fourth on are out of the question."""
    rows = pack_rows(LENGTHS[1:])
    scores = np.random.default_rng(5).standard_normal((rows.places, 2 * LABEL_COUNT))
    scores = scores.astype(np.float32)
    scores[:, 3:LABEL_COUNT] = scores[:, LABEL_COUNT + 3 :] = -60
    return rows, scores


def places_of(rows, row: int) -> np.ndarray:
    return rows.offsets[np.arange(rows.lengths[row])] + row


def test_every_character_has_its_place_in_both_directions():
    rows = pack_rows(LENGTHS)
    assert sorted(rows.forward) == sorted(rows.backward) == list(range(12))
    for row, length in enumerate(LENGTHS):
        first = int(LENGTHS[:row].sum())
        assert list(rows.forward[places_of(rows, row)]) == list(range(first, first + length))
        assert list(rows.backward[places_of(rows, row)]) == list(range(first, first + length))[::-1]
    assert np.array_equal(rows.backward[rows.turned], rows.forward)


def test_the_best_reading_is_the_best_of_all_readings(scored_rows):
    rows, scores = scored_rows
    chain = random_chain(1)
    tags = best_tags(np.ascontiguousarray(scores.T), chain, rows)
    for row, length in enumerate(rows.lengths):
        places = places_of(rows, row)
        best = max(readings_of(length), key=lambda one: score_of(one, scores[places], chain))
        assert tuple(tags[places]) == best


def test_expectations_are_the_mean_over_all_readings(scored_rows):
    rows, scores = scored_rows
    chain = random_chain(2)
    expected = expect(scores, chain, rows)
    log_total, follow = 0.0, np.zeros((LABEL_COUNT, LABEL_COUNT))
    for row, length in enumerate(rows.lengths):
        places = places_of(rows, row)
        readings = readings_of(length)
        weights = np.exp([score_of(one, scores[places], chain) for one in readings])
        log_total += np.log(weights.sum())
        share = weights / weights.sum()
        seen = np.zeros((length, 2 * LABEL_COUNT))
        for one, part in zip(readings, share, strict=True):
            seen[np.arange(length), list(one)] += part
            for before, now in zip(one, one[1:], strict=False):
                if now < LABEL_COUNT:
                    follow[before % LABEL_COUNT, now] += part
        np.testing.assert_allclose(expected.places[places], seen, atol=1e-5)
    assert expected.log_total == pytest.approx(log_total, rel=1e-5)
    np.testing.assert_allclose(expected.weights.follow, follow, atol=1e-5)


def test_the_layer_s_slopes_are_those_of_small_changes():
    chance = np.random.default_rng(3)
    rows = pack_rows(LENGTHS)
    weights = new_recurrent(4, 3, chance)
    weights.candidate_bias[...] = chance.standard_normal(weights.candidate_bias.shape)
    inputs = chance.standard_normal((rows.places, 4)).astype(np.float32)
    wanted = chance.standard_normal((2, rows.places, 3)).astype(np.float32)

    def ahead():
        gates = packed_gates(inputs @ weights.into + weights.bias, rows)
        recalled = np.empty((2, rows.places, 3), dtype=np.float32)
        states = run_ahead(gates, weights, rows, recalled=recalled)
        return RecurrentTrace(gates, recalled, states), float((states * wanted).sum())

    trace, _ = ahead()
    gates, again, candidate_bias = run_back(wanted, trace, weights, rows)
    slopes = {"again": again, "candidate_bias": candidate_bias}
    bias = np.concatenate((gates[0].sum(axis=0), gates[1].sum(axis=0)))
    for name, slope in {**slopes, "bias": bias}.items():
        changed = getattr(weights, name)
        for place in range(0, changed.size, max(1, changed.size // 7)):
            kept = changed.flat[place]
            changed.flat[place] = kept + 0.01
            above = ahead()[1]
            changed.flat[place] = kept - 0.01
            below = ahead()[1]
            changed.flat[place] = kept
            assert slope.flat[place] == pytest.approx((above - below) / 0.02, abs=5e-3), name


def test_reading_gives_the_scores_that_training_sees():
    texts = ["人民路3-2-501", "浙江省杭州市1号", "坪山"]
    chance = np.random.default_rng(4)
    network = new_network(NetworkShape(6, 6, 4, 2, 5), *vocabulary_of(texts, at_least=1), chance)
    network.layer.candidate_bias[...] = 0.3
    lengths = np.array([len(text) for text in texts])
    rows, points = pack_rows(lengths), code_points(texts)
    row_of = np.repeat(np.arange(3), lengths)
    slots, places = slots_of(points, row_of), network.places()
    inputs = np.concatenate(
        [
            table[places[slot][slots[slot]] if slot in places else slots[slot]]
            for slot, table in network.tables.items()
        ],
        axis=1,
    )
    gates = packed_gates(inputs @ network.layer.into + network.layer.bias, rows)
    states = run_ahead(gates, network.layer, rows, recalled=None)
    joined = np.concatenate((states[0], states[1][rows.turned]), axis=1)
    expected = joined @ network.output + network.output_bias
    found = ReadingNetwork(network).scores(points, row_of, rows)
    np.testing.assert_allclose(found.T, expected, atol=1e-5)


def test_leaving_out_units_nobody_listens_to_changes_no_score():
    texts = ["浙江省杭州市1号", "坪山"]
    chance = np.random.default_rng(6)
    network = new_network(NetworkShape(6, 6, 4, 2, 5), *vocabulary_of(texts, at_least=1), chance)
    for direction, unit in ((0, 1), (1, 4)):
        network.layer.again[direction, unit] = 0
        network.output[direction * 5 + unit] = 0
    rows, row_of = pack_rows(np.array([8, 2])), np.repeat([0, 1], [8, 2])
    before = ReadingNetwork(network).scores(code_points(texts), row_of, rows)
    after = ReadingNetwork(narrowed(network, 4)).scores(code_points(texts), row_of, rows)
    np.testing.assert_allclose(after, before, atol=1e-5)


def test_a_repeated_name_is_marked_both_times_and_within_its_row_only():
    texts = ["杭州市西湖区杭州市", "杭州"]
    lengths = [len(text) for text in texts]
    repeat = slots_of(code_points(texts), np.repeat([0, 1], lengths))["repeat"]
    assert list(repeat[:9]) == [2, 2 + 8, 8, 0, 0, 0, 1, 1 + 4, 4]
    assert not repeat[9:].any()


def test_full_width_and_capitals_look_like_the_plain_character():
    folded = character_tables().folded
    assert [chr(folded[ord(char)]) for char in "Ａａ３－A—"] == ["a", "a", "3", "-", "a", "-"]


def test_tags_and_spans_tell_the_same_segments():
    segments = [("road", "人民路"), ("roadno", "8")]
    road, number = (tags_of(segments)[place] for place in (0, 3))
    assert list(tags_of(segments)) == [road, road + LABEL_COUNT, road + LABEL_COUNT, number]
    assert spans_of(segments) == {(0, 3, "road"), (3, 4, "roadno")}
