"""The limits of calls: their settings, and the windows that count."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Literal, NamedTuple, Protocol, TypeAlias, get_type_hints

from attrs import frozen

from postman_async.emulator.arguments import check
from postman_async.emulator.controls.faults import RetryAfter
from postman_async.emulator.exceptions import EmulatorError
from postman_async.emulator.serving.operations import buckets, operations

__all__ = ["HeaderStyle", "Limits", "Rate", "State", "Window", "bucket_of", "service_rates"]

HeaderStyle: TypeAlias = Literal["X-RateLimit-*", "RateLimit-*", "RateLimit", "RateLimit-Policy"]

_ERRORS = Literal["rateLimited", "rateLimitError"]
_LONGEST = 1e9  # thirty years: a moment that far off can still be written


class Rate(NamedTuple):
    """At most so many calls in so many seconds."""

    calls: int
    seconds: float


@frozen(kw_only=True)
class Limits:
    """The limits of an emulator; without arguments they are those of the service.

    Attributes:
        user: calls and seconds for everything a key does; None means no such limit.
        buckets: calls and seconds of each group of operations; None means the service's own,
            an empty mapping means no such limits.
        month: calls in a calendar month (429 ``serviceLimitExhausted``); None for any number.
        window: ``sliding`` looks at the seconds before each call; ``fixed`` counts from the
            first call on, and from zero when the seconds have passed.
        headers: the headers of answers: ``X-RateLimit-*`` (the reset as a moment in epoch
            seconds), ``RateLimit-*`` (the reset in seconds), ``RateLimit`` (``limit=300,
            remaining=12, reset=7``), ``RateLimit-Policy`` (``300;w=60``).
        retry_after: which header of a 429 asks to wait; None for none.
        date: whether that header is an HTTP date instead of seconds.
        error: the name of the error of a 429.
    """

    user: tuple[int, float] | None = (300, 60.0)
    buckets: Mapping[str, tuple[int, float]] | None = None
    month: int | None = None
    window: Literal["sliding", "fixed"] = "sliding"
    headers: Sequence[HeaderStyle] = ("X-RateLimit-*", "RateLimit-*")
    retry_after: RetryAfter | None = "Retry-After"
    date: bool = False
    error: str = "rateLimited"

    def __attrs_post_init__(self) -> None:
        """Refuse values that make no sense."""
        for name, hint in get_type_hints(type(self)).items():
            check(name, getattr(self, name), hint)
        check("error", self.error, _ERRORS)
        for name, rate in {"user": self.user, **(self.buckets or {})}.items():
            if rate is not None and not _sensible(rate):
                raise EmulatorError(f"{name} is (calls, seconds), not {rate!r}")
        if self.month is not None and self.month < 0:
            raise EmulatorError(f"month is a number of calls, not {self.month!r}")

    def rates(self) -> dict[str, Rate]:
        """Return the rate of each bucket."""
        if self.buckets is None:
            return dict(service_rates())
        return {name: Rate(*rate) for name, rate in self.buckets.items()}


def _sensible(rate: tuple[int, float]) -> bool:
    calls, seconds = rate
    return calls > 0 < seconds <= _LONGEST


# -- the limits of the specification --------------------------------------------------------


@cache
def service_rates() -> dict[str, Rate]:
    """Return the rates of the service's own buckets."""
    return {name: Rate(int(e["calls"]), e["seconds"]) for name, e in buckets().items()}


def bucket_of(operation: str | None) -> str | None:
    """Return the bucket an operation counts against, or None."""
    return None if operation is None else operations()[operation].bucket


# -- windows ------------------------------------------------------------------------------------


class State(NamedTuple):
    """The state of a window: its rate, the calls left, and seconds until more are allowed."""

    rate: Rate
    remaining: int
    reset: float


class Window(Protocol):
    """Counts calls against one rate; the time is passed in."""

    def state(self, now: float) -> State:
        """Return the state."""
        ...

    def take(self, now: float) -> None:
        """Count a call."""


class SlidingWindow:
    """Counts the calls of the last seconds."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._calls: deque[float] = deque()

    def state(self, now: float) -> State:
        """Return the state; more calls are allowed when the oldest one leaves the window."""
        while self._calls and self._calls[0] <= now - self._rate.seconds:
            self._calls.popleft()
        oldest = self._calls[0] if self._calls else now - self._rate.seconds
        left = self._rate.calls - len(self._calls)
        return State(self._rate, max(0, left), oldest + self._rate.seconds - now)

    def take(self, now: float) -> None:
        """Count a call."""
        self._calls.append(now)


class FixedWindow:
    """Counts from the first call on, and anew when the seconds have passed."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._began: float | None = None
        self._count = 0

    def state(self, now: float) -> State:
        """Return the state."""
        if self._began is not None and now >= self._began + self._rate.seconds:
            self._began, self._count = None, 0
        reset = 0.0 if self._began is None else self._began + self._rate.seconds - now
        return State(self._rate, max(0, self._rate.calls - self._count), reset)

    def take(self, now: float) -> None:
        """Count a call."""
        if self._began is None:
            self._began = now
        self._count += 1
