"""The emulator in another language's hand: everything a test needs, over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from postman_async.emulator import PostmanEmulator
from postman_async.emulator.controls.api import CONTROL_ROUTES
from tests.emulator.controls.wire import send

ENVIRONMENT = {"name": "Staging", "values": []}


class Remote:
    """A test in another language: it has a URL and a key."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self._url = url
        self._session = session

    async def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Call the emulator; a path that does not begin with a slash is one of its controls."""
        url = self._url + (path if path.startswith("/") else f"/_emulator/{path}")
        async with self._session.request(method, url, json=body) as answer:
            return answer.status, await answer.json()

    async def ok(self, method: str, path: str, body: Any = None) -> Any:
        """Call it where that must work."""
        status, answer = await self.call(method, path, body)
        assert status == 200, answer
        return answer

    async def refused(self, method: str, path: str, body: Any = None) -> str:
        """Call it where that must not work, and return what it says."""
        status, answer = await self.call(method, path, body)
        assert (status, answer["error"]["name"]) == (400, "emulatorError"), answer
        return str(answer["error"]["message"])


@pytest_asyncio.fixture
async def remote(postman_emulator: PostmanEmulator) -> AsyncIterator[Remote]:
    """A remote hand on the emulator."""
    headers = {"X-Api-Key": postman_emulator.api_key}
    async with aiohttp.ClientSession(headers=headers) as session:
        yield Remote(postman_emulator.url, session)


@pytest.mark.parametrize("route", CONTROL_ROUTES, ids=lambda route: f"{route[0]} {route[1]}")
async def test_no_control_works_without_the_key(
    postman_emulator: PostmanEmulator, route: tuple[str, str, Any]
) -> None:
    method, path, _ = route
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, postman_emulator.url + path) as answer,
    ):
        assert answer.status == 401
        assert (await answer.json())["error"]["name"] == "AuthenticationError"


async def test_a_whole_test_of_another_language(remote: Remote) -> None:
    made = {"name": "checkout", "outcome": "failed", "duration": 0.01}
    uid = (await remote.ok("POST", "monitors", made))["uid"]
    script = [{"fault": "status", "code": 429, "retry_after": 1}, "ok"]
    planned = await remote.ok(
        "POST", "faults", {"operation": "monitors.run", "script": script, "times": 1}
    )
    assert planned["unmet"] == ["monitors.run: status(429)", "monitors.run: ok()"]
    assert (await remote.call("POST", f"/monitors/{uid}/run"))[0] == 429
    run = await remote.ok("POST", f"/monitors/{uid}/run")
    assert run["run"]["info"]["status"] == "failed"
    assert (await remote.ok("GET", "faults"))["all_met"]
    log = await remote.ok("GET", "requests?operation=monitors.run")
    assert (log["count"], [entry["status"] for entry in log["requests"]]) == (2, [429, 200])
    assert log["requests"][0] == {
        "method": "POST",
        "path": f"/monitors/{uid}/run",
        "operation": "monitors.run",
        "status": 429,
        "fault": "status(429)",
    }


async def test_controls_are_neither_logged_nor_faulty_nor_limited(remote: Remote) -> None:
    await remote.ok("PUT", "limits", {"user": [1, 60]})
    await remote.ok("POST", "faults", {"operation": "*", "script": "ok", "times": None})
    for _ in range(3):
        assert (await remote.ok("GET", "requests"))["count"] == 0
    assert (await remote.call("GET", "/me"))[0] == 200
    assert (await remote.call("GET", "/me"))[0] == 429


async def test_documents_are_loaded_and_forgotten(remote: Remote) -> None:
    dump = {"environments": [ENVIRONMENT], "collections": [{"info": {"name": "Shop"}, "item": []}]}
    uids = (await remote.ok("POST", "load", dump))["uids"]
    assert (await remote.ok("GET", f"/environments/{uids[1]}"))["environment"]["name"] == "Staging"
    await remote.ok("POST", "reset")
    assert (await remote.ok("GET", "/environments"))["environments"] == []


async def test_a_seed_gives_the_same_ids_after_each_reset(remote: Remote) -> None:
    await remote.ok("PUT", "seed", {"seed": 7})
    made = []
    for _ in range(2):
        await remote.ok("POST", "reset")
        made.append(await remote.ok("POST", "/environments", {"environment": ENVIRONMENT}))
    assert made[0] == made[1]
    await remote.ok("PUT", "seed", {"seed": None})
    assert await remote.ok("POST", "/environments", {"environment": ENVIRONMENT}) != made[0]


async def test_a_snapshot_goes_out_and_comes_back(
    postman_emulator: PostmanEmulator, remote: Remote
) -> None:
    await remote.ok("POST", "/environments", {"environment": ENVIRONMENT})
    url = f"{postman_emulator.url}/_emulator/snapshot"
    async with aiohttp.ClientSession(headers={"X-Api-Key": postman_emulator.api_key}) as session:
        async with session.get(url) as answer:
            assert answer.content_type == "application/octet-stream"
            snapshot = await answer.read()
        await remote.ok("POST", "reset")
        async with session.put(url, data=snapshot) as answer:
            assert answer.status == 200
        assert len((await remote.ok("GET", "/environments"))["environments"]) == 1
        async with session.put(url, data=b"nonsense") as answer:
            assert (await answer.json())["error"]["name"] == "emulatorError"


async def test_time_is_set_stopped_advanced_and_released(remote: Remote) -> None:
    noon = "2026-03-01T12:00:00Z"
    frozen = await remote.ok("PUT", "clock", {"freeze": noon, "advance": 90})
    assert frozen == {"now": "2026-03-01T12:01:30.000Z", "frozen": True}
    made = await remote.ok("POST", "/environments", {"environment": ENVIRONMENT})
    shown = await remote.ok("GET", f"/environments/{made['environment']['uid']}")
    assert shown["environment"]["createdAt"] == frozen["now"]
    running = await remote.ok("PUT", "clock", {"resume": True})
    assert (running["frozen"], running["now"][:17]) == (False, "2026-03-01T12:01:")
    await remote.ok("PUT", "clock", {"set": "2027-01-01T00:00:00+01:00", "freeze": True})
    assert (await remote.ok("GET", "clock"))["now"][:17] == "2026-12-31T23:00:"


async def test_limits_are_those_of_the_service_or_others_or_none(remote: Remote) -> None:
    assert await remote.ok("GET", "limits") == {"limits": None}
    assert (await remote.ok("PUT", "limits", {}))["limits"]["user"] == [300, 60.0]
    given = {"user": [5, 1], "window": "fixed", "headers": ["RateLimit"], "month": 7}
    told = (await remote.ok("PUT", "limits", given))["limits"]
    assert {name: told[name] for name in given} == given
    assert await remote.ok("DELETE", "limits") == {"limits": None}


async def test_a_result_of_ones_own_is_answered(remote: Remote) -> None:
    uid = (await remote.ok("POST", "monitors", {"name": "checkout"}))["uid"]
    run = {"info": {"status": "failed"}, "executions": [], "failures": [{"name": "Own"}]}
    await remote.ok("PUT", f"monitors/{uid}/script", {"run": run})
    answered = (await remote.ok("POST", f"/monitors/{uid}/run"))["run"]
    assert (answered["failures"], answered["info"]["status"]) == ([{"name": "Own"}], "failed")
    plan = {"outcome": "failed", "assertions": 3, "failed_assertions": 2}
    await remote.ok("PUT", f"monitors/{uid}/script", plan)
    answered = (await remote.ok("POST", f"/monitors/{uid}/run"))["run"]
    assert answered["stats"]["assertions"] == {"total": 3, "failed": 2}


async def test_faults_and_requests_are_forgotten_when_told(remote: Remote) -> None:
    await remote.ok("POST", "faults", {"operation": "users.me", "script": ["ok", "hang_up"]})
    await remote.ok("GET", "/me")
    await remote.ok("DELETE", "faults")
    await remote.ok("DELETE", "requests")
    assert await remote.ok("GET", "faults") == {"all_met": True, "met": [], "unmet": []}
    assert await remote.ok("GET", "requests") == {"count": 0, "requests": []}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "faults", {}),
        ("POST", "faults", {"operation": "users.me", "script": ["boom"]}),
        ("POST", "faults", {"operation": "users.me", "script": ["ok"], "times": 0}),
        ("POST", "faults", {"operation": "nothing", "script": ["ok"]}),
        ("POST", "faults", {"operation": "users.me", "script": ["ok"], "often": 1}),
        ("POST", "load", {"what": 1}),
        ("PUT", "seed", {"seed": "seven"}),
        ("PUT", "seed", {"sed": 7}),
        ("PUT", "clock", {"advance": "soon"}),
        ("PUT", "clock", {"advance": 1e300}),
        ("PUT", "clock", {"set": "noon"}),
        ("PUT", "clock", {"set": "2026-03-01T12:00:00"}),
        ("PUT", "clock", {"freeze": "9999-12-31T23:59:59Z"}),
        ("PUT", "limits", {"user": "many"}),
        ("PUT", "limits", {"usr": [1, 1]}),
        ("POST", "monitors", {}),
        ("POST", "monitors", {"name": "m", "outcome": "odd"}),
        ("POST", "monitors", {"name": "m", "requests": 1.5}),
        ("POST", "monitors", {"name": "m", "workspace": "nothing"}),
        ("PUT", "monitors/nothing/script", {}),
        ("PUT", "monitors/nothing/script", {"run": []}),
    ],
)
async def test_what_cannot_be_done_says_why_and_changes_nothing(
    postman_emulator: PostmanEmulator, remote: Remote, method: str, path: str, body: Any
) -> None:
    before = await remote.ok("GET", "limits"), await remote.ok("GET", "faults")
    assert await remote.refused(method, path, body)
    assert (await remote.ok("GET", "limits"), await remote.ok("GET", "faults")) == before
    assert (await send(postman_emulator)).status == 200


async def test_what_is_no_json_or_no_control_is_answered_as_ever(remote: Remote) -> None:
    assert (await remote.call("POST", "monitors", [1]))[0] == 400
    assert (await remote.call("GET", "nothing"))[0] == 404
    assert (await remote.call("POST", "clock", {}))[0] == 405
