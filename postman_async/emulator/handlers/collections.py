"""Operations on collections, their forks and merges."""

from __future__ import annotations

from typing import Any

from postman_async.emulator.errors import bad_request, named, plain_problem
from postman_async.emulator.handlers.common import add_collection, listed, replace_collection
from postman_async.emulator.handlers.crud import register_delete
from postman_async.emulator.serving.call import Call
from postman_async.emulator.serving.registry import operation
from postman_async.emulator.state import validation
from postman_async.emulator.state.documents import complete_collection, shown_collection
from postman_async.emulator.state.forks import MergeConflict, merge_documents
from postman_async.emulator.state.ids import bare_id, iso, now, same_id
from postman_async.emulator.state.removal import remove
from postman_async.emulator.state.store import Entity, Json

__all__ = ["create", "fork", "get", "list_all", "merge", "update"]

_STRATEGIES = ("updateSourceWithDestination", "deleteSource")


@operation("collections.list")
def list_all(call: Call) -> Json:
    """``GET /collections``: the collections that match the filters."""
    limit = validation.positive(call.query, "limit")
    offset = validation.positive(call.query, "offset", low=0) or 0
    name = call.query.get("name")
    found = call.listed("collections")
    fitting = [entity for entity in found if name in (None, entity.name)]
    page = fitting[offset:] if limit is None else fitting[offset : offset + limit]
    return {"collections": [_listed(call, entity) for entity in page]}


def _listed(call: Call, entity: Entity) -> Json:
    entry = listed(call, entity)
    if "fork" in entity.facts:
        entry["fork"] = entity.facts["fork"]
    return entry


@operation("collections.create")
def create(call: Call) -> Json:
    """``POST /collections``: create a collection; the service assigns its id.

    A document with the id of an existing collection is refused.
    """
    document = call.fields("collection")
    known = bare_id(_given_id(document))
    if known is not None and call.store.find("collections", known) is not None:
        message = "The collection exists already: update it, or leave out info._postman_id."
        raise bad_request(message, "instanceFoundError", {"item": "collection", "id": known})
    return {"collection": add_collection(call, call.home(), document).ref}


@operation("collections.get")
def get(call: Call) -> Json:
    """``GET /collections/{uid}``: return the document.

    With ``model=minimal`` it has the uids of the first level instead of the items.
    """
    model = call.query.get("model")
    if model is not None:
        validation.one_of(model, ("minimal",), "model")
    shown = shown_collection(call.target("collections"))
    return {"collection": shown if model is None else _minimal(shown)}


def _minimal(shown: Json) -> Json:
    items = shown["item"]
    return {
        "info": shown["info"],
        "variable": shown.get("variable") or [],
        "auth": shown.get("auth"),
        "events": shown.get("event") or [],
        "rootLevelRequests": [item["uid"] for item in items if "item" not in item],
        "rootLevelFolders": [item["uid"] for item in items if "item" in item],
    }


@operation("collections.update")
def update(call: Call) -> Json:
    """``PUT /collections/{uid}``: replace the document, which must name its format."""
    _refuse_async(call)
    document = call.fields("collection")
    entity = call.target("collections")
    given = _given_id(document)
    complete_collection(document, formatted=True)
    if given and not same_id(given, entity.id):
        message = "The collection's id is not the one in the path."
        raise bad_request(message, "collectionMismatchError")
    replace_collection(call, entity, document)
    return {"collection": entity.ref}


def _given_id(document: Json) -> Any:
    """Return the id in a document, or None."""
    info = document.get("info")
    return info.get("_postman_id") if isinstance(info, dict) else None


def _refuse_async(call: Call) -> None:
    """Refuse ``Prefer: respond-async``: a synchronous answer would hide the task from a test."""
    preferences = [each.partition(";")[0].strip().lower() for each in call.prefer.split(",")]
    if "respond-async" in preferences:
        message = "The emulator does not support Prefer: respond-async yet: leave the header out."
        raise named(501, "notImplementedError", message)


@operation("collections.fork", check="nothing")
def fork(call: Call) -> Json:
    """``POST /collections/fork/{uid}``: create a copy with a reference to its origin."""
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


@operation("collections.merge", check="nothing")  # finds the source before it checks the rest
def merge(call: Call) -> Json:
    """``POST /collections/merge``: merge a fork's changes into its origin."""
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


register_delete("collections")  # with its monitors and mock servers; its forks are kept
