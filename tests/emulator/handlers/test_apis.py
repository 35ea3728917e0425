"""APIs and their versions: creation, filters, copies and deletion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

if TYPE_CHECKING:
    from tests.emulator.conftest import Api

Json: TypeAlias = dict[str, Any]
SCHEMA = {"type": "openapi3", "language": "yaml", "schema": "openapi: 3.0.0"}


async def add_api(api: Api, name: str = "Pets", **fields: str) -> Json:
    """Create an API."""
    made: Json = await api.ok("POST", "/apis", {"api": {"name": name, **fields}})
    return made


async def add_version(api: Api, api_id: str, name: str = "1.0.0", **fields: Any) -> str:
    """Create a version of an API; return its path."""
    body = {"version": {"name": name, **fields}}
    made = await api.ok("POST", f"/apis/{api_id}/versions", body)
    assert (made["name"], made["api"]) == (name, api_id)
    return f"/apis/{api_id}/versions/{made['id']}"


async def names(api: Api, **query: str) -> list[str]:
    """Return the names of the APIs that match a query."""
    return [each["name"] for each in await api.ok("GET", "/apis", **query)]


# -- APIs -----------------------------------------------------------------------------------


async def test_an_api_comes_back_as_it_was_made(api: Api) -> None:
    made = await add_api(api, "Pets", summary="All pets", description="d")
    assert {"name": "Pets", "summary": "All pets", "description": "d"}.items() <= made.items()
    assert made["createdBy"] == made["updatedBy"] == "20413871"
    assert await api.ok("GET", f"/apis/{made['id']}") == made
    assert await api.ok("GET", "/apis") == [made]


async def test_an_update_changes_what_it_names(api: Api) -> None:
    made = await add_api(api, "Pets", summary="s")
    path = f"/apis/{made['id']}"
    changed = await api.ok("PUT", path, {"api": {"name": "Animals"}})
    assert (changed["name"], changed["summary"]) == ("Animals", "s")
    assert await api.ok("GET", path) == changed


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({}, "paramMissingError"),
        ({"name": None}, "paramMissingError"),
        ({"name": 1}, "malformedRequestError"),
        ({"name": "a", "summary": 1}, "malformedRequestError"),
    ],
)
async def test_an_api_of_the_wrong_shape_is_refused(api: Api, fields: Any, error: str) -> None:
    answer = await api.call("POST", "/apis", {"api": fields})
    assert (answer.status, answer.error) == (400, error)
    assert await api.ok("GET", "/apis") == []


async def test_an_api_is_in_the_workspace_it_was_made_in(api: Api) -> None:
    workspace = await api.add_workspace()
    body = {"api": {"name": "Pets"}}
    made = await api.ok("POST", "/apis", body, workspace=workspace)
    await add_api(api, "Other")
    assert await names(api, workspace=workspace) == ["Pets"]
    (member,) = (await api.ok("GET", f"/workspaces/{workspace}"))["apis"]
    assert (member["id"], member["name"]) == (made["id"], "Pets")


async def test_lists_can_be_filtered(api: Api) -> None:
    first = await add_api(api, "Pets", summary="Cats and dogs", description="of people")
    second = await add_api(api, "Petrol", summary="Cars")
    assert await names(api, name="PET") == ["Pets", "Petrol"]
    assert await names(api, name="pets") == ["Pets"]
    assert await names(api, summary="cats") == ["Pets"]
    assert await names(api, description="PEOPLE") == ["Pets"]
    assert await names(api, createdBy="20413871", updatedBy="20413871") == ["Pets", "Petrol"]
    assert await names(api, createdBy="1") == await names(api, updatedBy="1") == []
    assert await names(api, since=first["createdAt"], until=second["createdAt"]) == [
        "Pets",
        "Petrol",
    ]
    assert await names(api, until="2019-02-12 19:34:49") == []
    assert await names(api, since="9999-01-01T00:00:00Z") == []
    assert await names(api, isPublic="true") == []
    body = {"workspace": {"type": "public", "name": "Open", "apis": [{"id": first["id"]}]}}
    await api.ok("POST", "/workspaces", body)
    assert await names(api, isPublic="true") == ["Pets"]
    assert await names(api, isPublic="false") == ["Petrol"]


async def test_lists_can_be_sorted(api: Api) -> None:
    for name in ("b", "C", "a"):
        await add_api(api, name)
    assert await names(api) == ["b", "C", "a"]
    assert await names(api, sort="name") == ["a", "b", "C"]
    assert await names(api, sort="name", direction="desc") == ["C", "b", "a"]


async def test_the_latest_come_first_when_sorted_by_time(api: Api) -> None:
    made = [await add_api(api, name) for name in ("a", "b", "c")]
    times = [each["createdAt"] for each in made]
    found = [each["createdAt"] for each in await api.ok("GET", "/apis", sort="createdAt")]
    assert found == sorted(times, reverse=True)
    found = [
        each["createdAt"]
        for each in await api.ok("GET", "/apis", sort="createdAt", direction="asc")
    ]
    assert found == sorted(times)


@pytest.mark.parametrize(
    "query",
    [
        {"since": "yesterday"},
        {"until": "2019-13-01"},
        {"createdBy": "me"},
        {"isPublic": "1"},
        {"sort": "colour"},
        {"direction": "up"},
    ],
)
async def test_a_query_that_makes_no_sense_is_refused(api: Api, query: dict[str, str]) -> None:
    await add_api(api)
    answer = await api.call("GET", "/apis", params=query)
    assert (answer.status, answer.error) == (400, "badRequest")


async def test_a_deleted_api_takes_its_versions_along_but_not_what_they_link(api: Api) -> None:
    made = await add_api(api)
    version = await add_version(api, made["id"])
    schema = await api.ok("POST", f"{version}/schemas", {"schema": SCHEMA})
    collection = await api.add_collection()
    await api.call("POST", f"{version}/relations", {"documentation": [collection]})
    assert await api.ok("DELETE", f"/apis/{made['id']}") == {"id": made["id"]}
    for path in (f"/apis/{made['id']}", version, f"{version}/schemas/{schema['id']}"):
        answer = await api.call("GET", path)
        assert (answer.status, answer.error) == (404, "instanceNotFoundError")
    assert (await api.call("GET", f"/collections/{collection}")).status == 200


# -- versions -------------------------------------------------------------------------------


async def test_a_version_comes_back_as_it_was_made(api: Api) -> None:
    made = await add_api(api)
    path = await add_version(api, made["id"], "1.0.0")
    found = await api.ok("GET", path)
    assert (found["name"], found["api"], found["schema"]) == ("1.0.0", made["id"], [])
    await add_version(api, made["id"], "2.0.0")
    await add_version(api, (await add_api(api, "Other"))["id"], "9.0.0")
    listed = await api.ok("GET", f"/apis/{made['id']}/versions")
    assert [version["name"] for version in listed] == ["1.0.0", "2.0.0"]
    assert listed[0] == found


async def test_a_version_can_be_renamed_and_deleted(api: Api) -> None:
    path = await add_version(api, (await add_api(api))["id"])
    renamed = await api.ok("PUT", path, {"version": {"name": "1.0.1"}})
    assert renamed == await api.ok("GET", path)
    assert renamed["name"] == "1.0.1"
    assert await api.ok("DELETE", path) == {"id": renamed["id"]}
    assert (await api.call("GET", path)).status == 404


async def test_a_version_is_found_under_its_own_api_only(api: Api) -> None:
    path = await add_version(api, (await add_api(api))["id"])
    other = await add_api(api, "Other")
    answer = await api.call("GET", f"/apis/{other['id']}/versions/{path.rpartition('/')[2]}")
    assert (answer.status, answer.body["error"]["details"]["item"]) == (404, "apiVersion")


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"name": 1},
        {"name": "a", "source": 1},
        {"name": "a", "source": {}},
        {"name": "a", "source": {"id": "nothing"}},
    ],
)
async def test_a_version_of_the_wrong_shape_is_refused(api: Api, fields: Any) -> None:
    path = f"/apis/{(await add_api(api))['id']}/versions"
    assert (await api.call("POST", path, {"version": fields})).status in (400, 404)
    assert await api.ok("GET", path) == []


class Source:
    """A version with a schema, and two collections, an environment and a monitor linked."""

    def __init__(self, api: Api, api_id: str, path: str, schema: Json) -> None:
        self.api, self.api_id, self.path, self.schema = api, api_id, path, schema

    async def copied(self, **wanted: Any) -> str:
        """Create a version that copies this one; return its path."""
        source = {"id": self.path.rpartition("/")[2], **wanted}
        return await add_version(self.api, self.api_id, "2.0.0", source=source)

    async def links(self, path: str) -> dict[str, list[str]]:
        """Return the names of the linked entities of a version by type."""
        found = await self.api.ok("GET", f"{path}/relations")
        return {kind: [e["name"] for e in by_id.values()] for kind, by_id in found.items()}


@pytest.fixture
async def source(api: Api) -> Source:
    """Create a version with entities to copy."""
    made = await add_api(api)
    path = await add_version(api, made["id"])
    schema = await api.ok("POST", f"{path}/schemas", {"schema": SCHEMA})
    collection = await api.add_collection("Docs")
    links = {
        "documentation": [collection],
        "testsuite": [collection],
        "environment": [await api.add_environment("Staging")],
        "monitor": [await api.add_monitor("watch", collection)],
    }
    assert (await api.call("POST", f"{path}/relations", links)).status == 200
    return Source(api, made["id"], path, schema)


async def test_a_copied_schema_is_a_schema_of_its_own(api: Api, source: Source) -> None:
    path = await source.copied(schema=True)
    (schema,) = (await api.ok("GET", path))["schema"]
    assert schema != source.schema["id"]
    copy = await api.ok("GET", f"{path}/schemas/{schema}")
    assert copy["schema"] == SCHEMA["schema"]
    await api.ok("PUT", f"{path}/schemas/{schema}", {"schema": {**SCHEMA, "schema": "changed"}})
    before = await api.ok("GET", f"{source.path}/schemas/{source.schema['id']}")
    assert before["schema"] == SCHEMA["schema"]
    assert await source.links(path) == {}


async def test_only_the_relations_that_are_wanted_are_copied(api: Api, source: Source) -> None:
    path = await source.copied(relations={"documentation": True, "monitor": True, "mock": True})
    assert await source.links(path) == {"documentation": ["Docs"], "monitor": ["watch"]}
    assert (await api.ok("GET", path))["schema"] == []
    (copied,) = await api.ok("GET", f"{path}/documentation")
    (origin,) = await api.ok("GET", f"{source.path}/documentation")
    assert copied["collectionId"] == origin["collectionId"]
    assert copied["id"] != origin["id"]


async def test_nothing_is_copied_unasked(api: Api, source: Source) -> None:
    path = await source.copied()
    assert ((await api.ok("GET", path))["schema"], await source.links(path)) == ([], {})


async def test_a_copy_outlives_its_source(api: Api, source: Source) -> None:
    path = await source.copied(schema=True, relations={"testsuite": True})
    await api.ok("DELETE", source.path)
    assert await source.links(path) == {"testsuite": ["Docs"]}
    assert len((await api.ok("GET", path))["schema"]) == 1


@pytest.mark.parametrize(
    "wanted", [{"schema": "yes"}, {"relations": {"colour": True}}, {"relations": {"mock": 1}}]
)
async def test_a_copy_that_makes_no_sense_is_refused(
    api: Api, source: Source, wanted: Json
) -> None:
    given = {"id": source.path.rpartition("/")[2], **wanted}
    body = {"version": {"name": "2.0.0", "source": given}}
    assert (await api.call("POST", f"/apis/{source.api_id}/versions", body)).status == 400
    assert len(await api.ok("GET", f"/apis/{source.api_id}/versions")) == 1


async def test_another_api_s_version_is_no_source(api: Api, source: Source) -> None:
    other = await add_api(api, "Other")
    body = {"version": {"name": "1", "source": {"id": source.path.rpartition("/")[2]}}}
    assert (await api.call("POST", f"/apis/{other['id']}/versions", body)).status == 404
