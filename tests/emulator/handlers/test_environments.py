"""Environments: their values, their limits, and their deletion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.emulator.conftest import Api


async def test_an_environment_comes_back_with_its_values(api: Api) -> None:
    values = [
        {"key": "a", "value": "1"},
        {"key": "b", "value": None, "enabled": False, "type": "secret", "x": [1.0]},
    ]
    document = {"name": "Staging", "values": values, "x-more": True}
    made = await api.ok("POST", "/environments", {"environment": document})
    found = await api.ok("GET", f"/environments/{made['uid']}")
    assert found["values"][0] == {"key": "a", "value": "1", "enabled": True, "type": "default"}
    assert found["values"][1] == values[1]
    assert (found["name"], found["id"], found["x-more"]) == ("Staging", made["id"], True)
    assert found["isPublic"] is False


async def test_an_update_replaces_the_values_and_may_leave_out_the_name(api: Api) -> None:
    uid = await api.add_environment("Staging", a="1", b="2")
    body = {"environment": {"values": [{"key": "c", "value": "3"}]}}
    assert (await api.ok("PUT", f"/environments/{uid}", body))["name"] == "Staging"
    found = await api.ok("GET", f"/environments/{uid}")
    assert [value["key"] for value in found["values"]] == ["c"]
    await api.ok("PUT", f"/environments/{uid}", {"environment": {"name": "New", "values": []}})
    assert (await api.ok("GET", f"/environments/{uid}"))["name"] == "New"


async def test_what_is_read_can_be_written_back(api: Api) -> None:
    uid = await api.add_environment("Staging", a="1")
    first = await api.ok("GET", f"/environments/{uid}")
    await api.ok("PUT", f"/environments/{uid}", {"environment": first})
    second = await api.ok("GET", f"/environments/{uid}")
    assert {**second, "updatedAt": None} == {**first, "updatedAt": None}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"values": []}, "Missing required property: name at environment"),
        ({"name": None}, "Invalid type: null (expected string) at environment.name"),
        ({"name": ""}, "String is too short (0 chars, minimum 1) at environment.name"),
        ({"name": "n" * 255}, "String is too long (255 chars, maximum 254) at environment.name"),
        ({"name": "n", "values": {}}, "Invalid type: object (expected array)"),
        (
            {"name": "n", "values": [None]},
            "Invalid type: null (expected object) at environment.values.0",
        ),
        ({"name": "n", "values": [{}]}, "Missing required property: key at environment.values.0"),
        ({"name": "n", "values": [{"key": 1}]}, "at environment.values.0.key"),
        ({"name": "n", "values": [{"key": "k" * 255}]}, "String is too long"),
        ({"name": "n", "values": [{"key": "k", "enabled": "yes"}]}, "environment.values.0.enabled"),
        ({"name": "n", "values": [{"key": "k"}] * 101}, "Array is too long (101, maximum 100)"),
    ],
)
async def test_a_document_of_the_wrong_shape_is_malformed(
    api: Api, document: Any, message: str
) -> None:
    answer = await api.call("POST", "/environments", {"environment": document})
    assert (answer.status, answer.error) == (400, "malformedRequestError")
    assert message in answer.body["error"]["message"]


async def test_the_list_has_all_or_those_of_a_workspace(api: Api) -> None:
    first = await api.add_environment("a")
    workspace = await api.add_workspace(environments=[{"id": first}])
    second = await api.add_environment("b")
    assert [entry["uid"] for entry in await api.ok("GET", "/environments")] == [first, second]
    inside = await api.ok("GET", "/environments", workspace=workspace)
    assert [entry["uid"] for entry in inside] == [first]


async def test_a_monitor_goes_on_without_a_deleted_environment(api: Api) -> None:
    environment = await api.add_environment()
    collection = await api.add_collection()
    monitor = await api.add_monitor("watch", collection, environment=environment)
    assert (await api.ok("GET", f"/monitors/{monitor}"))["environmentUid"] == environment
    gone = await api.ok("DELETE", f"/environments/{environment}")
    assert gone == {"id": environment.partition("-")[2], "uid": environment}
    assert "environmentUid" not in await api.ok("GET", f"/monitors/{monitor}")
    assert (await api.call("GET", f"/environments/{environment}")).status == 404
