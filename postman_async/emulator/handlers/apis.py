"""APIs: what versions, with their schemas and relations, belong to."""

from __future__ import annotations

from datetime import datetime

from postman_async.emulator.handlers.common import api_of, is_public
from postman_async.emulator.serving.call import Call
from postman_async.emulator.serving.registry import operation
from postman_async.emulator.state import validation
from postman_async.emulator.state.removal import remove
from postman_async.emulator.state.store import Entity, Json

__all__ = ["create", "delete", "get", "list_all", "update"]

_TEXTS = ("name", "summary", "description")
_TIMES = ("createdAt", "updatedAt")
_COLUMNS = (*_TEXTS, *_TIMES, "createdBy", "updatedBy")
_DIRECTIONS = ("asc", "desc")


@operation("apis.list")
def list_all(call: Call) -> Json:
    """``GET /apis``: those that fit the filters, in the order asked for."""
    found = [api for api in call.store.all("apis", call.workspace()) if _fits(call, api)]
    return {"apis": _ordered(call, [_shown(api) for api in found])}


def _fits(call: Call, api: Entity) -> bool:
    public = validation.flag(call.query, "isPublic")
    users = [validation.positive(call.query, key) for key in ("createdBy", "updatedBy")]
    return (
        all(user in (None, api.owner) for user in users)
        and public in (None, is_public(call, api))
        and _within(call, api)
        and all(_has(call, api, key) for key in _TEXTS)
    )


def _within(call: Call, api: Entity) -> bool:
    """Tell whether an API was made in the time that the query names."""
    since, until = (validation.moment(call.query, key) for key in ("since", "until"))
    made = datetime.fromisoformat(api.created_at)
    return (since is None or made >= since) and (until is None or made <= until)


def _has(call: Call, api: Entity, key: str) -> bool:
    """Tell whether a text contains what the query names, in whatever case."""
    return call.query.get(key, "").casefold() in api.facts[key].casefold()


def _ordered(call: Call, shown: list[Json]) -> list[Json]:
    """Sort by the query's column: texts from a to z, times from the latest on, if not told."""
    column = call.query.get("sort")
    direction = call.query.get("direction")
    if direction is not None:
        validation.one_of(direction, _DIRECTIONS, "direction")
    if column is None:
        return shown
    validation.one_of(column, _COLUMNS, "sort")
    backwards = (direction or ("desc" if column in _TIMES else "asc")) == "desc"
    return sorted(shown, key=lambda api: str(api[column]).casefold(), reverse=backwards)


def _shown(api: Entity) -> Json:
    return {
        "id": api.id,
        **{key: api.facts[key] for key in _TEXTS},
        "createdBy": str(api.owner),
        "createdAt": api.created_at,
        "updatedBy": str(api.owner),
        "updatedAt": api.updated_at,
    }


@operation("apis.create")
def create(call: Call) -> Json:
    """``POST /apis``: a new API, without a version yet."""
    fields = validation.wrapped(call.body(), "api")
    validation.parameter(fields, "name")
    facts = {"summary": "", "description": "", **_checked(fields)}
    home = call.home()
    api = call.store.add("apis", facts)
    call.store.join(home, "apis", api.id)
    return {"api": _shown(api)}


def _checked(fields: Json) -> Json:
    return {
        key: validation.text(fields[key], f"api.{key}", shortest=int(key == "name"))
        for key in _TEXTS
        if key in fields
    }


@operation("apis.get")
def get(call: Call) -> Json:
    """``GET /apis/{id}``: one API."""
    return {"api": _shown(api_of(call))}


@operation("apis.update")
def update(call: Call) -> Json:
    """``PUT /apis/{id}``: change what the body names."""
    fields = validation.wrapped(call.body(), "api")
    api = api_of(call)
    api.facts.update(_checked(fields))
    call.store.save(api)
    return {"api": _shown(api)}


@operation("apis.delete")
def delete(call: Call) -> Json:
    """``DELETE /apis/{id}``: with its versions, their schemas and relations."""
    api = api_of(call)
    remove(call.store, "apis", api.id)
    return {"api": {"id": api.id}}
