"""Operations on schemas of API versions, and on collections generated from them."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from postman_async.emulator.errors import bad_request, not_found, plain_problem
from postman_async.emulator.handlers.common import add_collection, replace_collection, version_of
from postman_async.emulator.handlers.relations import COLLECTION_TYPES, link, links_of
from postman_async.emulator.runtime.conversions import collection_of, synchronised
from postman_async.emulator.runtime.descriptions import openapi_version
from postman_async.emulator.serving.call import Call, answer
from postman_async.emulator.serving.registry import operation
from postman_async.emulator.state import validation
from postman_async.emulator.state.ids import same_id
from postman_async.emulator.state.store import Entity, Json

__all__ = ["create", "create_collection", "get", "schemas_of", "synchronise", "update"]

_TYPES = ("openapi3", "openapi2", "openapi1", "raml", "graphql")
_LANGUAGES = ("json", "yaml", "graphql")
_CONVERTIBLE = ("openapi3", "openapi2")


def schemas_of(call: Call, version: Entity) -> list[Entity]:
    """Return the schemas of a version with their texts, oldest first."""
    found = [s for s in call.store.all("schemas") if s.facts["version"] == version.id]
    return [call.find("schemas", schema.id) for schema in found]


def _schema(call: Call) -> Entity:
    """Return the schema that the path names; it must belong to the version of the path."""
    version, reference = version_of(call), call.params["schemaId"]
    schema = call.find("schemas", reference)
    if schema.facts["version"] != version.id:
        raise not_found("schema", reference)
    return schema


def _shown(schema: Entity) -> Json:
    return {
        "id": schema.id,
        "apiVersion": schema.facts["version"],
        "type": schema.facts["type"],
        "language": schema.facts["language"],
        "schema": _text(schema),
        "createdBy": str(schema.owner),
        "createdAt": schema.created_at,
        "updateBy": str(schema.owner),
        "updatedAt": schema.updated_at,
    }


def _text(schema: Entity) -> str:
    text: str = (schema.document or {})["text"]
    return text


@operation("apis.create_schema")
def create(call: Call) -> Json:
    """``POST …/schemas``: create a schema of a version."""
    fields = call.fields("schema")
    version = version_of(call)
    facts = {**_checked(fields), "version": version.id}
    document = {"text": fields.get("schema", "")}
    return {"schema": _shown(call.store.add("schemas", facts, document))}


def _checked(fields: Json) -> Json:
    kind = validation.one_of(fields["type"], _TYPES, "schema.type")
    language = validation.one_of(fields["language"], _LANGUAGES, "schema.language")
    if (kind == "graphql") != (language == "graphql"):
        message = f"A schema of type {kind} cannot have the language {language}."
        raise bad_request(message, details={"type": kind, "language": language})
    return {"name": kind, "type": kind, "language": language}


@operation("apis.get_schema")
def get(call: Call) -> Json:
    """``GET …/schemas/{id}``: return a schema with its text."""
    return {"schema": _shown(_schema(call))}


@operation("apis.update_schema")
def update(call: Call) -> Json:
    """``PUT …/schemas/{id}``: replace its type, language and text."""
    fields = call.fields("schema")
    schema = _schema(call)
    schema.facts.update(_checked(fields))
    schema.document = {"text": fields["schema"]}
    call.store.save(schema)
    return {"schema": _shown(schema)}


@operation("apis.create_collection_from_schema")
async def create_collection(call: Call) -> web.Response:
    """``POST …/schemas/{id}/collections``: generate a collection and link it to the version."""
    body = call.body()
    kinds = _relation_types(body["relations"])
    schema, _ = _schema(call), call.home()
    if schema.facts["type"] not in _CONVERTIBLE:
        raise bad_request("Only OpenAPI schemas, 2.0 and newer, can be made into a collection.")
    document = await collection_of(call.service.runs.runtime, _text(schema))
    document["info"]["name"] = body["name"]
    with call.store.transaction():
        # Entities may have been deleted during the conversion.
        version, schema = version_of(call), _schema(call)
        collection = add_collection(call, call.home(), document)
        links = [link(call, version, kind, collection.id, schema.id) for kind in kinds]
    relations = [{"id": each.id, "type": each.facts["type"]} for each in links]
    return answer(
        {"collection": {"id": collection.id, "uid": collection.uid}, "relations": relations}
    )


def _relation_types(entries: list[Any]) -> list[str]:
    """Return the distinct relation types that the body requests."""
    found = []
    for index, entry in enumerate(entries):
        path = f"relations.{index}"
        kind = validation.required(validation.mapping(entry, path), "type", path)
        found.append(validation.one_of(kind, COLLECTION_TYPES, f"{path}.type"))
    return list(dict.fromkeys(found))


@operation("apis.sync_relations_with_schema")
async def synchronise(call: Call) -> web.Response:
    """``PUT …/{entityType}/{entityId}/syncWithSchema``: update a linked collection."""
    before, schema = _pair_to_sync(call)
    document = await synchronised(call.service.runs.runtime, _text(schema), before.document or {})
    with call.store.transaction():
        collection, _ = _pair_to_sync(call)
        if collection.document != before.document:
            raise plain_problem(409, "The collection was changed while it was synced.")
        replace_collection(call, collection, document)
    return answer({"success": True})


def _pair_to_sync(call: Call) -> tuple[Entity, Entity]:
    """Return the collection that the path names by its id or its relation's id, and its schema."""
    kind, reference = call.params["entityType"], call.params["entityId"]
    validation.one_of(kind, COLLECTION_TYPES, "entityType")
    version = version_of(call)
    for relation in links_of(call, version):
        ids = (relation.id, relation.facts["entity"])
        if relation.facts["type"] == kind and any(same_id(reference, each) for each in ids):
            schema = _schema_of(call, version, relation)
            return call.find("collections", relation.facts["entity"]), schema
    raise not_found(kind, reference)


def _schema_of(call: Call, version: Entity, relation: Entity) -> Entity:
    """Return the schema that a relation's collection was generated from, or the latest schema."""
    schemas = schemas_of(call, version)
    own = [schema for schema in schemas if schema.id == relation.facts["schema"]]
    for schema in own or schemas[-1:]:
        if schema.facts["type"] == "openapi3" and openapi_version(_text(schema)).startswith("3.0"):
            return schema
    raise bad_request("Only a schema of OpenAPI 3.0 can be synced.", "validationFailed")
