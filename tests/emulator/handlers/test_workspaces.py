"""Workspaces: their members, and updates of these."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.emulator.conftest import Api


async def members(api: Api, workspace: str) -> dict[str, list[str]]:
    """Return the ids of a workspace's members by kind, without empty kinds."""
    found = await api.ok("GET", f"/workspaces/{workspace}")
    kinds = ("collections", "environments", "mocks", "monitors")
    return {kind: [entry["uid"] for entry in found[kind]] for kind in kinds if found[kind]}


async def test_there_is_a_default_workspace_which_takes_what_names_none(api: Api) -> None:
    collection = await api.add_collection()
    environment = await api.add_environment()
    monitor = await api.add_monitor("watch", collection)
    (workspace,) = await api.ok("GET", "/workspaces")
    assert workspace["id"] == api.emulator.default_workspace
    assert workspace["type"] == "personal"
    assert await members(api, workspace["id"]) == {
        "collections": [collection],
        "environments": [environment],
        "monitors": [monitor],
    }


async def test_what_names_a_workspace_goes_there(api: Api) -> None:
    workspace = await api.add_workspace()
    document = {"collection": {"info": {"name": "a"}, "item": []}}
    made = await api.ok("POST", "/collections", document, workspace=workspace)
    assert await members(api, workspace) == {"collections": [made["uid"]]}
    assert await members(api, api.emulator.default_workspace) == {}


@pytest.mark.parametrize("kind", ["collections", "mocks"])
@pytest.mark.parametrize("unknown", ["nowhere", "", "1f0df51a-8658-4ee8-a2a1-d2567dfa09a9"])
async def test_an_unknown_workspace_is_empty_in_the_lists_that_know_no_error(
    api: Api, kind: str, unknown: str
) -> None:
    """The description documents no error there, and an empty list for collections."""
    collection = await api.add_collection()
    await api.ok("POST", "/mocks", {"mock": {"collection": collection}})
    assert await api.ok("GET", f"/{kind}", workspace=unknown) == []


@pytest.mark.parametrize("kind", ["environments", "monitors"])
async def test_an_unknown_workspace_is_not_found(api: Api, kind: str) -> None:
    answer = await api.call("GET", f"/{kind}", params={"workspace": "nowhere"})
    assert (answer.status, answer.error) == (404, "instanceNotFoundError")
    assert answer.body["error"]["details"] == {"item": "workspace", "id": "nowhere"}


async def test_a_refused_workspace_leaves_nothing_behind(api: Api) -> None:
    document = {"collection": {"info": {"name": "a"}, "item": []}}
    answer = await api.call("POST", "/collections", document, params={"workspace": "nowhere"})
    assert answer.status == 404
    assert await api.ok("GET", "/collections") == []


async def test_a_workspace_comes_back_as_it_was_made(api: Api) -> None:
    collection = await api.add_collection()
    workspace = await api.add_workspace(
        "Team", description="d", about="a", collections=[{"id": collection, "uid": collection}]
    )
    found = await api.ok("GET", f"/workspaces/{workspace}", include="scim")
    facts = {key: found[key] for key in ("id", "name", "type", "description", "about")}
    assert facts == {
        "id": workspace,
        "name": "Team",
        "type": "team",
        "description": "d",
        "about": "a",
    }
    assert found["collections"] == [
        {"id": collection.partition("-")[2], "name": "Shop", "uid": collection}
    ]
    assert "scim" in found


async def test_a_list_in_an_update_is_the_desired_state_and_the_rest_stays(api: Api) -> None:
    first, second = await api.add_collection("a"), await api.add_collection("b")
    environment = await api.add_environment()
    workspace = await api.add_workspace(
        collections=[{"id": first}], environments=[{"id": environment}]
    )
    body = {"workspace": {"name": "New", "collections": [{"uid": second}]}}
    assert await api.ok("PUT", f"/workspaces/{workspace}", body) == {"id": workspace, "name": "New"}
    wanted = {"collections": [second], "environments": [environment]}
    assert await members(api, workspace) == wanted
    assert (await api.call("GET", f"/collections/{first}")).status == 200


async def test_a_member_that_does_not_exist_changes_nothing(api: Api) -> None:
    collection = await api.add_collection()
    workspace = await api.add_workspace(collections=[{"id": collection}])
    body = {"workspace": {"name": "New", "collections": [], "monitors": [{"id": "nobody"}]}}
    answer = await api.call("PUT", f"/workspaces/{workspace}", body)
    assert (answer.status, answer.body["error"]["details"]["item"]) == (404, "monitor")
    assert await members(api, workspace) == {"collections": [collection]}
    assert (await api.ok("GET", f"/workspaces/{workspace}"))["name"] == "Team"


async def test_mocks_monitors_and_apis_are_members_like_all_others(api: Api) -> None:
    collection = await api.add_collection()
    made = {
        "mocks": await api.ok("POST", "/mocks", {"mock": {"collection": collection}}),
        "monitors": {"uid": await api.add_monitor("watch", collection)},
        "apis": await api.ok("POST", "/apis", {"api": {"name": "Pets"}}),
    }
    entries: dict[str, Any] = {
        kind: [{"id": each.get("uid") or each["id"]}] for kind, each in made.items()
    }
    workspace = await api.add_workspace(**entries)
    found = await api.ok("GET", f"/workspaces/{workspace}")
    assert all(len(found[kind]) == 1 for kind in made)
    assert [mock["id"] for mock in await api.ok("GET", "/mocks", workspace=workspace)] == [
        found["mocks"][0]["id"]
    ]
    empty: Any = {"workspace": {"mocks": [], "monitors": [], "apis": []}}
    await api.ok("PUT", f"/workspaces/{workspace}", empty)
    found = await api.ok("GET", f"/workspaces/{workspace}")
    assert (found["mocks"], found["monitors"], "apis" in found) == ([], [], False)
    assert len(await api.ok("GET", "/mocks")) == len(await api.ok("GET", "/apis")) == 1


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"type": "team"}, "paramMissingError"),
        ({"name": "a"}, "paramMissingError"),
        ({"name": "a", "type": "secret"}, "badRequest"),
        ({"name": 1, "type": "team"}, "malformedRequestError"),
        ({"name": "a", "type": ["team"]}, "malformedRequestError"),
        ({"name": "a", "type": "team", "description": 1}, "malformedRequestError"),
        ({"name": "a", "type": "team", "collections": {}}, "malformedRequestError"),
        ({"name": "a", "type": "team", "collections": ["x"]}, "malformedRequestError"),
        ({"name": "a", "type": "team", "collections": [{}]}, "malformedRequestError"),
        ({"name": "a", "type": "team", "collections": [{"id": 1}]}, "malformedRequestError"),
    ],
)
async def test_a_workspace_of_the_wrong_shape_is_refused(api: Api, fields: Any, error: str) -> None:
    answer = await api.call("POST", "/workspaces", {"workspace": fields})
    assert (answer.status, answer.error) == (400, error)
    assert len(await api.ok("GET", "/workspaces")) == 1


async def test_the_list_can_be_filtered_and_paged(api: Api) -> None:
    made = [await api.add_workspace(f"team {number}") for number in range(5)]
    await api.add_workspace("mine", type="private")
    teams = await api.ok("GET", "/workspaces", type="team")
    assert [entry["id"] for entry in teams] == made
    assert await api.ok("GET", "/workspaces", createdBy="1") == []
    seen: list[str] = []
    query = {"type": "team", "limit": "2"}
    while True:
        answer = await api.call("GET", "/workspaces", params=query)
        seen += [entry["id"] for entry in answer.body["workspaces"]]
        if "meta" not in answer.body:
            break
        query["cursor"] = answer.body["meta"]["nextCursor"]
    assert seen == made


@pytest.mark.parametrize("query", [{"type": "x"}, {"createdBy": "me"}, {"cursor": "x"}])
async def test_a_filter_that_makes_no_sense_is_refused(api: Api, query: dict[str, str]) -> None:
    assert (await api.call("GET", "/workspaces", params=query)).status == 400


async def test_a_workspace_takes_with_it_what_is_nowhere_else(api: Api) -> None:
    shared, alone = await api.add_collection("shared"), await api.add_collection("alone")
    environment = await api.add_environment()
    entries: dict[str, Any] = {
        "collections": [{"id": shared}, {"id": alone}],
        "environments": [{"id": environment}],
    }
    workspace = await api.add_workspace(**entries)
    home = {"collections": [{"id": shared}], "environments": []}
    default = api.emulator.default_workspace
    await api.ok("PUT", f"/workspaces/{default}", {"workspace": home})
    assert await api.ok("DELETE", f"/workspaces/{workspace}") == {"id": workspace}
    assert [entry["uid"] for entry in await api.ok("GET", "/collections")] == [shared]
    assert await api.ok("GET", "/environments") == []
    assert (await api.call("GET", f"/workspaces/{workspace}")).status == 404


async def test_the_default_workspace_stays(api: Api) -> None:
    answer = await api.call("DELETE", f"/workspaces/{api.emulator.default_workspace}")
    assert (answer.status, answer.error) == (403, "forbiddenError")


async def test_what_is_in_a_public_workspace_is_public(api: Api) -> None:
    collection = await api.add_collection()
    environment = await api.add_environment()
    await api.add_workspace(
        type="public", collections=[{"id": collection}], environments=[{"id": environment}]
    )
    assert (await api.ok("GET", "/collections"))[0]["isPublic"] is True
    assert (await api.ok("GET", f"/environments/{environment}"))["isPublic"] is True


async def test_the_workspaces_of_an_element_are_found(api: Api) -> None:
    workspace = await api.add_workspace()
    document = {"collection": {"info": {"name": "a"}, "item": []}}
    made = await api.ok("POST", "/collections", document, workspace=workspace)
    for reference in (made["uid"], made["id"]):
        found = await api.ok("GET", "/workspaces", elementType="collection", elementId=reference)
        assert [each["id"] for each in found] == [workspace]
    for kind, unknown in (("collection", workspace), ("specification", made["id"])):
        assert await api.ok("GET", "/workspaces", elementType=kind, elementId=unknown) == []


@pytest.mark.parametrize(
    "query",
    [{"elementType": "collection"}, {"elementId": "a"}, {"elementType": "api", "elementId": "a"}],
)
async def test_half_an_element_or_another_kind_is_refused(api: Api, query: dict[str, str]) -> None:
    answer = await api.call("GET", "/workspaces", params=query)
    assert (answer.status, answer.error) == (400, "badRequest")
