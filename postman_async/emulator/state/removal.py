"""Deletion of entities: which dependent entities are deleted too, and which are kept."""

from __future__ import annotations

from typing import NamedTuple

from postman_async.emulator.state.store import Store

__all__ = ["remove"]


class _Dependency(NamedTuple):
    """A kind of entity that refers to another entity.

    Attributes:
        kind: the kind of the dependent entity.
        fact: the fact that holds the id of the other entity.
        cascades: whether the dependent entity is deleted too; else its fact becomes None.
    """

    kind: str
    fact: str
    cascades: bool = True


_DEPENDENCIES = {
    "apis": [_Dependency("versions", "api")],
    "versions": [_Dependency("schemas", "version"), _Dependency("relations", "version")],
    "collections": [
        _Dependency("monitors", "collection"),
        _Dependency("mocks", "collection"),
        _Dependency("relations", "entity"),
    ],
    "environments": [
        _Dependency("monitors", "environment", cascades=False),
        _Dependency("mocks", "environment", cascades=False),
        _Dependency("relations", "entity"),
    ],
    "mocks": [_Dependency("relations", "entity")],
    "monitors": [_Dependency("relations", "entity")],
}


def remove(store: Store, kind: str, entity_id: str) -> None:
    """Delete an entity and the entities that cannot exist without it.

    Monitors and mock servers are deleted with their collection, but kept without their
    environment.  Relations are deleted with either end; the entity at the other end is kept.

    Args:
        store: the database.
        kind: the kind of the entity.
        entity_id: the id of the entity.
    """
    for dependency in _DEPENDENCIES.get(kind, ()):
        for dependent in store.all(dependency.kind):
            if dependent.facts[dependency.fact] != entity_id:
                continue
            if dependency.cascades:
                remove(store, dependency.kind, dependent.id)
            else:
                dependent.facts[dependency.fact] = None
                store.save(dependent)
    store.remove(kind, entity_id)
