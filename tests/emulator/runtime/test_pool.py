"""The number of processes of the pool, in virtual time and with fake processes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from postman_async.emulator.exceptions import EngineCrashed, EngineUnavailable
from postman_async.emulator.runtime.pool import WorkerPool

pytestmark = pytest.mark.looptime

START = 0.4


class Process:
    """A fake worker, alive until it is ended."""

    def __init__(self) -> None:
        self.alive = True
        self.worn = False

    async def end(self) -> None:
        self.alive = False

    close = end


class Machine:
    """A pool on a machine of two cores, and the workers that it started."""

    def __init__(self, processes: int = 16, jobs_each: int = 1) -> None:
        self.started: list[Process] = []
        self.broken = False
        self.pool = WorkerPool(self.spawn, processes=processes, jobs_each=jobs_each)

    async def spawn(self) -> Any:
        await asyncio.sleep(START)
        if self.broken:
            raise EngineCrashed("no more processes")
        self.started.append(Process())
        return self.started[-1]

    @property
    def alive(self) -> int:
        return sum(process.alive for process in self.started)

    async def work(self, seconds: float) -> Any:
        async with self.pool.lend() as process:
            await asyncio.sleep(seconds)
            return process


@pytest.fixture
async def machine(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Machine]:
    """A machine; its pool is closed after the test."""
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    made = Machine()
    yield made
    await made.pool.close()
    assert made.alive == 0


async def test_quick_jobs_share_one_process_per_core(machine: Machine) -> None:
    """More workers would take processor time from the jobs."""
    await asyncio.gather(*(machine.work(0.1) for _ in range(200)))
    assert len(machine.started) == 2


async def test_one_job_after_the_other_needs_one_process(machine: Machine) -> None:
    processes = {await machine.work(0.1) for _ in range(5)}
    assert len(processes) == len(machine.started) == 1


async def test_jobs_that_wait_for_their_targets_get_more_processes_in_a_few_seconds(
    machine: Machine,
) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    await asyncio.gather(*(machine.work(30) for _ in range(20)))
    assert len(machine.started) == 16
    assert loop.time() - began < 2 * 30 + 10 * START


async def test_processes_without_work_are_ended(machine: Machine) -> None:
    await asyncio.gather(*(machine.work(30) for _ in range(16)))
    await asyncio.sleep(40)
    assert machine.alive == 2


async def test_no_process_has_two_jobs(machine: Machine) -> None:
    busy: set[Any] = set()

    async def work(seconds: float) -> None:
        async with machine.pool.lend() as process:
            assert process not in busy
            busy.add(process)
            await asyncio.sleep(seconds)
            busy.remove(process)

    await asyncio.gather(*(work(n % 7) for n in range(100)))


async def test_a_job_that_was_cancelled_takes_its_process_along_and_no_other(
    machine: Machine,
) -> None:
    cancelled = asyncio.ensure_future(machine.work(30))
    other = asyncio.ensure_future(machine.work(1))
    await asyncio.sleep(1)
    cancelled.cancel()
    process = await other
    assert process.alive
    await asyncio.sleep(0)
    assert machine.alive == 1


async def test_a_process_that_a_job_left_with_too_much_memory_is_not_used_again(
    machine: Machine,
) -> None:
    async with machine.pool.lend() as process:
        process.worn = True  # type: ignore[misc]
    assert await machine.work(1) is not process
    assert machine.alive == 1


async def test_who_waits_no_longer_is_forgotten(machine: Machine) -> None:
    machine.pool = WorkerPool(machine.spawn, processes=1, jobs_each=1)
    first = asyncio.ensure_future(machine.work(10))
    second = asyncio.ensure_future(machine.work(10))
    third = asyncio.ensure_future(machine.work(10))
    await asyncio.sleep(1)
    assert machine.pool.waiting == 2
    second.cancel()
    await asyncio.wait({second})
    assert machine.pool.waiting == 1
    assert (await first) is (await third)


async def test_a_turn_that_comes_with_the_cancellation_goes_to_the_next(machine: Machine) -> None:
    machine.pool = WorkerPool(machine.spawn, processes=1, jobs_each=1)
    tasks = [asyncio.ensure_future(machine.work(10)) for _ in range(3)]
    await asyncio.wait(tasks[:1])
    tasks[1].cancel()
    await asyncio.wait_for(tasks[2], 100)


async def test_a_dead_process_is_replaced(machine: Machine) -> None:
    first = await machine.work(1)
    await first.end()
    second = await machine.work(1)
    assert second is not first


async def test_when_none_can_be_started_all_who_wait_are_told(machine: Machine) -> None:
    machine.broken = True
    found = await asyncio.gather(*(machine.work(1) for _ in range(5)), return_exceptions=True)
    assert {str(error) for error in found} == {"no more processes"}
    machine.broken = False
    assert (await machine.work(1)).alive


async def test_when_only_another_cannot_be_started_the_jobs_use_what_there_is(
    machine: Machine,
) -> None:
    await machine.work(1)
    machine.broken = True
    processes = await asyncio.gather(*(machine.work(5) for _ in range(5)))
    assert set(processes) == set(machine.started)
    assert len(machine.started) == 1


async def test_after_its_end_it_lends_nothing(machine: Machine) -> None:
    working = asyncio.ensure_future(machine.work(1))
    waiting = asyncio.ensure_future(machine.work(1))
    await asyncio.sleep(0)
    await machine.pool.close()
    found = await asyncio.gather(working, waiting, return_exceptions=True)
    assert {type(error) for error in found} == {EngineCrashed}
    with pytest.raises(EngineUnavailable, match="closed"):
        await machine.work(1)
