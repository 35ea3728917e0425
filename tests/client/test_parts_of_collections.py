"""What the two lists and the one collection take besides, read strictly over a socket."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from postman_async import Collection
from postman_async.emulator import PostmanEmulator
from postman_async.engine.data.strict import faults
from tests.support import Call, caller_of

DOCUMENT = {
    "info": {"name": "orders"},
    "item": [
        {"name": "folder", "item": [{"name": "inner", "request": "https://example.invalid"}]},
        {"name": "read", "request": "https://example.invalid"},
    ],
}


@pytest.fixture(params=["async", "sync"])
def call(request: pytest.FixtureRequest, thread_emulator: PostmanEmulator) -> Iterator[Call]:
    key, url = thread_emulator.api_key, thread_emulator.url
    with caller_of(request.param, key, base_url=url, strict=True) as made:
        yield made


def test_a_minimal_collection_has_the_uids_of_its_first_level(call: Call) -> None:
    """Strict reading refused it: it has no `item`."""
    uid = call("collections.create", collection=DOCUMENT).uid
    whole: Collection = call("collections.get", uid)
    minimal: Collection = call("collections.get", uid, model="minimal")
    assert minimal.info == whole.info
    assert minimal.item is None
    assert whole.item is not None
    assert minimal.root_level_folders == [whole.item[0].uid]
    assert minimal.root_level_requests == [whole.item[1].uid]
    assert (whole.root_level_folders, whole.root_level_requests) == (None, None)
    assert list(minimal.walk()) == []


def test_the_workspaces_that_hold_a_collection_are_found(call: Call) -> None:
    workspace = call("workspaces.create", name="Team", type="team").id
    uid = call("collections.create", collection=DOCUMENT, workspace=workspace).uid
    found = call("workspaces.list", element_type="collection", element_id=uid)
    assert [each.id for each in found] == [workspace]


def test_a_collection_without_either_is_still_a_fault() -> None:
    assert list(faults({"info": {"name": "a"}}, Collection)) == ["$.item: missing"]
    assert list(faults({"info": {"name": "a"}, "rootLevelRequests": []}, Collection)) == []
