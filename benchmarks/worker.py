"""One measurement in a process of its own: ``python -m benchmarks.worker JSON``.

It prints one line of JSON.  A fresh process for each round matters: the same code differs by up
to a fifth between two processes (memory layout, hash seed).
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import resource
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from benchmarks.peers import ASYNC_PEERS, SYNC_PEERS, WORKLOADS, AsyncCall, SyncCall

__all__ = ["main"]


def main() -> None:
    """Measure what the argument asks for."""
    order = json.loads(sys.argv[1])
    if "cpu" in order:
        os.sched_setaffinity(0, {order["cpu"]})
    measure: Callable[..., dict[str, float]] = _MEASURES[order["measure"]]
    sys.stdout.write(json.dumps(measure(**order["arguments"])) + "\n")


def _throughput(peer: str, work: str, calls: int, in_flight: int, origin: str) -> dict[str, float]:
    """Microseconds per call, wall and CPU."""
    if peer in ASYNC_PEERS:
        return asyncio.run(_async_throughput(peer, work, calls, in_flight, origin))
    with SYNC_PEERS[peer](origin, WORKLOADS[work]) as call:
        _in_threads(call, max(calls // 10, in_flight), in_flight)
        return _timed(lambda: _in_threads(call, calls, in_flight), calls)


async def _async_throughput(
    peer: str, work: str, calls: int, in_flight: int, origin: str
) -> dict[str, float]:
    async with ASYNC_PEERS[peer](origin, WORKLOADS[work]) as call:
        await _in_tasks(call, max(calls // 10, in_flight), in_flight)
        gc.collect()
        wall, cpu = time.perf_counter(), time.process_time()
        await _in_tasks(call, calls, in_flight)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {"us": wall / calls * 1e6, "cpu_us": cpu / calls * 1e6}


async def _in_tasks(call: AsyncCall, calls: int, in_flight: int) -> None:
    left = iter(range(calls))

    async def work() -> None:
        for _ in left:
            await call()

    async with asyncio.TaskGroup() as group:
        for _ in range(in_flight):
            group.create_task(work())


def _in_threads(call: SyncCall, calls: int, in_flight: int) -> None:
    left = iter(range(calls))

    def work() -> None:
        for _ in left:
            call()

    if in_flight == 1:
        return work()
    threads = [threading.Thread(target=work) for _ in range(in_flight)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return None


def _timed(function: Callable[[], None], calls: int) -> dict[str, float]:
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    function()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {"us": wall / calls * 1e6, "cpu_us": cpu / calls * 1e6}


def _held(peer: str, runs: int, seconds: float, origin: str) -> dict[str, float]:
    """Runs that the server holds: wall over the time held, and memory for each."""
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, soft))
    return asyncio.run(_held_runs(peer, runs, f"{origin}/held/{seconds}", seconds))


async def _held_runs(peer: str, runs: int, origin: str, seconds: float) -> dict[str, float]:
    async with ASYNC_PEERS[peer](origin, WORKLOADS["r3"]._replace(prefix="")) as call:
        await call()  # imports, hooks, one connection: the baseline
        before = _peak_kb()
        started = time.perf_counter()
        await _in_tasks(call, runs, runs)
        wall = time.perf_counter() - started
        return {"ratio": wall / seconds, "kb": (_peak_kb() - before) / runs}


def _peak_kb() -> float:
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def _batch(runs: int, seconds: float, origin: str, *, collect: bool = True) -> dict[str, float]:
    """Hold the runs of `AsyncPostman.stream_monitor_runs`, which is how users start thousands."""
    if not collect:
        gc.disable()
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, soft))
    return asyncio.run(_batch_runs(runs, f"{origin}/held/{seconds}", seconds))


async def _batch_runs(runs: int, origin: str, seconds: float) -> dict[str, float]:
    from postman_async import AsyncPostman

    uids = [f"12345678-1e6b6cb1-0000-4000-8000-{number:012}" for number in range(runs)]
    async with AsyncPostman("PMAK-1", base_url=origin) as pm:
        async for _ in pm.stream_monitor_runs(uids[:1]):
            before = _peak_kb()
        started, passed = time.perf_counter(), 0
        async for outcome in pm.stream_monitor_runs(uids, concurrency=runs):
            passed += outcome.run is not None
        wall = time.perf_counter() - started
    assert passed == runs, f"{runs - passed} of {runs} runs came to nothing"
    return {"ratio": wall / seconds, "kb": (_peak_kb() - before) / runs}


def _documents(library: str, kind: str, executions: int) -> dict[str, float]:
    """Microseconds for one document, by the ways of `benchmarks.documents`."""
    from benchmarks.documents import functions

    return {way: _enough(act) for way, act in functions(library, kind, executions).items()}


def _enough(act: Callable[[], object]) -> float:
    """Time it often enough to fill a good tenth of a second."""
    once = _mean(act, 2)
    return _mean(act, max(2, min(20_000, int(150_000 / once))))


def _mean(act: Callable[[], object], times: int) -> float:
    gc.collect()
    started = time.process_time()  # nothing waits here, so a busy machine need not matter
    for _ in range(times):
        act()
    return (time.process_time() - started) / times * 1e6


def _first_structuring(module: str) -> dict[str, float]:
    """Milliseconds to import a namespace's models and make the hooks of all of them."""
    from benchmarks.documents import first_structuring

    return {"ms": first_structuring(module)}


_MEASURES: dict[str, Any] = {
    "throughput": _throughput,
    "held": _held,
    "batch": _batch,
    "documents": _documents,
    "first_structuring": _first_structuring,
}

if __name__ == "__main__":
    main()
