"""When the next call may start under one limit: pure decisions, the clock is passed in.

A `Window` remembers when our own calls started (a sliding log), so that this client alone never
exceeds the limit, whether the service counts in fixed windows or in sliding ones: a start counts
for the length of the window and a small guard.  The guard covers calls that take unequal times to
arrive.  Three things correct the log:

* Headers that count more calls than ours show other clients of the key; their calls are left free
  until the service's reset.
* A 429 blocks the limit until the time that the service names, and lowers our share of it: a whole
  share to the half, a lower one to what we had.  Later the share is raised again, the sooner the
  smaller it is and faster while that succeeds, so that clients without a shared budget end up with
  equal shares.
* Calls that could start at once are spread over the first part of the window.  Of several clients
  that begin together none takes the whole limit, and few calls are in flight when the first 429
  comes.

No established library fits: `limits` and `aiolimiter` know a fixed rate only, neither a share that
changes nor the headers of the service, cost 40 to 60 ms to import, and need 429s to find their
window.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from attrs import define, field

from postman_async.engine.limits.headers import LONGEST_WAIT
from postman_async.engine.limits.state import RateLimitState

if TYPE_CHECKING:
    from postman_async.engine.limits.headers import RateLimit

__all__ = ["LONGEST_BLOCK", "Window"]

LONGEST_BLOCK = 120.0
"""Seconds; if a 429 asks for a longer wait, only the refused call waits, or fails, and no other."""

_GUARD = 0.12
"""Seconds for which a start counts beyond the window, against unequal times of arrival."""
_SPREAD = 0.05
"""The fraction of a window over which a whole limit is spread."""
_SETTLE = 6.0
"""Seconds after which a 429 to a larger share would have come."""
_PATIENCE = 11.5
"""Windows until a whole share that was lowered is raised again; fewer for a smaller share."""
_MAX_PATIENCE = 4.0, 90.0
"""The most windows, and the most seconds, of that."""
_NEVER = float("-inf")


@define(eq=False)
class Window:
    """One limit: at most so many calls in so many seconds.

    Args:
        name: the bucket that is counted.
        limit: calls in the window.
        seconds: the length of the window.
        longest: the most seconds for which a start counts; given for a learned limit.

    """

    name: str
    limit: int
    seconds: float
    longest: float = float("inf")
    share: int = field(init=False)
    """How many of the calls this client may use, as far as the 429s have shown."""
    _starts: deque[float] = field(factory=deque, init=False)
    """The starts that count now, the oldest first."""
    _expired: deque[float] = field(init=False)
    """The starts before those, as many as `_caused_alone` needs."""
    _guard: float = field(init=False)
    _span: float = field(init=False)
    """Seconds for which a start counts."""
    _gap: float = field(init=False)
    """Seconds between two calls that are spread."""
    _burst: float = field(init=False)
    """Seconds of gaps that are saved up, for calls that start together."""
    _blocked_until: float = field(default=_NEVER, init=False)
    """Nothing starts before this time."""
    _spread_until: float = field(default=_NEVER, init=False)
    """The next call does not start before this time, so that calls are spread."""
    _ceiling: int = field(default=0, init=False)
    """How many calls others leave to this client, until `_ceiling_until`."""
    _ceiling_until: float = field(default=_NEVER, init=False)
    _halved_at: float = field(default=_NEVER, init=False)
    _grow_at: float = field(default=_NEVER, init=False)
    """When a lowered share is raised again."""
    _growth: int = field(default=1, init=False)
    """By how many calls it is raised."""

    def __attrs_post_init__(self) -> None:
        self.share = self.limit
        self._expired = deque(maxlen=self.limit)
        self._guard = min(_GUARD, 0.05 * self.seconds)
        self._measure()

    def _measure(self) -> None:
        self._span = min(self.seconds + self._guard, self.longest)
        self._gap = self.seconds * _SPREAD / self.limit
        self._burst = (max(1, self.limit // 10) - 1) * self._gap

    # -- deciding ----------------------------------------------------------------------------

    def next_start(self, now: float) -> float:
        """Return when the next call may start; a time not after ``now`` means at once."""
        starts = self._starts
        expired = now - self._span
        while starts and starts[0] <= expired:
            self._expired.append(starts.popleft())
        spread, blocked = self._spread_until, self._blocked_until
        soonest = spread if spread > blocked else blocked
        capacity = self._capacity(now)
        if len(starts) < capacity:
            return soonest
        frees = starts[len(starts) - capacity] + self._span if capacity else float("inf")
        return max(soonest, min(frees, self._capacity_grows(now)))

    def _capacity(self, now: float) -> int:
        """Return how many calls may be in the window now."""
        return self.share if now >= self._ceiling_until else min(self.share, self._ceiling)

    def _capacity_grows(self, now: float) -> float:
        """Return when the capacity grows by itself; asked when all of it is used.

        A share that may grow now is raised here, when it is needed.
        """
        if now < self._ceiling_until:
            return self._ceiling_until
        if self.share >= self.limit:
            return float("inf")
        if now < self._grow_at:
            return self._grow_at
        self.share = min(self.limit, self.share + self._growth)
        self._growth *= 3
        self._grow_at = now + min(_SETTLE, self.seconds)
        return now

    def earliest_start(self, ahead: int, now: float) -> float:
        """Return a time before which a call with so many ahead of it certainly cannot start."""
        free = max(0, self.limit - len(self._starts))
        if ahead < free:
            return max(now, self._blocked_until)
        rounds, position = divmod(ahead - free, self.limit)
        start = self._starts[position] if position < len(self._starts) else now
        return max(start + (rounds + 1) * self._span, self._blocked_until)

    def used(self, now: float) -> int:
        """Return the calls in the window: ours, and the known ones of other clients."""
        ours = sum(1 for start in self._starts if start > now - self.seconds)
        return ours if now >= self._ceiling_until else ours + max(0, self.limit - self._ceiling)

    def reset_in(self, now: float) -> float:
        """Return the seconds until the oldest start leaves the window and nothing blocks it."""
        oldest = self._starts[0] + self.seconds if self._starts else now
        return max(0.0, oldest - now, self._blocked_until - now)

    def state(self, now: float, waiting: int) -> RateLimitState:
        """Return the present state, with the number of calls that wait."""
        return RateLimitState(
            limit=self.limit,
            remaining=max(0, self.limit - self.used(now)),
            reset=self.reset_in(now),
            window=self.seconds,
            waiting=waiting,
        )

    # -- recording ---------------------------------------------------------------------------

    def record(self, now: float) -> None:
        """Record that a call starts now."""
        self._starts.append(now)
        floor, until = now - self._burst, self._spread_until
        self._spread_until = (until if until > floor else floor) + self._gap

    def release(self, start: float) -> None:
        """Remove the start of a call that was never sent, or was refused."""
        try:
            self._starts.remove(start)
        except ValueError:
            return

    # -- learning ----------------------------------------------------------------------------

    def resize(self, limit: int, seconds: float) -> None:
        """Adopt the figures of the service; a share that was whole stays whole."""
        whole = self.share >= self.limit
        self.limit, self.seconds = max(1, limit), seconds
        self.share = self.limit if whole else min(self.share, self.limit)
        self._measure()

    def correct(self, limits: RateLimit, start: float, now: float) -> None:
        """Learn from an answer how many calls of the window others use.

        Args:
            limits: the headers of the answer.
            start: when the call started; an answer that took long may describe a past window.
            now: the time of the answer.

        """
        if limits.remaining is None or limits.reset is None or now - start > self._prompt():
            return
        whole = limits.limit or self.limit
        others = whole - limits.remaining - len(self._starts)
        if others > 0:
            self._ceiling = max(0, whole - others)
            self._ceiling_until = now + min(limits.reset, self.seconds, LONGEST_WAIT)
        elif now >= self._blocked_until:
            self._ceiling_until = _NEVER

    def _prompt(self) -> float:
        return max(0.5, _SPREAD * self.seconds)

    def refuse(self, limits: RateLimit, start: float, now: float, jitter: float) -> None:
        """Learn from a 429.

        Args:
            limits: the headers of the answer.
            start: when the refused call started.
            now: the time of the answer.
            jitter: a random number from 0 to 1.

        """
        self.release(start)
        accepted = sum(at > now - self._span for at in self._starts)
        wait = self._requested_wait(limits, now, jitter)
        if self._caused_alone(start, wait):
            self._guard = min(self._guard * 2, _SPREAD * self.seconds)
            self._measure()
        else:
            self._lower_share(accepted, start, now)
        windows, seconds = _MAX_PATIENCE
        patience = min(_PATIENCE * (self.share / self.limit) ** 2, windows) * self._span
        self._grow_at = now + min(patience, seconds) * (0.5 + jitter)
        # For the rest of the window no more calls than those that were accepted.
        self._ceiling = accepted
        rest = max(wait, min(0.1 * self.seconds, LONGEST_WAIT))
        self._ceiling_until = max(self._ceiling_until, now + rest)
        if wait <= LONGEST_BLOCK:
            until = now + wait + jitter * min(0.1, 0.01 * self.seconds)
            self._blocked_until = max(self._blocked_until, until)

    def _caused_alone(self, start: float, wait: float) -> bool:
        """Guess whether no other client caused a 429: our calls arrived closer than they started.

        That is possible if a whole window of our calls lies before the refused one and the wait is
        short.  If it still happens with the largest guard, there is another client.
        """
        if self.share < self.limit or wait > 1 or self._guard >= _SPREAD * self.seconds:
            return False
        since = start - self._span - _SPREAD * self.seconds
        return self._starts_since(since) >= self.limit

    def _starts_since(self, since: float) -> int:
        return sum(at > since for starts in (self._expired, self._starts) for at in starts)

    def _lower_share(self, accepted: int, start: float, now: float) -> None:
        """Lower the share: a whole one to the half, a lower one to what we had until then."""
        if start <= self._halved_at:
            return  # the call had started before the share was halved
        if self.share >= self.limit:
            self.share, self._halved_at = max(1, self.limit // 2), now
        else:
            had = self._starts_since(start - 1.15 * self._span)
            self.share = max(1, accepted, min(self.share - 1, had))
        self._growth = max(1, self.limit // 100)
        self._guard = min(_GUARD, 0.05 * self.seconds)
        self._measure()

    def _requested_wait(self, limits: RateLimit, now: float, jitter: float) -> float:
        """Return the seconds that the service asks for, or a part of a window if it names none.

        The service names whole seconds, rounded up: on average half a second too many, which would
        cost a window of 10 s a twentieth.  Within the last second the time at which our own oldest
        call leaves the window is the better estimate.
        """
        wait = None if limits.retry_after is None else min(limits.retry_after, LONGEST_WAIT)
        if wait is None and limits.reset is not None:
            wait = min(limits.reset, self.seconds, LONGEST_WAIT)
        if wait is None:
            return 0.0 if self._starts else self.seconds * (0.1 + 0.4 * jitter)
        if self._starts and wait == int(wait):
            return min(wait, max(wait - 1, self._starts[0] + self._span - now))
        return wait
