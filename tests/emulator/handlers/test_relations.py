"""Relations: links of a version to existing entities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.emulator.handlers.test_apis import add_api, add_version

if TYPE_CHECKING:
    from tests.emulator.conftest import Api

COLLECTION_TYPES = ["contracttest", "integrationtest", "documentation", "testsuite"]


@pytest.fixture
async def version(api: Api) -> str:
    """The path of a version."""
    return await add_version(api, (await add_api(api))["id"])


async def link(api: Api, version: str, **entities: list[str]) -> Any:
    """Link entities to a version; return the ids of the relations by type."""
    answer = await api.call("POST", f"{version}/relations", entities)
    assert answer.status == 200, answer
    return answer.body


@pytest.mark.parametrize("kind", COLLECTION_TYPES)
async def test_collections_are_linked_by_four_types(api: Api, version: str, kind: str) -> None:
    uid = await api.add_collection("Docs")
    updated = (await api.ok("GET", f"/collections/{uid}"))["info"]["updatedAt"]
    ids = await link(api, version, **{kind: [uid]})
    (relation,) = ids[kind]
    expected = {"id": relation, "name": "Docs", "updatedAt": updated}
    assert await api.ok("GET", f"{version}/relations") == {kind: {relation: expected}}
    assert await api.ok("GET", f"{version}/{kind}") == [{**expected, "collectionId": uid}]
    for other in {*COLLECTION_TYPES} - {kind}:
        assert await api.ok("GET", f"{version}/{other}") == []


async def test_environments_monitors_and_mocks_are_linked_too(api: Api, version: str) -> None:
    collection, environment = await api.add_collection(), await api.add_environment()
    monitor = await api.add_monitor("watch", collection)
    mock = await api.ok("POST", "/mocks", {"mock": {"collection": collection}})
    ids = await link(api, version, environment=[environment], monitor=[monitor], mock=[mock["id"]])
    (found,) = await api.ok("GET", f"{version}/environment")
    assert (found["id"], found["name"]) == (ids["environment"][0], "Staging")
    (found,) = await api.ok("GET", f"{version}/monitor")
    assert found["id"] == ids["monitor"][0]
    assert monitor.endswith(found["monitorId"])
    linked = await api.ok("GET", f"{version}/relations")
    assert linked["mock"][ids["mock"][0]]["url"] == mock["mockUrl"]


async def test_the_names_of_the_linked_are_the_present_ones(api: Api, version: str) -> None:
    environment = await api.add_environment("Old")
    await link(api, version, environment=[environment])
    body = {"environment": {"name": "New", "values": []}}
    await api.ok("PUT", f"/environments/{environment}", body)
    (found,) = await api.ok("GET", f"{version}/environment")
    assert found["name"] == "New"


async def test_a_second_link_of_the_same_is_the_first(api: Api, version: str) -> None:
    uid = await api.add_collection()
    first = await link(api, version, testsuite=[uid])
    assert await link(api, version, testsuite=[uid, uid]) == {
        "testsuite": [*first["testsuite"], *first["testsuite"]]
    }
    assert len(await api.ok("GET", f"{version}/testsuite")) == 1


@pytest.mark.parametrize(
    ("kind", "item"),
    [("documentation", "collection"), ("environment", "environment"), ("monitor", "monitor")],
)
async def test_what_is_not_there_cannot_be_linked(
    api: Api, version: str, kind: str, item: str
) -> None:
    body = {"testsuite": [await api.add_collection()], kind: ["nothing"]}
    answer = await api.call("POST", f"{version}/relations", body)
    assert (answer.status, answer.error) == (404, "instanceNotFoundError")
    assert answer.body["error"]["details"] == {"item": item, "id": "nothing"}
    assert await api.ok("GET", f"{version}/relations") == {}


async def test_an_entity_of_another_kind_cannot_be_linked(api: Api, version: str) -> None:
    answer = await api.call(
        "POST", f"{version}/relations", {"environment": [await api.add_collection()]}
    )
    assert answer.status == 404


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "paramMissingError"),
        ({"colour": []}, "badRequest"),
        ({"documentation": "a"}, "malformedRequestError"),
        ({"documentation": [1]}, "malformedRequestError"),
        ([], "malformedRequestError"),
    ],
)
async def test_links_of_the_wrong_shape_are_refused(
    api: Api, version: str, body: Any, error: str
) -> None:
    answer = await api.call("POST", f"{version}/relations", body)
    assert (answer.status, answer.error) == (400, error)


async def test_a_link_goes_with_what_it_links(api: Api, version: str) -> None:
    collection, environment = await api.add_collection(), await api.add_environment()
    monitor = await api.add_monitor("watch", collection)
    await link(
        api, version, documentation=[collection], environment=[environment], monitor=[monitor]
    )
    await api.ok("DELETE", f"/environments/{environment}")
    assert (await api.ok("GET", f"{version}/relations")).keys() == {"documentation", "monitor"}
    await api.ok("DELETE", f"/collections/{collection}")
    assert await api.ok("GET", f"{version}/relations") == {}


async def test_each_version_has_relations_of_its_own(api: Api, version: str) -> None:
    other = await add_version(api, version.split("/")[2], "2.0.0")
    await link(api, version, documentation=[await api.add_collection()])
    assert await api.ok("GET", f"{other}/relations") == {}
