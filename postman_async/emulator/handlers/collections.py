"""Collections, their forks and merges."""

from __future__ import annotations

from typing import Any

from postman_async.emulator.errors import bad_request, plain_problem
from postman_async.emulator.handlers.common import add_collection, listed, replace_collection
from postman_async.emulator.serving.call import Call
from postman_async.emulator.state import validation
from postman_async.emulator.state.documents import complete_collection, shown_collection
from postman_async.emulator.state.forks import MergeConflict, merge_documents
from postman_async.emulator.state.ids import iso, now, same_id
from postman_async.emulator.state.removal import remove
from postman_async.emulator.state.store import Entity, Json

__all__ = ["create", "delete", "fork", "get", "list_all", "merge", "update"]

_STRATEGIES = ("updateSourceWithDestination", "deleteSource")


def list_all(call: Call) -> Json:
    """``GET /collections``: those that fit the filters."""
    limit = validation.positive(call.query, "limit")
    offset = validation.positive(call.query, "offset", low=0) or 0
    name = call.query.get("name")
    found = call.store.all("collections", call.workspace())
    fitting = [entity for entity in found if name in (None, entity.name)]
    page = fitting[offset:] if limit is None else fitting[offset : offset + limit]
    return {"collections": [_listed(call, entity) for entity in page]}


def _listed(call: Call, entity: Entity) -> Json:
    entry = listed(call, entity)
    if "fork" in entity.facts:
        entry["fork"] = entity.facts["fork"]
    return entry


def create(call: Call) -> Json:
    """``POST /collections``: a new collection; the service chooses its id."""
    document = validation.wrapped(call.body(), "collection")
    return {"collection": add_collection(call, call.home(), document).ref}


def get(call: Call) -> Json:
    """``GET /collections/{uid}``: the whole document."""
    return {"collection": shown_collection(call.target("collections"))}


def update(call: Call) -> Json:
    """``PUT /collections/{uid}``: replace the whole document."""
    document = validation.wrapped(call.body(), "collection")
    entity = call.target("collections")
    info = document.get("info")
    given = info.get("_postman_id") if isinstance(info, dict) else None
    complete_collection(document)
    if given and not same_id(given, entity.id):
        message = "The collection's id is not the one in the path."
        raise bad_request(message, "collectionMismatchError")
    replace_collection(call, entity, document)
    return {"collection": entity.ref}


def delete(call: Call) -> Json:
    """``DELETE /collections/{uid}``: its monitors and mocks go with it, its forks stay."""
    entity = call.target("collections")
    remove(call.store, "collections", entity.id)
    return {"collection": {"id": entity.id, "uid": entity.uid}}


def fork(call: Call) -> Json:
    """``POST /collections/fork/{uid}``: a copy that remembers its origin and common state."""
    body = validation.mapping(call.body(), "body")
    label = validation.parameter({"label": body.get("label", body.get("name"))}, "label")
    validation.text(label, "label")
    origin, home = call.target("collections"), call.home()
    document = origin.document or {}
    marked = {"label": label, "createdAt": iso(now()), "from": origin.uid}
    copy = call.store.add("collections", {"name": origin.name, "fork": marked}, document)
    call.store.join(home, "collections", copy.id)
    call.store.set_base(copy.id, document)
    return {"collection": {**copy.ref, "fork": marked}}


def merge(call: Call) -> Json:
    """``POST /collections/merge``: bring a fork's changes back into its origin."""
    body = validation.mapping(call.body(), "body")
    source = call.find("collections", _reference(body, "source"))
    destination = call.find("collections", _reference(body, "destination"))
    strategy = body.get("strategy") or _STRATEGIES[0]
    if strategy not in _STRATEGIES:
        raise bad_request(f"The strategy must be one of {', '.join(_STRATEGIES)}.")
    if source.facts.get("fork", {}).get("from") != destination.uid:
        raise bad_request("The source is not a fork of the destination.")
    merged = _merged(call, source, destination)
    replace_collection(call, destination, merged)
    if strategy == "deleteSource":
        remove(call.store, "collections", source.id)
    else:
        replace_collection(call, source, merged)
        call.store.set_base(source.id, merged)
    return {"collection": destination.ref}


def _reference(body: Json, name: str) -> Any:
    return validation.text(validation.parameter(body, name), name)


def _merged(call: Call, source: Entity, destination: Entity) -> Json:
    base, ours, theirs = call.store.base(source.id), source.document, destination.document
    try:
        return merge_documents(base, ours or {}, theirs or {})
    except MergeConflict as conflict:
        detail = f"The merge has conflicts, changed on both sides: {', '.join(conflict.names)}."
        raise plain_problem(409, detail) from None
