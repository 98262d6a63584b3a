"""The chain over segments: which label follows which, learning it and finding the best reading. Pure arrays.

A character's score is for (label, first) or (label, further). What follows what is a matter of labels, so one step
costs labels x labels, not tags x tags.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kuai.address.parser.labels import LABEL_COUNT
from kuai.address.parser.packing import PackedRows

_NEVER = np.float32(-1e9)


@dataclass
class ChainWeights:
    """follow[a, b]: b after a. Of a label: begin a text, end it, stop after one character, go on after the first."""

    follow: np.ndarray
    begin: np.ndarray
    end: np.ndarray
    single: np.ndarray
    second: np.ndarray


def empty_chain() -> ChainWeights:
    """Nothing preferred."""
    zero = np.zeros(LABEL_COUNT, dtype=np.float32)
    follow = np.zeros((LABEL_COUNT, LABEL_COUNT), dtype=np.float32)
    return ChainWeights(follow, zero.copy(), zero.copy(), zero.copy(), zero.copy())


@dataclass(frozen=True)
class ChainExpectation:
    """What the chain expects of its rows: of each place's tags, and of its own weights, summed; log of the total."""

    places: np.ndarray
    weights: ChainWeights
    log_total: float


def expect(scores: np.ndarray, chain: ChainWeights, rows: PackedRows) -> ChainExpectation:
    """Forward and backward over all rows at once, in probabilities scaled at every step."""
    top = scores.max(axis=1, keepdims=True)
    likely = np.exp(scores - top)
    first, further = likely[:, :LABEL_COUNT], likely[:, LABEL_COUNT:]
    follow, single, second = (np.exp(one) for one in (chain.follow, chain.single, chain.second))
    begin = np.exp(chain.begin)
    ahead = np.zeros_like(likely)
    scale = np.empty(len(likely), dtype=np.float32)
    offsets, alive = rows.offsets, rows.alive
    for step, count in enumerate(alive):
        here = slice(offsets[step], offsets[step] + count)
        now = ahead[here]
        if step == 0:
            now[:, :LABEL_COUNT] = begin * first[here]
        else:
            before = ahead[offsets[step - 1] : offsets[step - 1] + count]
            one, more = before[:, :LABEL_COUNT], before[:, LABEL_COUNT:]
            now[:, :LABEL_COUNT] = ((one * single + more) @ follow) * first[here]
            now[:, LABEL_COUNT:] = (one * second + more) * further[here]
        total = now.sum(axis=1)
        scale[here] = total
        now /= total[:, None]
    return _look_back(likely, ahead, scale, chain, rows, top)


def _look_back(
    likely: np.ndarray,
    ahead: np.ndarray,
    scale: np.ndarray,
    chain: ChainWeights,
    rows: PackedRows,
    top: np.ndarray,
) -> ChainExpectation:
    follow, single, second = (np.exp(one) for one in (chain.follow, chain.single, chain.second))
    end = np.exp(chain.end)
    ended = np.concatenate((end * single, end))
    offsets, alive = rows.offsets, rows.alive
    behind = np.empty_like(likely)
    sums = empty_chain()
    log_total = float(np.log(scale).sum() + top.sum())
    for step in range(len(alive) - 1, -1, -1):
        count = alive[step]
        going = alive[step + 1] if step + 1 < len(alive) else 0
        now = behind[offsets[step] : offsets[step] + count]
        if going < count:
            ending = ahead[offsets[step] + going : offsets[step] + count]
            closed = ending * ended
            total = closed.sum(axis=1, keepdims=True)
            log_total += float(np.log(total).sum())
            now[going:] = ended / total
            closed /= total
            sums.end += (closed[:, :LABEL_COUNT] + closed[:, LABEL_COUNT:]).sum(axis=0)
            sums.single += closed[:, :LABEL_COUNT].sum(axis=0)
        if going:
            after = slice(offsets[step + 1], offsets[step + 1] + going)
            seen = likely[after] * behind[after] / scale[after][:, None]
            opens, continues = seen[:, :LABEL_COUNT], seen[:, LABEL_COUNT:]
            reached = opens @ follow.T
            now[:going, :LABEL_COUNT] = reached * single + continues * second
            now[:going, LABEL_COUNT:] = reached + continues
            before = ahead[offsets[step] : offsets[step] + going]
            one, more = before[:, :LABEL_COUNT], before[:, LABEL_COUNT:]
            sums.follow += ((one * single + more).T @ opens) * follow
            sums.single += (one * single * reached).sum(axis=0)
            sums.second += (one * second * continues).sum(axis=0)
    places = ahead * behind
    sums.begin += places[: alive[0], :LABEL_COUNT].sum(axis=0)
    return ChainExpectation(places, sums, log_total)


def best_tags(scores: np.ndarray, chain: ChainWeights, rows: PackedRows) -> np.ndarray:
    """The best reading: one tag a packed place. `scores` is tags x places and is overwritten.

    Ties fall to the lower number. Labels come first in the layout because long rows of numbers are what numpy is quick
    at, and no choice is stored: the way back finds it again (measured 2026-11-22: a third of the time).
    """
    offsets, alive = rows.offsets, rows.alive
    first, further = scores[:LABEL_COUNT], scores[LABEL_COUNT:]
    further[:, : alive[0]] = _NEVER
    first[:, : alive[0]] += chain.begin[:, None]
    single, second = chain.single[:, None], chain.second[:, None]
    columns = [np.ascontiguousarray(row)[:, None] for row in chain.follow]
    sums = np.empty((LABEL_COUNT, alive[0]), dtype=np.float32)
    best = np.empty((LABEL_COUNT, alive[0]), dtype=np.float32)
    for step in range(1, len(alive)):
        count = alive[step]
        here = slice(offsets[step], offsets[step] + count)
        before = slice(offsets[step - 1], offsets[step - 1] + count)
        one, more = first[:, before], further[:, before]
        closed = np.maximum(one + single, more)
        opened, trial = best[:, :count], sums[:, :count]
        np.add(closed[0], columns[0], out=opened)
        for label in range(1, LABEL_COUNT):
            np.add(closed[label], columns[label], out=trial)
            np.maximum(opened, trial, out=opened)
        first[:, here] += opened
        further[:, here] += np.maximum(one + second, more)
    return _walk_back(scores, chain, rows)


def _walk_back(reached: np.ndarray, chain: ChainWeights, rows: PackedRows) -> np.ndarray:
    """From each row's last character to its first, by the sums `reached` at every place."""
    offsets, alive = rows.offsets, rows.alive
    tags = np.empty(rows.places, dtype=np.int64)
    current = np.empty(len(rows.lengths), dtype=np.int64)
    towards = np.ascontiguousarray(chain.follow.T)
    ending = np.concatenate((chain.single + chain.end, chain.end))
    closing = np.concatenate((chain.single, np.zeros_like(chain.single)))
    into_second = np.concatenate((chain.second, np.zeros_like(chain.second)))
    for step in range(len(alive) - 1, -1, -1):
        start, count = offsets[step], alive[step]
        going = alive[step + 1] if step + 1 < len(alive) else 0
        here = np.ascontiguousarray(reached[:, start : start + count].T)
        if going:
            label = current[:going] % LABEL_COUNT
            one, more = here[:going, :LABEL_COUNT], here[:going, LABEL_COUNT:]
            closed = np.maximum(one + chain.single, more)
            before = (closed + towards[label]).argmax(axis=1)
            source = np.where(current[:going] >= LABEL_COUNT, label, before)
            bonus = np.where(current[:going] >= LABEL_COUNT, into_second[label], closing[before])
            row = np.arange(going)
            later = more[row, source] > one[row, source] + bonus
            current[:going] = source + LABEL_COUNT * later
        if going < count:
            current[going:count] = (here[going:] + ending).argmax(axis=1)
        tags[start : start + count] = current[:count]
    return tags
