"""Deadlines are what `asyncio.timeout` is, with fewer timers; on a virtual clock."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any

import pytest

from postman_async.engine.http.deadlines import Deadline, Deadlines

pytestmark = pytest.mark.looptime


def now() -> float:
    return asyncio.get_running_loop().time()


@asynccontextmanager
async def ours(deadlines: Deadlines, seconds: float) -> AsyncIterator[None]:
    with Deadline(deadlines) as deadline:
        deadline.start(seconds)
        yield


async def end_of(
    timeout: Callable[[], AbstractAsyncContextManager[Any]], start: float, work: float
) -> tuple[str, float]:
    """Work under a deadline; tell when that ended, and how."""
    await asyncio.sleep(start)
    try:
        async with timeout():
            await asyncio.sleep(work)
    except TimeoutError:
        return "timed out", now()
    return "done", now()


async def test_they_end_as_those_of_asyncio_do() -> None:
    chance, deadlines = random.Random(7), Deadlines()
    ends = []
    for _ in range(500):
        start, work = chance.uniform(0, 50), chance.uniform(0, 50)
        seconds = chance.choice([0, 1.5, 10, 25, 25, 25, chance.uniform(0, 50)])
        both = partial(ours, deadlines, seconds), partial(asyncio.timeout, seconds)
        ends += [end_of(timeout, start, work) for timeout in both]
    found = await asyncio.gather(*ends)
    for (how, when), (expected, then) in zip(found[::2], found[1::2], strict=True):
        assert how == expected
        assert when == pytest.approx(then, abs=0.001)
    assert {how for how, _ in found} == {"done", "timed out"}


async def test_what_comes_first_holds() -> None:
    deadlines, began = Deadlines(), now()

    async def block() -> None:
        with Deadline(deadlines) as deadline:
            for seconds in (30, 10, 20):
                deadline.start(seconds)
            assert deadline.due == pytest.approx(began + 10)
            await asyncio.sleep(60)

    with pytest.raises(TimeoutError):
        await block()
    assert now() - began == pytest.approx(10)
    await asyncio.sleep(60)  # the others do not come any more


async def test_the_same_length_begun_again_changes_nothing() -> None:
    """Neither for itself nor for those that began in between: they are in one line."""
    deadlines, began, ends = Deadlines(), now(), list[float]()

    async def block(delay: float, *, twice: bool) -> None:
        await asyncio.sleep(delay)
        try:
            with Deadline(deadlines) as deadline:
                deadline.start(10)
                await asyncio.sleep(5)
                if twice:
                    deadline.start(10)
                await asyncio.sleep(60)
        except TimeoutError:
            ends.append(now() - began)

    await asyncio.gather(block(0, twice=True), block(1, twice=False))
    assert ends == [pytest.approx(10), pytest.approx(11)]


async def test_others_who_cancel_are_not_mistaken_for_it() -> None:
    """Not even at the same moment: the task has to end then, too."""
    deadlines = Deadlines()

    async def block() -> None:
        with Deadline(deadlines) as deadline:
            deadline.start(10)
            await asyncio.sleep(60)

    for moment in (5, 10):
        task = asyncio.create_task(block())
        asyncio.get_running_loop().call_later(moment, task.cancel)
        with pytest.raises(asyncio.CancelledError):
            await task


def timers(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Note each timer that is set from now on."""
    loop, made = asyncio.get_running_loop(), list[float]()
    call_at: Callable[..., Any] = loop.call_at

    def noted(when: float, *arguments: Any, **options: Any) -> Any:
        made.append(when)
        return call_at(when, *arguments, **options)

    monkeypatch.setattr(loop, "call_at", noted)
    return made


async def test_a_thousand_of_the_same_length_have_one_timer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    deadlines, made = Deadlines(), timers(monkeypatch)
    for _ in range(1000):
        with Deadline(deadlines) as deadline:
            deadline.start(600)
    assert len(made) == 1


async def test_lengths_that_nobody_waits_for_are_forgotten() -> None:
    deadlines = Deadlines()
    for number in range(10_000):
        with Deadline(deadlines) as deadline:
            deadline.start(600 + number)
    assert len(deadlines._queues) < 200
