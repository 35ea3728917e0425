"""How quick the emulator is, and what it bears: ``python benchmarks/emulator.py [ENGINE]``.

It prints one figure a line.  With an argument it also runs real collections, which needs Node
and, the first time, the npm registry.
"""

from __future__ import annotations

import asyncio
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import aiohttp

from postman_async.emulator import PostmanEmulator

CONNECTIONS = 1000
REAL_RUNS = 100


def say(what: str, value: float, unit: str) -> None:
    """Print a figure."""
    sys.stdout.write(f"{what:<58} {value:>9.2f} {unit}\n")


def median_ms(action: Callable[[], object], times: int = 50) -> float:
    """Return the median of an action's durations, in milliseconds."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        action()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken) * 1000


def cold_start() -> float:
    """Return the milliseconds a new Python needs to import, start and answer, less its own."""
    code = "import asyncio\nfrom postman_async.emulator import PostmanEmulator\n"
    code += "async def main():\n    async with PostmanEmulator(): pass\nasyncio.run(main())"
    python = [sys.executable, "-c"]
    whole = median_ms(lambda: subprocess.run([*python, code], check=True), 5)
    return whole - median_ms(lambda: subprocess.run([*python, "import aiohttp.web"], check=True), 5)


async def life() -> None:
    """Time its start, reset, snapshot and restore, with a hundred monitors in it."""
    starts = []
    for _ in range(20):
        emulator = PostmanEmulator()
        began = time.perf_counter()
        await emulator.start()
        starts.append(time.perf_counter() - began)
        await emulator.close()
    say("start, all modules imported", statistics.median(starts) * 1000, "ms")
    async with PostmanEmulator() as emulator:
        say("reset", median_ms(emulator.reset), "ms")
        for number in range(100):
            emulator.add_monitor(f"monitor {number}")
        say("snapshot of 100 monitors", median_ms(emulator.snapshot), "ms")
        snapshot = emulator.snapshot()
        say("restore of 100 monitors", median_ms(lambda: emulator.restore(snapshot)), "ms")


async def run(session: aiohttp.ClientSession, emulator: PostmanEmulator, uid: str) -> str:
    """Run a monitor, and return its status."""
    async with session.post(f"{emulator.url}/monitors/{uid}/run") as answer:
        body = await answer.json()
        status: str = body["run"]["info"]["status"]
        return status


async def hold_connections() -> None:
    """Hold many scripted runs open at once, each on a connection of its own."""
    async with PostmanEmulator() as emulator:
        uid = emulator.add_monitor("held", duration=5.0)
        connector = aiohttp.TCPConnector(limit=0)
        headers = {"X-Api-Key": emulator.api_key}
        async with aiohttp.ClientSession(headers=headers, connector=connector) as session:
            began = time.perf_counter()
            runs = (run(session, emulator, uid) for _ in range(CONNECTIONS))
            statuses = await asyncio.gather(*runs)
            taken = time.perf_counter() - began
    assert statuses == ["success"] * CONNECTIONS
    say(f"{CONNECTIONS} runs of 5 s held open at once, all answered after", taken, "s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    say("memory of client and emulator, at the peak", peak, "MB")


async def answer_quickly(calls: int = 3000, at_once: int = 50) -> None:
    """Ask for a monitor, many times."""
    async with PostmanEmulator() as emulator:
        uid = emulator.add_monitor("asked for")
        queue = iter(range(calls))
        async with aiohttp.ClientSession(headers={"X-Api-Key": emulator.api_key}) as session:

            async def ask() -> None:
                for _ in queue:
                    async with session.get(f"{emulator.url}/monitors/{uid}") as answer:
                        await answer.read()

            began = time.perf_counter()
            await asyncio.gather(*(ask() for _ in range(at_once)))
            taken = time.perf_counter() - began
    say("calls a second, client and emulator in one process", calls / taken, "/s")


async def run_for_real() -> None:
    """Begin many runs of a real collection at once; they queue, and all end."""
    async with PostmanEmulator() as emulator:
        await emulator.engine.start()
        item = {
            "name": "Get",
            "request": f"{emulator.url}/_echo/get",
            "event": [{"listen": "test", "script": {"exec": "pm.response.to.have.status(200);"}}],
        }
        uid = await _monitor_of(emulator, [{**item, "name": f"Get {n}"} for n in range(3)])
        async with aiohttp.ClientSession(headers={"X-Api-Key": emulator.api_key}) as session:
            began = time.perf_counter()
            runs = (run(session, emulator, uid) for _ in range(REAL_RUNS))
            statuses = await asyncio.gather(*runs)
            taken = time.perf_counter() - began
    assert statuses == ["success"] * REAL_RUNS
    say(f"{REAL_RUNS} real runs of 3 requests begun at once, all ended after", taken, "s")


async def _monitor_of(emulator: PostmanEmulator, items: list[object]) -> str:
    (collection,) = emulator.load({"info": {"name": "Load"}, "item": items})
    schedule = {"cron": "0 0 * * *", "timezone": "UTC"}
    monitor = {"name": "load", "collection": collection, "schedule": schedule}
    async with (
        aiohttp.ClientSession(headers={"X-Api-Key": emulator.api_key}) as session,
        session.post(f"{emulator.url}/monitors", json={"monitor": monitor}) as answer,
    ):
        uid: str = (await answer.json())["monitor"]["uid"]
        return uid


async def main() -> None:
    """Print all figures."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # a connection has two ends here
    await life()
    await answer_quickly()
    await hold_connections()
    if len(sys.argv) > 1:
        await run_for_real()


if __name__ == "__main__":
    say("import and start in a new Python that has aiohttp.web", cold_start(), "ms")
    asyncio.run(main())
