"""Forks and merges: changes of each side arrive, and conflicts are refused."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postman_async.emulator.state.forks import MergeConflict, merge_documents

if TYPE_CHECKING:
    from tests.emulator.conftest import Api

Json: TypeAlias = dict[str, Any]
Change: TypeAlias = Callable[[Json], Any]


def request(name: str, *examples: str) -> Json:
    """Return a request whose id is its name."""
    shown = [{"id": example, "name": example} for example in examples]
    return {"id": name, "name": name, "request": f"https://example.org/{name}", "response": shown}


def base() -> Json:
    """Return a collection of two requests in a folder, one outside, and an example."""
    folder = {"id": "folder", "name": "folder", "item": [request("a", "example"), request("b")]}
    items = [folder, request("c")]
    return {"info": {"name": "Shop"}, "item": items, "variable": [{"key": "v", "value": 1}]}


def changed(change: Change) -> Json:
    """Return the base after a change."""
    document = base()
    change(document)
    return document


def children(part: Json) -> list[Json]:
    """Return the items of a folder, or the examples of a request."""
    found: list[Json] = part["item"] if "item" in part else part.get("response", [])
    return found


def outline(document: Json) -> list[Any]:
    """Return the names of all parts, nested as in the collection."""

    def inner(items: list[Json]) -> list[Any]:
        return [[item["name"], *inner(children(item))] for item in items]

    return inner(document["item"])


def rename(path: tuple[Any, ...], name: str) -> Change:
    """Return a function that renames the part at a path."""

    def change(document: Json) -> None:
        place: Any = document
        for key in path:
            place = place[key]
        place["name"] = name

    return change


FOLDER = ("item", 0)
A = ("item", 0, "item", 0)
EXAMPLE = (*A, "response", 0)
C = ("item", 1)


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        (rename(A, "A"), rename(C, "C"), [["folder", ["A", ["example"]], ["b"]], ["C"]]),
        (rename(A, "A"), rename(A, "A"), [["folder", ["A", ["example"]], ["b"]], ["c"]]),
        (rename(A, "A"), rename(EXAMPLE, "E"), [["folder", ["A", ["E"]], ["b"]], ["c"]]),
        (rename(FOLDER, "F"), rename(A, "A"), [["F", ["A", ["example"]], ["b"]], ["c"]]),
        (
            lambda d: d["item"].append(request("new")),
            lambda d: d["item"].insert(0, request("first")),
            [["first"], ["folder", ["a", ["example"]], ["b"]], ["c"], ["new"]],
        ),
        (
            lambda d: d["item"][0]["item"].pop(1),
            rename(C, "C"),
            [["folder", ["a", ["example"]]], ["C"]],
        ),
        (
            rename(C, "C"),
            lambda d: d["item"][0]["item"][0]["response"].clear(),
            [["folder", ["a"], ["b"]], ["C"]],
        ),
        (
            lambda d: d["item"].reverse(),
            rename(A, "A"),
            [["c"], ["folder", ["A", ["example"]], ["b"]]],
        ),
        (
            lambda d: d["item"][0]["item"].append(d["item"].pop(1)),
            rename(FOLDER, "F"),
            [["F", ["a", ["example"]], ["b"], ["c"]]],
        ),
        (
            lambda d: d["item"].pop(0),
            lambda d: d["item"].append(request("new")),
            [["c"], ["new"]],
        ),
    ],
)
def test_changes_of_both_sides_arrive(ours: Change, theirs: Change, expected: list[Any]) -> None:
    merged = merge_documents(base(), changed(ours), changed(theirs))
    assert outline(merged) == expected


@pytest.mark.parametrize(
    ("ours", "theirs", "named"),
    [
        (rename(A, "A"), rename(A, "X"), ["'A'"]),
        (rename(EXAMPLE, "A"), rename(EXAMPLE, "X"), ["'A'"]),
        (rename(FOLDER, "A"), rename(FOLDER, "X"), ["'A'"]),
        (lambda d: d["item"].pop(1), rename(C, "C"), ["'C'"]),
        (rename(C, "C"), lambda d: d["item"].pop(1), ["'C'"]),
        (lambda d: d["item"].pop(0), rename(A, "A"), ["'A'", "'example'"]),
        (
            lambda d: d["item"].pop(0),
            lambda d: d["item"][0]["item"].append(request("new")),
            ["'new'"],
        ),
        (
            lambda d: d["info"].update(name="A"),
            lambda d: d["info"].update(name="X"),
            ["the collection's info"],
        ),
        (
            lambda d: d["variable"][0].update(value=2),
            lambda d: d.pop("variable"),
            ["the collection's variable"],
        ),
    ],
)
def test_contradictions_are_conflicts(ours: Change, theirs: Change, named: list[str]) -> None:
    with pytest.raises(MergeConflict) as conflict:
        merge_documents(base(), changed(ours), changed(theirs))
    assert set(conflict.value.names) <= set(named)
    assert named[0] in conflict.value.names


def test_folders_that_went_into_each_other_are_a_conflict() -> None:
    """Each side's move is valid alone; together they would detach the folders from the root."""
    folders: list[Json] = [{"id": name, "name": name, "item": []} for name in ("x", "y")]
    before: Json = {"info": {"name": "n"}, "item": folders}
    ours, theirs = copy.deepcopy(before), copy.deepcopy(before)
    ours["item"][1]["item"].append(ours["item"].pop(0))
    theirs["item"][0]["item"].append(theirs["item"].pop(1))
    with pytest.raises(MergeConflict, match="'x', 'y'"):
        merge_documents(before, ours, theirs)


def test_one_and_true_are_different_values() -> None:
    """They are equal in Python, but not in JSON: a change between them must not be lost."""
    ours = changed(lambda d: d["variable"][0].update(value=True))
    assert merge_documents(base(), ours, base())["variable"][0]["value"] is True


NAMES = st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=6)


@given(st.data())
def test_a_side_that_changed_nothing_has_no_say(data: st.DataObject) -> None:
    """For any two trees: if one side changed, the merge is that side."""

    def tree() -> Json:
        items: list[Json] = []
        folders = [items]
        for name in data.draw(NAMES):
            home = data.draw(st.sampled_from(folders))
            if data.draw(st.booleans()):
                home.append({"id": name, "name": data.draw(st.sampled_from("xy")), "item": []})
                folders.append(home[-1]["item"])
            else:
                home.append(request(name))
                if data.draw(st.booleans()):
                    del home[-1]["response"]
        return {"info": {"name": data.draw(st.sampled_from("xy"))}, "item": items, "event": []}

    before, after = tree(), tree()
    written = json.dumps(after)  # the order of the keys, too
    assert json.dumps(merge_documents(before, after, before)) == written
    assert json.dumps(merge_documents(before, before, after)) == written
    assert json.dumps(merge_documents(before, after, after)) == written


def test_the_first_example_of_a_request_and_its_new_name_are_no_conflict() -> None:
    """Each changes another part, although the first adds the key of the examples."""
    before = base()
    del before["item"][1]["response"]
    ours, theirs = copy.deepcopy(before), copy.deepcopy(before)
    ours["item"][1]["name"] = "C"
    theirs["item"][1]["response"] = [{"id": "first", "name": "first"}]
    assert outline(merge_documents(before, ours, theirs))[1] == ["C", ["first"]]


# -- over the API ---------------------------------------------------------------------------


async def forked(api: Api) -> tuple[str, str]:
    """Create a collection and a fork of it; return their uids."""
    made = await api.ok("POST", "/collections", {"collection": base()})
    fork = await api.ok("POST", f"/collections/fork/{made['uid']}", {"label": "mine"})
    return made["uid"], fork["uid"]


async def edit(api: Api, uid: str, change: Change) -> None:
    """Get a collection, change it, and update it."""
    document = await api.ok("GET", f"/collections/{uid}")
    change(document)
    await api.ok("PUT", f"/collections/{uid}", {"collection": document})


async def merged(api: Api, fork: str, origin: str, **more: str) -> Any:
    """Merge a fork into its origin."""
    body = {"source": fork, "destination": origin, **more}
    return await api.ok("POST", "/collections/merge", body)


async def test_a_fork_is_a_copy_that_names_its_origin(api: Api) -> None:
    workspace = await api.add_workspace()
    origin = (await api.ok("POST", "/collections", {"collection": base()}))["uid"]
    answer = await api.ok(
        "POST", f"/collections/fork/{origin}", {"label": "mine"}, workspace=workspace
    )
    assert answer["uid"] != origin
    assert (answer["name"], answer["fork"]["label"]) == ("Shop", "mine")
    assert answer["fork"]["from"] == origin
    copied = await api.ok("GET", f"/collections/{answer['uid']}")
    assert outline(copied) == outline(base())
    assert copied["info"]["fork"] == answer["fork"]
    (listed,) = await api.ok("GET", "/collections", workspace=workspace)
    assert (listed["uid"], listed["fork"]) == (answer["uid"], answer["fork"])


async def test_older_servers_call_the_label_name(api: Api) -> None:
    origin = await api.add_collection()
    answer = await api.ok("POST", f"/collections/fork/{origin}", {"name": "mine"})
    assert answer["fork"]["label"] == "mine"


async def test_by_default_a_merge_brings_both_to_the_same_state(api: Api) -> None:
    origin, fork = await forked(api)
    await edit(api, fork, rename(A, "ours"))
    await edit(api, origin, rename(C, "theirs"))
    answer = await merged(api, fork, origin)
    assert answer["uid"] == origin
    expected = [["folder", ["ours", ["example"]], ["b"]], ["theirs"]]
    for uid in (origin, fork):
        assert outline(await api.ok("GET", f"/collections/{uid}")) == expected


async def test_a_second_merge_starts_from_the_first(api: Api) -> None:
    """A merged change is part of the base: the other side may change the part again."""
    origin, fork = await forked(api)
    await edit(api, fork, rename(A, "once"))
    await merged(api, fork, origin)
    await edit(api, origin, rename(A, "twice"))
    await edit(api, fork, rename(C, "more"))
    await merged(api, fork, origin)
    expected = [["folder", ["twice", ["example"]], ["b"]], ["more"]]
    assert outline(await api.ok("GET", f"/collections/{origin}")) == expected


async def test_a_merge_can_delete_the_fork(api: Api) -> None:
    origin, fork = await forked(api)
    await edit(api, fork, lambda document: document["info"].update(name="New name"))
    answer = await merged(api, fork, origin, strategy="deleteSource")
    assert answer["name"] == "New name"
    assert (await api.call("GET", f"/collections/{fork}")).status == 404


async def test_conflicts_change_nothing_and_are_named(api: Api) -> None:
    origin, fork = await forked(api)
    await edit(api, fork, rename(A, "ours"))
    await edit(api, origin, rename(A, "theirs"))
    before = await api.ok("GET", f"/collections/{origin}")
    body = {"source": fork, "destination": origin}
    answer = await api.call("POST", "/collections/merge", body)
    assert (answer.status, answer.body["title"]) == (409, "Conflict")
    assert "'ours'" in answer.body["detail"]
    assert await api.ok("GET", f"/collections/{origin}") == before


async def test_only_a_fork_can_be_merged_and_only_into_its_origin(api: Api) -> None:
    origin, fork = await forked(api)
    other = await api.add_collection()
    for source, destination in ((origin, fork), (fork, other), (other, origin), (fork, fork)):
        body = {"source": source, "destination": destination}
        answer = await api.call("POST", "/collections/merge", body)
        assert (answer.status, answer.error) == (400, "badRequest")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"source": "a"}, "instanceNotFoundError"),
        ({"destination": "a"}, "paramMissingError"),
        ({"source": 1, "destination": "a"}, "malformedRequestError"),
        ({"source": None, "destination": "a"}, "paramMissingError"),
    ],
)
async def test_a_merge_needs_both_sides(api: Api, body: Json, error: str) -> None:
    assert (await api.call("POST", "/collections/merge", body)).error == error


@pytest.mark.parametrize("strategy", ["other", ["deleteSource"], 1])
async def test_an_unknown_strategy_is_refused(api: Api, strategy: Any) -> None:
    origin, fork = await forked(api)
    body = {"source": fork, "destination": origin, "strategy": strategy}
    answer = await api.call("POST", "/collections/merge", body)
    assert (answer.status, answer.error) == (400, "badRequest")


@pytest.mark.parametrize("label", [None, "", 1, []])
async def test_a_fork_needs_a_label(api: Api, label: Any) -> None:
    origin = await api.add_collection()
    answer = await api.call("POST", f"/collections/fork/{origin}", {"label": label})
    assert answer.status == 400
    assert answer.error in ("paramMissingError", "malformedRequestError")


async def test_a_fork_outlives_its_origin_and_can_no_longer_be_merged(api: Api) -> None:
    origin, fork = await forked(api)
    await api.ok("DELETE", f"/collections/{origin}")
    assert (await api.call("GET", f"/collections/{fork}")).status == 200
    body = {"source": fork, "destination": origin}
    assert (await api.call("POST", "/collections/merge", body)).status == 404
