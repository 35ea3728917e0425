"""Every operation over a real socket, async and sync: one life of everything, read strictly."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from postman_async import OPERATIONS, Collection, Environment, NotFoundError
from postman_async.emulator import PostmanEmulator
from postman_async.models.monitors import MonitorRecipient
from tests.support import Call, caller_of

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


@pytest.fixture(params=["async", "sync"])
def call(request: pytest.FixtureRequest, thread_emulator: PostmanEmulator) -> Iterator[Call]:
    key, url = thread_emulator.api_key, thread_emulator.url
    with caller_of(request.param, key, base_url=url, strict=True) as made:
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
