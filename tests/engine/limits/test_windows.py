"""Pacing in virtual time: the real limiter against a model of the service's limits.

The clock of these tests jumps from timer to timer, so hours pass in seconds and every figure is
the same each time.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from statistics import fmean
from typing import Any

import pytest
from attrs import frozen
from hypothesis import given, settings
from hypothesis import strategies as st

from postman_async.engine.limits.groups import NoSlotError
from postman_async.engine.limits.headers import RateLimit
from postman_async.engine.limits.limiter import Limiter
from postman_async.engine.limits.priority import at_priority
from postman_async.engine.limits.windows import Window
from postman_async.options import RateLimitRule
from tests.engine.limits.pacing_model import (
    MONITORS,
    USER,
    Counter,
    Kind,
    MemoryStore,
    ModelServer,
    Result,
    Stated,
    client,
    optimum,
)

pytestmark = pytest.mark.looptime(noop_cycles=0)

BOTH = (MONITORS, USER)
CALLS = 1000
DURATION = 2.0


@frozen
class Workload:
    """What came of the calls of several clients: times in seconds, counts, shares."""

    wall: float
    refused: int
    results: Sequence[Result]

    @property
    def share(self) -> float:
        """The larger share of the calls that ended while both clients had some left."""
        both_busy = min(max(r.ended) for r in self.results)
        counts = [sum(at <= both_busy for at in r.ended) for r in self.results]
        return max(counts) / sum(counts)


def server_of(
    rules: Sequence[RateLimitRule], kind: Kind, states: Stated, seed: int = 0, **options: Any
) -> ModelServer:
    chance = random.Random(seed)
    counters = [Counter(rule, kind, chance.uniform(0, rule.seconds)) for rule in rules]
    return ModelServer(counters, states, duration=DURATION, random=chance, **options)


async def work(
    server: ModelServer, limiters: Sequence[Limiter], calls: int = CALLS, apart: float = 0.1
) -> Workload:
    """Share the calls among the clients, which begin a little apart, and wait for all."""

    async def begin(number: int) -> Result:
        await asyncio.sleep(number * apart)
        return await client(server, limiters[number], calls // len(limiters))

    began = asyncio.get_running_loop().time()
    results = await asyncio.gather(*map(begin, range(len(limiters))))
    wall = max(max(r.ended) for r in results) - began
    return Workload(wall, server.refused, results)


def limiter_of(rules: Sequence[RateLimitRule], seed: int = 0, **options: Any) -> Limiter:
    return Limiter(rules, rules, jitter=random.Random(seed).random, **options)


# --- the figures that the project promises


@pytest.mark.parametrize("kind", ["fixed", "sliding"])
@pytest.mark.parametrize("rules", [BOTH, (USER,)], ids=["monitors", "user"])
async def test_one_client_is_as_fast_as_the_limit_and_never_refused(
    rules: Sequence[RateLimitRule], kind: Kind
) -> None:
    """1,000 runs of 2 s, whatever the service answers."""
    states: Stated = "all" if kind == "fixed" else "nothing"
    done = await work(server_of(rules, kind, states), [limiter_of(rules)])
    assert done.refused == 0
    assert done.wall <= 1.02 * optimum(rules, CALLS, DURATION)


@pytest.mark.parametrize("kind", ["fixed", "sliding"])
@pytest.mark.parametrize(("rules", "most"), [(BOTH, 0.12), ((USER,), 0.07)], ids=["10", "300"])
async def test_two_clients_of_one_key_share_it_without_knowing_of_each_other(
    rules: Sequence[RateLimitRule], most: float, kind: Kind
) -> None:
    """Nearly as fast as one, with few refusals, and each with its share: six times over."""
    runs = []
    for seed in range(6):
        server = server_of(rules, kind, "all" if seed % 2 else "wait", seed)
        runs.append(await work(server, [limiter_of(rules, seed), limiter_of(rules, seed + 100)]))
    assert fmean(run.wall for run in runs) <= 1.03 * optimum(rules, CALLS, DURATION)
    assert fmean(run.refused for run in runs) <= most * CALLS
    assert max(run.share for run in runs) <= 0.6


async def test_clients_with_a_common_store_are_never_refused() -> None:
    store = MemoryStore()
    limiters = [limiter_of((MONITORS,), seed, shared=store) for seed in range(3)]
    done = await work(server_of((MONITORS,), "sliding", "wait"), limiters, calls=150)
    assert done.refused == 0
    assert done.wall <= 1.05 * optimum((MONITORS,), 150, DURATION)


async def test_a_client_that_is_left_alone_takes_the_whole_limit_again() -> None:
    """The other one has a fifth of the work."""
    server = server_of((MONITORS,), "fixed", "wait")
    first, second = limiter_of((MONITORS,)), limiter_of((MONITORS,), 1)
    began = asyncio.get_running_loop().time()
    await asyncio.gather(client(server, first, 400), client(server, second, 100))
    wall = asyncio.get_running_loop().time() - began
    assert wall <= 1.08 * optimum((MONITORS,), 500, DURATION)


async def test_calls_that_arrive_unevenly_are_refused_a_few_times_and_then_no_more() -> None:
    """A guard that is too small for the way to the service grows."""
    server = server_of((MONITORS,), "sliding", "wait", latency=(0.02, 0.4))
    done = await work(server, [limiter_of((MONITORS,))], calls=400)
    assert 0 < done.refused <= 20
    assert done.wall <= 1.06 * optimum((MONITORS,), 400, DURATION)


async def test_a_limit_that_is_used_up_by_others_is_waited_for_without_a_refusal() -> None:
    """The first answer states that eight of the ten calls are used."""
    server = server_of((MONITORS,), "fixed", "all", seed=3)
    server.duration = 0.05
    server.counters[0].phase = asyncio.get_running_loop().time()
    for _ in range(8):
        server.counters[0].take(asyncio.get_running_loop().time())
    limiter = limiter_of((MONITORS,))
    await client(server, limiter, 1)
    assert limiter.state("monitors").remaining == 1
    await client(server, limiter, 8)
    assert server.refused == 0


# --- what holds for every pattern


def worst(times: Sequence[float], rule: RateLimitRule) -> int:
    """Count the most calls in any window, sliding ones being the sharper measure."""
    ordered = sorted(times)
    return max(
        (sum(start <= at < start + rule.seconds for at in ordered) for start in ordered), default=0
    )


@given(
    gaps=st.lists(st.floats(0, 6), min_size=1, max_size=80),
    calls=st.integers(1, 12),
    seconds=st.floats(0.5, 20),
)
@settings(max_examples=150)
def test_alone_the_limit_is_never_exceeded_in_any_window(
    gaps: list[float], calls: int, seconds: float
) -> None:
    """A fixed window is one of the sliding ones, so whatever the service counts is within it."""
    window, now, starts = Window("x", calls, seconds), 0.0, []
    for gap in gaps:
        now = max(now + gap, window.next_start(now + gap))
        assert window.next_start(now) <= now
        window.record(now)
        starts.append(now)
    assert worst(starts, RateLimitRule(calls=calls, seconds=seconds)) <= calls


@given(data=st.data())
@settings(max_examples=50)
def test_whatever_the_headers_state_a_window_opens_again_and_keeps_its_limit(
    data: st.DataObject,
) -> None:
    """Refusals and figures in any order never make it stop for good, nor go over the limit."""
    window, now, starts = Window("x", 6, 10.0), 0.0, []
    whole = st.none() | st.integers(0, 12)
    for _ in range(data.draw(st.integers(1, 40))):
        now += data.draw(st.floats(0, 3))
        opens = window.next_start(now)
        while opens > now:
            assert opens <= now + 60
            now, opens = opens, window.next_start(opens)
        window.record(now)
        limits = RateLimit(
            limit=6,
            remaining=data.draw(whole),
            reset=data.draw(whole),
            retry_after=data.draw(whole),
        )
        if data.draw(st.booleans()):
            window.refuse(limits, now, now, data.draw(st.floats(0, 1)))
        else:
            window.correct(limits, now, now)
            starts.append(now)
        assert 1 <= window.share <= 6
    assert worst(starts, RateLimitRule(calls=6, seconds=10)) <= 6


# --- waiting


ONE = (RateLimitRule(calls=1, seconds=10),)


async def order_of(*priorities: int) -> list[int]:
    """Let calls of these priorities wait, and return in which order they start."""
    limiter = limiter_of(ONE)
    group = limiter.group(None, "users.me")
    await limiter.acquire(group)
    started: list[int] = []

    async def wait(number: int, priority: int) -> None:
        with at_priority(priority):
            await limiter.acquire(group)
        started.append(number)

    async with asyncio.TaskGroup() as tasks:
        for number, priority in enumerate(priorities):
            tasks.create_task(wait(number, priority))
    return started


async def test_those_who_wait_are_served_in_their_order() -> None:
    assert await order_of(*[0] * 8) == list(range(8))


async def test_a_higher_priority_goes_first_and_keeps_the_order_within() -> None:
    assert await order_of(0, 1, 0, 1, -1, 2) == [5, 1, 3, 0, 2, 4]


async def test_one_who_was_refused_goes_before_those_who_came_later() -> None:
    limiter = limiter_of(ONE)
    group = limiter.group(None, "users.me")
    refused = await limiter.acquire(group)
    started: list[str] = []

    async def wait(name: str, sequence: int | None) -> None:
        await limiter.acquire(group, sequence=sequence)
        started.append(name)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(wait("later", None))
        await asyncio.sleep(1)
        limiter.on_refusal(refused, RateLimit(retry_after=5))
        tasks.create_task(wait("refused", refused.sequence))
    assert started == ["refused", "later"]


async def test_a_full_group_does_not_hold_up_other_calls() -> None:
    limiter = limiter_of(BOTH)
    monitors, others = limiter.group("monitors", "monitors.run"), limiter.group(None, "users.me")
    waiting = [asyncio.create_task(limiter.acquire(monitors)) for _ in range(15)]
    await asyncio.sleep(1)
    assert (limiter.waiting, limiter.state("monitors").waiting) == (5, 5)
    began = asyncio.get_running_loop().time()
    await limiter.acquire(others)
    assert asyncio.get_running_loop().time() - began < 0.1
    await asyncio.gather(*waiting)
    assert limiter.waiting == 0


@pytest.mark.parametrize("when", ["while it waits", "in the moment it is let through"])
async def test_a_call_that_gives_up_leaves_its_slot_to_the_next(when: str) -> None:
    limiter = limiter_of(ONE)
    group = limiter.group(None, "users.me")
    first = await limiter.acquire(group)
    gone = asyncio.create_task(limiter.acquire(group))
    following = asyncio.create_task(limiter.acquire(group))
    await asyncio.sleep(1)
    if when == "while it waits":
        gone.cancel()
    else:
        asyncio.get_running_loop().call_at(first.start + 10.12, gone.cancel)
    slot = await following
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert slot.start - first.start == pytest.approx(10.12, abs=0.6)
    assert limiter.waiting == 0


async def test_a_slot_that_was_not_used_can_be_released() -> None:
    limiter = limiter_of(ONE)
    group = limiter.group(None, "users.me")
    limiter.release(await limiter.acquire(group))
    began = asyncio.get_running_loop().time()
    await limiter.acquire(group)
    assert asyncio.get_running_loop().time() - began < 1


async def test_waiting_in_vain_ends_at_once() -> None:
    limiter = limiter_of((MONITORS,))
    group = limiter.group("monitors", "monitors.run")
    waiting = [asyncio.create_task(limiter.acquire(group)) for _ in range(25)]
    await asyncio.sleep(1)
    began = asyncio.get_running_loop().time()
    with pytest.raises(NoSlotError) as caught:
        await limiter.acquire(group, until=began + 15)
    assert asyncio.get_running_loop().time() == began
    assert 15 < caught.value.seconds < 25
    await limiter.acquire(group, until=began + 25)
    await asyncio.gather(*waiting)


async def test_many_who_gave_up_are_not_kept() -> None:
    limiter = limiter_of(ONE)
    group = limiter.group(None, "users.me")
    await limiter.acquire(group)
    for _ in range(20):
        tasks = [asyncio.create_task(limiter.acquire(group)) for _ in range(50)]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert (limiter.waiting, len(group.queue) < 20) == (0, True)


# --- what headers state


async def learnt(*answers: RateLimit, bucket: str | None = "monitors") -> Limiter:
    """Let a limiter that knows no limit yet hear of some."""
    limiter = Limiter((), BOTH)
    for limits in answers:
        slot = await limiter.acquire(limiter.group(bucket, "some.call"))
        limiter.on_answer(slot, limits)
    return limiter


async def test_on_an_unknown_host_headers_alone_make_the_limits() -> None:
    user = RateLimit(limit=300, remaining=299, reset=60, window=60)
    group = RateLimit(limit=10, remaining=9, reset=10)
    limiter = await learnt(user, group)
    figures = {
        name: (s.limit, s.window) for name, s in ((n, limiter.state(n)) for n in limiter.windows)
    }
    assert figures == {"user": (300, 60), "monitors": (10, 10)}


async def test_nothing_is_paced_where_nothing_is_stated() -> None:
    limiter = await learnt(*[RateLimit()] * 50)
    assert limiter.windows == {}


async def test_another_figure_for_a_known_window_is_taken_over() -> None:
    limiter = limiter_of(BOTH)
    group = limiter.group("monitors", "monitors.run")
    slot = await limiter.acquire(group)
    limiter.on_answer(slot, RateLimit(limit=600, remaining=599, reset=60, window=60))
    assert (limiter.state("user").limit, limiter.state("monitors").limit) == (600, 10)


@pytest.mark.parametrize(
    ("limits", "blocked"),
    [
        (RateLimit(limit=10, retry_after=8), "monitors"),
        (RateLimit(limit=300, retry_after=8), "user"),
        (RateLimit(retry_after=8), "monitors"),
        (RateLimit(retry_after=45), "user"),
    ],
)
async def test_a_refusal_holds_the_limit_whose_figures_it_gives(
    limits: RateLimit, blocked: str
) -> None:
    """Without figures: the one used up most, unless the wait is longer than its window."""
    limiter = limiter_of(BOTH)
    group = limiter.group("monitors", "monitors.run")
    limiter.on_refusal(await limiter.acquire(group), limits)
    later = asyncio.get_running_loop().time() + 5
    assert [name for name, w in limiter.windows.items() if w.next_start(later) > later] == [blocked]


async def test_a_wait_beyond_reason_holds_nobody_else() -> None:
    limiter = limiter_of((USER,))
    group = limiter.group(None, "users.me")
    limiter.on_refusal(await limiter.acquire(group), RateLimit(retry_after=3600))
    assert limiter.state("user").reset < 60
