"""Operations on relations, which link API versions to other entities."""

from __future__ import annotations

from typing import Any

from postman_async.emulator.errors import missing_parameter
from postman_async.emulator.handlers.common import version_of
from postman_async.emulator.handlers.mocks import mock_url
from postman_async.emulator.serving.call import Call
from postman_async.emulator.serving.registry import operation
from postman_async.emulator.state import validation
from postman_async.emulator.state.store import Entity, Json

__all__ = ["COLLECTION_TYPES", "TYPES", "create", "link", "linked", "links_of"]

COLLECTION_TYPES = ("contracttest", "integrationtest", "documentation", "testsuite")
"""The relation types for collections."""

TYPES = {
    **dict.fromkeys(COLLECTION_TYPES, "collections"),
    "environment": "environments",
    "mock": "mocks",
    "monitor": "monitors",
}
"""The kind of the linked entity by relation type."""


def links_of(call: Call, version: Entity) -> list[Entity]:
    """Return the relations of a version, oldest first."""
    return [r for r in call.store.all("relations") if r.facts["version"] == version.id]


def link(
    call: Call, version: Entity, kind: str, entity_id: str, schema: str | None = None
) -> Entity:
    """Return the relation between an entity and a version; create it if it does not exist.

    Args:
        call: the current call.
        version: the version of the API.
        kind: the relation type.
        entity_id: the id of the entity.
        schema: the id of the schema that a collection was generated from.
    """
    for relation in links_of(call, version):
        if (relation.facts["type"], relation.facts["entity"]) == (kind, entity_id):
            return relation
    facts = {"version": version.id, "type": kind, "entity": entity_id, "schema": schema}
    return call.store.add("relations", facts)


@operation("apis.create_relations", check="nothing")
def create(call: Call) -> Json:
    """``POST …/relations``: link all entities of the body, or none on an error."""
    body = validation.mapping(call.body(), "body")
    if not body:
        raise missing_parameter("relations")
    version = version_of(call)
    return {kind: _linked(call, version, kind, named) for kind, named in body.items()}


def _linked(call: Call, version: Entity, kind: str, named: Any) -> list[str]:
    """Link the entities of one type, and return the ids of the relations."""
    validation.one_of(kind, TYPES, "the relation's type")
    references = [
        validation.text(reference, f"{kind}.{index}")
        for index, reference in enumerate(validation.array(named, kind))
    ]
    entities = [call.find(TYPES[kind], reference) for reference in references]
    return [link(call, version, kind, entity.id).id for entity in entities]


@operation("apis.get_linked_relations")
def linked(call: Call) -> Json:
    """``GET …/relations``: all relations by type and id."""
    shown: Json = {}
    for relation in links_of(call, version_of(call)):
        kind, entity = relation.facts["type"], _entity(call, relation)
        entry = _entry(relation, entity)
        if kind == "mock":
            entry["url"] = mock_url(call, entity)
        shown.setdefault(kind, {})[relation.id] = entry
    return {"relations": shown}


def _entity(call: Call, relation: Entity) -> Entity:
    return call.find(TYPES[relation.facts["type"]], relation.facts["entity"])


def _entry(relation: Entity, entity: Entity) -> Json:
    return {"id": relation.id, "name": entity.name, "updatedAt": entity.updated_at}


def _register(group: str, kind: str) -> None:
    """Register the handler of ``GET …/{type}``, which lists the relations of one type."""

    @operation(f"apis.get_{group}_relations")
    def of_type(call: Call) -> Json:
        found = [r for r in links_of(call, version_of(call)) if r.facts["type"] == kind]
        return {kind: [_described(relation, _entity(call, relation)) for relation in found]}


def _described(relation: Entity, entity: Entity) -> Json:
    entry = _entry(relation, entity)
    if relation.facts["type"] in COLLECTION_TYPES:
        entry["collectionId"] = entity.uid
    if relation.facts["type"] == "monitor":
        entry["monitorId"] = entity.id
    return entry


for _group, _kind in (
    ("contract_test", "contracttest"),
    ("documentation", "documentation"),
    ("environment", "environment"),
    ("integration_test", "integrationtest"),
    ("monitor", "monitor"),
    ("test_suite", "testsuite"),
):
    _register(_group, _kind)
