"""How connections are made: so many at a time, and each within its time."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from postman_async import AsyncPostman, ConnectError, Timeout
from postman_async.engine.http import session
from tests.support import KEY

LOOPBACK = "http://127.0.0.1:1"


class Slow:
    """Replaces the code of aiohttp that makes connections: each takes some time and fails."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
        self.seconds = seconds
        self.now = self.most = self.all = 0
        monkeypatch.setattr(aiohttp.TCPConnector, "_create_connection", self.connect)

    async def connect(self, *_: Any) -> None:
        self.all += 1
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.now -= 1
        raise OSError("no way")


@pytest.mark.looptime
async def test_only_so_many_connections_are_made_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """And waiting for the others is not counted as time to connect: 20 waits are longer."""
    monkeypatch.setattr(session, "_CONNECTING", 2)
    slow = Slow(monkeypatch, seconds=9)
    async with AsyncPostman(KEY, base_url=LOOPBACK, retries=1) as pm:
        calls = (pm.users.me(timeout=Timeout(connect=10)) for _ in range(40))
        failures = await asyncio.gather(*calls, return_exceptions=True)
    assert (slow.most, slow.all) == (2, 40)
    assert {str(failure) for failure in failures} == {"GET /me: no connection: no way"}
    assert asyncio.get_running_loop().time() == pytest.approx(180, abs=1)


@pytest.mark.looptime
async def test_a_look_up_that_hangs_counts_as_time_to_connect(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Slow(monkeypatch, seconds=1_000)
    async with AsyncPostman(KEY, base_url=LOOPBACK, retries=1) as pm:
        with pytest.raises(ConnectError, match="no connection within the connect timeout"):
            await pm.users.me(timeout=Timeout(connect=10))
    assert asyncio.get_running_loop().time() == pytest.approx(10, abs=0.5)
