"""The labels of address segments, and how they are written on characters: each label has a first and a further tag."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

Segment: TypeAlias = tuple[str, str]  # label, text

LABELS = (
    "country",
    "prov",
    "city",
    "district",
    "devzone",
    "town",
    "community",
    "road",
    "subroad",
    "roadno",
    "subroadno",
    "poi",
    "subpoi",
    "houseno",
    "cellno",
    "floorno",
    "roomno",
    "assist",
    "redundant",
    "otherinfo",
)
LABEL_COUNT = len(LABELS)
NUMBER_OF = {label: number for number, label in enumerate(LABELS)}
REDUNDANT = "redundant"

# A tag is the label's number, plus LABEL_COUNT where the character continues a segment.
TagArray: TypeAlias = np.ndarray


def tags_of(segments: Sequence[Segment]) -> TagArray:
    """One tag a character."""
    tags: list[int] = []
    for label, text in segments:
        number = NUMBER_OF[label]
        tags.append(number)
        tags += [number + LABEL_COUNT] * (len(text) - 1)
    return np.array(tags, dtype=np.int16)


def spans_of(segments: Sequence[Segment]) -> set[tuple[int, int, str]]:
    """(start, end, label) of every segment: what has to agree for a segment to be right."""
    spans, start = set(), 0
    for label, text in segments:
        spans.add((start, start + len(text), label))
        start += len(text)
    return spans
