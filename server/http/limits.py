"""How many calls a key may make: a bucket that refills evenly, one for each key.

Pure but for the clock, which is handed in. Belongs to the event loop: no locks. Knows no HTTP;
what a refusal looks like is each dialect's business.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from server.errors import RateLimited

_MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a key may still do."""

    limit: int
    """Calls a minute."""
    remaining: int
    """Calls it may make at once."""
    reset_s: float
    """Seconds until it may make all of `limit` at once again."""


@dataclass(slots=True)
class _Bucket:
    level: float
    seen_s: float


class RequestLimits:
    """Calls a minute, for each key alike. A key that rests may make `per_minute` calls at once."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = per_minute
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}

    def take(self, client: str) -> None:
        """Count a call of this key. Raises: RateLimited: nothing was counted then."""
        bucket = self._filled(client)
        if bucket.level < 1:
            wait_s = (1 - bucket.level) * _MINUTE_S / self._limit
            raise RateLimited(self._limit, wait_s)
        bucket.level -= 1

    def look(self, client: str) -> Allowance:
        """Say what this key may still do; nothing is counted."""
        level = self._filled(client).level
        missing_s = (self._limit - level) * _MINUTE_S / self._limit
        return Allowance(self._limit, math.floor(level), missing_s)

    def _filled(self, client: str) -> _Bucket:
        """Its bucket, with what has run in since it was last looked at."""
        now_s = self._clock()
        bucket = self._buckets.setdefault(client, _Bucket(self._limit, now_s))
        gained = (now_s - bucket.seen_s) * self._limit / _MINUTE_S
        bucket.level = min(self._limit, bucket.level + gained)
        bucket.seen_s = now_s
        return bucket
