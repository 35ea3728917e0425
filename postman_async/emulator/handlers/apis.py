"""APIs: what versions, with their schemas and relations, belong to."""

from __future__ import annotations

from datetime import datetime

from postman_async.emulator.handlers.common import api_of, is_public
from postman_async.emulator.handlers.crud import register_delete, register_get
from postman_async.emulator.serving.call import Call
from postman_async.emulator.serving.registry import operation
from postman_async.emulator.state import validation
from postman_async.emulator.state.store import Entity, Json

__all__ = ["create", "list_all", "update"]

_TEXTS = ("name", "summary", "description")
_TIMES = ("createdAt", "updatedAt")
_COLUMNS = (*_TEXTS, *_TIMES, "createdBy", "updatedBy")
_DIRECTIONS = ("asc", "desc")


@operation("apis.list")
def list_all(call: Call) -> Json:
    """``GET /apis``: those that fit the filters, in the order asked for."""
    found = [api for api in call.store.all("apis", call.workspace()) if _fits(call, api)]
    return {"apis": _ordered(call, [_shown(call, api) for api in found])}


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


def _shown(_: Call, api: Entity) -> Json:
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
    fields = call.fields("api")
    facts = {"summary": "", "description": "", **_texts(fields)}
    home = call.home()
    api = call.store.add("apis", facts)
    call.store.join(home, "apis", api.id)
    return {"api": _shown(call, api)}


def _texts(fields: Json) -> Json:
    return {key: fields[key] for key in _TEXTS if key in fields}


@operation("apis.update")
def update(call: Call) -> Json:
    """``PUT /apis/{id}``: change what the body names."""
    fields = call.fields("api")
    api = api_of(call)
    api.facts.update(_texts(fields))
    call.store.save(api)
    return {"api": _shown(call, api)}


register_get("apis", _shown)
register_delete("apis", uid=False)  # with its versions, their schemas and relations
