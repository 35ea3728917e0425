"""One variable of an environment is set over the wire, and nothing else of it is changed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from postman_async import AsyncPostman, Postman, TransportError
from postman_async.emulator import PostmanEmulator
from tests.support import KEY, reply, scripted

ENVIRONMENT: dict[str, Any] = {
    "name": "staging",
    "values": [
        {"key": "base", "value": "x", "enabled": True, "type": "secret", "unknown": [1, 1.0, None]},
        {"key": "other", "value": None},
    ],
    "id": "1",
    "later": {"of": "service"},
}
REF = {"environment": {"id": "1", "name": "staging", "uid": "7-1"}}


def changed(index: int, **change: Any) -> dict[str, Any]:
    values = [dict(value) for value in ENVIRONMENT["values"]]
    values[index].update(change)
    return {**ENVIRONMENT, "values": values}


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("base", "new", changed(0, value="new")),
        ("base", None, changed(0, value=None)),
        ("other", "new", changed(1, value="new")),
        (
            "third",
            "new",
            {
                **ENVIRONMENT,
                "values": [
                    *ENVIRONMENT["values"],
                    {"key": "third", "value": "new", "enabled": True, "type": "default"},
                ],
            },
        ),
    ],
)
async def test_what_is_sent_back_is_what_came_with_that_one_change(
    key: str, value: str | None, expected: dict[str, Any]
) -> None:
    """To the letter: the order of keys, unknown ones, 1 and 1.0, and nulls."""
    answers = reply(body=json.dumps({"environment": ENVIRONMENT})), reply(body=json.dumps(REF))
    async with scripted(*answers) as server, AsyncPostman(KEY, base_url=server.url) as pm:
        ref = await pm.environments.set_variable("7-1", key, value, extra_headers={"X-Trace": "t"})
    assert ref.uid == "7-1"
    read, written = server.received
    assert (read.method, written.method) == ("GET", "PUT")
    assert read.target == written.target == "/environments/7-1"
    assert read.headers["x-trace"] == written.headers["x-trace"] == "t"
    sent = json.dumps(json.loads(written.body))
    assert sent == json.dumps({"environment": expected})


@pytest.mark.parametrize("answer", ['{"environment": []}', '{"environment": {"values": "none"}}'])
async def test_an_answer_without_variables_is_an_error_and_nothing_is_sent(answer: str) -> None:
    async with scripted(reply(body=answer)) as server, AsyncPostman(KEY, base_url=server.url) as pm:
        with pytest.raises(TransportError, match="holds no variables"):
            await pm.environments.set_variable("7-1", "a", "b")
    assert [request.method for request in server.received] == ["GET"]


async def test_a_variable_of_an_environment_in_the_service_is_set(
    pm: AsyncPostman, local_emulator: PostmanEmulator
) -> None:
    values: list[dict[str, Any]] = [
        {"key": "a", "value": "1"},
        {"key": "b", "value": "2", "enabled": False},
    ]
    made = await pm.environments.create(name="e", values=values)
    await pm.environments.set_variable(made.uid, "b", "3", type="secret")
    environment = await pm.environments.get(made.uid)
    assert (environment.get("a"), environment.get("b")) == ("1", "3")
    assert environment.values[1].type == "secret"


def test_the_sync_client_does_the_same(sync_pm: Postman) -> None:
    made = sync_pm.environments.create(name="e", values=[{"key": "a", "value": "1"}])
    ref = sync_pm.environments.set_variable(made.uid, "a", "2")
    assert ref.uid == made.uid
    assert sync_pm.environments.get(made.uid).get("a") == "2"
