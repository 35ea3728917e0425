"""Imports of data that Postman exported, in all forms of a body."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeAlias

import aiohttp
import pytest

from tests.emulator.kit import collection, item, values

if TYPE_CHECKING:
    from tests.emulator.conftest import Api

Json: TypeAlias = dict[str, Any]

EXPORTED = "/import/exported"


def dump() -> Json:
    """Return a data dump with all kinds of entities."""
    return {
        "version": 1,
        "collections": [collection(item("Get", "https://example.org"))],
        "environments": [{"id": "old", "name": "Staging", "values": values(region="eu")}],
        "headerPresets": [],
        "globals": values(token="t"),
    }


def form(kind: str, content: bytes) -> aiohttp.FormData:
    """Return a form with a file."""
    made = aiohttp.FormData()
    made.add_field("type", kind)
    made.add_field("input", content, filename="dump.json", content_type="application/json")
    return made


BODIES: list[Any] = [
    {"json": {"type": "json", "input": dump()}},
    {"json": {"type": "string", "input": json.dumps(dump())}},
    {"json": {"type": "file", "input": json.dumps(dump())}},
    {"data": json.dumps(dump()).encode(), "headers": {"Content-Type": "application/octet-stream"}},
    {"data": b"\xef\xbb\xbf" + json.dumps(dump()).encode()},
    {"form": json.dumps(dump()).encode()},
]


@pytest.mark.parametrize("body", BODIES, ids=["json", "string", "file", "bytes", "mark", "form"])
async def test_a_dump_arrives_in_any_form_of_body(api: Api, body: Json) -> None:
    options = {"data": form("file", body["form"])} if "form" in body else body
    answer = await api.call("POST", EXPORTED, **options)
    assert answer.status == 200, answer
    (made,) = answer.body["collections"]
    (environment,) = answer.body["environments"]
    assert (made["name"], environment["name"]) == ("Shop", "Staging")
    assert environment["id"] != "old"
    found = await api.ok("GET", f"/collections/{made['uid']}")
    assert found["item"][0]["request"]["url"] == "https://example.org"
    found = await api.ok("GET", f"/environments/{environment['uid']}")
    assert [entry["value"] for entry in found["values"]] == ["eu"]
    (variable,) = api.emulator.global_variables()
    assert (variable["key"], variable["value"]) == ("token", "t")


async def test_what_is_imported_goes_to_the_workspace_that_is_named(api: Api) -> None:
    workspace = await api.add_workspace()
    body = {"type": "json", "input": dump()}
    answer = await api.call("POST", EXPORTED, body, params={"workspace": workspace})
    found = await api.ok("GET", f"/workspaces/{workspace}")
    assert found["collections"] == answer.body["collections"]
    assert found["environments"] == answer.body["environments"]
    assert len(api.emulator.global_variables(workspace)) == 1
    assert api.emulator.global_variables() == []


async def test_globals_of_a_second_dump_join_those_of_the_first(api: Api) -> None:
    for pairs in ({"a": "1", "b": "1"}, {"b": "2", "c": "2"}):
        body = {"type": "json", "input": {"globals": values(**pairs)}}
        answer = await api.call("POST", EXPORTED, body)
        assert answer.body == {"collections": []}
    found = {entry["key"]: entry["value"] for entry in api.emulator.global_variables()}
    assert found == {"a": "1", "b": "2", "c": "2"}


async def test_a_collection_alone_is_imported_as_well(api: Api) -> None:
    body = {"type": "json", "input": collection()}
    answer = await api.call("POST", EXPORTED, body)
    assert answer.status == 200
    assert answer.body.keys() == {"collections"}


async def test_of_a_dump_with_a_fault_nothing_is_imported(api: Api) -> None:
    spoilt = {**dump(), "environments": [{"values": []}]}
    answer = await api.call("POST", EXPORTED, {"type": "json", "input": spoilt})
    assert (answer.status, answer.error) == (400, "malformedRequestError")
    assert await api.ok("GET", "/collections") == []
    assert api.emulator.global_variables() == []


@pytest.mark.parametrize("path", [EXPORTED, "/import/openapi"])
@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"input": {}}, "paramMissingError"),
        ({"type": "json"}, "paramMissingError"),
        ({"type": "text", "input": "x"}, "badRequest"),
        ({"type": "json", "input": "{}"}, "malformedRequestError"),
        ({"type": "string", "input": {}}, "malformedRequestError"),
        ([], "malformedRequestError"),
    ],
)
async def test_a_body_of_the_wrong_shape_is_refused(
    api: Api, path: str, body: Any, error: str
) -> None:
    answer = await api.call("POST", path, body)
    assert (answer.status, answer.error) == (400, error)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not json",
        b"\xff\xfe",
        b"{}",
        b"[]",
        b'"text"',
        b'{"collections": 1}',
        b'{"globals": [1]}',
        b'{"globals": [{"value": "no key"}]}',
        b'{"collections": [{"info": {"name": "a"}, "item": 1}]}',
    ],
)
async def test_what_is_no_dump_is_refused(api: Api, content: bytes) -> None:
    headers = {"Content-Type": "application/octet-stream"}
    answer = await api.call("POST", EXPORTED, data=content, headers=headers)
    if content == b"[]":
        assert answer.body == {"collections": []}
    else:
        assert (answer.status, answer.error) == (400, "malformedRequestError")


@pytest.mark.parametrize("path", [EXPORTED, "/import/openapi"])
async def test_a_form_needs_its_fields_and_readable_text(api: Api, path: str) -> None:
    lonely = aiohttp.FormData()
    lonely.add_field("type", "file", content_type="text/plain")
    for body, error in (
        (lonely, "paramMissingError"),
        (form("file", b"\xff\xfe\xff"), "malformedRequestError"),
        (form("other", b"{}"), "badRequest"),
    ):
        answer = await api.call("POST", path, data=body)
        assert (answer.status, answer.error) == (400, error)


@pytest.mark.parametrize("path", [EXPORTED, "/import/openapi"])
async def test_an_unknown_workspace_is_not_found(api: Api, path: str) -> None:
    body = {"type": "json", "input": dump()}
    answer = await api.call("POST", path, body, params={"workspace": "nowhere"})
    assert (answer.status, answer.error) == (404, "instanceNotFoundError")
