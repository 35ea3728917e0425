"""Functions that several groups of handlers share."""

from __future__ import annotations

from postman_async.emulator.errors import not_found
from postman_async.emulator.serving.call import Call
from postman_async.emulator.state import validation
from postman_async.emulator.state.documents import complete_collection, complete_environment
from postman_async.emulator.state.store import Entity, Json

__all__ = [
    "add_collection",
    "add_environment",
    "api_of",
    "find_version",
    "is_public",
    "linked",
    "linked_environment",
    "listed",
    "replace_collection",
    "version_of",
]


def is_public(call: Call, entity: Entity) -> bool:
    """Return whether an entity is in a public workspace."""
    homes = call.store.workspaces_of(entity.kind, entity.id)
    return any(
        home is not None and home.facts["type"] == "public"
        for home in (call.store.find("workspaces", each) for each in homes)
    )


def listed(call: Call, entity: Entity) -> Json:
    """Return an entity as an entry of a list."""
    return {
        **entity.ref,
        "owner": str(entity.owner),
        "createdAt": entity.created_at,
        "updatedAt": entity.updated_at,
        "isPublic": is_public(call, entity),
    }


def linked(call: Call, item: str, reference: object) -> Entity:
    """Return the entity that a field of the body references, for instance ``collection``."""
    return call.find(f"{item}s", validation.text(reference, item))


def linked_environment(call: Call, fields: Json) -> str | None:
    """Return the id of the environment that the fields reference, or None."""
    reference = fields.get("environment")
    return None if reference is None else linked(call, "environment", reference).id


def api_of(call: Call) -> Entity:
    """Return the API that the path names."""
    return call.find("apis", call.params["apiId"])


def version_of(call: Call) -> Entity:
    """Return the version that the path names; it must belong to the API of the path."""
    return find_version(call, api_of(call), call.params["apiVersionId"])


def find_version(call: Call, api: Entity, reference: object) -> Entity:
    """Return a version of an API; instanceNotFoundError if it belongs to another API."""
    version = call.find("versions", reference, "apiVersion")
    if version.facts["api"] != api.id:
        raise not_found("apiVersion", reference)
    return version


def add_collection(call: Call, home: str, document: Json) -> Entity:
    """Validate a collection, assign ids, and store it in a workspace."""
    complete_collection(document)
    entity = call.store.add("collections", {"name": document["info"]["name"]}, document)
    call.store.join(home, "collections", entity.id)
    return entity


def add_environment(call: Call, home: str, document: Json) -> Entity:
    """Validate an environment, set defaults, and store it in a workspace."""
    complete_environment(document)
    entity = call.store.add("environments", {"name": document["name"]}, document)
    call.store.join(home, "environments", entity.id)
    return entity


def replace_collection(call: Call, entity: Entity, document: Json) -> None:
    """Replace the document of a collection."""
    entity.document = document
    entity.facts["name"] = document["info"]["name"]
    call.store.save(entity)
