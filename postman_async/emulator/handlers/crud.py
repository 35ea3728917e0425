"""Handlers that plain groups share: get one entity, delete one entity."""

from __future__ import annotations

from collections.abc import Callable

from postman_async.emulator.serving.call import Call
from postman_async.emulator.serving.registry import operation
from postman_async.emulator.state.removal import remove
from postman_async.emulator.state.store import Entity, Json

__all__ = ["register_delete", "register_get"]


def register_get(kind: str, shown: Callable[[Call, Entity], Json]) -> None:
    """Register the handler of ``GET /{kind}/{id}``.

    Args:
        kind: the kind of the entity, which is also the group of the operation.
        shown: returns the entity in the form of the answer.
    """

    @operation(f"{kind}.get")
    def get(call: Call) -> Json:
        return {_wrapper(kind): shown(call, call.target(kind))}


def register_delete(kind: str, *, uid: bool = True) -> None:
    """Register the handler of ``DELETE /{kind}/{id}``; dependent entities are deleted too.

    Args:
        kind: the kind of the entity, which is also the group of the operation.
        uid: whether the answer has the uid besides the id.
    """

    @operation(f"{kind}.delete")
    def delete(call: Call) -> Json:
        entity = call.target(kind)
        remove(call.store, kind, entity.id)
        names = {"id": entity.id, "uid": entity.uid} if uid else {"id": entity.id}
        return {_wrapper(kind): names}


def _wrapper(kind: str) -> str:
    return kind.removesuffix("s")
