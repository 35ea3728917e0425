"""What several namespaces have in common."""

from __future__ import annotations

from postman_async.emulator.app import Call
from postman_async.emulator.store import Entity, Json

__all__ = ["is_public", "listed", "remove_collection", "remove_environment"]


def is_public(call: Call, entity: Entity) -> bool:
    """Tell whether an entity is in a public workspace."""
    homes = call.store.workspaces_of(entity.kind, entity.id)
    return any(
        home is not None and home.facts["type"] == "public"
        for home in (call.store.find("workspaces", each) for each in homes)
    )


def listed(call: Call, entity: Entity) -> Json:
    """Return an entity as it stands in the list of its kind."""
    return {
        **entity.ref,
        "owner": str(entity.owner),
        "createdAt": entity.created_at,
        "updatedAt": entity.updated_at,
        "isPublic": is_public(call, entity),
    }


def remove_collection(call: Call, collection_id: str) -> None:
    """Delete a collection, and with it the monitors that could no longer run."""
    for monitor in call.store.all("monitors"):
        if monitor.facts["collection"] == collection_id:
            call.store.remove("monitors", monitor.id)
    call.store.remove("collections", collection_id)


def remove_environment(call: Call, environment_id: str) -> None:
    """Delete an environment; monitors that used it go on without one."""
    for monitor in call.store.all("monitors"):
        if monitor.facts["environment"] == environment_id:
            monitor.facts["environment"] = None
            call.store.save(monitor)
    call.store.remove("environments", environment_id)
