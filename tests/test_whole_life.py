"""A whole life in one go: from an OpenAPI file to a clean desk, nothing left behind."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from attrs import frozen

from postman_async import (
    AsyncPostman,
    Collection,
    CollectionEvent,
    CollectionItem,
    CollectionResponse,
    CollectionScript,
    ConflictError,
    NotFoundError,
    Ref,
)
from postman_async.emulator import PostmanEmulator

CHECK = "pm.test('is fine', () => pm.response.to.have.status(200));"
LISTS = ("apis", "collections", "environments", "mocks", "monitors", "workspaces")


def openapi(server: str, *paths: str) -> dict[str, Any]:
    """Return an OpenAPI description with a GET at each path."""
    get = {"responses": {"200": {"description": "fine"}}}
    return {
        "openapi": "3.0.3",
        "info": {"title": "Shop", "version": "1.0.0"},
        "servers": [{"url": server}],
        "paths": {f"/{path}": {"get": {**get, "summary": f"Get {path}"}} for path in paths},
    }


def requests(items: list[CollectionItem]) -> Iterator[CollectionItem]:
    """Go through the requests of a collection, at whatever depth."""
    for item in items:
        if item.item is None:
            yield item
        else:
            yield from requests(item.item)


def request(collection: Collection, name: str) -> CollectionItem:
    """Return a request of a collection."""
    return next(item for item in requests(collection.item or []) if item.name == name)


def names(collection: Collection) -> list[str]:
    """Return the names of the requests of a collection."""
    return sorted(str(item.name) for item in requests(collection.item or []))


async def belongings(pm: AsyncPostman) -> dict[str, list[str]]:
    """Return the ids of everything there is, list by list, and of every workspace's members."""
    found = {kind: [entry.id for entry in await pm.call(f"{kind}.list")] for kind in LISTS}
    for workspace in found["workspaces"]:
        inside = await pm.workspaces.get(workspace)
        for kind in ("collections", "environments", "mocks", "monitors", "apis"):
            members = getattr(inside, kind) or []
            found[f"{kind} of {workspace}"] = [member.id for member in members]
    return found


async def send(method: str, url: str, **options: Any) -> tuple[int, Any]:
    """Send a request as any program would, which knows neither the key nor this library."""
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url, **options) as answer,
    ):
        return answer.status, await answer.json(content_type=None)


async def import_and_fork(pm: AsyncPostman, file: Path, workspace: str) -> tuple[Ref, str]:
    """Import the file, and fork what became of it; return the origin and the fork's uid."""
    (origin,) = await pm.imports.openapi(file, workspace=workspace)
    fork = await pm.collections.fork(origin.uid, workspace=workspace, label="mine")
    assert fork.fork.from_ == origin.uid
    assert names(await pm.collections.get(fork.uid)) == ["Get get", "Get headers"]
    return origin, fork.uid


async def change_and_merge(pm: AsyncPostman, origin: Ref, fork_uid: str) -> None:
    """Write a test and an example in the fork, and bring both into the origin."""
    fork = await pm.collections.get(fork_uid)
    changed = request(fork, "Get get")
    changed.event = [CollectionEvent(listen="test", script=CollectionScript(exec=CHECK))]
    saved = CollectionResponse(name="Saved", code=200, body='{"saved": true}')
    saved.original_request = changed.request
    changed.response = [saved]
    await pm.collections.update(fork_uid, collection=fork)
    await pm.collections.merge(source=fork_uid, destination=origin.uid)
    merged = request(await pm.collections.get(origin.uid), "Get get")
    assert merged.event is not None
    assert merged.response is not None
    assert [example.name for example in merged.response] == ["Saved"]


async def contradict_and_delete(pm: AsyncPostman, origin: Ref, fork_uid: str) -> None:
    """Change the same request on both sides, which is a conflict; settle it; end the fork."""
    for uid, name in ((fork_uid, "Ours"), (origin.uid, "Theirs")):
        document = await pm.collections.get(uid)
        request(document, "Get headers").name = name
        await pm.collections.update(uid, collection=document)
    with pytest.raises(ConflictError, match="'Ours'"):
        await pm.collections.merge(source=fork_uid, destination=origin.uid)
    document = await pm.collections.get(fork_uid)
    request(document, "Ours").name = "Theirs"
    await pm.collections.update(fork_uid, collection=document)
    await pm.collections.merge(source=fork_uid, destination=origin.uid, strategy="deleteSource")
    assert [c.uid for c in await pm.collections.list()] == [origin.uid]


async def mock(pm: AsyncPostman, origin: Ref, workspace: str) -> str:
    """Make a private mock of the collection, call it, publish it; return its uid."""
    made = await pm.mocks.create(collection=origin.uid, private=True, workspace=workspace)
    assert (await send("GET", f"{made.mock_url}/get"))[0] == 401
    await pm.mocks.publish(made.uid)
    assert await send("GET", f"{made.mock_url}/get") == (200, {"saved": True})
    status, body = await send("GET", f"{made.mock_url}/nothing")
    assert (status, body["error"]["name"]) == (404, "mockRequestNotFoundError")
    return made.uid


async def monitor(pm: AsyncPostman, origin: Ref, environment: str, workspace: str) -> str:
    """Make a monitor, run it for real; return its uid."""
    schedule = {"cron": "0 6 * * *", "timezone": "Europe/Berlin"}
    made = await pm.monitors.create(
        name="Nightly",
        collection=origin.uid,
        environment=environment,
        schedule=schedule,
        workspace=workspace,
    )
    run = await pm.monitors.run(made.uid)
    assert run.info.status == "success"
    assert run.stats is not None
    assert (run.stats.requests.total, run.stats.assertions.total) == (2, 1)
    (outcome,) = await pm.run_monitors([made.uid])
    assert outcome.status == "passed"
    return made.uid


async def webhook(pm: AsyncPostman, origin: Ref, workspace: str) -> str:
    """Make a webhook, post to it, and wait for its run; return its uid."""
    made = await pm.webhooks.create(name="On order", collection=origin.uid, workspace=workspace)
    status, body = await send("POST", made.webhook_url, json={"order": 7})
    assert status == 200
    async with asyncio.timeout(60):
        while True:
            last = (await pm.monitors.get(made.uid)).last_run
            if last is not None and last.status != "running":
                break
            await asyncio.sleep(0.02)
    assert (last.status, last.job_id) == ("success", body["run"]["info"]["jobId"])
    return made.uid


@frozen
class Linked:
    """The uids of what is linked to the version of an API."""

    collection: str
    environment: str
    mock: str
    monitor: str


async def link(pm: AsyncPostman, entities: Linked, server: str, workspace: str) -> str:
    """Make an API whose version links everything, and a synced collection; return its id."""
    api = await pm.apis.create(name="Shop", workspace=workspace)
    version = await pm.apis.create_version(api.id, name="1.0.0")
    at = (api.id, version.id)
    ids = await pm.apis.create_relations(
        *at,
        documentation=[entities.collection],
        environment=[entities.environment],
        mock=[entities.mock],
        monitor=[entities.monitor],
    )
    linked = await pm.apis.get_linked_relations(*at)
    assert {kind: [*by_id] for kind, by_id in linked.items()} == ids
    text = json.dumps(openapi(server, "get"))
    schema = await pm.apis.create_schema(*at, type="openapi3", language="json", schema=text)
    made = await pm.apis.create_collection_from_schema(
        *at, schema.id, name="Suite", relations=[{"type": "testsuite"}], workspace=workspace
    )
    text = json.dumps(openapi(server, "get", "headers"))
    await pm.apis.update_schema(*at, schema.id, type="openapi3", language="json", schema=text)
    assert await pm.apis.sync_relations_with_schema(*at, "testsuite", made.relations[0].id or "")
    synced = await pm.collections.get(made.collection.uid)
    assert names(synced) == ["Get get", "Get headers"]
    await copy_version(pm, api.id, version.id)
    await pm.collections.delete(made.collection.uid)
    assert await pm.apis.get_test_suite_relations(*at) == []
    return api.id


async def copy_version(pm: AsyncPostman, api_id: str, version_id: str) -> None:
    """Copy a version with its schema and its documentation."""
    source = {"id": version_id, "schema": True, "relations": {"documentation": True}}
    copy = await pm.apis.create_version(api_id, name="2.0.0", source=source)
    assert (await pm.apis.get_linked_relations(api_id, copy.id)).keys() == {"documentation"}
    assert (await pm.apis.get_version(api_id, copy.id)).schema is not None


async def live(pm: AsyncPostman, emulator: PostmanEmulator, file: Path) -> None:
    """Live the whole life, and clean up: what belongs together goes together."""
    server = f"{emulator.url}/_echo"
    file.write_text(json.dumps(openapi(server, "get", "headers")))
    workspace = (await pm.workspaces.create(name="Life", type="team")).id
    values = [{"key": "region", "value": "eu"}]
    environment = await pm.environments.create(name="Eu", values=values, workspace=workspace)
    origin, fork_uid = await import_and_fork(pm, file, workspace)
    await change_and_merge(pm, origin, fork_uid)
    await contradict_and_delete(pm, origin, fork_uid)
    linked = Linked(
        collection=origin.uid,
        environment=environment.uid,
        mock=await mock(pm, origin, workspace),
        monitor=await monitor(pm, origin, environment.uid, workspace),
    )
    hook = await webhook(pm, origin, workspace)
    api_id = await link(pm, linked, server, workspace)
    inside = await pm.workspaces.get(workspace)
    assert {member.id for member in inside.monitors or []} == {
        uid.partition("-")[2] for uid in (linked.monitor, hook)
    }
    await pm.apis.delete(api_id)
    await pm.collections.delete(origin.uid)
    for gone in (pm.mocks.get(linked.mock), pm.monitors.get(linked.monitor), pm.monitors.get(hook)):
        with pytest.raises(NotFoundError):
            await gone
    await pm.workspaces.delete(workspace)  # and with it the environment, which is nowhere else


_DESCRIPTORS = 1024
"""More files than this process has open; the lowest free number is taken first."""


def sockets() -> set[int]:
    """Return the open sockets of this process, by their numbers in the system."""
    opened = []
    for descriptor in range(_DESCRIPTORS):
        with contextlib.suppress(OSError):  # it is not open
            opened.append(os.fstat(descriptor))
    return {found.st_ino for found in opened if stat.S_ISSOCK(found.st_mode)}


async def test_a_whole_life_leaves_nothing_behind(tmp_path: Path) -> None:
    """Not an entity in any list, not a task, not a connection."""
    tasks, connections = asyncio.all_tasks(), sockets()
    async with PostmanEmulator() as emulator:
        key, url = emulator.api_key, emulator.url
        async with AsyncPostman(key, base_url=url, strict=True) as pm:
            before = await belongings(pm)
            await live(pm, emulator, tmp_path / "openapi.json")
            assert await belongings(pm) == before
    assert asyncio.all_tasks() == tasks
    assert sockets() == connections
