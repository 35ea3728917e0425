"""Many at once: a thousand connections, each with a run that takes its time."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Iterator

import aiohttp
import pytest

from postman_async.emulator import PostmanEmulator

CONNECTIONS = 1000


@pytest.fixture
def enough_files() -> Iterator[None]:
    """Allow as many open files as the system lets us: a connection has two ends here."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("enough_files")
async def test_a_thousand_runs_are_held_open_and_each_is_answered(
    postman_emulator: PostmanEmulator,
) -> None:
    """They begin, all of them wait, and when their time has passed all of them end."""
    emulator = postman_emulator
    emulator.clock.freeze()
    uid = emulator.add_monitor("held", duration=60)
    headers = {"X-Api-Key": emulator.api_key}
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(headers=headers, connector=connector) as session:

        async def run() -> tuple[int, str]:
            async with session.post(f"{emulator.url}/monitors/{uid}/run") as answer:
                info = (await answer.json())["run"]["info"]
                return answer.status, info["name"]

        runs = [asyncio.create_task(run()) for _ in range(CONNECTIONS)]
        async with asyncio.timeout(60):
            while emulator.requests.count("monitors.run") < CONNECTIONS:
                await asyncio.sleep(0.01)
        assert not any(each.done() for each in runs)
        while not all(each.done() for each in runs):  # some may have begun a moment later
            emulator.clock.advance(60)
            await asyncio.sleep(0.01)
        answers = [each.result() for each in runs]
    assert {status for status, _ in answers} == {200}
    assert len({name for _, name in answers}) == CONNECTIONS
