"""What the generator does not understand is refused, with its file and its location in it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from postman_async.codegen.lower import lower
from postman_async.codegen.read import Spec, SpecError
from tests.codegen.shop import SPEC

Change = Callable[[dict[str, Any]], Any]


def changed(change: Change) -> Spec:
    """Return the shop's spec with one thing in it that is wrong."""
    document = copy.deepcopy(dict(SPEC.documents["shop.yaml"]))
    change(document)
    return Spec({"shop.yaml": document})


def get(document: dict[str, Any], path: str = "/shelves", method: str = "get") -> dict[str, Any]:
    """Find one operation."""
    found: dict[str, Any] = document["paths"][path][method]
    return found


def add_parameter(**words: Any) -> Change:
    """Give an operation one more query parameter."""
    parameter = {"name": "q", "in": "query", "description": "it.", "schema": {"type": "string"}}
    return lambda d: get(d)["parameters"].append({**parameter, **words})


def put(path: str, method: str, **words: Any) -> Change:
    """Change the words of one operation."""
    return lambda d: get(d, path, method).update(words)


def test_the_shop_is_understood() -> None:
    items = SPEC.documents["shop.yaml"]["paths"].values()
    assert len(lower(SPEC).methods) == sum(len(item.keys() - {"parameters"}) for item in items)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda d: d.update({"x-odd": 1}), "the top level: .* 'x-odd'"),
        (put("/shelves", "get", **{"x-pagin": 1}), "paths > /shelves > get: .* 'x-pagin'"),
        (put("/shelves", "get", callbacks={}), "paths > /shelves > get: .* 'callbacks'"),
        (lambda d: d["paths"]["/shelves"].update(trace={}), "paths > /shelves: .* 'trace'"),
        (add_parameter(allowReserved=True), "get > parameters > 5: .* 'allowReserved'"),
        (add_parameter(schema={"anyOf": []}), "parameters > 5 > schema: .* 'anyOf'"),
        (
            lambda d: d["components"]["schemas"]["Shelf"]["properties"]["id"].update(enum=[1]),
            "components > schemas > Shelf > properties > id: .* 'enum'",
        ),
        (lambda d: d["components"].update(headers={}), "components: .* 'headers'"),
        (put("/builds", "post", **{"x-task": {"poll": 1}}), "post > x-task: .* 'poll'"),
    ],
)
def test_an_unknown_word_is_named_with_its_location(change: Change, complaint: str) -> None:
    with pytest.raises(SpecError, match=rf"^shop\.yaml: .*{complaint}$"):
        lower(changed(change))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (add_parameter(name="cursor"), "shelves.list has two arguments called 'cursor'"),
        (add_parameter(**{"x-python-name": "class"}), "no Python name: 'class'"),
        (add_parameter(**{"in": "cookie"}), "without name, schema or a known `in`"),
        (add_parameter(schema={"type": "text"}), "there is no type 'text'"),
        (add_parameter(style="deepObject"), "a style that is not understood: 'deepObject'"),
        (add_parameter(explode=False), "joins 'q', which is no list"),
        (
            add_parameter(**{"in": "header", "schema": {"type": "array", "items": {}}}),
            "a header argument 'q' that is not a string",
        ),
        (put("/shelves", "get", operationId="list"), "has no operationId of the form"),
        (put("/shelves", "get", operationId="shelves.get"), "shelves.get is described twice"),
        (put("/shelves", "get", operationId="shelves.del"), "is no method name: 'del'"),
        (put("/shelves", "get", summary=""), "shelves.list needs a summary"),
        (put("/shelves", "get", **{"x-paging": "page"}), "an x-paging that is none of"),
        (put("/shelves", "get", **{"x-paging": "offset"}), "no query parameter 'offset'"),
        (put("/shelves", "get", security=[{"oauth": []}]), "a security that is none of"),
        (put("/shelves", "get", **{"x-safe": True}), "x-safe, which is for a POST"),
        (put("/shelves", "get", **{"x-instead": "No."}), "is not deprecated"),
        (
            put("/shelves", "get", **{"x-unwrap": "other"}),
            "names the key 'other', which the answer",
        ),
        (put("/shelves", "get", **{"x-echo": ["data", "other"]}), "names the key 'other'"),
        (put("/shelves", "get", responses={}), "has no 2xx answer"),
        (put("/shelves/{shelfId}", "get", **{"x-paging": "cursor"}), "does not answer a list"),
        (
            put("/shelves", "get", responses={"200": {"description": ""}, "418": {}}),
            "answers 418, which stands for no error class",
        ),
        (
            put("/shelves", "delete", requestBody={"content": {}}),
            "shelves.delete_many needs an x-body",
        ),
        (put("/builds", "post", **{"x-task": {}}), "without the operation to look with"),
        (
            put("/builds", "post", **{"x-task": {"look": "orders.get_build", "result": "a"}}),
            "a result but no schema",
        ),
        (
            put("/builds", "post", **{"x-task": {"look": "orders.get_task", "when": "a"}}),
            "'a' is true, which is no argument",
        ),
        (
            put("/builds", "post", **{"x-task": {"look": "a.b", "id": "c", "address": "d"}}),
            "both an id and an address",
        ),
        (
            lambda d: get(d, "/shelves/{shelfId}/kind/{kind}")["responses"]["200"][
                "content"
            ].update({"text/yaml": {"schema": {"type": "object"}}}),
            "answers text/yaml, which must be a string",
        ),
    ],
)
def test_what_makes_no_sense_is_named_with_its_file(change: Change, complaint: str) -> None:
    with pytest.raises(SpecError, match=rf"^shop\.yaml: .*{complaint}"):
        lower(changed(change))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (put("/shelves", "get", operationId="odd.list"), "the namespace 'odd' is not described"),
        (
            put("/shelves/{shelfId}/notes", "get", operationId="shelves.notes.old.list"),
            "'shelves.notes.old' is not described",
        ),
        (
            put("/shelves/count", "get", operationId="shelves.notes", **{"x-paging": None}),
            "the sub-namespace shelves.notes has the name of a method",
        ),
        (
            put("/shelves/{shelfId}", "get", operationId="shelves.iter"),
            "shelves has two methods called 'iter'",
        ),
        (
            put("/orders", "post", **{"x-task": {"look": "orders.none"}}),
            "orders.start: its x-task looks with 'orders.none', which is no GET",
        ),
        (
            put("/orders", "post", **{"x-task": {"look": "orders.get_build", "id": "taskId"}}),
            "cannot fill kind, owner_id of orders.get_build",
        ),
    ],
)
def test_what_the_parts_say_of_each_other_must_be_true(change: Change, complaint: str) -> None:
    with pytest.raises(SpecError, match=complaint):
        lower(changed(change))


def test_a_namespace_is_nested_once_only() -> None:
    def nest(document: dict[str, Any]) -> None:
        document["tags"].append({"name": "shelves.notes.old", "description": "Old notes."})
        get(document, "/shelves/{shelfId}/notes").update(operationId="shelves.notes.old.list")

    with pytest.raises(SpecError, match="nested twice"):
        lower(changed(nest))


def test_two_namespaces_cannot_share_a_module() -> None:
    def clash(document: dict[str, Any]) -> None:
        document["tags"].append({"name": "shelves_notes", "description": "Notes."})
        get(document, "/shelves/count").update(operationId="shelves_notes.list")

    with pytest.raises(SpecError, match="needs the module 'shelves_notes', which is taken"):
        lower(changed(clash))
