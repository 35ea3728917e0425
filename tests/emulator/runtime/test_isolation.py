"""One bad script does not affect other runs: it fails with a message that names the limit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio

from postman_async.emulator import PostmanEmulator
from postman_async.emulator.exceptions import EngineCrashed
from postman_async.emulator.runtime import CollectionEngine, RunJob
from tests.emulator.conftest import Api
from tests.emulator.kit import Json, failed, item, job

pytestmark = pytest.mark.asyncio(loop_scope="module")

OK = "pm.test('is 200', () => pm.response.to.have.status(200));"
SMALL = {"total": 3, "failed": 0}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def emulator() -> AsyncIterator[PostmanEmulator]:
    """An emulator with its echo service."""
    async with PostmanEmulator() as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine() -> AsyncIterator[CollectionEngine]:
    """One runtime for all tests, with a low memory limit."""
    async with CollectionEngine(memory_mb=700) as started:
        yield started


async def outcome(engine: CollectionEngine, bad: RunJob) -> tuple[str, str]:
    """Return the status of a bad run, and its messages."""
    try:
        result = await engine.run(bad)
    except EngineCrashed as crash:
        return "error", str(crash)
    return str(result["status"]), "\n".join(failed(result))


async def beside_good_runs(
    emulator: PostmanEmulator, engine: CollectionEngine, bad: RunJob
) -> tuple[str, str]:
    """Run a bad collection beside three good ones, which pass and send each request once."""
    echo = f"{emulator.url}/_echo"
    good = job(*(item(f"Good {n}", f"{echo}/delay/0.05?good={n}", OK) for n in range(3)))
    before = len(emulator.requests)
    ended = asyncio.ensure_future(outcome(engine, bad))
    results = await asyncio.gather(*(engine.run(good) for _ in range(3)))
    assert [result["status"] for result in results] == ["success"] * 3
    assert {str(result["stats"]["requests"]) for result in results} == {str(SMALL)}
    sent = [request for request in emulator.requests[before:] if "/delay/" in request.path]
    assert len(sent) == 9
    return await ended


BAD = {
    "a test name of 200 MB": ("pm.test('x'.repeat(2e8), () => {});", "128 MB"),
    "a variable of 400 MB": ("pm.environment.set('v', 'x'.repeat(4e8));", "128 MB"),
    "a test name of 40 MB": ("pm.test('x'.repeat(4e7), () => {});", "32 MB"),
    "20,000 requests": (
        "for (let n = 0; n < 20000; n++) { pm.sendRequest('ECHO/get', () => {}); }",
        "5000 requests",
    ),
    "a flood of log entries": (
        "for (let n = 0; n < 200000; n++) { console.log(n); }",
        "100000 things",
    ),
    "large log entries": (
        "for (let n = 0; n < 200; n++) { console.log('x'.repeat(1e6)); }",
        "128 MB",
    ),
}


@pytest.mark.parametrize("name", BAD)
async def test_a_script_that_takes_too_much_ends_alone_and_names_the_limit(
    emulator: PostmanEmulator, engine: CollectionEngine, name: str
) -> None:
    script, limit = BAD[name]
    echo = f"{emulator.url}/_echo"
    bad = job(item("Bad", f"{echo}/get", script.replace("ECHO", echo)), script_timeout=60.0)
    status, said = await beside_good_runs(emulator, engine, bad)
    assert status == "error"
    assert limit in said


async def test_a_run_that_blocks_its_process_ends_alone(
    emulator: PostmanEmulator, engine: CollectionEngine
) -> None:
    """Mutually recursive variables exhaust the memory of the process without any script."""
    nested = [{"key": f"v{n}", "value": f"{{{{v{n + 1}}}}}" * 10} for n in range(4)]
    bad = job(
        item("Bad", f"{emulator.url}/_echo/get", header=[{"key": "a", "value": "{{v0}}"}]),
        environment={"values": [*nested, {"key": "v4", "value": "x" * 100_000}]},
    )
    status, said = await beside_good_runs(emulator, engine, bad)
    assert status == "error"
    assert "700 MB" in said or "Invalid string length" in said


async def test_a_run_that_does_not_keep_to_its_time_is_ended(
    monkeypatch: pytest.MonkeyPatch, emulator: PostmanEmulator
) -> None:
    """The process may be too busy to enforce its time limit, so the parent does."""
    monkeypatch.setattr("postman_async.emulator.runtime.process._GRACE_SECONDS", -29.9)
    async with CollectionEngine() as engine:
        first = engine.pid
        slow = job(item("Slow", f"{emulator.url}/_echo/delay/20"), run_timeout=30.0)
        with pytest.raises(EngineCrashed, match="the limit is 30 s"):
            await engine.run(slow)
        assert first not in engine.pids


async def test_what_a_run_leaves_in_memory_is_no_burden_for_the_next(
    monkeypatch: pytest.MonkeyPatch, emulator: PostmanEmulator
) -> None:
    get = job(item("Get", f"{emulator.url}/_echo/get", OK))
    async with CollectionEngine() as engine:
        first = engine.pid
        await engine.run(get)
        assert engine.pid == first
        monkeypatch.setattr("postman_async.emulator.runtime.worker._WORN_SHARE", 0.01)
        await engine.run(get)
        assert first not in engine.pids
        assert (await engine.run(get))["status"] == "success"


async def test_requests_of_a_script_are_sent_a_few_at_a_time(
    emulator: PostmanEmulator, engine: CollectionEngine
) -> None:
    """Each is answered once; the run counts them as requests, as newman does."""
    script = """
        let answered = 0;
        for (let n = 0; n < 200; n++) {
            pm.sendRequest(`ECHO/get?of=script`, () => { answered += 1; });
        }
        const wait = setInterval(() => {
            if (answered === 200) { clearInterval(wait); pm.test('all', () => {}); }
        }, 5);
    """
    echo = f"{emulator.url}/_echo"
    before = len(emulator.requests)
    asks = item("Asks", f"{echo}/get", script.replace("ECHO", echo))
    result = await engine.run(job(asks, script_timeout=60.0))
    assert (result["status"], failed(result)) == ("success", [])
    assert result["executions"][0]["assertions"] == {"all": True}
    assert len(emulator.requests) - before == 201
    assert result["stats"]["requests"] == {"total": 201, "failed": 0}
    assert len(result["executions"]) == 1


async def test_a_request_of_a_script_that_fails_is_counted_as_failed(
    emulator: PostmanEmulator, engine: CollectionEngine
) -> None:
    """The callback of the script gets the error; the run counts it, as newman does."""
    script = "pm.sendRequest('http://127.0.0.1:1/', (error) => { tests['told'] = !!error; });"
    result = await engine.run(job(item("Asks", f"{emulator.url}/_echo/get", script)))
    assert (result["status"], failed(result)) == ("success", [])
    assert result["stats"]["requests"] == {"total": 2, "failed": 1}


@pytest.mark.parametrize("value", ["undefined", "null", "0", "''", "false"])
@pytest.mark.parametrize(
    "script",
    ["throw VALUE;", "await Promise.reject(VALUE);", "setTimeout(() => { throw VALUE; }, 1);"],
)
async def test_a_script_that_throws_nothing_has_failed_all_the_same(
    emulator: PostmanEmulator, engine: CollectionEngine, script: str, value: str
) -> None:
    bad = item("Bad", f"{emulator.url}/_echo/get", script.replace("VALUE", value))
    result = await engine.run(job(bad))
    assert result["status"] == "error"
    (message,) = failed(result)
    assert message.startswith("the script threw ")


async def test_a_thrown_text_is_one_failure(
    emulator: PostmanEmulator, engine: CollectionEngine
) -> None:
    result = await engine.run(job(item("Bad", f"{emulator.url}/_echo/get", "throw 'a text';")))
    assert (result["status"], failed(result)) == ("error", ["a text"])


async def test_a_request_without_a_name_runs_under_its_url(
    emulator: PostmanEmulator, engine: CollectionEngine
) -> None:
    """As in Postman's app; the name is optional in the format."""
    nameless: Json = item("", f"{emulator.url}/_echo/get?a=1", OK)
    del nameless["name"]
    empty: Json = {"request": {"method": "GET"}}
    result = await engine.run(job(nameless, {**empty, "event": nameless["event"]}))
    names = [execution["item"]["name"] for execution in result["executions"]]
    assert names[0] == f"{emulator.url}/_echo/get?a=1"
    assert names[1:] == ["Untitled request"]


async def test_a_bad_monitor_ends_in_error_and_the_others_pass(emulator: PostmanEmulator) -> None:
    """The same over the API."""
    headers = {"X-Api-Key": emulator.api_key}
    async with aiohttp.ClientSession(headers=headers) as session:
        api, echo = Api(emulator, session), f"{emulator.url}/_echo"
        scripts = {"bad": "pm.test('x'.repeat(2e8), () => {});", "one": OK, "two": OK}
        uids = [
            await api.add_monitor(
                name, await api.add_collection(name, item("Get", f"{echo}/get", script))
            )
            for name, script in scripts.items()
        ]
        runs = await asyncio.gather(*(api.ok("POST", f"/monitors/{uid}/run") for uid in uids))
    assert [run["info"]["status"] for run in runs] == ["error", "success", "success"]
    (failure,) = runs[0]["failures"]
    assert "a script may have 128 MB" in failure["message"]
