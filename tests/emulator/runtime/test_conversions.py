"""Collections from Postman's converters: from OpenAPI, for API versions, from old formats."""

from __future__ import annotations

import asyncio
import json
import uuid
from typing import Any, TypeAlias

import aiohttp
import pytest
import yaml

from tests.emulator.conftest import Api
from tests.emulator.handlers.test_apis import add_api, add_version

Json: TypeAlias = dict[str, Any]

pytestmark = pytest.mark.asyncio(loop_scope="module")


def answers(*content: str) -> Json:
    """Return the responses of an operation: one, with an example."""
    body = {"schema": {"type": "string"}, "example": content[0] if content else ""}
    return {"200": {"description": "fine", "content": {"text/plain": body}}}


def description(server: str = "https://example.org", **paths: str) -> Json:
    """Return an OpenAPI 3.0 description with a GET at each path, named by its summary."""
    return {
        "openapi": "3.0.3",
        "info": {"title": "Pets", "version": "1.0.0"},
        "servers": [{"url": server}],
        "paths": {
            f"/{path}": {"get": {"summary": name, "responses": answers(name)}}
            for path, name in paths.items()
        },
    }


def requests(document: Json) -> list[Json]:
    """Return the requests of a collection at any depth."""
    found: list[Json] = []
    for item in document["item"]:
        found += requests(item) if "item" in item else [item]
    return found


def titles(document: Json) -> list[str]:
    """Return the names of the requests of a collection."""
    return sorted(request["name"] for request in requests(document))


async def imported(shared: Api, **options: Any) -> Json:
    """Import a description, and return the created collection."""
    answer = await shared.call("POST", "/import/openapi", **options)
    assert answer.status == 200, answer
    (made,) = answer.body["collections"]
    found: Json = await shared.ok("GET", f"/collections/{made['uid']}")
    assert found["info"]["name"] == made["name"]
    return found


# -- imports.openapi ------------------------------------------------------------------------


async def test_a_description_becomes_a_collection_in_any_form_of_body(shared: Api) -> None:
    given = description(pets="All pets", owners="All owners")
    form = aiohttp.FormData()
    form.add_field("type", "file")
    form.add_field("input", yaml.safe_dump(given).encode(), filename="pets.yaml")
    bodies: list[Json] = [
        {"json": {"type": "json", "input": given}},
        {"json": {"type": "string", "input": json.dumps(given)}},
        {"json": {"type": "string", "input": yaml.safe_dump(given)}},
        {"data": form},
    ]
    for found in await asyncio.gather(*(imported(shared, **body) for body in bodies)):
        assert found["info"]["name"] == "Pets"
        assert titles(found) == ["All owners", "All pets"]
        assert all(request["response"] for request in requests(found))


async def test_the_converter_s_options_are_used(shared: Api) -> None:
    given = description(pets="All pets")
    given["paths"]["/pets"]["get"]["tags"] = ["animals"]
    body = {"type": "json", "input": given, "options": {"folderStrategy": "Tags"}}
    assert (await imported(shared, json=body))["item"][0]["name"] == "animals"
    assert (await imported(shared, json={**body, "options": {}}))["item"][0]["name"] == "pets"


@pytest.mark.parametrize("version", ["2.0", "3.1.0"])
async def test_other_versions_of_openapi_are_taken_too(shared: Api, version: str) -> None:
    given = description(pets="All pets")
    if version == "2.0":
        del given["openapi"], given["servers"]
        given |= {"swagger": "2.0", "host": "example.org"}
        given["paths"]["/pets"]["get"]["responses"] = {"200": {"description": "fine"}}
    else:
        given["openapi"] = version
    body = {"type": "json", "input": given}
    assert titles(await imported(shared, json=body)) == ["All pets"]


async def test_an_imported_collection_can_be_run(shared: Api) -> None:
    """The requests of the collection reach the server that the description names."""
    echo = f"{shared.emulator.url}/_echo"
    body = {"type": "json", "input": description(echo, get="Get it", headers="Look")}
    uid = (await imported(shared, json=body))["info"]["uid"]
    monitor = await shared.add_monitor("watch", uid)
    result = await shared.ok("POST", f"/monitors/{monitor}/run")
    assert result["info"]["status"] == "success"
    assert {e["request"]["url"] for e in result["executions"]} == {f"{echo}/get", f"{echo}/headers"}
    assert {e["response"]["code"] for e in result["executions"]} == {200}


async def test_an_imported_collection_can_be_mocked(shared: Api) -> None:
    """The mock serves the examples of the description, with or without the base path."""
    given = description("https://example.org/v1", **{"pets/{id}": "One pet"})
    given["paths"]["/pets/{id}"]["get"]["parameters"] = [
        {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    ]
    body = {"type": "json", "input": given, "options": {"parametersResolution": "Example"}}
    uid = (await imported(shared, json=body))["info"]["uid"]
    mock = await shared.ok("POST", "/mocks", {"mock": {"collection": uid}})
    for path, status in (("/pets/rex", 200), ("/v1/pets/rex", 200), ("/v2/pets/rex", 404)):
        async with shared.session.get(mock["mockUrl"] + path) as answer:
            assert answer.status == status
            assert (await answer.text() == "One pet") is (status == 200)


@pytest.mark.parametrize(
    "text",
    ["", "hello", "{broken", "openapi: 3.0.0"],
)
async def test_what_is_no_description_is_refused_with_the_reason(shared: Api, text: str) -> None:
    answer = await shared.call("POST", "/import/openapi", {"type": "string", "input": text})
    assert answer.status == 400
    assert answer.error in ("malformedRequestError", "paramMissingError")
    assert answer.body["error"]["message"]


@pytest.mark.parametrize(
    ("path", "spoilt"),
    [
        (("info",), []),
        (("info", "title"), 1),
        (("servers",), None),
        (("paths", "/pets"), "x"),
        (("paths", "/pets", "get"), {"$ref": 1}),
        (("paths", "/pets", "get", "responses", "200"), {"$ref": "#/nowhere"}),
    ],
)
async def test_a_spoilt_description_never_makes_the_service_fail(
    shared: Api, path: tuple[str, ...], spoilt: Any
) -> None:
    """A part of the description has another type: the answer is never a 5xx."""
    given = description(pets="All pets")
    place: Any = given
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = spoilt
    answer = await shared.call("POST", "/import/openapi", {"type": "json", "input": given})
    assert answer.status in (200, 400), answer


# -- collections of schemas -----------------------------------------------------------------


class Linked:
    """A version with a schema, and a collection that was generated from it."""

    def __init__(self, api: Api, version: str, schema: str, uid: str, relation: str) -> None:
        self.api, self.version, self.schema = api, version, schema
        self.uid, self.relation = uid, relation

    async def document(self) -> Json:
        """Return the collection."""
        found: Json = await self.api.ok("GET", f"/collections/{self.uid}")
        return found

    async def change_schema(self, given: Json) -> None:
        """Replace the text of the schema."""
        body = {"schema": {"type": "openapi3", "language": "json", "schema": json.dumps(given)}}
        await self.api.ok("PUT", f"{self.version}/schemas/{self.schema}", body)

    async def sync(self, reference: str | None = None) -> Any:
        """Sync the collection, by its own id or the relation's."""
        path = f"{self.version}/testsuite/{reference or self.uid}/syncWithSchema"
        return await self.api.call("PUT", path)


async def linked(shared: Api, given: Json) -> Linked:
    """Create a version with a schema, and a collection of it that is linked twice."""
    version = await add_version(shared, (await add_api(shared))["id"])
    body = {"schema": {"type": "openapi3", "language": "json", "schema": json.dumps(given)}}
    schema = (await shared.ok("POST", f"{version}/schemas", body))["id"]
    wish = {"name": "Suite", "relations": [{"type": "testsuite"}, {"type": "documentation"}]}
    answer = await shared.call("POST", f"{version}/schemas/{schema}/collections", wish)
    assert answer.status == 200, answer
    assert [each["type"] for each in answer.body["relations"]] == ["testsuite", "documentation"]
    relation = answer.body["relations"][0]["id"]
    return Linked(shared, version, schema, answer.body["collection"]["uid"], relation)


async def test_a_schema_becomes_a_collection_that_is_linked(shared: Api) -> None:
    made = await linked(shared, description(pets="All pets"))
    document = await made.document()
    assert document["info"]["name"] == "Suite"
    assert titles(document) == ["All pets"]
    for kind in ("testsuite", "documentation"):
        (relation,) = await shared.ok("GET", f"{made.version}/{kind}")
        assert (relation["name"], relation["collectionId"]) == ("Suite", made.uid)


async def test_syncing_brings_in_what_is_new_and_keeps_what_was_written(shared: Api) -> None:
    made = await linked(shared, description(pets="All pets"))
    document = await made.document()
    (request,) = requests(document)
    lines = ["pm.test('mine', () => {});"]
    request["event"] = [{"listen": "test", "script": {"exec": lines}}]
    document["info"]["name"] = "My suite"
    document["item"].append({"name": "Own", "request": "https://example.org/own"})
    await shared.ok("PUT", f"/collections/{made.uid}", {"collection": document})
    await made.change_schema(description(pets="Every pet", owners="All owners"))
    for reference in (made.uid, made.relation):
        answer = await made.sync(reference)
        assert (answer.status, answer.body) == (200, {"success": True})
    synced = await made.document()
    assert titles(synced) == ["All owners", "Every pet", "Own"]
    assert synced["info"]["name"] == "My suite"
    kept = next(each for each in requests(synced) if each["name"] == "Every pet")
    assert kept["id"] == request["id"]
    assert kept["event"][0]["script"]["exec"] == lines


async def test_all_new_ids_are_the_emulator_s_own(
    shared: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The converter generates random ids; with a seeded emulator all ids are reproducible."""
    given: list[str] = []

    def new_id() -> str:
        given.append(str(uuid.uuid4()))
        return given[-1]

    monkeypatch.setattr("postman_async.emulator.state.documents.new_id", new_id)
    made = await linked(shared, description(pets="All pets"))
    await made.change_schema(description(pets="All pets", owners="All owners"))
    assert (await made.sync()).status == 200
    found = requests(await made.document())
    ids = [part["id"] for each in found for part in (each, *each["response"])]
    assert len(ids) == 4
    assert {*ids} <= {*given}


async def test_a_synced_collection_can_be_run(shared: Api) -> None:
    echo = f"{shared.emulator.url}/_echo"
    made = await linked(shared, description(echo, get="Get"))
    await made.change_schema(description(echo, get="Get", headers="Look"))
    assert (await made.sync()).status == 200
    monitor = await shared.add_monitor("watch", made.uid)
    result = await shared.ok("POST", f"/monitors/{monitor}/run")
    assert (result["info"]["status"], len(result["executions"])) == ("success", 2)


async def test_a_schema_that_is_no_longer_openapi_3_0_changes_nothing(shared: Api) -> None:
    made = await linked(shared, description(pets="All pets"))
    before = await made.document()
    await made.change_schema({**description(pets="New"), "openapi": "3.1.0"})
    answer = await made.sync()
    assert (answer.status, answer.error) == (400, "validationFailed")
    await made.change_schema({"openapi": "3.0.0"})
    answer = await made.sync()
    assert (answer.status, answer.error) == (400, "malformedRequestError")
    assert await made.document() == before


async def test_a_spoilt_schema_becomes_no_collection(shared: Api) -> None:
    version = await add_version(shared, (await add_api(shared))["id"])
    body = {"schema": {"type": "openapi3", "language": "json", "schema": "{}"}}
    schema = (await shared.ok("POST", f"{version}/schemas", body))["id"]
    wish = {"name": "Suite", "relations": [{"type": "testsuite"}]}
    answer = await shared.call("POST", f"{version}/schemas/{schema}/collections", wish)
    assert (answer.status, answer.error) == (400, "malformedRequestError")
    assert await shared.ok("GET", f"{version}/testsuite") == []


# -- collections of dumps -------------------------------------------------------------------


async def test_a_dump_s_old_collections_are_converted_and_can_be_run(shared: Api) -> None:
    """Postman writes its data dumps in format v1, which no other endpoint accepts."""
    echo = f"{shared.emulator.url}/_echo"
    post = {
        "id": "r1",
        "name": "Post",
        "method": "POST",
        "url": f"{echo}/post",
        "headers": "Content-Type: application/json\n",
        "dataMode": "raw",
        "rawModeData": '{"a": 1}',
        "tests": "tests['echoes'] = JSON.parse(responseBody).json.a === 1;",
    }
    get = {"id": "r2", "name": "Get", "method": "GET", "url": f"{echo}/get", "headers": ""}
    old = {
        "id": "c1",
        "name": "Old",
        "order": ["r1"],
        "folders": [{"id": "f1", "name": "Folder", "order": ["r2"]}],
        "folders_order": ["f1"],
        "requests": [post, get],
    }
    body = {"type": "json", "input": {"version": 1, "collections": [old], "globals": []}}
    answer = await shared.call("POST", "/import/exported", body)
    (made,) = answer.body["collections"]
    document = await shared.ok("GET", f"/collections/{made['uid']}")
    assert titles(document) == ["Get", "Post"]
    assert [item["name"] for item in document["item"] if "item" in item] == ["Folder"]
    monitor = await shared.add_monitor("watch", made["uid"])
    result = await shared.ok("POST", f"/monitors/{monitor}/run")
    assert (result["info"]["status"], result["stats"]["assertions"]["total"]) == ("success", 1)


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "a", "requests": 1},
        {"name": 1, "requests": []},
        {"name": "a", "requests": [None], "order": [None], "folders": [None]},
    ],
)
async def test_a_spoilt_old_collection_is_refused(shared: Api, fields: Json) -> None:
    body = {"type": "json", "input": {"collections": [fields]}}
    answer = await shared.call("POST", "/import/exported", body)
    assert answer.status in (200, 400), answer
