"""Nothing that a client can send makes the emulator fail: no answer is a 5xx."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from yarl import URL

from postman_async.emulator import PostmanEmulator
from postman_async.emulator.routes import routes
from tests.emulator.kit import SCHEMA, QuickRuntime

KEYS = [
    "info",
    "name",
    "item",
    "request",
    "response",
    "event",
    "id",
    "uid",
    "schema",
    "values",
    "key",
    "value",
    "enabled",
    "type",
    "collection",
    "environment",
    "schedule",
    "cron",
    "timezone",
    "options",
    "requestDelay",
    "requestTimeout",
    "retry",
    "attempts",
    "notifications",
    "onError",
    "email",
    "distribution",
    "region",
    "notificationLimit",
    "active",
    "label",
    "source",
    "destination",
    "strategy",
    "collections",
    "environments",
    "monitors",
    "mocks",
    "description",
    "about",
    "apis",
    "summary",
    "relations",
    "documentation",
    "mock",
    "language",
    "input",
    "config",
    "headers",
    "delay",
    "preset",
    "duration",
    "private",
    "globals",
    "requests",
]
WORDS = [
    *("", "a", "team", "* * * * *", "UTC", "deleteSource", "us-east", "\ud83d", "\0", "a@b"),
    *("openapi3", "json", "string", "file", "graphql", "documentation", "fixed", "{}"),
]
WRAPPERS = ["collection", "environment", "monitor", "workspace", "api", "version", "schema"]
WRAPPERS += ["mock", "webhook"]

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(WORDS)
    | st.text(max_size=5)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), inner, max_size=6)
    ),
    max_leaves=25,
)
BODIES = VALUES | st.dictionaries(st.sampled_from(WRAPPERS), VALUES, min_size=1, max_size=4)


class World:
    """An emulator with one entity of each kind, and a loop to talk to it from a plain test."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self.run = runner.run
        self.emulator = PostmanEmulator(engine=QuickRuntime())
        self.run(self._open())
        self.seed()

    async def _open(self) -> None:
        await self.emulator.start()
        headers = {"X-Api-Key": self.emulator.api_key}
        self.session = aiohttp.ClientSession(self.emulator.url, headers=headers)

    async def close(self) -> None:
        """Leave nothing open."""
        await self.session.close()
        await self.emulator.close()

    def seed(self) -> None:
        """Make one entity of each kind: bodies are to reach what lies behind a path."""
        self.emulator.reset()
        item = {"name": "a", "request": "https://example.invalid"}
        (collection,) = self.emulator.load({"info": {"name": "a"}, "item": [item]})
        (environment,) = self.emulator.load({"name": "a", "values": []})
        self.ids = {
            "collection_uid": collection,
            "environment_uid": environment,
            "monitor_uid": self.emulator.add_monitor("a"),
            "workspace_id": self.emulator.default_workspace,
        }
        self.seed_api(collection)

    def seed_api(self, collection: str) -> None:
        """Make an API with a version, a schema and a linked collection, and a mock server."""
        self.ids["mock_uid"] = self.make("/mocks", {"mock": {"collection": collection}})
        self.ids["apiId"] = self.make("/apis", {"api": {"name": "a"}})
        path = f"/apis/{self.ids['apiId']}/versions"
        self.ids["apiVersionId"] = self.make(path, {"version": {"name": "a"}})
        path = f"{path}/{self.ids['apiVersionId']}"
        schema = {"type": "openapi3", "language": "yaml", "schema": "openapi: 3.0.0"}
        self.ids["schemaId"] = self.make(f"{path}/schemas", {"schema": schema})
        self.send("apis.create_relations", {"documentation": [collection]}, {})
        self.ids |= {"entityType": "documentation", "entityId": collection}

    def links(self, body: Any) -> Any:
        """Put real uids in the place of some words, so that references can be right."""
        if isinstance(body, dict):
            return {key: self._link(key) or self.links(value) for key, value in body.items()}
        return [self.links(value) for value in body] if isinstance(body, list) else body

    def _link(self, key: str) -> str | None:
        known = {
            "source": "collection_uid",
            "destination": "collection_uid",
            "documentation": "collection_uid",
        }
        return self.ids[known[key]] if key in known else None

    def send(self, operation: str, body: Any, query: dict[str, str]) -> int:
        """Send a body and return the status of the answer, which must be JSON."""
        method, path, _ = routes()[operation]
        return self.run(self._send(method, path.format_map(self.ids), body, query))

    def watch(self) -> None:
        """Make the monitor one of the collection; its runs follow a script all the same."""
        schedule = {"cron": "* * * * *", "timezone": "UTC"}
        fields = {"name": "a", "collection": self.ids["collection_uid"], "schedule": schedule}
        self.ids["monitor_uid"] = self.make("/monitors", {"monitor": fields})
        self.emulator.script_run(self.ids["monitor_uid"])

    def visit(self, path: str, headers: dict[str, str]) -> bytes:
        """Get a page, and return what it says."""
        return self.run(self._visit(path, headers))

    async def _visit(self, path: str, headers: dict[str, str]) -> bytes:
        address = URL(path, encoded=True)
        async with self.session.get(address, headers=headers, allow_redirects=False) as answer:
            return await answer.read()

    def make(self, path: str, body: Any) -> str:
        """Send a body that makes something, and return its uid, or its id if it has none."""
        return self.run(self._make(path, body))

    async def _make(self, path: str, body: Any) -> str:
        async with self.session.post(path, json=body) as answer:
            (made,) = (await answer.json()).values()
            return str(made["uid"] if "uid" in made else made["id"])

    async def _send(self, method: str, path: str, body: Any, query: dict[str, str]) -> int:
        async with self.session.request(method, path, json=body, params=query) as answer:
            await answer.json()
            return answer.status


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """An emulator for all examples; the state is made anew for each."""
    with asyncio.Runner() as runner:
        made = World(runner)
        yield made
        runner.run(made.close())


@pytest.mark.parametrize("operation", routes())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(body=BODIES)
def test_no_body_makes_an_operation_fail(world: World, operation: str, body: Any) -> None:
    world.seed()
    for sent in (body, world.links(body), {WRAPPERS[0]: body, **dict.fromkeys(WRAPPERS, body)}):
        assert world.send(operation, sent, {}) < 500
    if routes()[operation].method != "GET":
        follow_up(world, operation)


@pytest.mark.parametrize("operation", routes())
def test_no_kind_of_json_makes_an_operation_fail(world: World, operation: str) -> None:
    kinds: list[Any] = [None, True, 7, 1.5, "text", [], {}]
    for kind in kinds:
        world.seed()
        for body in (kind, [kind], dict.fromkeys(WRAPPERS, kind), {"label": kind, "source": kind}):
            assert world.send(operation, body, {}) < 500


def follow_up(world: World, written: str) -> None:
    """What was stored before can still be read, whatever it was."""
    readable = (written.partition(".")[0], "workspaces")
    for operation, route in routes().items():
        if route.method == "GET" and operation.startswith(readable):
            assert world.send(operation, None, {}) < 500


QUERIES = st.dictionaries(
    st.sampled_from(
        [
            *("workspace", "limit", "offset", "cursor", "active", "owner", "type", "async", "name"),
            *("since", "until", "createdBy", "isPublic", "sort", "direction", "teamId"),
            *("model", "elementType", "elementId", "include", "collectionUid", "environmentUid"),
        ]
    ),
    st.text(max_size=8)
    | st.sampled_from(["1", "true", "0", "-1", "team", "99999999999", "desc", "createdAt"])
    | st.sampled_from(["minimal", "collection", "specification", "scim"])
    | st.sampled_from(["2019-02-12 19:34:49", "0001-01-01T00:00+23:59", "9999-12-31"]),
    max_size=4,
)


@pytest.mark.parametrize("operation", [name for name in routes() if routes()[name].method == "GET"])
@settings(max_examples=20, deadline=None)
@given(query=QUERIES)
def test_no_query_makes_a_list_fail(world: World, operation: str, query: dict[str, str]) -> None:
    clean = {k: re.sub(r"[\ud800-\udfff]", "?", v) for k, v in query.items()}
    assert world.send(operation, None, clean) < 500


DOCUMENTS = st.recursive(
    st.builds(
        lambda name, request, response: {"name": name, "request": request, "response": response},
        st.text(max_size=3),
        st.none() | st.just("https://example.invalid") | st.dictionaries(st.text(), SCALARS),
        st.lists(st.just({"name": "example"}), max_size=2),
    ),
    lambda inner: st.builds(lambda items: {"name": "folder", "item": items}, st.lists(inner)),
    max_leaves=8,
)


@settings(max_examples=25, deadline=None)
@given(items=st.lists(DOCUMENTS, max_size=3), more=st.dictionaries(st.text(max_size=3), VALUES))
def test_any_collection_can_be_stored_run_forked_and_merged(
    world: World, items: list[Any], more: dict[str, Any]
) -> None:
    world.seed()
    document = {**more, "info": {"name": "a", "schema": SCHEMA}, "item": items}
    assert world.send("collections.update", {"collection": document}, {}) == 200
    world.watch()
    assert world.send("monitors.run", None, {}) == 200
    origin = world.ids["collection_uid"]
    world.ids["collection_uid"] = world.make(f"/collections/fork/{origin}", {"label": "mine"})
    body = {"source": world.ids["collection_uid"], "destination": origin}
    assert world.send("collections.merge", body, {}) == 200
    assert world.send("collections.get", None, {}) == 200


@settings(max_examples=25, deadline=None)
@given(
    items=st.lists(DOCUMENTS, max_size=3),
    saved=st.fixed_dictionaries(
        {},
        optional={
            "originalRequest": VALUES | st.just("/pets"),
            "code": SCALARS,
            "header": VALUES | st.dictionaries(st.text(max_size=3), st.text(max_size=3)),
            "body": SCALARS,
        },
    ),
    headers=st.fixed_dictionaries({"key": st.text(max_size=3), "value": st.text(max_size=3)}),
    path=st.text(st.characters(exclude_categories=["Cs"]), max_size=5) | st.just("pets"),
)
def test_any_collection_can_be_mocked(
    world: World, items: list[Any], saved: dict[str, Any], headers: dict[str, str], path: str
) -> None:
    """Whatever is saved as an example: a mock serves it, or says that it does not fit."""
    world.seed()
    response = [{**saved, "name": "a"}, {"name": "b", "code": 200, "header": [headers]}]
    item = {"name": "a", "request": {"url": "/pets", "method": "GET"}, "response": response}
    document = {"info": {"name": "a", "schema": SCHEMA}, "item": [*items, item]}
    assert world.send("collections.update", {"collection": document}, {}) in (200, 400)
    mock = world.ids["mock_uid"].partition("-")[2]
    picks: list[dict[str, str]] = [{}, {"x-mock-response-name": "b"}]
    for pick in picks:
        assert b'"serverError"' not in world.visit(f"/_mocks/{mock}/{quote(path)}", pick)
