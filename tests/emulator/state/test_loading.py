"""Files and mappings that the emulator loads, and those it refuses with a word on why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from postman_async.emulator import EmulatorError, PostmanEmulator

if TYPE_CHECKING:
    from tests.emulator.conftest import Api

COLLECTION: dict[str, Any] = {"info": {"name": "Shop"}, "item": []}
OLD: dict[str, Any] = {
    "info": {
        "name": "Old",
        "schema": "https://schema.getpostman.com/json/collection/v2.0.0/collection.json",
    },
    "item": [{"name": "a", "request": {"url": "https://example.org", "method": "GET"}}],
}
ENVIRONMENT: dict[str, Any] = {"name": "Staging", "values": [{"key": "a", "value": "1"}]}


@pytest.mark.parametrize(
    ("source", "collections", "environments"),
    [
        (COLLECTION, ["Shop"], []),
        (OLD, ["Old"], []),
        ({"collection": COLLECTION}, ["Shop"], []),
        (ENVIRONMENT, [], ["Staging"]),
        ({"environment": ENVIRONMENT}, [], ["Staging"]),
        ([COLLECTION, {"environment": ENVIRONMENT}, OLD], ["Shop", "Old"], ["Staging"]),
        (
            {"version": 1, "collections": [COLLECTION, {"collection": OLD}], "globals": []},
            ["Shop", "Old"],
            [],
        ),
        ({"collections": [], "environments": [ENVIRONMENT]}, [], ["Staging"]),
        ([], [], []),
    ],
)
async def test_a_file_is_loaded_into_the_default_workspace(
    api: Api, tmp_path: Path, source: Any, collections: list[str], environments: list[str]
) -> None:
    file = tmp_path / "some.json"
    file.write_text(json.dumps(source), encoding="utf-8")
    made = api.emulator.load(file)
    assert len(made) == len(collections) + len(environments)
    home = api.emulator.default_workspace
    for kind, names in (("collections", collections), ("environments", environments)):
        listed = await api.ok("GET", f"/{kind}", workspace=home)
        assert [entry["name"] for entry in listed] == names
        assert {entry["uid"] for entry in listed} <= set(made)


async def test_a_path_may_be_text_and_the_file_may_begin_with_a_mark(
    api: Api, tmp_path: Path
) -> None:
    file = tmp_path / "marked.json"
    file.write_bytes(b"\xef\xbb\xbf" + json.dumps(ENVIRONMENT).encode())
    (uid,) = api.emulator.load(str(file))
    assert (await api.ok("GET", f"/environments/{uid}"))["name"] == "Staging"


async def test_a_mapping_is_copied(api: Api) -> None:
    source = json.loads(json.dumps(COLLECTION))
    (uid,) = api.emulator.load(source)
    assert source == COLLECTION
    assert (await api.ok("GET", f"/collections/{uid}"))["info"]["name"] == "Shop"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not valid JSON"),
        ('{"info": ', "not valid JSON"),
        ("7", "no collection"),
        ("{}", "no collection"),
        ('{"id": "1", "requests": []}', "no collection"),
        ('["x"]', "no collection"),
        ('{"info": {}, "item": []}', "Missing required property: name at info"),
        ('{"collection": []}', "Invalid type: array (expected object) at collection"),
        ('{"collections": {}}', "Invalid type: object (expected array) at collections"),
        ('{"collections": [1]}', "Invalid type: number (expected object) at collections"),
        ('{"collections": [{"id": "1", "requests": []}]}', "Missing required property: info"),
        ('{"values": []}', "Missing required property: name at environment"),
    ],
)
async def test_a_file_that_holds_something_else_is_refused_by_name(
    emulator: PostmanEmulator, tmp_path: Path, text: str, reason: str
) -> None:
    file = tmp_path / "broken.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(EmulatorError) as refusal:
        emulator.load(file)
    assert str(file) in str(refusal.value)
    assert reason in str(refusal.value)


async def test_a_file_that_cannot_be_read_is_refused_by_name(
    emulator: PostmanEmulator, tmp_path: Path
) -> None:
    with pytest.raises(EmulatorError, match=r"none\.json: No such file"):
        emulator.load(tmp_path / "none.json")
    with pytest.raises(EmulatorError, match="directory"):
        emulator.load(tmp_path)


async def test_a_mapping_that_is_no_json_is_refused(emulator: PostmanEmulator) -> None:
    with pytest.raises(EmulatorError, match="cannot be written as JSON"):
        emulator.load({"info": {"name": object()}, "item": []})


async def test_of_a_file_with_one_bad_document_nothing_is_loaded(api: Api) -> None:
    with pytest.raises(EmulatorError, match="name at info"):
        api.emulator.load({"collections": [COLLECTION, {"info": {}, "item": []}]})
    assert await api.ok("GET", "/collections") == []
