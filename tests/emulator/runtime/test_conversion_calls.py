"""Calls that convert: the state can change during the conversion, which can also fail."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from postman_async.emulator import PostmanEmulator
from postman_async.emulator.exceptions import EmulatorError, EngineCrashed, EngineUnavailable
from tests.emulator.conftest import Api
from tests.emulator.handlers.test_apis import SCHEMA, add_api, add_version
from tests.emulator.kit import QuickRuntime, collection

OLD = {"name": "Old", "requests": []}


class SlowRuntime(QuickRuntime):
    """A runtime that runs a callback during each conversion."""

    meanwhile: Callable[[], Awaitable[Any]]

    async def convert(self, specification: str, options: Any = None) -> Any:
        await self.meanwhile()
        return await super().convert(specification, options)

    async def sync(self, specification: str, collection: Any) -> Any:
        await self.meanwhile()
        return await super().sync(specification, collection)

    async def upgrade(self, collection: Any) -> Any:
        await self.meanwhile()
        return await super().upgrade(collection)


@pytest.fixture
def engine() -> SlowRuntime:
    """The runtime of the emulator."""
    return SlowRuntime()


@pytest.fixture
async def api(engine: SlowRuntime) -> AsyncIterator[Api]:
    """A client of an emulator with this runtime."""
    async with PostmanEmulator(engine=engine) as emulator:
        headers = {"X-Api-Key": emulator.api_key}
        async with aiohttp.ClientSession(headers=headers) as session:
            yield Api(emulator, session)


class Scene:
    """A version with a schema and a linked collection, and the calls that convert."""

    def __init__(self, api: Api, version: str, schema: str, uid: str) -> None:
        self.api, self.version, self.schema, self.uid = api, version, schema, uid

    def sync(self) -> Awaitable[Any]:
        """Sync the collection."""
        return self.api.call("PUT", f"{self.version}/documentation/{self.uid}/syncWithSchema")

    def make(self) -> Awaitable[Any]:
        """Generate a collection from the schema."""
        body = {"name": "a", "relations": [{"type": "testsuite"}]}
        return self.api.call("POST", f"{self.version}/schemas/{self.schema}/collections", body)

    def import_openapi(self) -> Awaitable[Any]:
        """Import a description."""
        body = {"type": "string", "input": "openapi: 3.0.0"}
        return self.api.call("POST", "/import/openapi", body)


@pytest.fixture
async def scene(api: Api) -> Scene:
    """Create the entities that the calls need."""
    version = await add_version(api, (await add_api(api))["id"])
    schema = await api.ok("POST", f"{version}/schemas", {"schema": SCHEMA})
    uid = await api.add_collection()
    await api.call("POST", f"{version}/relations", {"documentation": [uid]})
    return Scene(api, version, schema["id"], uid)


async def test_a_change_in_the_meantime_is_not_overwritten(
    api: Api, engine: SlowRuntime, scene: Scene
) -> None:
    async def change() -> None:
        body = {"collection": collection()}
        body["collection"]["info"]["name"] = "Changed"
        await api.ok("PUT", f"/collections/{scene.uid}", body)

    engine.meanwhile = change
    assert (await scene.sync()).status == 409
    assert (await api.ok("GET", f"/collections/{scene.uid}"))["info"]["name"] == "Changed"


async def test_what_was_deleted_in_the_meantime_does_not_come_back(
    api: Api, engine: SlowRuntime, scene: Scene
) -> None:
    async def delete() -> None:
        await api.ok("DELETE", scene.version)

    engine.meanwhile = delete
    assert (await scene.make()).status == 404
    assert len(await api.ok("GET", "/collections")) == 1
    assert (await scene.sync()).status == 404


@pytest.mark.parametrize("kind", ["openapi", "exported"])
async def test_an_import_into_a_workspace_deleted_meanwhile_leaves_nothing(
    api: Api, engine: SlowRuntime, kind: str
) -> None:
    workspace = await api.add_workspace()

    async def delete() -> None:
        await api.ok("DELETE", f"/workspaces/{workspace}")

    engine.meanwhile = delete
    given = {"collections": [OLD]} if kind == "exported" else {"openapi": "3.0.0"}
    body = {"type": "json", "input": given}
    answer = await api.call("POST", f"/import/{kind}", body, params={"workspace": workspace})
    assert (answer.status, answer.error) == (404, "instanceNotFoundError")
    assert await api.ok("GET", "/collections") == []


@pytest.mark.parametrize("failure", [EngineUnavailable("no Node.js"), EngineCrashed("it ended")])
async def test_without_an_engine_a_conversion_is_refused_with_the_reason(
    engine: SlowRuntime, scene: Scene, failure: EmulatorError
) -> None:
    """503, as for runs: the cause is on the server's side, and a later call may succeed."""

    async def fail() -> None:
        raise failure

    engine.meanwhile = fail
    for answer in (await scene.sync(), await scene.make(), await scene.import_openapi()):
        assert (answer.status, answer.error) == (503, "serverError")
        assert str(failure) in answer.body["error"]["message"]
