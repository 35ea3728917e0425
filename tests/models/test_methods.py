"""What collections and environments can do, on documents of today and of long ago."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from postman_async import Collection, CollectionItem, CollectionUrl, Environment, Model
from postman_async.engine.data.convert import from_dict, to_dict
from postman_async.extensions import collections, environments
from postman_async.extensions.model import Model as Base
from tests.models.documents import MODELS, Documents, any_json, quick, text_of

COLLECTIONS = sorted((Path(__file__).parents[3] / "shared" / "collections").glob("*.json"))
REAL = pytest.mark.parametrize(
    "file",
    COLLECTIONS
    or [pytest.param(None, marks=pytest.mark.skip("../shared/collections is not here"))],
    ids=[file.stem for file in COLLECTIONS] or None,
)
SHOP: dict[str, Any] = {
    "info": {"_postman_id": "c", "name": "shop", "schema": "…/v2.1.0/…", "_exporter_id": "7"},
    "item": [
        {
            "name": "orders",
            "id": "f1",
            "item": [
                {"name": "open", "id": "i1", "request": {"method": "GET", "url": {"raw": "a"}}},
                {"name": "old", "item": [{"name": "all", "request": "https://b"}]},
                "no item at all",
            ],
        },
        {"name": "all", "request": {"url": "c", "method": "POST"}},
        {"name": "empty", "item": []},
    ],
}


def shop() -> Collection:
    return from_dict(SHOP, Collection)


def test_walk_comes_to_each_request_in_order_with_its_folders() -> None:
    walked = [(entry.path, entry.item.name) for entry in shop().walk()]
    assert walked == [(("orders",), "open"), (("orders", "old"), "all"), ((), "all")]


def test_walk_comes_to_folders_too_where_they_are_wanted() -> None:
    walked = [(item.name, len(folders)) for folders, item in shop().walk(folders=True)]
    assert walked == [("orders", 0), ("open", 1), ("old", 1), ("all", 2), ("all", 0), ("empty", 0)]


def test_walk_starts_at_any_folder() -> None:
    (folder,) = [item for _, item in shop().walk(folders=True) if item.name == "old"]
    assert [(entry.path, entry.item.name) for entry in folder.walk()] == [((), "all")]


def test_what_is_changed_on_a_walk_is_written_and_nothing_else() -> None:
    collection = shop()
    for folders, item in collection.walk():
        item.name = f"{'/'.join(str(folder.name) for folder in folders)}:{item.name}"
    text = text_of(SHOP).replace('"open"', '"orders:open"')
    text = text.replace('"all", "request": "h', '"orders/old:all", "request": "h')
    text = text.replace('"name": "all"', '"name": ":all"')
    assert text_of(to_dict(collection)) == text


def test_folders_may_lose_requests_on_the_walk() -> None:
    collection = shop()
    for folders, item in collection.walk():
        if folders and folders[-1].item is not None:
            folders[-1].item.remove(item)
    assert [item.name for _, item in collection.walk()] == ["all"]


def test_find_returns_the_first_of_that_name_and_none_where_there_is_none() -> None:
    collection = shop()
    found = collection.find("all")
    assert found is not None
    assert found.request == "https://b"
    folder = collection.find("old")
    assert folder is not None
    assert folder.find("all") is found
    assert collection.find("All") is None


@pytest.mark.parametrize(
    ("item", "method", "url"),
    [
        ({"request": "https://a/b"}, "GET", "https://a/b"),
        ({"request": {"url": "https://a/b", "method": "PUT"}}, "PUT", "https://a/b"),
        ({"request": {"url": {"raw": "{{base}}/x"}}}, "GET", "{{base}}/x"),
        ({"request": {"method": "HEAD"}}, "HEAD", None),
        ({"item": []}, None, None),
    ],
)
def test_a_request_tells_its_method_and_address_in_whatever_form_it_is(
    item: dict[str, Any], method: str | None, url: str | None
) -> None:
    read = from_dict(item, CollectionItem)
    assert (read.method, read.url) == (method, url)
    assert to_dict(read) == item


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ({"host": ["a", "b"], "path": ["c", "d"]}, "a.b/c/d"),
        ({"protocol": "http", "host": "a.b", "port": 80, "path": "/c"}, "http://a.b:80/c"),
        ({"host": ["{{h}}"], "path": [{"type": "any", "value": ":id"}, None], "hash": "x"},
         "{{h}}/:id/#x"),
        ({"host": ["a"], "query": [{"key": "k", "value": "v"}, {"key": "n", "value": None},
                                   {"key": "off", "disabled": True}, {"key": "e", "value": ""}]},
         "a?k=v&n&e="),
        ({}, ""),
        ({"raw": "as typed", "host": ["other"]}, "as typed"),
    ],
)  # fmt: skip
def test_an_address_in_parts_is_written_as_text(parts: dict[str, Any], text: str) -> None:
    assert str(from_dict(parts, CollectionUrl)) == text


def test_a_copy_without_ids_lacks_those_of_things_and_nothing_else() -> None:
    """What is called ``id`` in a body, an answer or a setting is no id of the service."""
    variables = [{"id": "v", "key": "k", "value": {"id": 1}}, {"id": "old name", "value": "x"}]
    request = {
        "url": {"raw": "x", "variable": [{"id": "p", "key": "id"}], "query": [{"key": "id"}]},
        "body": {"mode": "raw", "raw": '{"id": 1}', "id": "kept"},
        "auth": {"type": "apikey", "apikey": {"id": "kept"}},
    }
    script = {"exec": "pm.id", "type": "text/javascript"}
    item = {
        "name": "i", "id": "1", "uid": "o-1", "_postman_id": "1", "request": request,
        "response": [{"id": "r", "name": "ok", "originalRequest": request, "body": "id"}],
        "event": [{"listen": "test", "id": "e", "script": {"id": "s", **script}}],
    }  # fmt: skip
    document = {
        "info": {"_postman_id": "c", "uid": "o-c", "name": "n", "_exporter_id": "7"},
        "item": [{"name": "f", "id": "f", "item": [item]}],
        "variable": variables,
        "id": "c",
    }
    collection = from_dict(document, Collection)
    bare = {**request, "url": {**request["url"], "variable": [{"key": "id"}]}}  # type: ignore[dict-item]
    assert to_dict(collection.without_ids()) == {
        "info": {"name": "n", "_exporter_id": "7"},
        "item": [{"name": "f", "item": [{
            "name": "i", "request": bare,
            "response": [{"name": "ok", "originalRequest": bare, "body": "id"}],
            "event": [{"listen": "test", "script": script}],
        }]}],
        "variable": [{"key": "k", "value": {"id": 1}}, {"id": "old name", "value": "x"}],
    }  # fmt: skip
    assert to_dict(collection) == document


@REAL
def test_published_collections_are_walked_whole(file: Path) -> None:
    """Counted another way: by the keys in the JSON."""
    document = json.loads(file.read_bytes())
    document = document.get("collection", document)
    collection = from_dict(document, Collection)
    requests = [item for _, item in collection.walk()]
    assert len(requests) == count(document)
    assert all(item.method and item.url is not None for item in requests)
    assert len(list(collection.without_ids().walk())) == len(requests)


def count(group: dict[str, Any]) -> int:
    """Count the requests in a collection or folder."""
    return sum(count(item) if "item" in item else 1 for item in group["item"])


@REAL
def test_published_addresses_are_as_their_parts(file: Path) -> None:
    """Where an address has parts, joining them gives what was typed, placeholders and all."""
    document = json.loads(file.read_bytes())
    collection = from_dict(document.get("collection", document), Collection)
    for _, item in collection.walk():
        url = getattr(item.request, "url", None)
        if isinstance(url, CollectionUrl) and url.host and url.raw:
            joined = from_dict({**to_dict(url), "raw": None}, CollectionUrl)
            assert str(joined) == url.raw


@quick
@given(Documents(drift=True).of(MODELS["collections:Collection"]))
def test_no_document_is_too_strange_for_these_methods(document: Any) -> None:
    collection = from_dict(document, Collection)
    if isinstance(collection, Model):
        for entry in collection.walk(folders=True):
            assert all(isinstance(name, str) for name in entry.path)
            assert entry.item.url is None or isinstance(entry.item.url, str)
            assert entry.item.is_folder == isinstance(entry.item.item, list)
        collection.find("x")
        collection.without_ids()
    assert text_of(to_dict(collection)) == text_of(document)


STAGING: dict[str, Any] = {
    "values": [
        {"key": "base", "value": "x", "enabled": True, "new": 1},
        {"value": "1", "key": "twice"},
        {"key": "twice", "value": "2", "type": "secret"},
        {"key": "twice", "value": "3", "enabled": False},
        {"key": "off", "value": "y", "enabled": False},
        "no variable",
    ],
    "name": "staging",
    "new": None,
}


def staging() -> Environment:
    return from_dict(STAGING, Environment)


@pytest.mark.parametrize(
    ("key", "value"), [("base", "x"), ("twice", "2"), ("off", None), ("none", None), ("Base", None)]
)
def test_the_last_enabled_variable_of_a_name_counts(key: str, value: str | None) -> None:
    environment = staging()
    assert environment.get(key) == value
    assert environment.get(key, "else") == (value or "else")
    assert environment.has(key) is (value is not None)


@pytest.mark.parametrize(
    ("key", "index", "made"),
    [
        ("base", 0, {"key": "base", "value": "new", "enabled": True, "new": 1}),
        ("twice", 2, {"key": "twice", "value": "new", "type": "secret"}),
        ("off", 4, {"key": "off", "value": "new", "enabled": True}),
        ("none", 6, {"key": "none", "value": "new", "enabled": True, "type": "default"}),
    ],
)
def test_set_changes_the_variable_that_counts_or_enables_or_adds_one(
    key: str, index: int, made: dict[str, Any]
) -> None:
    environment = staging()
    environment.set(key, "new")
    values = [*STAGING["values"], None][:7] if index == 6 else [*STAGING["values"]]
    values[index] = made
    assert to_dict(environment) == {**STAGING, "values": values}
    assert environment.get(key) == "new"


def test_a_variable_is_set_to_null_and_to_another_type_on_request() -> None:
    environment = staging()
    environment.set("base", None, type="secret")
    assert to_dict(environment)["values"][0] == {
        "key": "base", "value": None, "enabled": True, "new": 1, "type": "secret",
    }  # fmt: skip
    assert environment.has("base")


def test_unset_takes_out_all_of_that_name() -> None:
    environment = staging()
    environment.unset("twice")
    environment.unset("none")
    values = [value for value in STAGING["values"] if "twice" not in str(value)]
    assert to_dict(environment) == {**STAGING, "values": values}


@pytest.mark.parametrize("document", [{"name": "e"}, {"name": "e", "values": None}])
def test_an_environment_without_variables_can_be_given_one(document: dict[str, Any]) -> None:
    environment = from_dict(document, Environment)
    environment.set("a", "b")
    assert environment.get("a") == "b"


@given(any_json)
def test_an_environment_of_another_form_is_refused_or_changed_but_never_spoiled(
    values: Any,
) -> None:
    environment = from_dict({"name": "e", "values": values}, Environment)
    assert environment.get("no such key") is None
    environment.unset("no such key")
    assert text_of(to_dict(environment)) == text_of({"name": "e", "values": values})
    if isinstance(values, list) or values is None:
        environment.set("no such key", "b")
        assert environment.get("no such key") == "b"
    else:
        with pytest.raises(TypeError, match="no list"):
            environment.set("no such key", "b")


def test_no_field_hides_a_method() -> None:
    rooms = (collections, environments)
    for base in (getattr(room, name) for room in rooms for name in room.__all__):
        if issubclass(base, Base):
            (model,) = [cls for cls in base.__subclasses__() if cls.__module__ != base.__module__]
            own = {name for name in dir(base) if not name.startswith("_")} - set(dir(Base))
            assert own.isdisjoint(vars(model))
