"""The recipe of the README: a fault is one class, registered where it is written."""

from __future__ import annotations

import aiohttp
import pytest
from aiohttp import web
from attrs import frozen

from postman_async.emulator import EmulatorError, PostmanEmulator
from postman_async.emulator.controls.faults.base import MAKERS, Fault, Proceed, fault_of, maker


@frozen(kw_only=True)
class EmptyBody(Fault):
    """The operation is carried out, and its answer has no body."""

    status: int = 200

    async def meet(self, request: web.Request, proceed: Proceed) -> web.StreamResponse:
        await proceed()
        return web.Response(status=self.status)


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("postman_async.emulator.controls.faults.base.MAKERS", dict(MAKERS))
    maker(EmptyBody)


async def test_a_class_is_scripted_and_met(postman_emulator: PostmanEmulator) -> None:
    postman_emulator.faults.on("users.me", EmptyBody(status=204))
    async with aiohttp.ClientSession() as session:
        headers = {"X-Api-Key": postman_emulator.api_key}
        async with session.get(f"{postman_emulator.url}/me", headers=headers) as answer:
            assert (answer.status, await answer.read()) == (204, b"")
    assert postman_emulator.faults.met == ["users.me: EmptyBody()"]


def test_json_names_it_too() -> None:
    assert fault_of({"fault": "EmptyBody", "status": 202}) == EmptyBody(status=202)
    with pytest.raises(EmulatorError, match="unexpected keyword"):
        fault_of({"fault": "EmptyBody", "size": 1})


def test_a_fault_of_requests_is_refused_for_connections(postman_emulator: PostmanEmulator) -> None:
    with pytest.raises(EmulatorError, match="happens to requests"):
        postman_emulator.faults.on("connect", EmptyBody())
