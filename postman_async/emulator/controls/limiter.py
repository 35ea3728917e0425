"""The limiter: counts each call, refuses a call over the limit, and writes the headers."""

from __future__ import annotations

import math
from datetime import datetime

from postman_async.emulator.controls.limits import (
    FixedWindow,
    Limits,
    Rate,
    SlidingWindow,
    State,
    Window,
    bucket_of,
)
from postman_async.emulator.errors import ServiceError, named
from postman_async.emulator.serving.headers import retry_after
from postman_async.emulator.state.clock import Clock

__all__ = ["Limiter"]

_USER = ""


class Limiter:
    """The limits of one emulator, and how much of them is used.

    Args:
        clock: what windows and months are measured by.
        limits: the limits; None means that there are none.
    """

    def __init__(self, clock: Clock, limits: Limits | None) -> None:
        self._clock = clock
        self._first = limits
        self.set(limits)

    def set(self, limits: Limits | None) -> None:
        """Hold other limits from now on; all windows begin anew."""
        self.limits = limits
        self._month = (0, 0)
        self._used = 0
        self._windows: dict[str, Window] = {}
        if limits is None:
            return
        rates = limits.rates()
        if limits.user is not None:
            rates[_USER] = Rate(*limits.user)
        make = SlidingWindow if limits.window == "sliding" else FixedWindow
        self._windows = {name: make(rate) for name, rate in rates.items()}

    def reset(self) -> None:
        """Hold the limits of the beginning, and count from zero."""
        self.set(self._first)

    def admit(self, operation: str | None) -> dict[str, str]:
        """Count a call, and return the headers of the limits.

        Raises:
            ServiceError: the call is one too many; it is not counted.
        """
        limits = self.limits
        if limits is None:
            return {}
        now, moment = self._clock.time(), self._clock.now()
        windows = self._windows_of(operation)
        self._check_month(limits, moment)
        tightest = _tightest([window.state(now) for window in windows])
        if tightest is not None and tightest.remaining == 0:
            raise self._refusal(limits, tightest, moment)
        self._used += 1
        for window in windows:
            window.take(now)
        left = _tightest([window.state(now) for window in windows])
        return self._headers(limits, left, moment)

    def _windows_of(self, operation: str | None) -> list[Window]:
        names = (_USER, bucket_of(operation))
        return [self._windows[name] for name in names if name in self._windows]

    def _check_month(self, limits: Limits, moment: datetime) -> None:
        if (month := (moment.year, moment.month)) != self._month:
            self._month, self._used = month, 0
        if limits.month is not None and self._used >= limits.month:
            message = "The limit of your plan for this month is used up."
            error = named(429, "serviceLimitExhausted", message)
            error.headers.update(self._headers(limits, None, moment))
            raise error

    def _refusal(self, limits: Limits, state: State, moment: datetime) -> ServiceError:
        message = f"Only {state.rate.calls} calls in {state.rate.seconds:g} seconds are allowed."
        error = named(429, limits.error, message)
        error.headers.update(self._headers(limits, state, moment))
        if limits.retry_after is not None:
            value = retry_after(moment, math.ceil(round(state.reset, 6)), date=limits.date)
            error.headers[limits.retry_after] = value
        return error

    def _headers(self, limits: Limits, state: State | None, moment: datetime) -> dict[str, str]:
        headers: dict[str, str] = {}
        for style in limits.headers:
            if state is not None:
                headers |= _window_headers(style, state, moment)
            if limits.month is not None and style.endswith("-*"):
                prefix = style.removesuffix("*")
                headers[f"{prefix}Limit-Month"] = str(limits.month)
                headers[f"{prefix}Remaining-Month"] = str(max(0, limits.month - self._used))
        return headers


def _tightest(states: list[State]) -> State | None:
    """Return the state with the smallest share of its calls left, and of these the longest wait."""
    shares = [(s.remaining / max(1, s.rate.calls), -s.reset, s) for s in states]
    return min(shares)[2] if shares else None


def _window_headers(style: str, state: State, moment: datetime) -> dict[str, str]:
    limit, remaining, reset = state.rate.calls, state.remaining, math.ceil(round(state.reset, 6))
    if style == "RateLimit":
        return {style: f"limit={limit}, remaining={remaining}, reset={reset}"}
    if style == "RateLimit-Policy":
        return {style: f"{limit};w={state.rate.seconds:g}"}
    prefix = style.removesuffix("*")
    when = (
        math.ceil(round(moment.timestamp() + state.reset, 6)) if style.startswith("X-") else reset
    )
    figures = {"Limit": limit, "Remaining": remaining, "Reset": when}
    return {f"{prefix}{name}": str(figure) for name, figure in figures.items()}
