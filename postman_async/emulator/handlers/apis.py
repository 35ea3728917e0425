"""Operations on APIs, which own versions with schemas and relations."""

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
    """``GET /apis``: the APIs that match the filters, in the requested order."""
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
    """Return whether an API was created in the time range of the query."""
    since, until = (validation.moment(call.query, key) for key in ("since", "until"))
    made = datetime.fromisoformat(api.created_at)
    return (since is None or made >= since) and (until is None or made <= until)


def _has(call: Call, api: Entity, key: str) -> bool:
    """Return whether a text contains the query's text, ignoring case."""
    return call.query.get(key, "").casefold() in api.facts[key].casefold()


def _ordered(call: Call, shown: list[Json]) -> list[Json]:
    """Sort by the query's column; by default texts ascend and times descend."""
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
    """``POST /apis``: create an API without versions."""
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
    """``PUT /apis/{id}``: update the fields that the body has."""
    fields = call.fields("api")
    api = api_of(call)
    api.facts.update(_texts(fields))
    call.store.save(api)
    return {"api": _shown(call, api)}


register_get("apis", _shown)
register_delete("apis", uid=False)  # with its versions, their schemas and relations
