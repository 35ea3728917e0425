"""An emulator for each test, and an HTTP client for it that shares no code with the SDK."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, NamedTuple

import aiohttp
import pytest
import pytest_asyncio

from postman_async.emulator import PostmanEmulator

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"


class Answer(NamedTuple):
    """The status of an answer, and its JSON body."""

    status: int
    body: Any

    @property
    def error(self) -> str:
        """The name of an error of the usual form."""
        name: str = self.body["error"]["name"]
        return name


class Api:
    """Calls the emulator over its socket."""

    def __init__(self, emulator: PostmanEmulator, session: aiohttp.ClientSession) -> None:
        self.emulator = emulator
        self.session = session

    async def call(self, method: str, path: str, body: Any = None, **options: Any) -> Answer:
        """Send a request; its body is JSON unless `options` bring their own ``data``."""
        if body is not None:
            options["json"] = body
        url = self.emulator.url + path
        async with self.session.request(method, url, **options) as response:
            return Answer(response.status, await response.json())

    async def ok(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        """Send a request that must succeed, and return the body's one value, unwrapped."""
        answer = await self.call(method, path, body, params=query)
        assert answer.status == 200, answer
        found = {key: value for key, value in answer.body.items() if key != "meta"}
        (value,) = found.values()
        return value

    async def until(self, condition: Callable[[], bool]) -> None:
        """Run the event loop until a condition holds; a time limit applies."""
        async with asyncio.timeout(10):
            while not condition():
                await asyncio.sleep(0.001)

    async def add_collection(self, name: str = "Shop", *items: Any, **more: Any) -> str:
        """Create a collection, and return its uid."""
        document = {"info": {"name": name, "schema": SCHEMA}, "item": list(items), **more}
        return await self._made("collection", document)

    async def add_environment(self, name: str = "Staging", **values: str) -> str:
        """Create an environment, and return its uid."""
        entries = [{"key": key, "value": value} for key, value in values.items()]
        return await self._made("environment", {"name": name, "values": entries})

    async def add_monitor(self, name: str, collection: str, **fields: Any) -> str:
        """Create a monitor of a collection, and return its uid."""
        schedule = {"cron": "0 6 * * *", "timezone": "UTC"}
        document = {"name": name, "collection": collection, "schedule": schedule, **fields}
        return await self._made("monitor", document)

    async def add_workspace(self, name: str = "Team", **fields: Any) -> str:
        """Create a workspace, and return its id."""
        document = {"name": name, "type": "team", **fields}
        made = await self.ok("POST", "/workspaces", {"workspace": document})
        return str(made["id"])

    async def _made(self, kind: str, document: Any) -> str:
        made = await self.ok("POST", f"/{kind}s", {kind: document})
        return str(made["uid"])


@pytest.fixture
def emulator(postman_emulator: PostmanEmulator) -> PostmanEmulator:
    """A new emulator, from the public fixture."""
    return postman_emulator


@pytest.fixture
async def api(emulator: PostmanEmulator) -> AsyncIterator[Api]:
    """A client of the emulator with its API key."""
    headers = {"X-Api-Key": emulator.api_key}
    async with aiohttp.ClientSession(headers=headers) as session:
        yield Api(emulator, session)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared() -> AsyncIterator[Api]:
    """One emulator for all tests of a module: its runtime takes time to start."""
    async with PostmanEmulator() as emulator:
        headers = {"X-Api-Key": emulator.api_key}
        async with aiohttp.ClientSession(headers=headers) as session:
            yield Api(emulator, session)
