"""Where a code leads: through every event since it was issued, to what lives now or to an explained end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from kuai.address.life.shapes import LibraryView, SuccessionLine
from kuai.address.types import State
from kuai.kit.errors import Refusal


@dataclass(frozen=True)
class Resolution:
    """What a code means on a day: itself while it lives, else its living successors; `chain` tells how it came.

    Without successors it has ended and nothing took its place: the reasons are in the chain.
    """

    code: str
    state: State
    successors: tuple[str, ...]
    chain: tuple[SuccessionLine, ...]
    as_of: date | None = None

    @property
    def is_living(self) -> bool:
        return self.successors == (self.code,)

    def as_json(self) -> dict[str, object]:
        """Plain data."""
        return {
            "code": self.code,
            "state": self.state.value,
            "successors": list(self.successors),
            "as_of": self.as_of.isoformat() if self.as_of else None,
            "chain": [
                {
                    "code": line.address_code,
                    "successor": line.successor_code,
                    "kind": line.kind.value,
                    "day": line.happened_on.isoformat() if line.happened_on else None,
                    "reason": line.reason,
                }
                for line in self.chain
            ],
        }


def resolve_code(code: str, library: LibraryView, *, as_of: date | None = None) -> Resolution:
    """Follow `code` to what lives on `as_of` (default: now); refuses a code that was never issued."""
    entry = library.entry(code)
    if entry is None:
        raise Refusal(
            "library.code_unknown",
            f"地址库里没有编码 {code}。",
            next_step="请核对编码；被退回的导入行没有进库。",
        )
    if entry.is_living and as_of is None:
        return Resolution(code, entry.state, (code,), ())
    living: list[str] = []
    chain: list[SuccessionLine] = []
    seen, todo = {code}, [code]
    while todo:
        current = todo.pop(0)
        steps = _steps_until(library.successions_of(current), as_of)
        at = library.entry(current)
        if not steps and at is not None and (at.is_living or as_of is not None):
            living.append(current)
        chain += steps
        follows = [line.successor_code for line in steps if line.successor_code]
        todo += [one for one in follows if one not in seen]
        seen |= set(follows)
    state = entry.state
    if living == [code] and not entry.is_living:
        # It ended after the day that is asked about.
        state = State.IN_USE
    return Resolution(code, state, tuple(sorted(living)), tuple(chain), as_of)


def _steps_until(
    lines: tuple[SuccessionLine, ...], as_of: date | None
) -> tuple[SuccessionLine, ...]:
    return tuple(
        line
        for line in lines
        if as_of is None or line.happened_on is None or line.happened_on <= as_of
    )
