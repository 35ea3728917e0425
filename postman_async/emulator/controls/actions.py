"""The actions of a test on the state of an emulator, besides the operations of the API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from postman_async.emulator.controls.controls import Controls
from postman_async.emulator.errors import ServiceError
from postman_async.emulator.exceptions import EmulatorError
from postman_async.emulator.runs.scripted_runs import RunScript
from postman_async.emulator.serving.call import Service
from postman_async.emulator.state import loading
from postman_async.emulator.state.documents import SCHEMA, complete_collection, complete_environment
from postman_async.emulator.state.ids import bare_id, new_id
from postman_async.emulator.state.settings import DEFAULTS
from postman_async.emulator.state.store import Entity, Json, Store, dumps

__all__ = [
    "add_monitor",
    "add_server_response",
    "global_variables",
    "load",
    "own_result",
    "reset",
    "restore",
    "script_run",
    "settle",
]

_DEFAULT_WORKSPACE = "default_workspace"
_SCHEDULE = {"cron": "0 0 * * *", "timezone": "UTC"}
_SCRIPTED: Json = {
    "info": {
        "name": "Scripted monitors",
        "description": "What they seem to run: their outcomes are scripted.",
        "schema": SCHEMA,
    },
    "item": [
        {
            "name": "Request",
            "request": {"method": "GET", "url": "https://scripted.invalid/"},
            "response": [],
        }
    ],
}


def settle(service: Service) -> None:
    """Prepare the state: make a default workspace, abort runs of an earlier process."""
    with service.store.transaction():
        service.runs.abort_unfinished()
        known = service.store.setting(_DEFAULT_WORKSPACE)
        if known is None or service.store.find("workspaces", known) is None:
            known = _new_default_workspace(service.store)
        service.default_workspace = known


def reset(controls: Controls) -> None:
    """Bring an emulator to the state after its start: state, clock, ids, faults, limits, log."""
    service = controls.service
    service.runs.cancel()
    service.world.clock.reset()
    with service.store.transaction():
        service.store.clear()
        service.default_workspace = _new_default_workspace(service.store)
    controls.faults.clear()
    controls.limiter.reset()
    controls.requests.clear()
    service.api_calls = 0


def restore(service: Service, snapshot: bytes) -> None:
    """Replace the state by that of a snapshot; runs under way are aborted."""
    service.runs.cancel()
    service.store.restore(snapshot)
    settle(service)


def _new_default_workspace(store: Store) -> str:
    facts = {"name": "My Workspace", "type": "personal", "description": "", "about": ""}
    workspace = store.add("workspaces", facts)
    store.set_setting(_DEFAULT_WORKSPACE, workspace.id)
    return workspace.id


def add_monitor(service: Service, name: str, script: RunScript, workspace: str | None) -> str:
    """Make a monitor with a script, and return its uid."""
    if not isinstance(name, str) or not name:
        raise EmulatorError("name: a monitor needs a name")
    with service.store.transaction():
        home = _workspace(service, workspace)
        facts = {
            **DEFAULTS,
            "name": name,
            "schedule": _SCHEDULE,
            "collection": _scripted_collection(service.store, home),
            "environment": None,
            "script": script.to_json(),
        }
        monitor = service.store.add("monitors", facts)
        service.store.join(home, "monitors", monitor.id)
    return monitor.uid


def _workspace(service: Service, reference: str | None) -> str:
    if reference is None:
        return service.default_workspace
    return _found(service.store, "workspaces", reference).id


def _found(store: Store, kind: str, reference: str) -> Entity:
    entity_id = bare_id(reference)
    entity = None if entity_id is None else store.find(kind, entity_id)
    if entity is None:
        raise EmulatorError(f"the emulator has no {kind.removesuffix('s')} {reference!r}")
    return entity


def _scripted_collection(store: Store, workspace: str) -> str:
    """Return the collection of a workspace's scripted monitors, which they share."""
    for collection in store.all("collections", workspace):
        if collection.facts.get("scripted"):
            return collection.id
    document = complete_collection(json.loads(dumps(_SCRIPTED)))
    facts = {"name": document["info"]["name"], "scripted": True}
    collection = store.add("collections", facts, document)
    store.join(workspace, "collections", collection.id)
    return collection.id


def script_run(service: Service, uid: str, script: RunScript) -> None:
    """Make all further runs of a monitor follow a script."""
    with service.store.transaction():
        monitor = _found(service.store, "monitors", uid)
        monitor.facts["script"] = script.to_json()
        service.store.save(monitor)


def add_server_response(
    service: Service, uid: str, status: int, headers: Mapping[str, str], body: str
) -> str:
    """Give a mock server an answer that its configuration can name, and return its id."""
    if not 500 <= status <= 599:
        raise EmulatorError(f"a server response has a status from 500 to 599, not {status}")
    with service.store.transaction():
        mock = _found(service.store, "mocks", uid)
        made = {"id": new_id(), "statusCode": status, "headers": dict(headers), "body": body}
        mock.facts["serverResponses"] = [*mock.facts["serverResponses"], made]
        service.store.save(mock)
    return str(made["id"])


def own_result(run: Mapping[str, Any]) -> Json:
    """Return a copy of a result of the caller's own, unwrapped; EmulatorError if it is invalid."""
    try:
        copy = json.loads(dumps(dict(run)))
    except (TypeError, ValueError) as error:
        raise EmulatorError(f"the result cannot be written as JSON: {error}") from None
    if copy.keys() == {"run"}:
        copy = copy["run"]
    if not isinstance(copy, dict) or not isinstance(copy.get("info", {}), dict):
        raise EmulatorError("a result is a mapping, and so is its info")
    return copy


def global_variables(service: Service, workspace: str | None) -> list[Json]:
    """Return the global variables of a workspace."""
    home = _found(service.store, "workspaces", workspace or service.default_workspace)
    variables: list[Json] = home.facts.get("globals", [])
    return variables


def load(service: Service, name: str, documents: list[loading.Document]) -> list[str]:
    """Store documents in the default workspace, all or none, and return their uids."""
    try:
        with service.store.transaction():
            return [_stored(service, kind, document).uid for kind, document in documents]
    except ServiceError as error:
        raise loading.refused(name, error) from None


def _stored(service: Service, kind: str, document: Json) -> Entity:
    if kind == "collections":
        entity_name = complete_collection(document)["info"]["name"]
    else:
        entity_name = complete_environment(document)["name"]
    entity = service.store.add(kind, {"name": entity_name}, document)
    service.store.join(service.default_workspace, kind, entity.id)
    return entity
