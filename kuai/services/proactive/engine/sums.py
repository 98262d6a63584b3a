"""Counts of persons as a rehearsal may tell them: in tens, and so that no subtraction finds fewer than ten."""

from __future__ import annotations

from collections.abc import Mapping

SMALLEST_SHOWN = 10


def shown(count: int) -> int | None:
    """A count alone: full tens, so that two rehearsals do not differ by one person; None where it would be of few."""
    return None if 0 < count < SMALLEST_SHOWN else count // SMALLEST_SHOWN * SMALLEST_SHOWN


def tell_parts(parts: Mapping[str, int]) -> dict[str, int | None]:
    """Parts of one whole whose sum is told too. What is not told is at least two parts with ten persons together.

    That holds against who knows the whole and every told part exactly; they are told in full tens besides.
    """
    counts = {name: count for name, count in parts.items() if count > 0}
    hidden = {name for name, count in counts.items() if count < SMALLEST_SHOWN}
    rest = sorted(counts.keys() - hidden, key=lambda name: (counts[name], name))
    while hidden and rest and _finds_few([counts[name] for name in hidden]):
        hidden.add(rest.pop(0))
    return {
        name: None if name in hidden else shown(count) for name, count in sorted(counts.items())
    }


def tell_share(count: int, *, of: int) -> int | None:
    """A count among others: neither it nor what is left of the whole is fewer than ten."""
    return tell_parts({"in": count, "out": of - count}).get("in", 0)


def _finds_few(hidden: list[int]) -> bool:
    # All ones or all nines: then the sum alone would tell each of them.
    is_certain = sum(hidden) in (len(hidden), (SMALLEST_SHOWN - 1) * len(hidden))
    return len(hidden) == 1 or sum(hidden) < SMALLEST_SHOWN or is_certain
