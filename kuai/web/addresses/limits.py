"""How often one account may ask: a bucket that refills. It keeps a programme that runs wild from starving the rest.

Counted in this process only, so the bound of the whole portal is this times its processes.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from django.http import HttpRequest

from kuai.kit.errors import Refusal

MOST_ACCOUNTS = 10_000


@dataclass(frozen=True)
class Pace:
    """`a_second` on average, `at_once` in a burst."""

    name: str
    a_second: float
    at_once: int


# A person types five letters a second, ten clerks may share one account of a programme.
TYPING = Pace("typing", a_second=50, at_once=100)
# A batch of 1,000 texts takes a twentieth of a second of one core.
BATCHES = Pace("batches", a_second=5, at_once=20)


class Buckets:
    """What every account has left, by pace."""

    def __init__(self) -> None:
        self._left: dict[tuple[str, str], tuple[float, float]] = {}
        self._lock = threading.Lock()

    def take(self, account: str, pace: Pace, *, now: float) -> bool:
        """Take one; False when nothing is left."""
        with self._lock:
            left, then = self._left.get((account, pace.name), (float(pace.at_once), now))
            left = min(pace.at_once, left + max(0.0, now - then) * pace.a_second)
            if len(self._left) > MOST_ACCOUNTS:
                self._left.clear()
            self._left[account, pace.name] = (left - 1 if left >= 1 else left, now)
            return left >= 1


_BUCKETS = Buckets()


def keep_pace(request: HttpRequest, pace: Pace) -> None:
    """Refuse an account that asks more often than `pace`; answered with 429."""
    actor = request.actor  # type: ignore[attr-defined]
    # No clock of the office is meant, only a stopwatch.
    if not _BUCKETS.take(actor.user_id if actor else "", pace, now=time.monotonic()):
        raise Refusal(
            "request.too_often", "问得太快了。", next_step="稍等一秒再问；大批地址请用文件清洗。"
        )
