"""Training of the parser's network: gradient steps in numpy, the same result for the same seed and rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, fields

import numpy as np

from kuai.address.parser.chain import ChainWeights, expect
from kuai.address.parser.features import slots_of
from kuai.address.parser.labels import LABEL_COUNT, Segment, tags_of
from kuai.address.parser.network import (
    SLOTS,
    UNKNOWN,
    Network,
    rows_of_tables,
)
from kuai.address.parser.packing import PackedRows, code_points, pack_rows
from kuai.address.parser.recurrent import GATES, RecurrentTrace, packed_gates, run_ahead, run_back
from kuai.kit.progress import SILENT, Progress, ProgressTask, progress_line

WARM_STEPS = 100


@dataclass(frozen=True)
class Recipe:
    """How to train. The defaults were chosen by cross-validation on the training rows alone (decision 0015)."""

    epochs: int = 15
    batch: int = 48
    rate: float = 2e-3
    drop: float = 0.6
    forget_char: float = 0.05
    forget_bigram: float = 0.1
    decay: float = 1e-4
    table_rate: float = 2.0
    seed: int = 1


@dataclass(frozen=True)
class LabelledRow:
    """One address with its segments."""

    text: str
    segments: tuple[Segment, ...]


@dataclass
class _Prepared:
    """Rows as arrays: table rows by slot and tags, each row's places from starts[i] to starts[i + 1]."""

    numbers: dict[str, np.ndarray]
    tags: np.ndarray
    starts: np.ndarray


def vocabulary_of(
    texts: Sequence[str], *, at_least: int = 2, most_pairs: int = 1 << 20
) -> tuple[np.ndarray, np.ndarray]:
    """Characters and hashed pairs that stand in the texts at least so often; of pairs the most frequent."""
    points, row_of = _joined(texts)
    slots = slots_of(points, row_of)
    found = []
    for slot in ("char", "bigram"):
        values, counts = np.unique(slots[slot], return_counts=True)
        usual = np.argsort(-counts, kind="stable")[:most_pairs]
        usual = np.sort(usual[counts[usual] >= at_least])
        found.append(values[usual])
    return found[0], found[1]


def _joined(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    lengths = np.fromiter((len(text) for text in texts), dtype=np.int64, count=len(texts))
    return code_points(texts), np.repeat(np.arange(len(texts)), lengths)


def _prepare(rows: Sequence[LabelledRow], network: Network) -> _Prepared:
    texts = [row.text for row in rows]
    points, row_of = _joined(texts)
    lengths = np.array([len(text) for text in texts])
    return _Prepared(
        numbers=rows_of_tables(points, row_of, network.places()),
        tags=np.concatenate([tags_of(row.segments) for row in rows]),
        starts=np.concatenate(([0], np.cumsum(lengths))),
    )


class _Adam:
    """Adam for whole arrays and, for tables, for the rows that were used."""

    def __init__(self, decay: float, table_rate: float) -> None:
        self.decay = decay
        self.table_rate = table_rate
        self.moments: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        self.steps = 0

    def begin_step(self, rate: float) -> None:
        self.steps += 1
        self.rate = rate
        self.first_share = 1 - 0.9**self.steps
        self.second_share = 1 - 0.99**self.steps

    def step(
        self, name: str, weights: np.ndarray, slope: np.ndarray, used: np.ndarray | None = None
    ) -> None:
        if name not in self.moments:
            self.moments[name] = (np.zeros_like(weights), np.zeros_like(weights))
        first, second = self.moments[name]
        place = slice(None) if used is None else used
        one = first[place] * np.float32(0.9) + slope * np.float32(0.1)
        two = second[place] * np.float32(0.99) + np.square(slope) * np.float32(0.01)
        first[place], second[place] = one, two
        change = (one / self.first_share) / (np.sqrt(two / self.second_share) + 1e-8)
        if weights.ndim > 1 and used is None:
            change += self.decay * weights
        rate = self.rate if used is None else self.rate * self.table_rate
        weights[place] -= (rate * change).astype(np.float32)


class Trainer:
    """Takes a network through `steps` of gradient, the rate falling to nothing. Deterministic by seed and machine."""

    def __init__(self, network: Network, recipe: Recipe, *, steps: int, line: ProgressTask) -> None:
        self.network = network
        self.recipe = recipe
        self._steps = steps
        self._line = line
        self._adam = _Adam(recipe.decay, recipe.table_rate)
        self._chance = np.random.default_rng(recipe.seed)

    def learn(self, rows: Sequence[LabelledRow], *, epochs: int = 1) -> None:
        """Pass over `rows`, each time in another order."""
        prepared = _prepare(rows, self.network)
        for _ in range(epochs):
            for batch in _batches(prepared, self.recipe.batch, self._chance):
                done = self._adam.steps
                warm = min(1.0, (done + 1) / WARM_STEPS)
                left = max(0.0, 1 - done / self._steps)
                self._adam.begin_step(self.recipe.rate * warm * left)
                drawn = _draw_batch(prepared, batch, self.recipe, self._chance)
                _take_step(self.network, drawn, self.recipe, self._adam, self._chance)
                self._line.advance()


def steps_of(rows: int, recipe: Recipe) -> int:
    """Steps of gradient that so many rows cost."""
    return -(-rows // recipe.batch) * recipe.epochs


def train_network(
    rows: Sequence[LabelledRow], start: Network, *, recipe: Recipe, progress: Progress = SILENT
) -> Network:
    """A network that learnt on from `start`, which stays as it was. The same rows and recipe give the same network."""
    total = steps_of(len(rows), recipe)
    with progress_line(progress, "训练", total=total, measure="批") as line:
        trainer = Trainer(deepcopy(start), recipe, steps=total, line=line)
        trainer.learn(rows, epochs=recipe.epochs)
    return trainer.network


def _batches(prepared: _Prepared, size: int, chance: np.random.Generator) -> Iterator[np.ndarray]:
    """Row numbers of each batch, of like length, in an order of chance."""
    lengths = np.diff(prepared.starts)
    order = chance.permutation(len(lengths))
    pool = size * 20
    batches = []
    for first in range(0, len(order), pool):
        part = order[first : first + pool]
        part = part[np.argsort(-lengths[part], kind="stable")]
        batches += [part[start : start + size] for start in range(0, len(part), size)]
    for number in chance.permutation(len(batches)):
        batch = batches[number]
        yield batch[np.argsort(-lengths[batch], kind="stable")]


@dataclass(frozen=True)
class _Batch:
    """Rows drawn for one step: layout, table rows a slot (some forgotten), tags in packed order."""

    rows: PackedRows
    numbers: dict[str, np.ndarray]
    tags: np.ndarray


def _draw_batch(
    prepared: _Prepared, batch: np.ndarray, recipe: Recipe, chance: np.random.Generator
) -> _Batch:
    lengths = prepared.starts[batch + 1] - prepared.starts[batch]
    rows = pack_rows(lengths)
    flat = np.repeat(prepared.starts[batch] - rows.starts, lengths) + np.arange(rows.places)
    numbers = {slot: values[flat] for slot, values in prepared.numbers.items()}
    for slot, share in (("char", recipe.forget_char), ("bigram", recipe.forget_bigram)):
        numbers[slot] = np.where(chance.random(rows.places) < share, UNKNOWN, numbers[slot])
    return _Batch(rows, numbers, prepared.tags[flat][rows.forward])


def _take_step(
    network: Network, batch: _Batch, recipe: Recipe, adam: _Adam, chance: np.random.Generator
) -> None:
    rows, layer = batch.rows, network.layer
    inputs = np.concatenate([network.tables[slot][batch.numbers[slot]] for slot in SLOTS], axis=1)
    kept_inputs = _kept(inputs.shape, recipe.drop, chance)
    inputs *= kept_inputs
    gates = packed_gates(inputs @ layer.into + layer.bias, rows)
    recalled = np.empty((2, rows.places, layer.hidden), dtype=np.float32)
    states = run_ahead(gates, layer, rows, recalled=recalled)
    joined = np.concatenate((states[0], states[1][rows.turned]), axis=1)
    kept_states = _kept(joined.shape, recipe.drop, chance)
    joined *= kept_states
    scores = joined @ network.output + network.output_bias
    off, chain_slope = _how_far_off(scores, network, batch)
    slopes = {"output": joined.T @ off, "output_bias": off.sum(axis=0)}
    joined_slope = (off @ network.output.T) * kept_states
    trace = RecurrentTrace(gates, recalled, states)
    flat_slope = _layer_slopes(joined_slope, trace, network, rows, slopes)
    slopes["into"] = inputs.T @ flat_slope
    slopes["bias"] = flat_slope.sum(axis=0)
    input_slope = (flat_slope @ layer.into.T) * kept_inputs
    _apply(network, slopes, chain_slope, adam)
    _apply_to_tables(network, batch.numbers, input_slope, adam)


def _how_far_off(
    scores: np.ndarray, network: Network, batch: _Batch
) -> tuple[np.ndarray, ChainWeights]:
    """Expected minus true, by place and tag and by weight of the chain; means over the rows."""
    expected = expect(scores, network.chain, batch.rows)
    size = len(batch.rows.lengths)
    off = expected.places
    off[np.arange(batch.rows.places), batch.tags] -= 1
    off /= size
    return off, _chain_slope(expected.weights, batch.tags, batch.rows, size)


def _layer_slopes(
    joined_slope: np.ndarray,
    trace: RecurrentTrace,
    network: Network,
    rows: PackedRows,
    slopes: dict[str, np.ndarray],
) -> np.ndarray:
    """Fills in the layer's own slopes; returns those of its inputs' product, by flat place."""
    hidden = network.layer.hidden
    wanted = np.empty_like(trace.states)
    wanted[0] = joined_slope[:, :hidden]
    wanted[1][rows.turned] = joined_slope[:, hidden:]
    gates, slopes["again"], slopes["candidate_bias"] = run_back(wanted, trace, network.layer, rows)
    flat_slope = np.empty((rows.places, 2 * GATES * hidden), dtype=np.float32)
    flat_slope[rows.forward, : GATES * hidden] = gates[0]
    flat_slope[rows.backward, GATES * hidden :] = gates[1]
    return flat_slope


def _apply_to_tables(
    network: Network, numbers: dict[str, np.ndarray], input_slope: np.ndarray, adam: _Adam
) -> None:
    first = 0
    for slot in SLOTS:
        width = network.tables[slot].shape[1]
        used, slope = _summed(numbers[slot], input_slope[:, first : first + width])
        adam.step(f"table {slot}", network.tables[slot], slope, used)
        first += width


def _kept(shape: tuple[int, ...], drop: float, chance: np.random.Generator) -> np.ndarray:
    kept = chance.random(shape, dtype=np.float32) >= drop
    return kept.astype(np.float32) / np.float32(1 - drop)


def _summed(numbers: np.ndarray, slopes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct table rows and the sum of each one's slopes."""
    order = np.argsort(numbers, kind="stable")
    ranked = numbers[order]
    heads = np.flatnonzero(np.concatenate(([True], ranked[1:] != ranked[:-1])))
    return ranked[heads], np.add.reduceat(slopes[order], heads, axis=0)


def _chain_slope(
    expected: ChainWeights, tags: np.ndarray, rows: PackedRows, size: int
) -> ChainWeights:
    """Expected minus seen, a row."""
    first = int(rows.alive[0])
    step = np.repeat(np.arange(len(rows.alive)), rows.alive)[first:]
    row = np.arange(first, rows.places) - rows.offsets[step]
    before = tags[rows.offsets[step - 1] + row].astype(np.int64)
    now = tags[first:].astype(np.int64)
    opened = now < LABEL_COUNT
    label_before = before % LABEL_COUNT
    np.subtract.at(expected.follow, (label_before[opened], now[opened]), 1)
    np.subtract.at(expected.single, before[opened & (before < LABEL_COUNT)], 1)
    np.subtract.at(expected.second, label_before[~opened & (before < LABEL_COUNT)], 1)
    np.subtract.at(expected.begin, tags[:first].astype(np.int64), 1)
    ends = rows.offsets[rows.lengths - 1] + np.arange(len(rows.lengths))
    closing = tags[ends].astype(np.int64)
    np.subtract.at(expected.end, closing % LABEL_COUNT, 1)
    np.subtract.at(expected.single, closing[closing < LABEL_COUNT], 1)
    for one in fields(expected):
        getattr(expected, one.name)[...] /= size
    return expected


_LONGEST_STEP = 5.0


def _apply(
    network: Network, slopes: dict[str, np.ndarray], chain_slope: ChainWeights, adam: _Adam
) -> None:
    layer = network.layer
    weights = {
        "into": layer.into,
        "bias": layer.bias,
        "again": layer.again,
        "candidate_bias": layer.candidate_bias,
        "output": network.output,
        "output_bias": network.output_bias,
    }
    for one in fields(chain_slope):
        weights[f"chain {one.name}"] = getattr(network.chain, one.name)
        slopes[f"chain {one.name}"] = getattr(chain_slope, one.name)
    length = float(np.sqrt(sum(float(np.square(slope).sum()) for slope in slopes.values())))
    shrink = np.float32(min(1.0, _LONGEST_STEP / (length + 1e-6)))
    for name, slope in slopes.items():
        adam.step(name, weights[name], slope * shrink)
