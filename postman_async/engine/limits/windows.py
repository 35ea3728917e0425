"""When the next call may start under one limit: pure decisions, the clock is passed in.

A `Window` remembers when our own calls started (a sliding log), so that alone we never exceed
the limit, whether the service counts in fixed windows or in sliding ones: a place is used again
only when a window and a small guard have passed.  The guard covers calls that take unequal times
to arrive.  Three things correct the log:

* Headers that count more calls than ours tell of other clients of the key; theirs are left free
  until the service's reset.
* A 429 stops the limit until the time the service names, and lowers our share of the places: a
  whole one to the half, a lower one to what we had.  The share is tried larger again, the sooner
  the smaller it is and faster while that succeeds, so that clients without a common store end up
  with equal shares.
* Calls that could start at once are spread over the first part of the window.  Of several clients
  that begin together none takes all places, and few calls are under way when the first 429 comes.

No kept library fits: `limits` and `aiolimiter` know a fixed rate only, neither a share that
changes nor what the service tells, cost 40 to 60 ms to import, and need 429s to find their window.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from attrs import define, field, frozen

from postman_async.engine.limits.headers import LONGEST_HOLD

if TYPE_CHECKING:
    from postman_async.engine.limits.headers import RateLimit

__all__ = ["MAX_HOLD", "RateLimitState", "Window"]

MAX_HOLD = 120.0
"""Seconds; a service that asks for more stops the call that was told so, not those that wait."""

_GUARD = 0.12
"""Seconds by which a place rests longer than the window, against unequal times of arrival."""
_SPREAD = 0.05
"""The part of a window over which a whole budget is spread."""
_SETTLE = 6.0
"""Seconds after which a 429 to a larger share would have come."""
_PATIENCE = 11.5
"""Windows until a share that was lowered is tried larger, for a whole share; less for less."""
_LONGEST_PATIENCE = 4.0, 90.0
"""The most windows, and the most seconds, of that."""
_NEVER = float("-inf")


@frozen(kw_only=True)
class RateLimitState:
    """A limit as it stands now.

    Attributes:
        limit: how many calls may start in the window.
        remaining: how many more may start now, as far as this client knows.
        reset: seconds until the next counted call leaves the window; 0 when none is counted.
        window: the window's length in seconds.
        waiting: how many calls that count against it wait for a place.

    """

    limit: int
    remaining: int
    reset: float
    window: float
    waiting: int


@define(eq=False)
class Window:
    """One limit: at most so many calls in so many seconds.

    Args:
        name: the bucket it counts.
        limit: calls in the window.
        seconds: the window's length.
        longest: the most seconds that a place may rest, which a limit that was learned has.

    """

    name: str
    limit: int
    seconds: float
    longest: float = float("inf")
    share: int = field(init=False)
    """How many of the places are ours, as far as the 429s tell."""
    _log: deque[float] = field(factory=deque, init=False)
    _past: deque[float] = field(init=False)
    """The calls before those, as many as can be of use."""
    _guard: float = field(init=False)
    _span: float = field(init=False)
    _gap: float = field(init=False)
    _burst: float = field(init=False)
    _held: float = field(default=_NEVER, init=False)
    """Nothing starts before."""
    _next: float = field(default=_NEVER, init=False)
    """The next call does not start before, so that calls are spread."""
    _rest: int = field(default=0, init=False)
    """The places that others leave, until `_rest_until`."""
    _rest_until: float = field(default=_NEVER, init=False)
    _halved: float = field(default=_NEVER, init=False)
    _grow_at: float = field(default=_NEVER, init=False)
    _step: int = field(default=1, init=False)

    def __attrs_post_init__(self) -> None:
        self.share = self.limit
        self._past = deque(maxlen=self.limit)
        self._guard = min(_GUARD, 0.05 * self.seconds)
        self._measure()

    def _measure(self) -> None:
        self._span = min(self.seconds + self._guard, self.longest)
        self._gap = self.seconds * _SPREAD / self.limit
        self._burst = (max(1, self.limit // 10) - 1) * self._gap

    # -- asking ------------------------------------------------------------------------------

    def opens(self, now: float) -> float:
        """Tell when the next call may start; at once if that is not after ``now``."""
        log = self._log
        before = now - self._span
        while log and log[0] <= before:
            self._past.append(log.popleft())
        soonest = self._next if self._next > self._held else self._held
        places = self._places(now)
        if len(log) < places:
            return soonest
        frees = log[len(log) - places] + self._span if places else float("inf")
        return max(soonest, min(frees, self._widens(now)))

    def _places(self, now: float) -> int:
        return self.share if now >= self._rest_until else min(self.share, self._rest)

    def _widens(self, now: float) -> float:
        """Tell when there are more places, though none has become free; asked when all are taken.

        That is the moment at which the share grows, too.
        """
        if now < self._rest_until:
            return self._rest_until
        if self.share >= self.limit:
            return float("inf")
        if now < self._grow_at:
            return self._grow_at
        self.share = min(self.limit, self.share + self._step)
        self._step *= 3
        self._grow_at = now + min(_SETTLE, self.seconds)
        return now

    def earliest(self, ahead: int, now: float) -> float:
        """Tell before when a call with so many ahead of it surely cannot start."""
        free = max(0, self.limit - len(self._log))
        if ahead < free:
            return max(now, self._held)
        rounds, place = divmod(ahead - free, self.limit)
        start = self._log[place] if place < len(self._log) else now
        return max(start + (rounds + 1) * self._span, self._held)

    def used(self, now: float) -> int:
        """Count the calls in the window, ours and those of others that we know of."""
        ours = sum(1 for start in self._log if start > now - self.seconds)
        return ours if now >= self._rest_until else ours + max(0, self.limit - self._rest)

    def resets(self, now: float) -> float:
        """Tell how many seconds from now the window has a whole place more than it has now."""
        oldest = self._log[0] + self.seconds if self._log else now
        return max(0.0, oldest - now, self._held - now)

    def state(self, now: float, waiting: int) -> RateLimitState:
        """Show how it stands, with so many calls that wait."""
        return RateLimitState(
            limit=self.limit,
            remaining=max(0, self.limit - self.used(now)),
            reset=self.resets(now),
            window=self.seconds,
            waiting=waiting,
        )

    # -- telling -----------------------------------------------------------------------------

    def take(self, now: float) -> None:
        """Note that a call starts now."""
        self._log.append(now)
        floor = now - self._burst
        self._next = (self._next if self._next > floor else floor) + self._gap

    def give_back(self, start: float) -> None:
        """Forget a call that was never sent, or was refused."""
        try:
            self._log.remove(start)
        except ValueError:
            return

    def alter(self, limit: int, seconds: float) -> None:
        """Take over figures that the service told; a share that was whole stays so."""
        whole = self.share >= self.limit
        self.limit, self.seconds = max(1, limit), seconds
        self.share = self.limit if whole else min(self.share, self.limit)
        self._measure()

    def correct(self, told: RateLimit, start: float, now: float) -> None:
        """Learn from an answer how much of the window others use.

        An answer that was long under way tells of a window that may be over.
        """
        if told.remaining is None or told.reset is None or now - start > self._prompt():
            return
        whole = told.limit or self.limit
        others = whole - told.remaining - len(self._log)
        if others > 0:
            self._rest = max(0, whole - others)
            self._rest_until = now + min(told.reset, self.seconds, LONGEST_HOLD)
        elif now >= self._held:
            self._rest_until = _NEVER

    def _prompt(self) -> float:
        return max(0.5, _SPREAD * self.seconds)

    def refuse(self, told: RateLimit, start: float, now: float, chance: float) -> None:
        """Learn from a 429 to the call of that start; ``chance`` is a random number, 0 to 1."""
        self.give_back(start)
        accepted = sum(at > now - self._span for at in self._log)
        wait = self._wait(told, now, chance)
        if self._by_ourselves(start, wait):
            self._guard = min(self._guard * 2, _SPREAD * self.seconds)
            self._measure()
        else:
            self._cut(accepted, start, now)
        windows, seconds = _LONGEST_PATIENCE
        patience = min(_PATIENCE * (self.share / self.limit) ** 2, windows) * self._span
        self._grow_at = now + min(patience, seconds) * (0.5 + chance)
        # For the rest of the window no more places than those that were accepted.
        self._rest = accepted
        rests = max(wait, min(0.1 * self.seconds, LONGEST_HOLD))
        self._rest_until = max(self._rest_until, now + rests)
        if wait <= MAX_HOLD:
            self._held = max(self._held, now + wait + chance * min(0.1, 0.01 * self.seconds))

    def _by_ourselves(self, start: float, wait: float) -> bool:
        """Guess that nobody else took the place: our own calls arrived closer than they started.

        That can be while a window's worth of our calls lies before it and the place is nearly
        free; if it still happens when the guard is as large as it gets, there is somebody else.
        """
        if self.share < self.limit or wait > 1 or self._guard >= _SPREAD * self.seconds:
            return False
        before = start - self._span - _SPREAD * self.seconds
        return self._since(before) >= self.limit

    def _since(self, before: float) -> int:
        return sum(at > before for log in (self._past, self._log) for at in log)

    def _cut(self, accepted: int, start: float, now: float) -> None:
        """Lower the share: a whole one to the half, a lower one to what we had got until then."""
        if start <= self._halved:
            return  # it had started before the share was halved
        if self.share >= self.limit:
            self.share, self._halved = max(1, self.limit // 2), now
        else:
            had = self._since(start - 1.15 * self._span)
            self.share = max(1, accepted, min(self.share - 1, had))
        self._step = max(1, self.limit // 100)
        self._guard = min(_GUARD, 0.05 * self.seconds)
        self._measure()

    def _wait(self, told: RateLimit, now: float, chance: float) -> float:
        """Give the seconds the service asks for, or a part of a window where it names none.

        It names whole seconds, rounded up: on average half a second too many, which would cost a
        window of 10 s a twentieth.  Within the last of them the moment is known better at which
        our own oldest call leaves the window.
        """
        wait = None if told.retry_after is None else min(told.retry_after, LONGEST_HOLD)
        if wait is None and told.reset is not None:
            wait = min(told.reset, self.seconds, LONGEST_HOLD)
        if wait is None:
            return 0.0 if self._log else self.seconds * (0.1 + 0.4 * chance)
        if self._log and wait == int(wait):
            return min(wait, max(wait - 1, self._log[0] + self._span - now))
        return wait
