"""The benchmarks of bulk runs measure finished runs: their servers answer as the service does."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from aiohttp import web

from benchmarks.pacing import Load, Service, postman_async


async def test_every_run_of_the_benchmark_finishes_and_none_is_sent_twice() -> None:
    """Once it did not: the server left out what the client went by, and nobody noticed."""
    load = Load(runs=4, calls=2, seconds=0.2, duration=0.0)
    service, app = Service(load), web.Application()
    app.add_routes([web.post("/monitors/{uid}/run", service.run)])
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        finished = await asyncio.to_thread(postman_async, url, load)
    finally:
        await runner.cleanup()
    assert (finished, service.posts - service.refused) == (4, 4)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/self/statm")
def test_every_run_of_the_memory_benchmark_passes() -> None:
    """It ends with an error if one does not: the client refused answers without the right uid."""
    root = Path(__file__).parents[2]
    ended = subprocess.run(
        [sys.executable, "benchmarks/memory.py", "--runs", "200"],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count(" 200 outcomes ") == 3
