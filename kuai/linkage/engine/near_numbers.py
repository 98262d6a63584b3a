"""Typing slips in identity numbers: one character changed, two neighbours swapped, one left out or put in twice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_WIDTH = 20


def _characters(numbers: Sequence[str]) -> np.ndarray:
    padded = np.array(list(numbers), dtype=f"S{_WIDTH}")
    return padded.view(np.uint8).reshape(len(padded), _WIDTH)


def is_one_slip(written: Sequence[str], meant: Sequence[str]) -> np.ndarray:
    """True where `written[i]` is `meant[i]` with exactly one slip."""
    if not len(written):
        return np.zeros(0, dtype=bool)
    left, right = _characters(written), _characters(meant)
    left_length, right_length = (left > 0).sum(axis=1), (right > 0).sum(axis=1)
    differs = left != right
    first = differs.argmax(axis=1)
    count = differs.sum(axis=1)
    rows = np.arange(len(left))
    after = np.minimum(first + 1, _WIDTH - 1)
    swapped = (
        (count == 2)
        & differs[rows, after]
        & (left[rows, first] == right[rows, after])
        & (left[rows, after] == right[rows, first])
    )
    same_length = (left_length == right_length) & ((count == 1) | swapped)
    return (
        same_length
        | ((left_length + 1 == right_length) & _is_one_left_out(left, right, first))
        | ((right_length + 1 == left_length) & _is_one_left_out(right, left, first))
    )


def _is_one_left_out(shorter: np.ndarray, longer: np.ndarray, first: np.ndarray) -> np.ndarray:
    """True where `longer` without its character at `first` is `shorter`."""
    columns = np.arange(_WIDTH)[None, :]
    shifted = np.concatenate([longer[:, 1:], np.zeros((len(longer), 1), np.uint8)], axis=1)
    without = np.where(columns < first[:, None], longer, shifted)
    return (without == shorter).all(axis=1)
