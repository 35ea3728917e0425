"""Collections: storage, lists, updates and refusals."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.emulator.conftest import Api

V20 = "https://schema.getpostman.com/json/collection/v2.0.0/collection.json"
V21 = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
RICH: dict[str, Any] = {
    "info": {"name": "Rich", "description": {"content": "# R", "type": "text/markdown"}},
    "item": [
        {
            "name": "Folder",
            "id": "folder-1",
            "description": None,
            "item": [{"name": "Empty folder", "item": []}],
            "auth": {"type": "noauth"},
            "x-unknown": [1, 1.0, True, None],
        },
        {
            "name": "Request",
            "request": {"method": "GET", "url": {"raw": "{{base}}/a?b=1", "query": [{"key": "b"}]}},
            "response": [{"name": "Example", "code": 200, "body": "half \ud83d of a pair"}],
            "event": [{"listen": "test", "script": {"exec": "pm.test('a', () => {})"}}],
        },
        {"name": "Short", "request": "https://example.org"},
    ],
    "variable": [{"key": "base", "value": "https://example.org"}],
    "protocolProfileBehavior": {"strictSSL": 1.0},
}


def without_ids(value: Any) -> Any:
    """Return a document without the fields that the service adds."""
    added = {"id", "uid", "_postman_id", "createdAt", "updatedAt", "lastUpdatedBy", "schema"}
    if isinstance(value, dict):
        return {key: without_ids(inner) for key, inner in value.items() if key not in added}
    if isinstance(value, list):
        return [without_ids(inner) for inner in value]
    return value


async def test_a_collection_comes_back_as_it_was_sent(api: Api) -> None:
    made = await api.ok("POST", "/collections", {"collection": RICH})
    assert made["name"] == "Rich"
    assert made["uid"].endswith(made["id"])
    found = await api.ok("GET", f"/collections/{made['uid']}")
    assert repr(without_ids(found)) == repr(without_ids(RICH))
    assert found["info"]["_postman_id"] == made["id"]


async def test_an_item_keeps_its_id_and_the_others_get_one(api: Api) -> None:
    uid = (await api.ok("POST", "/collections", {"collection": RICH}))["uid"]
    found = await api.ok("GET", f"/collections/{uid}")
    folder, request, short = found["item"]
    assert folder["id"] == "folder-1"
    ids = [folder["item"][0]["id"], request["id"], short["id"], request["response"][0]["id"]]
    assert len(set(ids)) == 4


async def test_what_is_read_can_be_written_back_and_read_again(api: Api) -> None:
    uid = (await api.ok("POST", "/collections", {"collection": RICH}))["uid"]
    first = await api.ok("GET", f"/collections/{uid}")
    await api.ok("PUT", f"/collections/{uid}", {"collection": first})
    second = await api.ok("GET", f"/collections/{uid}")
    first["info"].pop("updatedAt")
    second["info"].pop("updatedAt")
    assert second == first


async def test_an_update_replaces_the_whole(api: Api) -> None:
    uid = (await api.ok("POST", "/collections", {"collection": RICH}))["uid"]
    small = {"info": {"name": "Small", "schema": V21}, "item": []}
    answer = await api.ok("PUT", f"/collections/{uid}", {"collection": small})
    assert answer == {"id": uid.partition("-")[2], "name": "Small", "uid": uid}
    found = await api.ok("GET", f"/collections/{uid}")
    assert without_ids(found) == without_ids(small)


async def test_the_id_in_the_body_must_be_the_one_in_the_path(api: Api) -> None:
    uid, other = await api.add_collection(), await api.add_collection()
    document = {"info": {"name": "a", "_postman_id": other, "schema": V21}, "item": []}
    refused = await api.call("PUT", f"/collections/{uid}", {"collection": document})
    assert (refused.status, refused.error) == (400, "collectionMismatchError")
    document["info"] = {"name": "a", "_postman_id": uid, "schema": V21}
    await api.ok("PUT", f"/collections/{uid}", {"collection": document})


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("info",), None, "Invalid type: null (expected object) at info"),
        (("info", "name"), 7, "Invalid type: number (expected string) at info.name"),
        (("info", "name"), "", "String is too short (0 chars, minimum 1) at info.name"),
        (("info", "schema"), "v1", "Only the collection formats"),
        (("info", "schema"), 1, "Invalid type: number (expected string) at info.schema"),
        (("item",), {}, "Invalid type: object (expected array) at item"),
        (("item", 0), "x", "Invalid type: string (expected object) at item.0"),
        (("item", 0, "item", 0), None, "Invalid type: null (expected object) at item.0.item.0"),
        (("item", 1, "request"), [], "at item.1.request"),
        (("item", 1, "id"), {}, "Invalid type: object (expected string) at item.1.id"),
        (("item", 1, "response", 0), 1, "at item.1.response.0"),
        (("event",), True, "Invalid type: boolean (expected array) at event"),
    ],
)
async def test_a_document_of_the_wrong_shape_is_malformed(
    api: Api, path: tuple[str | int, ...], value: Any, message: str
) -> None:
    document = copy.deepcopy(RICH)
    place: Any = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    answer = await api.call("POST", "/collections", {"collection": document})
    assert (answer.status, answer.error) == (400, "malformedRequestError")
    assert message in answer.body["error"]["message"]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"item": []}, "Missing required property: info"),
        ({"info": {}, "item": []}, "Missing required property: name at info"),
        ({"info": {"name": "a"}}, "Missing required property: item"),
        ({"info": {"name": "a"}, "item": [{}]}, "Missing required property: request at item.0"),
    ],
)
async def test_what_is_missing_is_named(api: Api, document: Any, message: str) -> None:
    answer = await api.call("POST", "/collections", {"collection": document})
    assert answer.error == "malformedRequestError"
    assert answer.body["error"]["message"] == message


async def test_both_formats_are_taken_and_kept(api: Api) -> None:
    document = {"info": {"name": "Old", "schema": V20}, "item": [], "variables": []}
    uid = (await api.ok("POST", "/collections", {"collection": document}))["uid"]
    found = await api.ok("GET", f"/collections/{uid}")
    assert (found["info"]["schema"], found["variables"]) == (V20, [])


async def test_the_list_can_be_filtered_and_paged(api: Api) -> None:
    uids = [await api.add_collection(name) for name in ("a", "b", "b", "c")]
    listed = await api.ok("GET", "/collections")
    assert [entry["uid"] for entry in listed] == uids
    assert set(listed[0]) == {"id", "name", "owner", "uid", "createdAt", "updatedAt", "isPublic"}
    by_name = await api.ok("GET", "/collections", name="b")
    assert [entry["uid"] for entry in by_name] == uids[1:3]
    page = await api.ok("GET", "/collections", limit="2", offset="1")
    assert [entry["uid"] for entry in page] == uids[1:3]


@pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "x"}, {"offset": "-1"}])
async def test_a_page_that_makes_no_sense_is_refused(api: Api, query: dict[str, str]) -> None:
    answer = await api.call("GET", "/collections", params=query)
    assert (answer.status, answer.error) == (400, "badRequest")


async def test_a_collection_takes_its_monitors_with_it(api: Api) -> None:
    uid = await api.add_collection()
    monitor = await api.add_monitor("watch", uid)
    gone = await api.ok("DELETE", f"/collections/{uid}")
    assert gone == {"id": uid.partition("-")[2], "uid": uid}
    assert (await api.call("GET", f"/collections/{uid}")).status == 404
    assert (await api.call("GET", f"/monitors/{monitor}")).status == 404


async def test_a_bare_id_names_it_too(api: Api) -> None:
    uid = await api.add_collection()
    assert (await api.ok("GET", f"/collections/{uid.partition('-')[2]}"))["info"]["uid"] == uid


# -- behaviour of the service -------------------------------------------------------------------


async def test_an_update_names_its_format(api: Api) -> None:
    uid = await api.add_collection()
    for info in ({"name": "a"}, {"name": "a", "schema": None}, {"name": "a", "schema": ""}):
        document: dict[str, Any] = {"info": info, "item": []}
        refused = await api.call("PUT", f"/collections/{uid}", {"collection": document})
        assert (refused.status, refused.error) == (400, "malformedRequestError")
        assert "schema" in refused.body["error"]["message"]
    assert (await api.ok("GET", f"/collections/{uid}"))["info"]["name"] == "Shop"


@pytest.mark.parametrize("whole", [True, False], ids=["uid", "id"])
async def test_a_collection_that_is_there_is_not_made_again(api: Api, whole: bool) -> None:
    uid = await api.add_collection()
    known = uid if whole else uid.partition("-")[2]
    document = {"info": {"name": "a", "_postman_id": known}, "item": []}
    refused = await api.call("POST", "/collections", {"collection": document})
    assert (refused.status, refused.error) == (400, "instanceFoundError")
    await api.ok("DELETE", f"/collections/{uid}")
    await api.ok("POST", "/collections", {"collection": document})


async def test_the_minimal_form_names_the_first_level(api: Api) -> None:
    uid = (await api.ok("POST", "/collections", {"collection": RICH}))["uid"]
    whole = await api.ok("GET", f"/collections/{uid}")
    folder, *requests = (item["uid"] for item in whole["item"])
    assert await api.ok("GET", f"/collections/{uid}", model="minimal") == {
        "info": whole["info"],
        "variable": whole["variable"],
        "auth": None,
        "events": [],
        "rootLevelRequests": requests,
        "rootLevelFolders": [folder],
    }
    refused = await api.call("GET", f"/collections/{uid}", params={"model": "maximal"})
    assert (refused.status, refused.error) == (400, "badRequest")


@pytest.mark.parametrize("prefer", ["respond-async", "wait=5, Respond-Async", "respond-async; a=b"])
async def test_an_update_behind_the_answer_is_refused_and_not_done(api: Api, prefer: str) -> None:
    """The emulator has no tasks yet: a synchronous answer would hide them from a test."""
    uid = await api.add_collection()
    document = {"info": {"name": "New", "schema": V21}, "item": []}
    body, path = {"collection": document}, f"/collections/{uid}"
    refused = await api.call("PUT", path, body, headers={"Prefer": prefer})
    assert (refused.status, refused.error) == (501, "notImplementedError")
    assert "does not support" in refused.body["error"]["message"]
    assert (await api.ok("GET", path))["info"]["name"] == "Shop"
    assert (await api.call("PUT", path, body, headers={"Prefer": "wait=5"})).status == 200


@pytest.mark.parametrize("path", ["/collections", "/me", "/collections/{uid}", "/workspaces"])
async def test_a_slash_at_the_end_is_taken(api: Api, path: str) -> None:
    """Published tools call /collections/?apikey=KEY; /me/ was 404."""
    path = path.format(uid=await api.add_collection())
    plain, slashed = await api.call("GET", path), await api.call("GET", f"{path}/")
    assert (slashed.status, slashed.body.keys()) == (200, plain.body.keys())
    assert (await api.call("GET", f"{path}//")).status == 404
    first, second, third = [entry.operation for entry in api.emulator.requests][-3:]
    assert first == second is not None
    assert third is None
