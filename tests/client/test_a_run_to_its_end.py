"""``monitors.run`` returns when the run has ended, also where the service answers before that."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from postman_async import (
    AsyncPostman,
    CallTimeoutError,
    ConnectError,
    Postman,
    Timeout,
    UnsettledError,
)
from postman_async.emulator import PostmanEmulator
from postman_async.emulator.controls import faults
from tests.bulk.kit import in_virtual_time
from tests.bulk.model import Model, Service, serving
from tests.support import KEY, reply, scripted

STARTED = reply(202, json.dumps({"run": {"info": {"monitorId": "m", "status": "running"}}}))


def now() -> float:
    return asyncio.get_running_loop().time()


@pytest.mark.looptime
@pytest.mark.parametrize("way", ["method", "call"])
async def test_a_run_of_1000_s_is_followed_after_the_202_of_300_s(
    local_emulator: PostmanEmulator, pm: AsyncPostman, way: str
) -> None:
    """It came back as still running, and README said that it answers when the run has ended."""
    uid = local_emulator.add_monitor("long", outcome="failed", duration=1000.0)
    await pm.monitors.update(uid, active=False)
    began = now()
    run: Any = await (
        pm.monitors.run(uid) if way == "method" else pm.call("monitors.run", monitor_uid=uid)
    )
    assert (run.info.status, run.stats.assertions.failed > 0) == ("failed", True)
    assert now() - began == pytest.approx(1030, abs=31)
    assert local_emulator.requests.count("monitors.run") == 1


async def test_the_raw_form_still_shows_the_202(
    local_emulator: PostmanEmulator, pm: AsyncPostman
) -> None:
    uid = local_emulator.add_monitor("m")
    local_emulator.faults.on("monitors.run", faults.accepted())
    raw = await pm.monitors.with_raw_response.run(uid)
    assert (raw.status, raw.value.info.status) == (202, "running")
    assert local_emulator.requests.count("monitors.get") == 0


async def test_a_run_that_was_only_to_be_started_is_not_followed(
    local_emulator: PostmanEmulator, pm: AsyncPostman
) -> None:
    uid = local_emulator.add_monitor("m", duration=60.0)
    run = await pm.monitors.run(uid, run_async=True)
    assert run.info.status == "running"
    assert local_emulator.requests.count("monitors.get") == 0


def test_the_sync_client_follows_it_too(thread_emulator: PostmanEmulator, sync_pm: Postman) -> None:
    uid = thread_emulator.add_monitor("m", duration=0.2)
    sync_pm.monitors.update(uid, active=False)
    thread_emulator.faults.on("monitors.run", [faults.accepted(), faults.accepted()])
    assert sync_pm.monitors.run(uid).info.status == "success"
    assert sync_pm.call("monitors.run", monitor_uid=uid).info.status == "success"


@pytest.mark.looptime
@pytest.mark.parametrize(
    ("timeout", "seconds"), [(Timeout(run=400.0), 400), (500.0, 500), (Timeout(total=350.0), 350)]
)
async def test_the_time_of_the_call_holds_for_all_of_it(
    local_emulator: PostmanEmulator, pm: AsyncPostman, timeout: Any, seconds: int
) -> None:
    uid = local_emulator.add_monitor("long", duration=2000.0)
    began = now()
    with pytest.raises(
        CallTimeoutError, match=r"begun, and had not ended .* monitors\.get"
    ) as caught:
        await pm.monitors.run(uid, timeout=timeout)
    assert now() - began == pytest.approx(seconds, abs=2)
    assert (caught.value.sent, caught.value.attempts) == (True, 1)


@pytest.mark.looptime
async def test_what_cannot_be_told_is_an_error_with_clear_words() -> None:
    """The polls are refused; the run was started anyway."""
    refusal = reply(403, '{"error": {"name": "forbiddenError", "message": "not yours"}}')
    async with scripted(STARTED, refusal) as server, AsyncPostman(KEY, base_url=server.url) as pm:
        with pytest.raises(
            UnsettledError, match=r"/monitors/1-m/run: the run was begun.*not yours"
        ):
            await pm.monitors.run("1-m")
    assert [request.method for request in server.received] == ["POST", "GET"]


def test_a_stranger_s_run_is_not_returned() -> None:
    """Two runs are seen, and a 202 names none: neither is proved to be ours."""
    model = Model(seconds=20.0, word="failed", faults=["202"], other_clients=frozenset({"within"}))

    async def run() -> Any:
        service = Service({"1-m": model})
        async with serving(service), AsyncPostman(KEY, base_url=service.url) as pm:
            first = pm.monitors.run("1-m", timeout=Timeout(run=100.0))
            return await asyncio.gather(first, pm.monitors.run("1-m"), return_exceptions=True)

    followed, answered = in_virtual_time(run)
    assert isinstance(followed, UnsettledError)
    assert answered.info.status == "failed"


async def test_a_call_that_fails_raises_what_it_did() -> None:
    async with AsyncPostman(KEY, base_url="http://127.0.0.1:9", retries=1) as pm:
        with pytest.raises(ConnectError):
            await pm.monitors.run("1-m")
