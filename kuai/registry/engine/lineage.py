"""Which living code each merged one is found under, and what a build changes in that. Pure; decision 0021.

A merged code always points to an older one, so following the pointers ends, and oldest first settles all in one pass.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class GoneCode:
    """A code that was merged into another before this build."""

    code: str
    serial: int
    merged_into: str


@dataclass(frozen=True)
class HomeCode:
    """A code whose own mentions are in this build, and the code that continues in their cluster (perhaps itself)."""

    code: str
    serial: int
    continues_as: str


@dataclass(frozen=True)
class Lineage:
    """`living`: every merged code with the living one; `changes`: new pointers, None for a code back to life."""

    living: dict[str, str]
    changes: dict[str, str | None]


def settle_lineage(gone: Iterable[GoneCode], at_home: Iterable[HomeCode] = ()) -> Lineage:
    """The lineage after a build. A pointer that still leads to the right code is left as it is."""
    merged, homes = list(gone), list(at_home)
    before = {one.code: one.merged_into for one in merged}
    continues = {one.code: one.continues_as for one in homes}
    serials = {one.code: one.serial for one in merged} | {one.code: one.serial for one in homes}
    living: dict[str, str] = {}
    changes: dict[str, str | None] = {}
    for code in sorted(serials, key=lambda code: (serials[code], code)):
        old = before.get(code)
        new = _pointer(code, old, continues.get(code), living)
        if new is not None:
            living[code] = living.get(new, new)
        if new != old:
            changes[code] = new
    return Lineage(living=living, changes=changes)


def _pointer(
    code: str, old: str | None, continues_as: str | None, living: dict[str, str]
) -> str | None:
    if continues_as is None:
        # Its mentions are away: nothing new is known of it.
        return old
    if continues_as == code:
        return None
    if old is not None and living.get(old, old) == continues_as:
        return old
    return continues_as
