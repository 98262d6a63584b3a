"""Texts -> segments with a trained network, many at once. Any text is taken; its segments joined are the text.

Refuses nothing on content: what lies beyond LONGEST_TEXT characters is one `redundant` segment.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from kuai.address.parser.labels import LABEL_COUNT, LABELS, REDUNDANT, Segment
from kuai.address.parser.network import Network
from kuai.address.parser.one_thread import one_thread_here
from kuai.address.parser.packing import code_points, pack_rows
from kuai.address.parser.reading import ReadingNetwork

# The longest address of the labelled set has 71 characters; what goes on for longer is no address any more.
LONGEST_TEXT = 400
# Rows of a batch: enough to keep the arithmetic in long rows, few enough that a step stays in the cache.
BATCH_ROWS = 512
BATCH_PLACES = BATCH_ROWS * 40


class SegmentParser:
    """A trained network ready for texts. Not for several threads at once: it keeps its buffers."""

    def __init__(self, network: Network) -> None:
        self._reading = ReadingNetwork(network)

    def parse(self, texts: Sequence[str]) -> list[list[Segment]]:
        """The segments of each text, in order; none for an empty text."""
        lengths = np.fromiter((len(text) for text in texts), dtype=np.int64, count=len(texts))
        lengths = np.minimum(lengths, LONGEST_TEXT)
        order = np.argsort(-lengths, kind="stable")
        answers: list[list[Segment]] = [[] for _ in texts]
        with one_thread_here():
            for batch in _batches(order, lengths):
                rows = [texts[number] for number in batch]
                found = self._spans(rows, lengths[batch])
                for number, text, spans in zip(batch, rows, found, strict=True):
                    answers[number] = _segments(text, spans)
        return answers

    def _spans(self, texts: Sequence[str], lengths: np.ndarray) -> Iterator[list[tuple[int, int]]]:
        """Of each text, longest first: (start, label number) of each segment."""
        rows = pack_rows(lengths)
        kept = [text[:LONGEST_TEXT] for text in texts]
        row_of = np.repeat(np.arange(len(texts)), lengths)
        packed = self._reading.tags(code_points(kept), row_of, rows)
        tags = np.empty(rows.places, dtype=np.int64)
        tags[rows.forward] = packed
        heads = np.flatnonzero(tags < LABEL_COUNT)
        row_heads = np.searchsorted(heads, rows.starts).tolist() + [len(heads)]
        within = (heads - rows.starts[row_of[heads]]).tolist()
        labels = tags[heads].tolist()
        spans = list(zip(within, labels, strict=True))
        for row, first in enumerate(row_heads[:-1]):
            yield spans[first : row_heads[row + 1]]


def _batches(order: np.ndarray, lengths: np.ndarray) -> Iterator[np.ndarray]:
    """Row numbers, longest first, empty texts left out."""
    filled = order[: int(np.count_nonzero(lengths))]
    start = 0
    while start < len(filled):
        longest = int(lengths[filled[start]])
        size = max(1, min(BATCH_ROWS, BATCH_PLACES // longest))
        yield filled[start : start + size]
        start += size


def _segments(text: str, spans: list[tuple[int, int]]) -> list[Segment]:
    end = min(len(text), LONGEST_TEXT)
    segments = []
    for start, label in reversed(spans):
        segments.append((LABELS[label], text[start:end]))
        end = start
    segments.reverse()
    if len(text) > LONGEST_TEXT:
        segments.append((REDUNDANT, text[LONGEST_TEXT:]))
    return segments
