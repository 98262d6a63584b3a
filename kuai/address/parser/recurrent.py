"""A two-way gated recurrent layer over packed rows, forwards and (for training) backwards. Pure numpy.

Both directions run side by side; the gates are reset, update, candidate, in this order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kuai.address.parser.packing import PackedRows

GATES = 3


@dataclass
class RecurrentWeights:
    """into: inputs x 6 hidden (three gates ahead, three gates back); the rest by direction."""

    into: np.ndarray
    bias: np.ndarray
    again: np.ndarray
    candidate_bias: np.ndarray

    @property
    def hidden(self) -> int:
        """Width of one direction."""
        return self.again.shape[1]


def new_recurrent(inputs: int, hidden: int, chance: np.random.Generator) -> RecurrentWeights:
    """Small random weights."""
    spread = 1.0 / np.sqrt(hidden)

    def drawn(*shape: int) -> np.ndarray:
        return chance.uniform(-spread, spread, shape).astype(np.float32)

    return RecurrentWeights(
        into=drawn(inputs, 2 * GATES * hidden),
        bias=np.zeros(2 * GATES * hidden, dtype=np.float32),
        again=drawn(2, hidden, GATES * hidden),
        candidate_bias=np.zeros((2, 1, hidden), dtype=np.float32),
    )


@dataclass
class RecurrentTrace:
    """What the way back needs of the way there, by direction and packed place."""

    gates: np.ndarray
    recalled: np.ndarray
    states: np.ndarray


def packed_gates(flat: np.ndarray, rows: PackedRows) -> np.ndarray:
    """Gate inputs of flat places (both directions side by side) -> direction x packed place x gates."""
    width = flat.shape[1] // 2
    gates = np.empty((2, rows.places, width), dtype=np.float32)
    np.take(flat[:, :width], rows.forward, axis=0, out=gates[0], mode="clip")
    np.take(flat[:, width:], rows.backward, axis=0, out=gates[1], mode="clip")
    return gates


def run_ahead(
    gates: np.ndarray, weights: RecurrentWeights, rows: PackedRows, *, recalled: np.ndarray | None
) -> np.ndarray:
    """States of every place. `gates` is overwritten with the gates' values; `recalled` is filled where given."""
    hidden = weights.hidden
    states = np.empty((2, rows.places, hidden), dtype=np.float32)
    half = np.float32(0.5)
    widest = int(rows.alive[0])
    buffer = np.empty((2, widest, GATES * hidden), dtype=np.float32)
    before: np.ndarray | None = None
    for step, count in enumerate(rows.alive):
        here = slice(rows.offsets[step], rows.offsets[step] + count)
        now, out = gates[:, here], states[:, here]
        both, candidate = now[:, :, : 2 * hidden], now[:, :, 2 * hidden :]
        memory = buffer[:, :count]
        if before is None:
            memory[:] = 0
        else:
            np.matmul(before[:, :count], weights.again, out=memory)
            both += memory[:, :, : 2 * hidden]
        # The logistic function by way of tanh, which numpy has vectorised.
        both *= half
        np.tanh(both, out=both)
        both *= half
        both += half
        recall = memory[:, :, 2 * hidden :]
        recall += weights.candidate_bias
        if recalled is not None:
            recalled[:, here] = recall
        recall *= both[:, :, :hidden]
        candidate += recall
        np.tanh(candidate, out=candidate)
        update = both[:, :, hidden:]
        if before is None:
            np.multiply(update, candidate, out=out)
            np.subtract(candidate, out, out=out)
        else:
            np.subtract(before[:, :count], candidate, out=out)
            out *= update
            out += candidate
        before = out
    return states


def run_back(
    wanted: np.ndarray, trace: RecurrentTrace, weights: RecurrentWeights, rows: PackedRows
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """From the states' gradient: of the gate inputs, of `again`, of `candidate_bias`."""
    hidden = weights.hidden
    slope = np.empty_like(trace.gates)
    recall_slope = np.empty_like(trace.states)
    backwards = np.ascontiguousarray(weights.again.transpose(0, 2, 1))
    carried = np.zeros((2, int(rows.alive[0]), hidden), dtype=np.float32)
    for step in range(len(rows.alive) - 1, -1, -1):
        count = rows.alive[step]
        here = slice(rows.offsets[step], rows.offsets[step] + count)
        reset = trace.gates[:, here, :hidden]
        update = trace.gates[:, here, hidden : 2 * hidden]
        candidate = trace.gates[:, here, 2 * hidden :]
        pull = wanted[:, here] + carried[:, :count]
        out = slope[:, here]
        of_candidate = pull * (1 - update) * (1 - candidate * candidate)
        out[:, :, 2 * hidden :] = of_candidate
        out[:, :, :hidden] = of_candidate * trace.recalled[:, here] * reset * (1 - reset)
        of_recall = of_candidate * reset
        recall_slope[:, here] = of_recall
        if step == 0:
            out[:, :, hidden : 2 * hidden] = -pull * candidate * update * (1 - update)
            break
        before = trace.states[:, rows.offsets[step - 1] : rows.offsets[step - 1] + count]
        out[:, :, hidden : 2 * hidden] = pull * (before - candidate) * update * (1 - update)
        through = np.concatenate((out[:, :, : 2 * hidden], of_recall), axis=2)
        carried[:, :count] = np.matmul(through, backwards) + pull * update
    return (
        slope,
        _again_slope(slope, recall_slope, trace, rows),
        recall_slope.sum(axis=1, keepdims=True),
    )


def _again_slope(
    slope: np.ndarray, recall_slope: np.ndarray, trace: RecurrentTrace, rows: PackedRows
) -> np.ndarray:
    hidden = trace.states.shape[2]
    first = int(rows.alive[0])
    step = np.repeat(np.arange(len(rows.alive)), rows.alive)[first:]
    row = np.arange(first, rows.places) - rows.offsets[step]
    before = trace.states[:, rows.offsets[step - 1] + row]
    through = np.concatenate((slope[:, first:, : 2 * hidden], recall_slope[:, first:]), axis=2)
    return np.matmul(before.transpose(0, 2, 1), through)
