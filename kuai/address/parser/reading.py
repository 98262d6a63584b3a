"""Reading with a trained network: look-ups and first product folded into tables, every step in small buffers.

A character costs one row of each slot's table and one recurrent product a direction, and one output product. Buffers
are kept between batches, because fresh memory costs more than the arithmetic (measured 2026-11-22: half the time).
"""

from __future__ import annotations

import numpy as np

from kuai.address.parser.chain import best_tags
from kuai.address.parser.labels import LABEL_COUNT
from kuai.address.parser.network import SLOTS, Network, rows_of_tables
from kuai.address.parser.packing import PackedRows
from kuai.address.parser.recurrent import GATES

_HALF = np.float32(0.5)


class ReadingNetwork:
    """A network made ready to read."""

    def __init__(self, network: Network) -> None:
        layer = network.layer
        self.hidden = hidden = layer.hidden
        self.chain = network.chain
        self.places = network.places()
        # The logistic function is taken by way of tanh: its half is put into the weights once.
        halved = np.ones(GATES * hidden, dtype=np.float32)
        halved[: 2 * hidden] = _HALF
        self.again = layer.again * halved
        self.candidate_bias = layer.candidate_bias
        self.folded: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        start = 0
        for slot in SLOTS:
            table = network.tables[slot]
            width = table.shape[1]
            gates = table @ layer.into[start : start + width]
            if slot == "char":
                gates += layer.bias
            gates *= np.tile(halved, 2)
            self.folded[slot] = (
                np.ascontiguousarray(gates[:, : GATES * hidden]),
                np.ascontiguousarray(gates[:, GATES * hidden :]),
            )
            start += width
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
        scores = self._buffer("scores", 2, 2 * LABEL_COUNT, rows.places)
        looked_up = [
            (
                self.folded[slot],
                (numbers[slot][rows.forward], numbers[slot][rows.backward]),
            )
            for slot in SLOTS
        ]
        widest = int(rows.alive[0])
        gates = self._buffer("gates", 2, widest, GATES * self.hidden)
        added = self._buffer("added", widest, GATES * self.hidden)
        state = self._buffer("state", 2, widest, self.hidden)
        for step, count in enumerate(rows.alive):
            here = slice(rows.offsets[step], rows.offsets[step] + count)
            for direction in (0, 1):
                gate, more = gates[direction, :count], added[:count]
                for slot, (tables, places) in enumerate(looked_up):
                    out = more if slot else gate
                    tables[direction].take(places[direction][here], axis=0, out=out, mode="clip")
                    if slot:
                        gate += more
            self._advance(gates[:, :count], state[:, :count], first=step == 0)
            np.matmul(self.output, state[:, :count].transpose(0, 2, 1), out=scores[:, :, here])
        total = scores[0]
        total += scores[1].take(rows.turned, axis=1)
        total += self.output_bias
        return total

    def _advance(self, gates: np.ndarray, state: np.ndarray, *, first: bool) -> None:
        """One step of both directions: `state` becomes the next."""
        hidden = self.hidden
        count = gates.shape[1]
        both, candidate = gates[:, :, : 2 * hidden], gates[:, :, 2 * hidden :]
        recall = self._buffer("recall", 2, count, hidden)
        if first:
            recall[:] = self.candidate_bias
        else:
            memory = self._buffer("memory", 2, count, GATES * hidden)
            np.matmul(state, self.again, out=memory)
            both += memory[:, :, : 2 * hidden]
            np.add(memory[:, :, 2 * hidden :], self.candidate_bias, out=recall)
        np.tanh(both, out=both)
        both *= _HALF
        both += _HALF
        recall *= both[:, :, :hidden]
        candidate += recall
        np.tanh(candidate, out=candidate)
        if first:
            state[:] = 0
        state -= candidate
        state *= both[:, :, hidden:]
        state += candidate

    def _buffer(self, name: str, *shape: int) -> np.ndarray:
        size = int(np.prod(shape))
        kept = self._kept.get(name)
        if kept is None or kept.size < size:
            kept = self._kept[name] = np.empty(size, dtype=np.float32)
        return kept[:size].reshape(shape)
