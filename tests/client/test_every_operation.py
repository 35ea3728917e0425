"""Every operation over a real socket, async and sync: one life of everything, read strictly."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import pytest

from postman_async import OPERATIONS, AsyncPostman, Collection, Environment, NotFoundError, Postman
from postman_async.emulator import PostmanEmulator
from postman_async.models.monitors import MonitorRecipient

Call: TypeAlias = Callable[..., Any]

COLLECTION = {
    "info": {
        "name": "orders",
        "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
    },
    "item": [
        {
            "name": "read",
            "request": {"method": "GET", "url": "{{base}}/orders", "x-unknown": [1, None]},
            "event": [{"listen": "test", "script": {"exec": ["pm.test('a', () => {});"]}}],
        }
    ],
}


@contextmanager
def caller_of(kind: str, emulator: PostmanEmulator) -> Iterator[Call]:
    """Call methods by name with either client: ``call("monitors.get", uid)``."""
    if kind == "sync":
        with Postman(emulator.api_key, base_url=emulator.url, strict=True) as sync:
            yield lambda name, /, *ids, **rest: _method(sync, name)(*ids, **rest)
        return
    client = AsyncPostman(emulator.api_key, base_url=emulator.url, strict=True)
    with asyncio.Runner() as runner:
        yield lambda name, /, *ids, **rest: runner.run(_method(client, name)(*ids, **rest))
        runner.run(client.close())


def _method(client: object, name: str) -> Any:
    namespace, _, method = name.partition(".")
    return getattr(getattr(client, namespace), method)


@pytest.fixture(params=["async", "sync"])
def call(request: pytest.FixtureRequest, thread_emulator: PostmanEmulator) -> Iterator[Call]:
    with caller_of(request.param, thread_emulator) as made:
        yield made


def live_with_environments(call: Call) -> str:
    """Make, read, change, list and delete environments; one is left, whose uid is returned."""
    made = call("environments.create", name="staging", values=[{"key": "base", "value": "x"}])
    environment: Environment = call("environments.get", made.uid)
    assert environment.values[0].enabled is True
    environment.values[0].value = None
    environment.name = "stage"
    assert call("environments.update", made.uid, environment=environment).name == "stage"
    again: Environment = call("environments.get", made.uid)
    assert again.values[0].value is None
    other = call("environments.create", name="other")
    assert {e.uid for e in call("environments.list")} == {made.uid, other.uid}
    assert call("environments.delete", other.uid).uid == other.uid
    with pytest.raises(NotFoundError):
        call("environments.get", other.uid)
    return str(made.uid)


def live_with_collections(call: Call) -> str:
    """Make, read, change, fork, merge, list and delete collections; one is left."""
    made = call("collections.create", collection=COLLECTION)
    collection: Collection = call("collections.get", made.uid)
    assert collection.item[0].request.extra == {"x-unknown": [1, None]}  # type: ignore[union-attr]
    collection.info.name = "orders, new"
    assert call("collections.update", made.uid, collection=collection).name == "orders, new"
    fork = call("collections.fork", made.uid, label="mine", workspace=_home(call))
    forked: Collection = call("collections.get", fork.uid)
    forked.item[0].name = "read all"
    call("collections.update", fork.uid, collection=forked)
    call("collections.merge", source=fork.uid, destination=made.uid, strategy="deleteSource")
    assert call("collections.get", made.uid).item[0].name == "read all"
    assert [c.uid for c in call("collections.list")] == [made.uid]
    spare = call("collections.create", collection=COLLECTION)
    assert call("collections.delete", spare.uid).id == spare.id
    return str(made.uid)


def live_with_monitors(call: Call, collection: str, environment: str) -> str:
    """Make, read, change, run, list and delete monitors; one is left."""
    schedule = {"cron": "0 * * * *", "timezone": "Europe/Berlin"}
    made = call(
        "monitors.create",
        name="hourly",
        collection=collection,
        environment=environment,
        schedule=schedule,
        options={"strictSSL": True, "requestTimeout": None},
    )
    monitor = call("monitors.get", made.uid)
    assert monitor.schedule.next_run is not None
    assert monitor.options.strict_ssl is True
    told = {"on_error": [MonitorRecipient(email="me@example.com")]}
    call("monitors.update", made.uid, active=False, notifications={"onError": told["on_error"]})
    assert call("monitors.get", made.uid).notifications.on_error[0].email == "me@example.com"
    assert call("monitors.run", made.uid, run_async=True).info.status == "running"
    spare = call("monitors.create", name="spare", collection=collection, schedule=schedule)
    assert [m.uid for m in call("monitors.list", active=True)] == [spare.uid]
    assert call("monitors.delete", spare.uid).uid == spare.uid
    return str(made.uid)


def live_with_workspaces(call: Call, collection: str, monitor: str) -> None:
    """Make, read, change, list and delete a workspace."""
    made = call("workspaces.create", name="team", type="team", collections=[{"id": collection}])
    workspace = call("workspaces.get", made.id)
    assert [c.uid for c in workspace.collections] == [collection]
    call("workspaces.update", made.id, collections=[], monitors=[{"id": monitor}], about="us")
    changed = call("workspaces.get", made.id)
    assert (changed.collections, len(changed.monitors), changed.about) == ([], 1, "us")
    call("workspaces.update", made.id, monitors=[])
    assert made.id in {w.id for w in call("workspaces.list", type="team")}
    assert call("workspaces.delete", made.id).id == made.id


def _home(call: Call) -> str:
    return str(call("workspaces.list")[0].id)


def test_every_operation_is_called_and_does_what_it_says(
    call: Call, thread_emulator: PostmanEmulator
) -> None:
    """All operations of the registry, and the emulator's own log says which were called."""
    environment = live_with_environments(call)
    collection = live_with_collections(call)
    monitor = live_with_monitors(call, collection, environment)
    live_with_workspaces(call, collection, monitor)
    assert call("users.me").operations[0].usage > 0
    called = {request.operation for request in thread_emulator.requests}
    assert called == set(OPERATIONS)


def test_the_registry_counts_the_operations_of_this_version() -> None:
    """Monitors, collections, environments, workspaces and users: 24 of the service's."""
    assert len(OPERATIONS) == 24
    assert all(operation.id == name for name, operation in OPERATIONS.items())


def test_every_method_belongs_to_an_operation_and_every_operation_to_a_method() -> None:
    client = AsyncPostman("PMAK-x")
    namespaces = {name.partition(".")[0] for name in OPERATIONS}
    methods = {
        f"{namespace}.{name}"
        for namespace in namespaces
        for name in vars(type(getattr(client, namespace)))
        if not name.startswith("_") and name != "with_raw_response" and not name.startswith("iter")
    }
    assert methods == set(OPERATIONS)
