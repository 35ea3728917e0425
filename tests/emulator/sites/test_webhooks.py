"""Webhooks: a URL that executes its collection with the posted data."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from tests.emulator.conftest import Answer, Api
from tests.emulator.kit import collection, item

pytestmark = pytest.mark.asyncio(loop_scope="module")

SCRIPT = """
const {data} = JSON.parse(globals.previousRequest);
pm.test('has the payload', () => pm.expect(data).to.eql({"order": 7, "tags": ["a"]}));
"""


async def add_webhook(shared: Api, collection_uid: str, **fields: Any) -> Any:
    """Create a webhook of a collection."""
    body = {"webhook": {"name": "On order", "collection": collection_uid, **fields}}
    return await shared.ok("POST", "/webhooks", body)


async def post(url: str, **options: Any) -> Answer:
    """Post to a webhook without the API key."""
    async with aiohttp.ClientSession() as session, session.post(url, **options) as response:
        return Answer(response.status, await response.json())


async def last_run(shared: Api, webhook: Any) -> Any:
    """Return the last run of a webhook once it has ended."""
    async with asyncio.timeout(60):
        while True:
            found = await shared.ok("GET", f"/monitors/{webhook['uid']}")
            if found.get("lastRun", {}).get("status") not in (None, "running"):
                return found["lastRun"]
            await asyncio.sleep(0.02)


async def test_what_is_posted_runs_the_collection_and_reaches_its_scripts(shared: Api) -> None:
    body = {"collection": collection(item("Get", f"{shared.emulator.url}/_echo/get", SCRIPT))}
    made = await shared.ok("POST", "/collections", body)
    webhook = await add_webhook(shared, made["uid"])
    answer = await post(webhook["webhookUrl"], json={"order": 7, "tags": ["a"]})
    info = answer.body["run"]["info"]
    assert (answer.status, info["status"], info["monitorId"]) == (200, "running", webhook["id"])
    run = await last_run(shared, webhook)
    assert (run["status"], run["jobId"]) == ("success", info["jobId"])
    assert run["stats"]["assertions"] == {"total": 1, "failed": 0}
    await post(webhook["webhookUrl"], json={"order": 8})
    assert (await last_run(shared, webhook))["stats"]["assertions"] == {"total": 1, "failed": 1}


async def test_without_a_webhook_there_is_no_payload(shared: Api) -> None:
    """A run with another trigger has no such global variable."""
    script = "pm.test('none', () => pm.expect(globals.previousRequest).to.equal(undefined));"
    body = {"collection": collection(item("Get", f"{shared.emulator.url}/_echo/get", script))}
    made = await shared.ok("POST", "/collections", body)
    webhook = await add_webhook(shared, made["uid"])
    result = await shared.ok("POST", f"/monitors/{webhook['uid']}/run")
    assert result["info"]["status"] == "success"


async def test_a_webhook_is_a_monitor_without_a_schedule(shared: Api) -> None:
    uid, environment = await shared.add_collection(), await shared.add_environment()
    webhook = await add_webhook(shared, uid, environment=environment)
    assert (webhook["name"], webhook["collection"]) == ("On order", uid)
    assert webhook["webhookUrl"].startswith(f"{shared.emulator.url}/_webhooks/20413871/")
    monitor = await shared.ok("GET", f"/monitors/{webhook['uid']}")
    assert (monitor["name"], monitor["active"]) == ("On order", False)
    assert (monitor["collectionUid"], monitor["environmentUid"]) == (uid, environment)
    assert monitor["schedule"] == {"cron": "", "timezone": "UTC"}
    schedule = {"cron": "0 6 * * *", "timezone": "UTC"}
    await shared.ok("PUT", f"/monitors/{webhook['uid']}", {"monitor": {"schedule": schedule}})
    monitor = await shared.ok("GET", f"/monitors/{webhook['uid']}")
    assert schedule.items() <= monitor["schedule"].items()


async def test_a_webhook_is_in_the_workspace_that_is_named(shared: Api) -> None:
    workspace = await shared.add_workspace()
    body = {"webhook": {"name": "On order", "collection": await shared.add_collection()}}
    made = await shared.ok("POST", "/webhooks", body, workspace=workspace)
    (member,) = (await shared.ok("GET", f"/workspaces/{workspace}"))["monitors"]
    assert member["uid"] == made["uid"]


@pytest.mark.parametrize("body", [b"", b"order=7", b"{", b"\xff"])
async def test_only_json_is_taken(shared: Api, body: bytes) -> None:
    webhook = await add_webhook(shared, await shared.add_collection())
    answer = await post(webhook["webhookUrl"], data=body)
    assert (answer.status, answer.error) == (400, "malformedRequestError")
    assert "lastRun" not in await shared.ok("GET", f"/monitors/{webhook['uid']}")


@pytest.mark.parametrize("gone", ["monitors", "collections"])
async def test_a_webhook_goes_with_its_monitor_and_its_collection(shared: Api, gone: str) -> None:
    uid = await shared.add_collection()
    webhook = await add_webhook(shared, uid)
    await shared.ok("DELETE", f"/{gone}/{webhook['uid'] if gone == 'monitors' else uid}")
    answer = await post(webhook["webhookUrl"], json={})
    assert (answer.status, answer.error) == (404, "instanceNotFoundError")


@pytest.mark.parametrize("path", ["1/2", "20413871/nothing", "20413871/None"])
async def test_an_unknown_address_runs_nothing(shared: Api, path: str) -> None:
    await shared.add_monitor("watch", await shared.add_collection())
    answer = await post(f"{shared.emulator.url}/_webhooks/{path}", json={})
    assert (answer.status, answer.error) == (404, "instanceNotFoundError")


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"name": None}, "paramMissingError"),
        ({"collection": None}, "paramMissingError"),
        ({"name": 1}, "malformedRequestError"),
        ({"collection": 1}, "malformedRequestError"),
        ({"collection": "nothing"}, "instanceNotFoundError"),
        ({"environment": "nothing"}, "instanceNotFoundError"),
    ],
)
async def test_a_webhook_of_the_wrong_shape_is_refused(
    shared: Api, fields: Any, error: str
) -> None:
    known = {"name": "a", "collection": await shared.add_collection()}
    answer = await shared.call("POST", "/webhooks", {"webhook": {**known, **fields}})
    assert answer.error == error
