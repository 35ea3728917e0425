"""A model of the service's limits, and clients that call it: no sockets, on a virtual clock.

It counts in fixed windows or in sliding ones, and its headers state as much as a test wants.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections import deque
from collections.abc import Sequence
from typing import Literal, TypeAlias

from attrs import define, field, frozen

from postman_async.engine.limits.headers import RateLimit
from postman_async.engine.limits.limiter import Limiter
from postman_async.options import RateLimitRule

Kind: TypeAlias = Literal["fixed", "sliding"]
Stated: TypeAlias = Literal["all", "wait", "nothing"]

MONITORS = RateLimitRule(calls=10, seconds=10, bucket="monitors")
USER = RateLimitRule(calls=300, seconds=60)


@define(eq=False)
class Counter:
    """One limit as the service counts it.  Refused calls do not count."""

    rule: RateLimitRule
    kind: Kind
    phase: float
    _times: deque[float] = field(factory=deque)

    def _begins(self, now: float) -> float:
        if self.kind == "sliding":
            return now - self.rule.seconds
        seconds = self.rule.seconds
        return math.floor((now - self.phase) / seconds) * seconds + self.phase

    def used(self, now: float) -> int:
        begins = self._begins(now)
        while self._times and self._times[0] <= begins - 1e-9:
            self._times.popleft()
        return len(self._times)

    def take(self, now: float) -> None:
        self._times.append(now)

    def limits(self, now: float) -> RateLimit:
        """Whole seconds, rounded up, as the service sends them."""
        used = self.used(now)
        since = self._begins(now) if self.kind == "fixed" else (self._times or [now])[0]
        return RateLimit(
            limit=self.rule.calls,
            remaining=self.rule.calls - used,
            reset=float(math.ceil(since + self.rule.seconds - now)),
            window=float(self.rule.seconds),
        )


@define(eq=False)
class ModelServer:
    """Answers calls after ``duration`` seconds, those over a limit with 429 at once.

    Args:
        counters: the limits.
        states: what its headers state: all, only the wait at a 429, nothing.
        duration: seconds from a call to its answer.
        latency: least and most seconds of either way.

    """

    counters: Sequence[Counter]
    states: Stated
    duration: float = 2.0
    latency: tuple[float, float] = (0.03, 0.08)
    random: random.Random = field(factory=lambda: random.Random(1))
    accepted: list[float] = field(factory=list)
    refused: int = 0

    async def call(self) -> tuple[int, RateLimit]:
        await self._travel()
        now = asyncio.get_running_loop().time()
        full = [c for c in self.counters if c.used(now) >= c.rule.calls]
        if full:
            self.refused += 1
            limits = self._refusal(max(full, key=lambda c: c.limits(now).reset or 0), now)
        else:
            for counter in self.counters:
                counter.take(now)
            self.accepted.append(now)
            limits = self._figures(now)
            await asyncio.sleep(self.duration)
        await self._travel()
        return (429 if full else 200), limits

    async def _travel(self) -> None:
        await asyncio.sleep(self.random.uniform(*self.latency))

    def _refusal(self, counter: Counter, now: float) -> RateLimit:
        limits = counter.limits(now)
        if self.states == "nothing":
            return RateLimit()
        if self.states == "wait":
            return RateLimit(retry_after=limits.reset)
        return RateLimit(
            limit=limits.limit, remaining=0, reset=limits.reset, retry_after=limits.reset
        )

    def _figures(self, now: float) -> RateLimit:
        if self.states != "all":
            return RateLimit()
        return min((c.limits(now) for c in self.counters), key=lambda t: t.remaining or 0)


@define(eq=False)
class MemoryStore:
    """The budget that the clients of one process share: a sliding log for each bucket."""

    _starts: dict[str, deque[float]] = field(factory=dict)

    async def take(self, bucket: str, calls: int, seconds: float) -> float:
        """Take a call, or return when to ask again; the guard is that of the client's windows."""
        now = asyncio.get_running_loop().time()
        log = self._starts.setdefault(bucket, deque())
        while log and log[0] <= now - seconds - 0.12:
            log.popleft()
        if len(log) < calls:
            log.append(now)
            return 0.0
        return max(0.001, log[0] + seconds + 0.12 - now)


@frozen
class Result:
    """What came of a client's calls: when each ended, and how often it was refused."""

    ended: list[float]
    most_attempts: int


async def client(server: ModelServer, limiter: Limiter, calls: int) -> Result:
    """Make so many calls at once; each that is refused keeps its sequence."""
    ended: list[float] = []
    most = 0
    group = limiter.group("monitors", "monitors.run")

    async def one() -> None:
        nonlocal most
        sequence, attempts, status = None, 0, 429
        while status == 429:
            slot = await limiter.acquire(group, sequence=sequence)
            sequence, attempts = slot.sequence, attempts + 1
            status, limits = await server.call()
            if status == 429:
                limiter.on_refusal(slot, limits)
            else:
                limiter.on_answer(slot, limits)
        most = max(most, attempts)
        ended.append(asyncio.get_running_loop().time())

    async with asyncio.TaskGroup() as tasks:
        for _ in range(calls):
            tasks.create_task(one())
    return Result(ended, most)


def optimum(rules: Sequence[RateLimitRule], calls: int, duration: float) -> float:
    """Give the seconds that no client can beat whatever the phase: full windows back to back."""
    return max((math.ceil(calls / r.calls) - 1) * r.seconds for r in rules) + duration
