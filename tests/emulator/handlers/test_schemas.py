"""Schemas of versions: their types, and which of them can be converted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from tests.emulator.handlers.test_apis import add_api, add_version

if TYPE_CHECKING:
    from tests.emulator.conftest import Api

Json: TypeAlias = dict[str, Any]


@pytest.fixture
async def version(api: Api) -> str:
    """The path of a version."""
    return await add_version(api, (await add_api(api))["id"])


def schema(kind: str = "openapi3", language: str = "yaml", text: Any = "openapi: 3.0.0") -> Json:
    """Return a body that creates a schema."""
    return {"schema": {"type": kind, "language": language, "schema": text}}


async def test_a_schema_comes_back_as_it_was_made(api: Api, version: str) -> None:
    made = await api.ok("POST", f"{version}/schemas", schema())
    assert (made["type"], made["language"], made["schema"]) == (
        "openapi3",
        "yaml",
        "openapi: 3.0.0",
    )
    assert version.endswith(made["apiVersion"])
    assert made["createdBy"] == made["updateBy"] == "20413871"
    assert await api.ok("GET", f"{version}/schemas/{made['id']}") == made
    assert (await api.ok("GET", version))["schema"] == [made["id"]]


async def test_an_update_replaces_a_schema(api: Api, version: str) -> None:
    made = await api.ok("POST", f"{version}/schemas", schema())
    path = f"{version}/schemas/{made['id']}"
    changed = await api.ok("PUT", path, schema("openapi2", "json", "{}"))
    assert (changed["type"], changed["language"], changed["schema"]) == ("openapi2", "json", "{}")
    assert await api.ok("GET", path) == changed


@pytest.mark.parametrize(
    ("kind", "language", "fine"),
    [
        ("graphql", "graphql", True),
        ("graphql", "json", False),
        ("graphql", "yaml", False),
        ("openapi3", "graphql", False),
        ("raml", "yaml", True),
        ("openapi1", "json", True),
        ("openapi4", "json", False),
        ("openapi3", "toml", False),
    ],
)
async def test_a_type_takes_its_languages_only(
    api: Api, version: str, kind: str, language: str, fine: bool
) -> None:
    answer = await api.call("POST", f"{version}/schemas", schema(kind, language, "text"))
    assert answer.status == (200 if fine else 400)
    assert len((await api.ok("GET", version))["schema"]) == int(fine)


@pytest.mark.parametrize(
    ("method", "fields"),
    [
        ("POST", {}),
        ("POST", {"type": "openapi3"}),
        ("POST", {"type": "openapi3", "language": "json", "schema": {}}),
        ("POST", {"type": ["openapi3"], "language": "json"}),
        ("PUT", {"type": "openapi3", "language": "json"}),
    ],
)
async def test_a_schema_of_the_wrong_shape_is_refused(
    api: Api, version: str, method: str, fields: Json
) -> None:
    made = await api.ok("POST", f"{version}/schemas", schema())
    path = f"{version}/schemas" + (f"/{made['id']}" if method == "PUT" else "")
    assert (await api.call(method, path, {"schema": fields})).status == 400


async def test_a_new_schema_may_be_empty(api: Api, version: str) -> None:
    body = {"schema": {"type": "openapi3", "language": "json"}}
    assert (await api.ok("POST", f"{version}/schemas", body))["schema"] == ""


async def test_a_schema_is_found_under_its_own_version_only(api: Api, version: str) -> None:
    made = await api.ok("POST", f"{version}/schemas", schema())
    other = await add_version(api, version.split("/")[2], "2.0.0")
    answer = await api.call("GET", f"{other}/schemas/{made['id']}")
    assert (answer.status, answer.body["error"]["details"]["item"]) == (404, "schema")


@pytest.mark.parametrize("kind", ["raml", "openapi1", "graphql"])
async def test_only_openapi_becomes_a_collection(api: Api, version: str, kind: str) -> None:
    language = "graphql" if kind == "graphql" else "yaml"
    made = await api.ok("POST", f"{version}/schemas", schema(kind, language, "text"))
    body = {"name": "a", "relations": [{"type": "documentation"}]}
    answer = await api.call("POST", f"{version}/schemas/{made['id']}/collections", body)
    assert (answer.status, answer.error) == (400, "badRequest")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"relations": []}, "paramMissingError"),
        ({"name": "a"}, "paramMissingError"),
        ({"name": "a", "relations": {}}, "malformedRequestError"),
        ({"name": "a", "relations": ["documentation"]}, "malformedRequestError"),
        ({"name": "a", "relations": [{}]}, "malformedRequestError"),
        ({"name": "a", "relations": [{"type": "monitor"}]}, "badRequest"),
    ],
)
async def test_a_wish_for_a_collection_must_be_complete(
    api: Api, version: str, body: Json, error: str
) -> None:
    made = await api.ok("POST", f"{version}/schemas", schema())
    answer = await api.call("POST", f"{version}/schemas/{made['id']}/collections", body)
    assert (answer.status, answer.error) == (400, error)
    assert await api.ok("GET", "/collections") == []


@pytest.mark.parametrize(
    ("kind", "language", "text"),
    [
        ("openapi3", "yaml", "openapi: 3.1.0"),
        ("openapi3", "json", '{"swagger": "2.0"}'),
        ("openapi3", "yaml", "- no\n- mapping"),
        ("openapi3", "yaml", "{broken"),
        ("openapi3", "yaml", "2001-99-99"),
        ("openapi2", "json", '{"openapi": "3.0.0"}'),
        ("graphql", "graphql", "type Query"),
    ],
)
async def test_only_openapi_3_0_can_be_synced(
    api: Api, version: str, kind: str, language: str, text: str
) -> None:
    await api.ok("POST", f"{version}/schemas", schema(kind, language, text))
    uid = await api.add_collection()
    await api.call("POST", f"{version}/relations", {"documentation": [uid]})
    answer = await api.call("PUT", f"{version}/documentation/{uid}/syncWithSchema")
    assert (answer.status, answer.error) == (400, "validationFailed")


async def test_only_what_is_linked_can_be_synced(api: Api, version: str) -> None:
    await api.ok("POST", f"{version}/schemas", schema())
    uid = await api.add_collection()
    await api.call("POST", f"{version}/relations", {"documentation": [uid]})
    for kind, reference in (("testsuite", uid), ("documentation", "nothing")):
        answer = await api.call("PUT", f"{version}/{kind}/{reference}/syncWithSchema")
        assert (answer.status, answer.error) == (404, "instanceNotFoundError")
    answer = await api.call("PUT", f"{version}/monitor/{uid}/syncWithSchema")
    assert (answer.status, answer.error) == (400, "badRequest")


async def test_without_a_schema_nothing_can_be_synced(api: Api, version: str) -> None:
    uid = await api.add_collection()
    await api.call("POST", f"{version}/relations", {"documentation": [uid]})
    answer = await api.call("PUT", f"{version}/documentation/{uid}/syncWithSchema")
    assert (answer.status, answer.error) == (400, "validationFailed")
