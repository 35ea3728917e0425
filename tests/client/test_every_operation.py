"""Every operation over a real socket, async and sync: one life of everything, read strictly."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from postman_async import OPERATIONS, Collection, Environment, NotFoundError
from postman_async.emulator import PostmanEmulator
from postman_async.models.monitors import MonitorRecipient
from tests.support import Call, caller_of

OPENAPI = {
    "openapi": "3.0.0",
    "info": {"title": "Pets", "version": "1"},
    "paths": {"/pets": {"get": {"responses": {"200": {"description": "all"}}}}},
}
ENVIRONMENT = {"name": "where", "values": [{"key": "country", "value": "de", "enabled": True}]}
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
    assert collection.item
    assert collection.item[0].request.extra == {"x-unknown": [1, None]}  # type: ignore[union-attr]
    collection.info.name = "orders, new"
    assert call("collections.update", made.uid, collection=collection).name == "orders, new"
    fork = call("collections.fork", made.uid, label="mine", workspace=_home(call))
    forked: Collection = call("collections.get", fork.uid)
    assert forked.item
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
    given = {"on_error": [MonitorRecipient(email="me@example.com")]}
    call("monitors.update", made.uid, active=False, notifications={"onError": given["on_error"]})
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


def live_with_imports(call: Call, tmp_path: Path) -> None:
    """Import a description in each form it can have, and what Postman exports."""
    text = json.dumps(OPENAPI)
    file = tmp_path / "petstore.yaml"
    file.write_text(text, encoding="utf-8")
    for given in (OPENAPI, text, file):
        (made,) = call("imports.openapi", given)
        collection: Collection = call("collections.get", made.uid)
        assert (collection.info.name, len(collection.item or [])) == ("Pets", 1)
        call("collections.delete", made.uid)
    dump = {"version": 1, "collections": [COLLECTION], "environments": [ENVIRONMENT]}
    for data in (dump, json.dumps(dump), json.dumps(dump).encode()):
        imported = call("imports.exported_data", data)
        assert [ref.name for ref in imported.collections] == ["orders"]
        (environment,) = imported.environments
        assert call("environments.get", environment.uid).values[0].value == "de"
        call("environments.delete", environment.uid)
        call("collections.delete", imported.collections[0].uid)


def live_with_mocks(call: Call, collection: str, environment: str) -> str:
    """Make, read, change, publish, list and delete mocks; one is left, whose id is returned."""
    made = call("mocks.create", collection=collection, name="stand-in", private=True)
    assert made.mock_url.startswith("http")
    call("mocks.update", made.uid, environment=environment, config={"matchBody": True})
    mock = call("mocks.get", made.uid)
    assert (mock.environment, mock.config.match_body, mock.is_public) == (environment, True, False)
    assert call("mocks.publish", made.uid).id == made.id
    assert call("mocks.get", made.uid).is_public is True
    assert call("mocks.unpublish", made.uid).id == made.id
    assert call("mocks.get", made.uid).is_public is False
    spare = call("mocks.create", collection=collection)
    assert {m.uid for m in call("mocks.list")} == {made.uid, spare.uid}
    assert call("mocks.delete", spare.uid).uid == spare.uid
    return str(made.id)


def live_with_webhooks(call: Call, collection: str, environment: str) -> None:
    """Make a webhook."""
    made = call("webhooks.create", name="hook", collection=collection, environment=environment)
    assert (made.collection, made.environment) == (collection, environment)
    assert made.webhook_url.startswith("http")


def live_with_apis(call: Call) -> tuple[str, str]:
    """Make, read, change, list and delete APIs and versions; one version is left."""
    api = call("apis.create", name="shop", summary="sells")
    assert call("apis.update", api.id, description="things").summary == "sells"
    assert call("apis.get", api.id).description == "things"
    spare = call("apis.create", name="spare")
    assert [a.id for a in call("apis.list", name="shop", direction="asc")] == [api.id]
    assert call("apis.delete", spare.id).id == spare.id
    first = call("apis.create_version", api.id, name="1.0")
    assert call("apis.update_version", api.id, first.id, name="1.1").name == "1.1"
    copy = call("apis.create_version", api.id, name="2.0", source={"id": first.id, "schema": True})
    assert {v.id for v in call("apis.list_versions", api.id)} >= {first.id, copy.id}
    assert call("apis.delete_version", api.id, copy.id).id == copy.id
    assert call("apis.get_version", api.id, first.id).api == api.id
    return str(api.id), str(first.id)


def live_with_schemas(call: Call, *version: str) -> None:
    """Make, read and change a schema, make a collection of it and bring that up to date."""
    text = json.dumps(OPENAPI)
    made = call("apis.create_schema", *version, type="openapi3", language="json", schema="{}")
    given = {"type": "openapi3", "language": "json", "schema": text}
    call("apis.update_schema", *version, made.id, **given)
    assert call("apis.get_schema", *version, made.id).schema == text
    relations = [{"type": "documentation"}]
    new = call(
        "apis.create_collection_from_schema", *version, made.id, name="Shop", relations=relations
    )
    assert [relation.type for relation in new.relations] == ["documentation"]
    (link,) = call("apis.get_documentation_relations", *version)
    assert (link.collection_id, link.name) == (new.collection.uid, "Shop")
    assert call("apis.sync_relations_with_schema", *version, "documentation", link.id) is True


def live_with_relations(call: Call, *version: str, **given: str) -> None:
    """Link everything to a version, and read it type by type and all at once."""
    kinds = {"contracttest": "contract_test", "integrationtest": "integration_test"}
    kinds |= {"testsuite": "test_suite", "environment": "environment", "monitor": "monitor"}
    made = call("apis.create_relations", *version, **{kind: [uid] for kind, uid in given.items()})
    assert set(made) == set(given)
    for kind, name in kinds.items():
        (link,) = call(f"apis.get_{name}_relations", *version)
        assert [link.id] == made[kind]
    linked = call("apis.get_linked_relations", *version)
    assert {kind: [*linked[kind]] for kind in made} == made
    (mock,) = linked["mock"].values()
    assert mock.url.startswith("http")


def _home(call: Call) -> str:
    return str(call("workspaces.list")[0].id)


def test_every_operation_is_called_and_does_what_it_says(
    call: Call, thread_emulator: PostmanEmulator, tmp_path: Path
) -> None:
    """All operations of the registry, and the emulator's own log says which were called."""
    environment = live_with_environments(call)
    collection = live_with_collections(call)
    monitor = live_with_monitors(call, collection, environment)
    live_with_workspaces(call, collection, monitor)
    live_with_imports(call, tmp_path)
    mock = live_with_mocks(call, collection, environment)
    live_with_webhooks(call, collection, environment)
    version = live_with_apis(call)
    live_with_schemas(call, *version)
    collections = dict.fromkeys(["contracttest", "integrationtest", "testsuite"], collection)
    links = {**collections, "environment": environment, "mock": mock, "monitor": monitor}
    live_with_relations(call, *version, **links)
    assert call("users.me").operations[0].usage > 0
    called = {request.operation for request in thread_emulator.requests}
    assert called == set(OPERATIONS)
