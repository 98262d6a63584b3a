"""Columns of text glued from pieces, and numbers drawn from named streams. Arrow and numpy only."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Words: TypeAlias = Sequence[str] | pa.Array


def stream(seed: int, *names: object) -> np.random.Generator:
    """Random numbers of one named part of the city, so that a change in one leaves the others alone."""
    label = zlib.crc32("/".join(str(name) for name in names).encode())
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, label])))


def pick(words: Words, index: np.ndarray) -> pa.Array:
    """`words[index]` as a text column."""
    known = words if isinstance(words, pa.Array) else pa.array(list(words), pa.string())
    return known.take(pa.array(index))


def glue(*parts: pa.Array | str, separator: str = "") -> pa.Array:
    """The parts of each row joined; plain strings repeat."""
    return pc.binary_join_element_wise(*parts, separator)


def digits(numbers: np.ndarray, *, width: int = 0) -> pa.Array:
    """Whole numbers as text, padded with zeros to `width`."""
    texts = pc.cast(pa.array(np.asarray(numbers, dtype=np.int64)), pa.string())
    return pc.utf8_lpad(texts, width, padding="0") if width else texts


def repeat(text: str, rows: int) -> pa.Array:
    """The same text in every row."""
    return pa.repeat(pa.scalar(text, pa.string()), rows)


def choose(mask: np.ndarray, then: pa.Array | str, otherwise: pa.Array | str) -> pa.Array:
    """`then` where mask, else `otherwise`."""
    return pc.if_else(pa.array(mask), then, otherwise)


def rewrite(column: pa.Array, rows: np.ndarray, change: Callable[[str, int], str]) -> pa.Array:
    """Replace the texts in `rows` (sorted) by `change(text, row)`: for the few rows noise touches one by one."""
    if len(rows) == 0:
        return column
    mask = np.zeros(len(column), dtype=bool)
    mask[rows] = True
    old = column.take(pa.array(rows)).to_pylist()
    new = [change(text, int(row)) for text, row in zip(old, rows, strict=True)]
    return pc.replace_with_mask(column, pa.array(mask), pa.array(new, pa.string()))


def draw(random: np.random.Generator, weights: Sequence[float], rows: int) -> np.ndarray:
    """Indices 0..len(weights)-1, each with its weight."""
    edges = np.cumsum(np.asarray(weights, dtype=np.float64))
    return np.searchsorted(edges / edges[-1], random.random(rows), side="right").astype(np.int32)


def spread(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For groups of these sizes: each member's group, and its position in the group from 0."""
    group = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    starts = np.cumsum(counts) - counts
    return group, (np.arange(len(group)) - starts[group]).astype(np.int32)


def dates_text(days: np.ndarray, style: str) -> pa.Array:
    """Days since 1970 in one of the offices' styles: ymd, y/m/d, y-m-d, y年m月d日, ym."""
    day = np.asarray(days, dtype="datetime64[D]")
    year = day.astype("datetime64[Y]").astype(np.int64) + 1970
    month = day.astype("datetime64[M]").astype(np.int64) % 12 + 1
    of_month = (day - day.astype("datetime64[M]")).astype(np.int64) + 1
    if style == "ymd":
        return digits(year * 10000 + month * 100 + of_month)
    if style == "ym":
        return digits(year * 100 + month)
    if style == "y/m/d":
        return glue(digits(year), digits(month), digits(of_month), separator="/")
    if style == "y-m-d":
        return glue(digits(year), digits(month, width=2), digits(of_month, width=2), separator="-")
    return glue(digits(year), "年", digits(month), "月", digits(of_month), "日")
