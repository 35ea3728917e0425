"""Deletion: what goes along with an entity, and what only lets go of it."""

from __future__ import annotations

from typing import NamedTuple

from postman_async.emulator.state.store import Store

__all__ = ["remove"]


class _Hold(NamedTuple):
    """Entities of a kind hold on to another by a fact; without it they go, or stay alone."""

    kind: str
    fact: str
    goes: bool = True


_HOLDERS = {
    "apis": [_Hold("versions", "api")],
    "versions": [_Hold("schemas", "version"), _Hold("relations", "version")],
    "collections": [
        _Hold("monitors", "collection"),
        _Hold("mocks", "collection"),
        _Hold("relations", "entity"),
    ],
    "environments": [
        _Hold("monitors", "environment", goes=False),
        _Hold("mocks", "environment", goes=False),
        _Hold("relations", "entity"),
    ],
    "mocks": [_Hold("relations", "entity")],
    "monitors": [_Hold("relations", "entity")],
}


def remove(store: Store, kind: str, entity_id: str) -> None:
    """Delete an entity, and what cannot be without it.

    A monitor or mock server without its collection goes; one without its environment stays.  A
    link to what is gone is gone; what an API only links to stays.
    """
    for hold in _HOLDERS.get(kind, ()):
        for holder in store.all(hold.kind):
            if holder.facts[hold.fact] != entity_id:
                continue
            if hold.goes:
                remove(store, hold.kind, holder.id)
            else:
                holder.facts[hold.fact] = None
                store.save(holder)
    store.remove(kind, entity_id)
