"""Runs of scripted monitors: their results, their time limits, and their aborts."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from postman_async.emulator import EmulatorError, PostmanEmulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.emulator.conftest import Api

LONG = 60.0


@pytest.fixture
async def impatient() -> AsyncIterator[PostmanEmulator]:
    """An emulator with a short hold limit."""
    async with PostmanEmulator(hold_limit=0.05) as running:
        yield running


async def run(emulator: PostmanEmulator, uid: str, query: str = "") -> tuple[int, Any]:
    """Run a monitor with a separate client; return status and body."""
    headers = {"X-Api-Key": emulator.api_key}
    async with (
        aiohttp.ClientSession(emulator.url, headers=headers) as session,
        session.post(f"/monitors/{uid}/run{query}") as answer,
    ):
        return answer.status, await answer.json()


async def run_begun(emulator: PostmanEmulator, uid: str) -> None:
    """Wait until the monitor shows the run: a request alone may not have begun it yet."""
    headers = {"X-Api-Key": emulator.api_key}
    async with aiohttp.ClientSession(emulator.url, headers=headers) as session:
        shown: dict[str, Any] = {}
        while shown.get("jobId") is None:
            async with session.get(f"/monitors/{uid}") as answer:
                shown = (await answer.json())["monitor"]


async def test_a_run_has_the_documented_shape_and_agrees_with_itself(api: Api) -> None:
    uid = api.emulator.add_monitor("checkout", requests=3, assertions=5, duration=0.03)
    result = await api.ok("POST", f"/monitors/{uid}/run")
    info = result["info"]
    assert (info["status"], info["name"]) == ("success", "checkout #1")
    assert info["monitorId"] == uid.partition("-")[2]
    assert info["startedAt"] < info["finishedAt"]
    assert result["stats"]["requests"] == {"total": 3, "failed": 0}
    assert result["stats"]["assertions"] == {"total": 5, "failed": 0}
    assert [execution["id"] for execution in result["executions"]] == [1, 2, 3]
    assert result["failures"] == []


async def test_the_runs_of_a_monitor_are_numbered(api: Api) -> None:
    uid = api.emulator.add_monitor("checkout")
    names = [(await api.ok("POST", f"/monitors/{uid}/run"))["info"]["name"] for _ in range(2)]
    assert names == ["checkout #1", "checkout #2"]


async def test_a_failing_run_says_which_assertions_failed(api: Api) -> None:
    uid = api.emulator.add_monitor("checkout", outcome="failed", assertions=3)
    result = await api.ok("POST", f"/monitors/{uid}/run")
    assert result["info"]["status"] == "failed"
    assert result["stats"]["assertions"] == {"total": 3, "failed": 1}
    (failure,) = result["failures"]
    name = "Status code is 200"
    assert failure["assertion"] == {name: False}
    assert result["executions"][failure["executionId"] - 1]["assertions"][name] is False


async def test_a_run_in_error_has_a_request_without_an_answer(api: Api) -> None:
    uid = api.emulator.add_monitor("checkout", outcome="error", requests=2)
    result = await api.ok("POST", f"/monitors/{uid}/run")
    assert result["info"]["status"] == "error"
    assert result["stats"]["requests"] == {"total": 2, "failed": 1}
    last = result["executions"][-1]
    assert "response" not in last
    assert "ECONNREFUSED" in last["errors"][0]["message"]


async def test_a_result_of_ones_own_is_answered_as_it_is(api: Api) -> None:
    own = {
        "info": {"status": "new word", "jobId": "mine", "more": 1.0},
        "stats": {"assertions": {"total": 1, "failed": 0}, "requests": {"total": 9, "failed": 0}},
        "executions": [],
        "unknown": [None],
    }
    uid = api.emulator.add_monitor("checkout")
    for given in (own, {"run": own}):
        api.emulator.script_run(uid, given)
        result = await api.ok("POST", f"/monitors/{uid}/run")
        info = result.pop("info")
        assert repr(result) == repr({key: own[key] for key in ("stats", "executions", "unknown")})
        assert (info["status"], info["jobId"], info["more"]) == ("new word", "mine", 1.0)
        assert info["monitorId"] == uid.partition("-")[2]


async def test_a_script_can_be_changed_for_all_further_runs(api: Api) -> None:
    uid = api.emulator.add_monitor("checkout")
    api.emulator.script_run(uid, outcome="failed", assertions=9, failed_assertions=4)
    for _ in range(2):
        result = await api.ok("POST", f"/monitors/{uid}/run")
        assert result["stats"]["assertions"] == {"total": 9, "failed": 4}


async def test_a_monitor_made_over_the_api_can_be_scripted(api: Api) -> None:
    """The result has the requests of the monitor's collection, although none is sent."""
    item = {"name": "Ping", "request": {"method": "PUT", "url": "https://example.invalid/ping"}}
    uid = await api.add_monitor("watch", await api.add_collection("Shop", item))
    api.emulator.script_run(uid)
    (execution,) = (await api.ok("POST", f"/monitors/{uid}/run"))["executions"]
    assert execution["item"]["name"] == "Ping"
    assert execution["request"]["method"] == "PUT"


@pytest.mark.parametrize(
    "script",
    [
        {"outcome": "great"},
        {"duration": -1.0},
        {"duration": float("nan")},
        {"requests": 0},
        {"assertions": -1},
        {"outcome": "failed", "assertions": 0},
    ],
)
async def test_a_script_that_contradicts_itself_is_refused(
    emulator: PostmanEmulator, script: dict[str, Any]
) -> None:
    with pytest.raises(EmulatorError):
        emulator.add_monitor("checkout", **script)


async def test_what_cannot_be_scripted_is_refused(emulator: PostmanEmulator) -> None:
    uid = emulator.add_monitor("checkout")
    with pytest.raises(EmulatorError, match="no monitor"):
        emulator.script_run("nobody")
    with pytest.raises(EmulatorError, match="JSON"):
        emulator.script_run(uid, {"stats": object()})
    with pytest.raises(EmulatorError, match="mapping"):
        emulator.script_run(uid, {"info": []})
    with pytest.raises(EmulatorError, match="no workspace"):
        emulator.add_monitor("checkout", workspace="nowhere")
    with pytest.raises(EmulatorError, match="name"):
        emulator.add_monitor("")


async def test_a_scripted_monitor_goes_to_the_workspace_asked_for(api: Api) -> None:
    workspace = await api.add_workspace()
    uids = [api.emulator.add_monitor(name, workspace=workspace) for name in ("a", "b")]
    found = await api.ok("GET", f"/workspaces/{workspace}")
    assert [entry["uid"] for entry in found["monitors"]] == uids
    assert len(found["collections"]) == 1


async def test_async_answers_at_once_and_the_monitor_tells_the_outcome(api: Api) -> None:
    uid = api.emulator.add_monitor("checkout", outcome="failed", duration=0.05)
    begun = await api.ok("POST", f"/monitors/{uid}/run", **{"async": "true"})
    assert list(begun) == ["info"]
    assert begun["info"]["status"] == "running"
    during = await api.ok("GET", f"/monitors/{uid}")
    assert during["jobId"] == begun["info"]["jobId"]
    assert during["lastRun"]["status"] == "running"
    assert "stats" not in during["lastRun"]
    last = await settled(api, uid)
    assert (last["status"], last["jobId"]) == ("failed", begun["info"]["jobId"])
    assert last["stats"]["assertions"]["failed"] == 1


async def test_the_job_of_a_monitor_is_that_of_its_latest_run_also_when_that_has_ended(
    api: Api,
) -> None:
    """As in the document's example, whose `jobId` is that of a `lastRun` with status success."""
    uid = api.emulator.add_monitor("checkout")
    assert "jobId" not in await api.ok("GET", f"/monitors/{uid}")
    for _ in range(2):
        ran = await api.ok("POST", f"/monitors/{uid}/run")
        monitor = await api.ok("GET", f"/monitors/{uid}")
        assert monitor["lastRun"]["status"] == "success"
        assert monitor["jobId"] == monitor["lastRun"]["jobId"] == ran["info"]["jobId"]


async def settled(api: Api, uid: str) -> Any:
    """Return a monitor's last run once it has ended."""
    async with asyncio.timeout(10):
        while True:
            found = await api.ok("GET", f"/monitors/{uid}")
            if found["lastRun"]["status"] != "running":
                return found["lastRun"]


async def test_async_must_be_true_or_false(api: Api) -> None:
    uid = api.emulator.add_monitor("checkout")
    answer = await api.call("POST", f"/monitors/{uid}/run", params={"async": "maybe"})
    assert answer.status == 400
    assert "lastRun" not in await api.ok("GET", f"/monitors/{uid}")


async def test_a_run_longer_than_the_hold_limit_is_answered_202(
    impatient: PostmanEmulator,
) -> None:
    uid = impatient.add_monitor("slow", duration=0.2)
    status, body = await run(impatient, uid)
    assert (status, list(body["run"])) == (202, ["info"])
    info = body["run"]["info"]
    assert set(info) == {"monitorId", "status", "message"}
    assert (info["monitorId"], info["status"]) == (uid.partition("-")[2], "running")


async def test_after_a_202_the_run_goes_on_and_its_outcome_is_kept(
    impatient: PostmanEmulator,
) -> None:
    uid = impatient.add_monitor("slow", duration=0.1, outcome="failed")
    assert (await run(impatient, uid))[0] == 202
    headers = {"X-Api-Key": impatient.api_key}
    async with aiohttp.ClientSession(impatient.url, headers=headers) as session:
        async with asyncio.timeout(10):
            while True:
                async with session.get(f"/monitors/{uid}") as answer:
                    last = (await answer.json())["monitor"]["lastRun"]
                if last["status"] != "running":
                    break
    assert last["status"] == "failed"


async def test_a_client_that_goes_away_does_not_stop_its_run(api: Api) -> None:
    uid = api.emulator.add_monitor("checkout", duration=0.05)
    lost = asyncio.ensure_future(api.ok("POST", f"/monitors/{uid}/run"))
    await api.until(lambda: len(api.emulator.requests) == 1)
    lost.cancel()
    await asyncio.wait({lost})
    assert (await settled(api, uid))["status"] == "success"


async def test_a_monitor_deleted_under_way_ends_its_run_in_peace(api: Api) -> None:
    uid = api.emulator.add_monitor("checkout", duration=0.05)
    held = asyncio.ensure_future(api.ok("POST", f"/monitors/{uid}/run"))
    await api.until(lambda: len(api.emulator.requests) == 1)
    await api.ok("DELETE", f"/monitors/{uid}")
    assert (await held)["info"]["status"] == "success"


async def test_closing_aborts_what_runs_and_answers_who_waits() -> None:
    emulator = PostmanEmulator()
    await emulator.start()
    uid = emulator.add_monitor("slow", duration=LONG)
    held = asyncio.ensure_future(run(emulator, uid))
    async with asyncio.timeout(10):
        await run_begun(emulator, uid)
    await emulator.close()
    status, body = await held
    assert (status, body["run"]["info"]["status"]) == (200, "aborted")
    assert body["run"]["stats"]["abortedCount"] == 1
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_reset_forgets_everything_but_key_and_port(api: Api) -> None:
    key, url = api.emulator.api_key, api.emulator.url
    await api.add_workspace()
    await api.add_monitor("watch", await api.add_collection(), environment=None)
    await api.add_environment()
    api.emulator.reset()
    assert len(api.emulator.requests) == 0
    for kind in ("monitors", "collections", "environments"):
        assert await api.ok("GET", f"/{kind}") == []
    (workspace,) = await api.ok("GET", "/workspaces")
    assert workspace["id"] == api.emulator.default_workspace
    assert (api.emulator.api_key, api.emulator.url) == (key, url)


async def test_reset_aborts_what_runs(api: Api) -> None:
    uid = api.emulator.add_monitor("slow", duration=LONG)
    held = asyncio.ensure_future(api.ok("POST", f"/monitors/{uid}/run"))
    await api.until(lambda: len(api.emulator.requests) == 1)
    api.emulator.reset()
    assert (await held)["info"]["status"] == "aborted"
    again = api.emulator.add_monitor("next")
    assert (await api.ok("POST", f"/monitors/{again}/run"))["info"]["name"] == "next #1"


async def test_200_runs_at_once_take_as_long_as_one(emulator: PostmanEmulator) -> None:
    """The sum of the durations is 60 s; no run waits for another."""
    uids = [emulator.add_monitor(f"monitor {number}", duration=0.3) for number in range(200)]
    headers = {"X-Api-Key": emulator.api_key}
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(emulator.url, headers=headers, connector=connector) as session:

        async def one(uid: str) -> str:
            async with session.post(f"/monitors/{uid}/run") as answer:
                found = await answer.json()
            return str(found["run"]["info"]["monitorId"])

        began = time.perf_counter()
        found = await asyncio.gather(*map(one, uids))
        elapsed = time.perf_counter() - began
    assert [uid.partition("-")[2] for uid in uids] == found
    assert elapsed < 3


async def test_a_scripted_run_needs_no_node(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("POSTMAN_ASYNC_NODE", str(tmp_path / "nothing"))
    async with PostmanEmulator() as emulator:
        status, body = await run(emulator, emulator.add_monitor("checkout"))
    assert (status, body["run"]["info"]["status"]) == (200, "success")


async def test_everything_survives_in_a_file(tmp_path: Path) -> None:
    """Entities, members, runs and the default workspace persist over a restart."""
    db = str(tmp_path / "emulator.db")
    async with PostmanEmulator(db=db, api_key="PMAK-one") as emulator:
        home = emulator.default_workspace
        (collection,) = emulator.load({"info": {"name": "Shop"}, "item": []})
        uid = emulator.add_monitor("checkout", outcome="failed")
        first = (await run(emulator, uid))[1]["run"]
    async with PostmanEmulator(db=db, api_key="PMAK-two") as emulator:
        assert emulator.default_workspace == home
        headers = {"X-Api-Key": "PMAK-two"}
        async with aiohttp.ClientSession(emulator.url, headers=headers) as session:
            async with session.get(f"/monitors/{uid}") as answer:
                monitor = (await answer.json())["monitor"]
            async with session.get(f"/collections?workspace={home}") as answer:
                collections = (await answer.json())["collections"]
        second = (await run(emulator, uid))[1]["run"]
    assert monitor["lastRun"]["jobId"] == first["info"]["jobId"]
    assert monitor["lastRun"]["stats"] == first["stats"]
    assert collection in [entry["uid"] for entry in collections]
    assert (second["info"]["name"], second["info"]["status"]) == ("checkout #2", "failed")


async def test_a_run_that_was_cut_off_by_the_end_is_aborted_in_the_file(tmp_path: Path) -> None:
    db = str(tmp_path / "emulator.db")
    async with PostmanEmulator(db=db) as emulator:
        uid = emulator.add_monitor("slow", duration=LONG)
        assert (await run(emulator, uid, "?async=true"))[0] == 200
    async with PostmanEmulator(db=db) as emulator:
        headers = {"X-Api-Key": emulator.api_key}
        async with (
            aiohttp.ClientSession(emulator.url, headers=headers) as session,
            session.get(f"/monitors/{uid}") as answer,
        ):
            assert (await answer.json())["monitor"]["lastRun"]["status"] == "aborted"


@pytest.mark.parametrize("content", [b"no database", b""], ids=["text", "empty"])
async def test_a_file_that_is_no_database_is_refused_unless_it_is_empty(
    tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "emulator.db"
    file.write_bytes(content)
    emulator = PostmanEmulator(db=str(file))
    if content:
        with pytest.raises(EmulatorError, match=r"emulator\.db"):
            await emulator.start()
    else:
        await emulator.start()
    await emulator.close()


async def test_a_database_in_no_folder_is_refused(tmp_path: Path) -> None:
    emulator = PostmanEmulator(db=str(tmp_path / "none" / "emulator.db"))
    with pytest.raises(EmulatorError, match="cannot use"):
        await emulator.start()


async def test_a_script_is_kept_as_json(api: Api) -> None:
    """A later change of the caller's mapping has no effect."""
    own: dict[str, Any] = {"stats": {"requests": {"total": 1, "failed": 0}}}
    uid = api.emulator.add_monitor("checkout")
    api.emulator.script_run(uid, own)
    kept = json.loads(json.dumps(own))
    own["stats"]["requests"]["total"] = 2
    assert (await api.ok("POST", f"/monitors/{uid}/run"))["stats"] == kept["stats"]
