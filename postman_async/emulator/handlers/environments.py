"""Operations on environments."""

from __future__ import annotations

from postman_async.emulator.handlers.common import add_environment, is_public, listed
from postman_async.emulator.handlers.crud import register_delete, register_get
from postman_async.emulator.serving.call import Call
from postman_async.emulator.serving.registry import operation
from postman_async.emulator.state.documents import complete_environment
from postman_async.emulator.state.store import Entity, Json

__all__ = ["create", "list_all", "update"]


@operation("environments.list")
def list_all(call: Call) -> Json:
    """``GET /environments``: all environments, or those of a workspace."""
    found = call.store.all("environments", call.workspace())
    return {"environments": [listed(call, environment) for environment in found]}


@operation("environments.create", check="wrapper")
def create(call: Call) -> Json:
    """``POST /environments``: create an environment; the service assigns its id."""
    document = call.fields("environment")
    return {"environment": add_environment(call, call.home(), document).ref}


def _shown(call: Call, environment: Entity) -> Json:
    """Return the document with the fields that the service sets."""
    return {
        **(environment.document or {}),
        "id": environment.id,
        "uid": environment.uid,
        "owner": str(environment.owner),
        "createdAt": environment.created_at,
        "updatedAt": environment.updated_at,
        "isPublic": is_public(call, environment),
    }


@operation("environments.update")
def update(call: Call) -> Json:
    """``PUT /environments/{uid}``: replace the document; only the name may be left out."""
    given = call.fields("environment")
    environment = call.target("environments")
    environment.document = complete_environment(given, environment.name)
    environment.facts["name"] = environment.document["name"]
    call.store.save(environment)
    return {"environment": environment.ref}


register_get("environments", _shown)
register_delete("environments")  # its monitors and mock servers are kept without it
