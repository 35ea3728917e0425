"""Operations on environments."""

from __future__ import annotations

from postman_async.emulator.handlers.common import add_environment, is_public, listed
from postman_async.emulator.serving.call import Call
from postman_async.emulator.state import validation
from postman_async.emulator.state.documents import complete_environment
from postman_async.emulator.state.removal import remove
from postman_async.emulator.state.store import Json

__all__ = ["create", "delete", "get", "list_all", "update"]


def list_all(call: Call) -> Json:
    """``GET /environments``: all environments, or those of a workspace."""
    found = call.store.all("environments", call.workspace())
    return {"environments": [listed(call, environment) for environment in found]}


def create(call: Call) -> Json:
    """``POST /environments``: create an environment; the service assigns its id."""
    document = validation.wrapped(call.body(), "environment")
    return {"environment": add_environment(call, call.home(), document).ref}


def get(call: Call) -> Json:
    """``GET /environments/{uid}``: return the document with the fields that the service sets."""
    environment = call.target("environments")
    shown = {
        **(environment.document or {}),
        "id": environment.id,
        "uid": environment.uid,
        "owner": str(environment.owner),
        "createdAt": environment.created_at,
        "updatedAt": environment.updated_at,
        "isPublic": is_public(call, environment),
    }
    return {"environment": shown}


def update(call: Call) -> Json:
    """``PUT /environments/{uid}``: replace the document; only the name may be left out."""
    given = validation.wrapped(call.body(), "environment")
    environment = call.target("environments")
    environment.document = complete_environment(given, environment.name)
    environment.facts["name"] = environment.document["name"]
    call.store.save(environment)
    return {"environment": environment.ref}


def delete(call: Call) -> Json:
    """``DELETE /environments/{uid}``: delete it; its monitors and mocks are kept without it."""
    environment = call.target("environments")
    remove(call.store, "environments", environment.id)
    return {"environment": {"id": environment.id, "uid": environment.uid}}
