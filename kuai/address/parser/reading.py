"""Reading with a trained network: look-ups and first product folded into tables, every step in small buffers.

A character costs one row of each slot's table and one recurrent product a direction, and one output product. Buffers
are kept between batches, because fresh memory costs more than the arithmetic (measured 2026-11-22: half the time).
"""

from __future__ import annotations

import math

import numpy as np

from kuai.address.parser.chain import best_tags
from kuai.address.parser.labels import LABEL_COUNT
from kuai.address.parser.network import SLOTS, Network, rows_of_tables
from kuai.address.parser.packing import PackedRows
from kuai.address.parser.recurrent import GATES

_HALF = np.float32(0.5)
_ONE = np.float32(1)


class ReadingNetwork:
    """A network made ready to read.

    The logistic function is taken by way of tanh, 1/2 + tanh(x/2)/2: the halves are put into the weights once. Reset
    and update (the "doors") and candidate are kept apart, because numpy is quick on rows without gaps.
    """

    def __init__(self, network: Network) -> None:
        layer = network.layer
        self.hidden = hidden = layer.hidden
        self.chain = network.chain
        self.places = network.places()
        doors = 2 * hidden
        self.doors_again = np.ascontiguousarray(layer.again[:, :, :doors] * _HALF)
        self.candidate_again = np.ascontiguousarray(layer.again[:, :, doors:] * _HALF)
        self.candidate_bias = layer.candidate_bias * _HALF
        self.folded = _folded(network)
        by_direction = (network.output[:hidden].T, network.output[hidden:].T)
        self.output = np.stack(by_direction).astype(np.float32)
        self.output_bias = network.output_bias[:, None]
        self._kept: dict[str, np.ndarray] = {}

    def tags(self, points: np.ndarray, row_of: np.ndarray, rows: PackedRows) -> np.ndarray:
        """The best tag of every packed place."""
        return best_tags(self.scores(points, row_of, rows), self.chain, rows)

    def scores(self, points: np.ndarray, row_of: np.ndarray, rows: PackedRows) -> np.ndarray:
        """Tags x packed places."""
        numbers = rows_of_tables(points, row_of, self.places)
        places = [
            [numbers[slot][order] for slot in SLOTS] for order in (rows.forward, rows.backward)
        ]
        scores = self._buffer("scores", 2, 2 * LABEL_COUNT, rows.places)
        widest = int(rows.alive[0])
        doors = self._buffer("doors", 2, widest, 2 * self.hidden)
        candidate = self._buffer("candidate", 2, widest, self.hidden)
        state = self._buffer("state", 2, widest, self.hidden)
        for step, count in enumerate(rows.alive):
            here = slice(rows.offsets[step], rows.offsets[step] + count)
            for direction in (0, 1):
                chosen = [numbers[here] for numbers in places[direction]]
                self._look_up(direction, chosen, doors[direction, :count], part=0)
                self._look_up(direction, chosen, candidate[direction, :count], part=1)
            self._advance(doors[:, :count], candidate[:, :count], state[:, :count], first=not step)
            np.matmul(self.output, state[:, :count].transpose(0, 2, 1), out=scores[:, :, here])
        total = scores[0]
        total += scores[1].take(rows.turned, axis=1)
        total += self.output_bias
        return total

    def _look_up(
        self, direction: int, chosen: list[np.ndarray], out: np.ndarray, *, part: int
    ) -> None:
        """The sum of the slots' rows."""
        added = self._buffer("added", *out.shape)
        for slot, numbers in enumerate(chosen):
            table = self.folded[direction][slot][part]
            table.take(numbers, axis=0, out=added if slot else out, mode="clip")
            if slot:
                out += added

    def _advance(
        self, doors: np.ndarray, candidate: np.ndarray, state: np.ndarray, *, first: bool
    ) -> None:
        """One step of both directions: `state` becomes the next."""
        count = doors.shape[1]
        recall = self._buffer("recall", 2, count, self.hidden)
        if first:
            state[:] = 0
            recall[:] = self.candidate_bias
        else:
            memory = self._buffer("memory", 2, count, 2 * self.hidden)
            np.matmul(state, self.doors_again, out=memory)
            doors += memory
            np.matmul(state, self.candidate_again, out=recall)
            recall += self.candidate_bias
        np.tanh(doors, out=doors)
        doors += _ONE
        recall *= doors[:, :, : self.hidden]
        candidate += recall
        np.tanh(candidate, out=candidate)
        # next = candidate + update * (state - candidate), where update is half of what its door holds.
        state -= candidate
        state *= _HALF
        state *= doors[:, :, self.hidden :]
        state += candidate

    def _buffer(self, name: str, *shape: int) -> np.ndarray:
        size = math.prod(shape)
        kept = self._kept.get(name)
        if kept is None or kept.size < size:
            kept = self._kept[name] = np.empty(size, dtype=np.float32)
        return kept[:size].reshape(shape)


def _folded(network: Network) -> list[list[tuple[np.ndarray, np.ndarray]]]:
    """By direction and slot: each table row's share in the doors (halved) and in the candidate."""
    layer = network.layer
    hidden = layer.hidden
    folded: list[list[tuple[np.ndarray, np.ndarray]]] = [[], []]
    start = 0
    for slot in SLOTS:
        table = network.tables[slot]
        width = table.shape[1]
        gates = table @ layer.into[start : start + width]
        start += width
        if slot == SLOTS[0]:
            gates += layer.bias
        for direction in (0, 1):
            own = gates[:, direction * GATES * hidden : (direction + 1) * GATES * hidden]
            doors = np.ascontiguousarray(own[:, : 2 * hidden] * _HALF)
            folded[direction].append((doors, np.ascontiguousarray(own[:, 2 * hidden :])))
    return folded
