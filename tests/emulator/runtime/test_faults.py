"""Bad scripts and crashes: one run fails, the other runs and the emulator continue."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from postman_async.emulator import PostmanEmulator
from postman_async.emulator.exceptions import ConversionError, EngineCrashed, EngineUnavailable
from postman_async.emulator.runtime import CollectionEngine
from tests.emulator.conftest import Api
from tests.emulator.kit import failed, item, job

pytestmark = pytest.mark.asyncio(loop_scope="module")

LONG = 30
PETSTORE = """
openapi: 3.0.0
info: {title: Pets, version: 1.0.0}
paths:
  /pets:
    get: {summary: List pets, responses: {'200': {description: all of them}}}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def echo() -> AsyncIterator[str]:
    """The URL of the echo service."""
    async with PostmanEmulator() as emulator:
        yield f"{emulator.url}/_echo"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine() -> AsyncIterator[CollectionEngine]:
    """One runtime for the tests that do not end it."""
    async with CollectionEngine() as started:
        yield started


async def until_running(engine: CollectionEngine, count: int) -> None:
    """Wait until a number of runs are under way."""
    async with asyncio.timeout(10):
        while (await engine.stats())["running"] != count:
            await asyncio.sleep(0.005)


@pytest.mark.parametrize(
    "script", ["while (true) {}", "await new Promise(() => {});", "setInterval(() => {}, 10);"]
)
async def test_a_hung_script_is_ended_and_the_next_request_is_sent(
    engine: CollectionEngine, echo: str, script: str
) -> None:
    items = (item("Hung", f"{echo}/get", script), item("Next", f"{echo}/get", "tests['n'] = 1;"))
    result = await engine.run(job(*items, script_timeout=0.2))
    assert result["status"] == "error"
    assert "sandbox" in failed(result)[0]
    assert result["executions"][1]["assertions"] == {"n": True}


async def test_a_hung_script_does_not_hold_up_other_runs(
    engine: CollectionEngine, echo: str
) -> None:
    hung = asyncio.ensure_future(
        engine.run(job(item("Hung", f"{echo}/get", "while (true) {}"), script_timeout=LONG))
    )
    await until_running(engine, 1)
    result = await engine.run(job(item("Get", f"{echo}/get", "tests['n'] = true;")))
    assert result["status"] == "success"
    assert not hung.done()
    hung.cancel()
    await asyncio.wait({hung})
    await until_running(engine, 0)


async def test_a_script_without_end_of_memory_fails_alone(
    engine: CollectionEngine, echo: str
) -> None:
    bomb = "const all = []; while (true) { all.push(new Array(1e5).fill(1.5)); }"
    result = await engine.run(job(item("Bomb", f"{echo}/get", bomb), script_timeout=LONG))
    assert result["status"] == "error"
    assert "memory" in failed(result)[0]


async def test_a_script_that_takes_memory_outside_its_heap_costs_only_its_own_run(
    echo: str,
) -> None:
    """V8 does not limit typed arrays; the process and the concurrent run survive."""
    bomb = "const all = []; while (true) { all.push(new Uint8Array(1e7).fill(1)); }"
    async with CollectionEngine(memory_mb=900) as engine:
        pid = engine.pid
        beside = asyncio.ensure_future(
            engine.run(job(item("Slow", f"{echo}/delay/1.5", "tests['done'] = true;")))
        )
        await until_running(engine, 1)
        result = await engine.run(job(item("Bomb", f"{echo}/get", bomb), script_timeout=LONG))
        assert result["status"] == "error"
        assert "memory" in failed(result)[0]
        assert (await beside)["status"] == "success"
        assert engine.pid == pid


async def test_a_result_has_limits_whatever_scripts_report(
    engine: CollectionEngine, echo: str
) -> None:
    """Everything is counted; the stored details are limited."""
    script = "for (let n = 0; n < 1000; n++) { pm.test(`${n} ${'x'.repeat(3900)}`, () => {}); }"
    items = (item(f"Loud {n}", f"{echo}/get", script) for n in range(6))
    result = await engine.run(job(*items, script_timeout=LONG))
    assert result["stats"]["assertions"] == {"total": 6000, "failed": 0}
    assert 10e6 < len(json.dumps(result)) < 20e6
    assert len(result["executions"]) == 6


async def test_a_run_that_takes_too_long_is_aborted(engine: CollectionEngine, echo: str) -> None:
    began = time.perf_counter()
    result = await engine.run(job(item("Slow", f"{echo}/delay/{LONG}"), run_timeout=0.2))
    assert result["status"] == "aborted"
    assert time.perf_counter() - began < LONG / 2


async def test_a_run_in_a_circle_is_aborted(engine: CollectionEngine, echo: str) -> None:
    circle = item("Again", f"{echo}/get", "pm.execution.setNextRequest('Again');")
    result = await engine.run(job(circle, run_timeout=0.5))
    assert result["status"] == "aborted"
    ids = [execution["id"] for execution in result["executions"]]
    assert ids == list(range(1, len(ids) + 1))


async def test_cancelling_a_run_ends_it_in_the_worker(engine: CollectionEngine, echo: str) -> None:
    task = asyncio.ensure_future(engine.run(job(item("Slow", f"{echo}/delay/{LONG}"))))
    await until_running(engine, 1)
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()
    await until_running(engine, 0)


async def test_what_is_no_collection_is_an_error_of_that_run(engine: CollectionEngine) -> None:
    result = await engine.run(job(item("Odd", "http://[not a url", "tests['x'] = true;")))
    assert result["status"] == "error"
    assert all(isinstance(failure["executionId"], int) for failure in result["failures"])


REACH = """
const attempt = (what) => { try { return typeof what(); } catch (error) { return 'refused'; } };
const seen = {
    process: typeof process,
    fetch: typeof fetch,
    hidden: typeof Function('return this')().process,
    built: pm.test.constructor('return typeof process')(),
    files: attempt(() => require('fs').readFileSync),
    commands: attempt(() => require('child_process').execSync),
    threads: attempt(() => require('worker_threads').Worker),
};
pm.test(JSON.stringify(seen));
"""


async def test_a_script_reaches_neither_files_nor_environment(
    engine: CollectionEngine, echo: str
) -> None:
    result = await engine.run(job(item("Reach", f"{echo}/get", REACH)))
    (name,) = result["executions"][0]["assertions"]
    seen = json.loads(name)
    assert set(seen.values()) <= {"undefined", "refused"}, seen


async def test_a_request_cannot_send_a_file_of_this_machine(
    engine: CollectionEngine, echo: str, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("do not send me")
    body = {"mode": "file", "file": {"src": str(secret)}}
    script = "pm.test(pm.response.json().data, () => {});"
    send = item("Send", f"{echo}/post", script, method="POST", body=body)
    result = await engine.run(job(send))
    assert list(result["executions"][0]["assertions"]) == [""]


async def test_the_worker_knows_nothing_of_the_environment(engine: CollectionEngine) -> None:
    """The API key must not be in the environment of the process that runs scripts."""
    environment = Path(f"/proc/{engine.pid}/environ")
    if not environment.exists():
        pytest.skip("this system does not show it")
    names = {entry.partition(b"=")[0] for entry in environment.read_bytes().split(b"\0") if entry}
    assert names <= {b"PATH", b"TZ"}


async def test_a_description_becomes_a_collection(engine: CollectionEngine) -> None:
    made = await engine.convert(PETSTORE, {"folderStrategy": "Tags"})
    assert made["info"]["name"] == "Pets"
    assert made["info"]["schema"].endswith("/v2.1.0/collection.json")
    assert "List pets" in str(made["item"])


async def test_what_is_no_description_says_why(engine: CollectionEngine) -> None:
    with pytest.raises(ConversionError, match="semantic version"):
        await engine.convert("no: specification")


# -- runtimes of their own, which these tests end ---------------------------------------


async def test_a_crash_ends_the_run_of_that_process_and_the_next_run_starts_one_anew(
    echo: str,
) -> None:
    async with CollectionEngine() as engine:
        first = engine.pid
        assert first is not None
        slow = job(item("Slow", f"{echo}/delay/{LONG}"))
        tasks = [asyncio.ensure_future(engine.run(slow)) for _ in range(3)]
        await until_running(engine, 3)
        assert len(set(engine.pids)) == 3
        os.kill(first, signal.SIGKILL)
        (crashed,), others = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        assert isinstance(crashed.exception(), EngineCrashed)
        assert "signal 9" in str(crashed.exception())
        assert first not in engine.pids
        assert (await engine.stats())["running"] == len(others) == 2
        for task in others:
            task.cancel()
        await asyncio.wait(others)
        again = await engine.run(job(item("Get", f"{echo}/get")))
        assert again["status"] == "success"
        assert engine.pid not in (None, first)


async def test_a_process_that_takes_too_much_memory_is_ended(echo: str) -> None:
    async with CollectionEngine(memory_mb=1) as engine:
        with pytest.raises(EngineCrashed, match="used more than 1 MB"):
            await engine.run(job(item("Slow", f"{echo}/delay/{LONG}")))


async def test_closing_leaves_no_process_and_nothing_open(echo: str) -> None:
    engine = CollectionEngine()
    await engine.close()  # nothing was started
    engine = CollectionEngine()
    await engine.start()
    pid = engine.pid
    assert pid is not None
    held = asyncio.ensure_future(engine.run(job(item("Slow", f"{echo}/delay/{LONG}"))))
    await until_running(engine, 1)
    await engine.close()
    with pytest.raises(EngineCrashed):
        await held
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(EngineUnavailable, match="closed"):
        await engine.run(job())
    del engine, held
    gc.collect()  # open resources would warn here, and warnings are errors


async def test_those_who_start_it_at_once_share_one_process() -> None:
    async with CollectionEngine() as engine:
        await asyncio.gather(*(engine.start() for _ in range(5)))
        results = await asyncio.gather(*(engine.run(job()) for _ in range(5)))
        assert {result["status"] for result in results} == {"success"}
        assert (await engine.stats())["finished"] == 5


async def test_no_more_runs_than_allowed_are_under_way(echo: str) -> None:
    async with CollectionEngine(max_runs=2) as engine:
        slow, quick = (job(item("Get", f"{echo}/delay/{each}")) for each in (LONG, 0.05))
        held = [asyncio.ensure_future(engine.run(slow)) for _ in range(2)]
        await until_running(engine, 2)
        tasks = [asyncio.ensure_future(engine.run(quick)) for _ in range(3)]
        async with asyncio.timeout(10):
            while (await engine.stats())["waiting"] != 3:
                await asyncio.sleep(0.005)
        assert len(engine.pids) == 2
        for task in held:
            task.cancel()
        results = await asyncio.gather(*tasks)
    assert {result["status"] for result in results} == {"success"}


async def test_shared_sandboxes_are_lent_again_only_as_they_were_found(echo: str) -> None:
    """Many runs share two sandboxes; one that a script changed is discarded."""
    script = """
        pm.test('clean', () => pm.expect(typeof leaked).to.equal('undefined'));
        if (pm.environment.get('n') % 4 === 0) { leaked = pm.environment.get('n'); }
    """

    ask = item("Get", f"{echo}/get", script)
    environments = [{"values": [{"key": "n", "value": str(number)}]} for number in range(16)]
    async with CollectionEngine(isolation="shared") as lender:
        runs = (lender.run(job(ask, environment=each)) for each in environments)
        results = await asyncio.gather(*runs)
        assert {result["status"] for result in results} == {"success"}
        assert (await lender.stats())["sandboxes"] <= 2


async def test_a_crash_is_a_run_in_error_for_the_client_of_the_emulator() -> None:
    async with CollectionEngine() as engine, PostmanEmulator(engine=engine) as emulator:
        headers = {"X-Api-Key": emulator.api_key}
        async with aiohttp.ClientSession(headers=headers) as session:
            api = Api(emulator, session)
            slow = item("Slow", f"{emulator.url}/_echo/delay/{LONG}")
            uid = await api.add_monitor("watch", await api.add_collection("Shop", slow))
            held = asyncio.ensure_future(api.ok("POST", f"/monitors/{uid}/run"))
            await until_running(engine, 1)
            assert engine.pid is not None
            os.kill(engine.pid, signal.SIGKILL)
            run = await held
            last = (await api.ok("GET", f"/monitors/{uid}"))["lastRun"]
    assert run["info"]["status"] == last["status"] == "error"
    assert run["failures"][0]["name"] == "EngineCrashed"
