"""Operations on versions of APIs, which own schemas and relations."""

from __future__ import annotations

from postman_async.emulator.handlers.common import api_of, find_version, version_of
from postman_async.emulator.handlers.relations import TYPES, link, links_of
from postman_async.emulator.handlers.schemas import schemas_of
from postman_async.emulator.serving.call import Call
from postman_async.emulator.serving.registry import operation
from postman_async.emulator.state import validation
from postman_async.emulator.state.removal import remove
from postman_async.emulator.state.store import Entity, Json

__all__ = ["create", "delete", "get", "list_all", "update"]


@operation("apis.list_versions")
def list_all(call: Call) -> Json:
    """``GET /apis/{id}/versions``: all versions of an API, oldest first."""
    api = api_of(call)
    found = [v for v in call.store.all("versions") if v.facts["api"] == api.id]
    return {"versions": [_shown(call, version) for version in found]}


def _shown(call: Call, version: Entity) -> Json:
    return {
        "id": version.id,
        "name": version.name,
        "api": version.facts["api"],
        "schema": [schema.id for schema in schemas_of(call, version)],
        "createdBy": str(version.owner),
        "createdAt": version.created_at,
        "updatedBy": str(version.owner),
        "updatedAt": version.updated_at,
    }


@operation("apis.create_version")
def create(call: Call) -> Json:
    """``POST /apis/{id}/versions``: create a version, with copies from its source."""
    fields = call.fields("version")
    api = api_of(call)
    version = call.store.add("versions", {"name": fields["name"], "api": api.id})
    if "source" in fields:
        _copy(call, api, fields["source"], version)
    return {"version": {"id": version.id, "name": version.name, "api": api.id}}


def _copy(call: Call, api: Entity, wanted: Json, version: Entity) -> None:
    """Copy the schema and the relations that the body names from the source version."""
    source = find_version(call, api, validation.parameter(wanted, "id"))
    relations = validation.mapping(wanted.get("relations") or {}, "version.source.relations")
    for kind, value in relations.items():
        validation.one_of(kind, TYPES, "version.source.relations")
        validation.boolean(value, f"version.source.relations.{kind}")
    copies: dict[str, str] = {}
    if validation.boolean(wanted.get("schema", False), "version.source.schema"):
        for schema in schemas_of(call, source):
            facts = {**schema.facts, "version": version.id}
            copies[schema.id] = call.store.add("schemas", facts, schema.document).id
    for relation in links_of(call, source):
        if relations.get(relation.facts["type"]):
            origin = copies.get(relation.facts["schema"] or "")
            link(call, version, relation.facts["type"], relation.facts["entity"], origin)


@operation("apis.get_version")
def get(call: Call) -> Json:
    """``GET /apis/{id}/versions/{id}``: return a version."""
    return {"version": _shown(call, version_of(call))}


@operation("apis.update_version")
def update(call: Call) -> Json:
    """``PUT /apis/{id}/versions/{id}``: rename a version."""
    fields = call.fields("version")
    version = version_of(call)
    version.facts["name"] = fields["name"]
    call.store.save(version)
    return {"version": _shown(call, version)}


@operation("apis.delete_version")
def delete(call: Call) -> Json:
    """``DELETE /apis/{id}/versions/{id}``: delete a version with its schemas and relations."""
    version = version_of(call)
    remove(call.store, "versions", version.id)
    return {"version": {"id": version.id}}
