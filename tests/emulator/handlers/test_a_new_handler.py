"""The recipe of the README: a handler is one function, registered where it is written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest

from postman_async.emulator import PostmanEmulator
from postman_async.emulator.handlers.crud import register_delete, register_get
from postman_async.emulator.routes import coverage, routes
from postman_async.emulator.serving import operations as module
from postman_async.emulator.serving.call import Call
from postman_async.emulator.serving.operations import operations
from postman_async.emulator.serving.registry import HANDLERS, operation
from tests.emulator.conftest import Api

FLOW = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
BODY = {"type": "object", "required": ["flow"], "properties": {"flow": FLOW}}
ROWS: dict[str, dict[str, Any]] = {
    "flows.create": {"method": "POST", "path": "/flows", "body": BODY},
    "flows.get": {"method": "GET", "path": "/flows/{flowId}"},
    "flows.delete": {"method": "DELETE", "path": "/flows/{flowId}"},
}


@pytest.fixture
def specified(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The specification has a group of its own for the test."""
    table = module._table()
    more = {**table, "operations": {**table["operations"], **ROWS}}
    monkeypatch.setattr(module, "_table", lambda: more)
    operations.cache_clear()
    routes.cache_clear()
    yield
    for name in ROWS:
        HANDLERS.pop(name, None)
    monkeypatch.undo()
    operations.cache_clear()
    routes.cache_clear()


@pytest.mark.usefixtures("specified")
async def test_a_group_needs_its_functions_and_nothing_else() -> None:
    @operation("flows.create")
    def create(call: Call) -> dict[str, Any]:
        return {"flow": call.store.add("flows", {"name": call.fields("flow")["name"]}).ref}

    register_get("flows", lambda _, flow: flow.ref)
    register_delete("flows")
    async with (
        PostmanEmulator() as emulator,
        aiohttp.ClientSession(headers={"X-Api-Key": emulator.api_key}) as session,
    ):
        api = Api(emulator, session)
        made = await api.ok("POST", "/flows", {"flow": {"name": "Nightly"}})
        assert await api.ok("GET", f"/flows/{made['uid']}") == made
        await api.ok("DELETE", f"/flows/{made['id']}")
        assert (await api.call("GET", f"/flows/{made['id']}")).error == "instanceNotFoundError"
        assert emulator.requests.count("flows.get") == 2


@pytest.mark.usefixtures("specified")
@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "paramMissingError"),
        ({"flow": None}, "malformedRequestError"),
        ({"flow": {}}, "paramMissingError"),
        ({"flow": {"name": ""}}, "paramMissingError"),
        ({"flow": {"name": 7}}, "malformedRequestError"),
        ([], "malformedRequestError"),
    ],
)
async def test_its_body_is_checked_before_it_is_called(body: Any, error: str) -> None:
    @operation("flows.create")
    def create(call: Call) -> dict[str, Any]:
        raise AssertionError("the handler is not called")

    async with (
        PostmanEmulator() as emulator,
        aiohttp.ClientSession(headers={"X-Api-Key": emulator.api_key}) as session,
    ):
        answer = await Api(emulator, session).call("POST", "/flows", body)
    assert (answer.status, answer.error) == (400, error)


@pytest.mark.usefixtures("specified")
def test_an_operation_without_a_handler_is_not_covered() -> None:
    assert {name for name, there in coverage().items() if not there} == ROWS.keys()


def test_a_handler_of_what_is_not_specified_is_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(HANDLERS, "flows.list", HANDLERS["users.me"])
    routes.cache_clear()
    with pytest.raises(KeyError, match=r"flows\.list"):
        routes()
