"""Operations on mock servers.  Their answers come from `postman_async.emulator.sites.mocks`."""

from __future__ import annotations

from typing import Any, Final

from postman_async.emulator.errors import bad_request, not_found
from postman_async.emulator.handlers.common import linked, linked_environment
from postman_async.emulator.handlers.crud import register_delete, register_get
from postman_async.emulator.handlers.users import TEAM
from postman_async.emulator.serving.call import Call
from postman_async.emulator.serving.registry import operation
from postman_async.emulator.state import validation
from postman_async.emulator.state.ids import make_uid
from postman_async.emulator.state.store import Entity, Json

__all__ = ["create", "list_all", "mock_url", "publish", "unpublish", "update"]

CONFIG: Final[Json] = {
    "headers": [],
    "matchBody": False,
    "matchQueryParams": True,
    "matchWildcards": True,
    "delay": None,
    "serverResponseId": None,
}
_SWITCHES = ("matchBody", "matchHeader", "matchQueryParams", "matchWildcards")
_MAX_DELAY_MS = 180_000
_PRESETS = ("1", "2")


def mock_url(call: Call, mock: Entity) -> str:
    """Return the URL of a mock server."""
    return f"{call.origin}/_mocks/{mock.id}"


@operation("mocks.list")
def list_all(call: Call) -> Json:
    """``GET /mocks``: all mock servers, or those of a workspace or a team."""
    team = validation.positive(call.query, "teamId")
    # The workspace takes precedence over the team.
    everyones = team in (None, TEAM) or "workspace" in call.query
    found = call.listed("mocks") if everyones else []
    return {"mocks": [_listed(call, mock) for mock in found]}


def _listed(call: Call, mock: Entity) -> Json:
    """Return a mock server as an entry of a list, without a ``serverResponseId`` of null.

    The documented type in a list is a string: clients with validation fail on a null.
    """
    shown = _shown(call, mock)
    if shown["config"]["serverResponseId"] is None:
        config = {k: v for k, v in shown["config"].items() if k != "serverResponseId"}
        return {**shown, "config": config}
    return shown


def _shown(call: Call, mock: Entity) -> Json:
    facts = mock.facts
    shown = {
        **mock.ref,
        "owner": str(mock.owner),
        "collection": make_uid(facts["collection"]),
        "mockUrl": mock_url(call, mock),
        "isPublic": not facts["private"],
        "config": facts["config"],
        "createdAt": mock.created_at,
        "updatedAt": mock.updated_at,
    }
    if facts["environment"] is not None:
        shown["environment"] = make_uid(facts["environment"])
    return shown


@operation("mocks.create", nulls=True)
def create(call: Call) -> Json:
    """``POST /mocks``: create a mock server of a collection, public by default."""
    fields = call.fields("mock")
    collection = linked(call, "collection", fields["collection"])
    facts: Json = {
        "name": collection.name,
        "private": False,
        "config": CONFIG,
        "serverResponses": [],
        **_checked(fields, CONFIG),
        "collection": collection.id,
        "environment": linked_environment(call, fields),
    }
    _check_server_response(facts)
    home = call.home()
    mock = call.store.add("mocks", facts)
    call.store.join(home, "mocks", mock.id)
    return {"mock": _shown(call, mock)}


def _checked(fields: Json, config: Json) -> Json:
    """Return the validated settings among the fields."""
    checked: Json = {}
    for key in ("name", "description", "versionTag", "private"):
        if fields.get(key) is not None:
            checked[key] = fields[key]
    validation.text(checked.get("name", "unchanged"), "mock.name", shortest=1)
    if fields.get("config") is not None:
        checked["config"] = {
            **config,
            **_config(validation.mapping(fields["config"], "mock.config")),
        }
    return checked


def _config(given: Json) -> Json:
    path = "mock.config"
    for key in _SWITCHES:
        if key in given:
            validation.boolean(given[key], f"{path}.{key}")
    for index, name in enumerate(validation.array(given.get("headers", []), f"{path}.headers")):
        validation.text(name, f"{path}.headers.{index}")
    if given.get("delay") is not None:
        _check_delay(validation.mapping(given["delay"], f"{path}.delay"))
    if given.get("serverResponseId") is not None:
        validation.text(given["serverResponseId"], f"{path}.serverResponseId")
    return {key: given[key] for key in (*CONFIG, *_SWITCHES) if key in given}


def _check_delay(delay: Json) -> None:
    path = "mock.config.delay"
    validation.one_of(delay.get("type"), ("fixed",), f"{path}.type")
    if "preset" in delay:
        validation.one_of(str(delay["preset"]), _PRESETS, f"{path}.preset")
    else:
        duration = validation.required(delay, "duration", path)
        validation.number(duration, f"{path}.duration", 0, _MAX_DELAY_MS)


def _check_server_response(facts: Json) -> None:
    """Refuse a ``serverResponseId`` that the mock server does not have."""
    wanted: Any = facts["config"]["serverResponseId"]
    if wanted is not None and wanted not in [each["id"] for each in facts["serverResponses"]]:
        raise not_found("serverResponse", wanted)


@operation("mocks.update", nulls=True)
def update(call: Call) -> Json:
    """``PUT /mocks/{uid}``: update the fields that the body has; null removes the environment."""
    fields = call.fields("mock")
    mock = call.target("mocks")
    mock.facts.update(_checked(fields, mock.facts["config"]))
    _check_server_response(mock.facts)
    if "environment" in fields:
        mock.facts["environment"] = linked_environment(call, fields)
    if fields.get("collection") is not None:
        mock.facts["collection"] = linked(call, "collection", fields["collection"]).id
    call.store.save(mock)
    return {"mock": _shown(call, mock)}


@operation("mocks.publish")
def publish(call: Call) -> Json:
    """``POST /mocks/{uid}/publish``: allow calls without an API key."""
    return _set_private(call, private=False, already="mockAlreadyPublishedError")


@operation("mocks.unpublish")
def unpublish(call: Call) -> Json:
    """``DELETE /mocks/{uid}/unpublish``: require the API key for calls."""
    return _set_private(call, private=True, already="mockAlreadyUnpublishedError")


def _set_private(call: Call, *, private: bool, already: str) -> Json:
    mock = call.target("mocks")
    if mock.facts["private"] is private:
        state = "private" if private else "public"
        raise bad_request(f"The mock server is {state} already.", already)
    mock.facts["private"] = private
    call.store.save(mock)
    return {"mock": {"id": mock.id}}


register_get("mocks", _shown)
register_delete("mocks")  # its URL then answers 404
