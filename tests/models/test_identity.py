"""JSON to model to JSON is the same document, for every body of every operation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from attrs import fields
from hypothesis import given
from hypothesis import strategies as st

from postman_async import OPERATIONS, Collection, Page
from postman_async.engine.data.convert import from_dict, load_model, reader, to_dict
from postman_async.engine.http.request import build_request
from postman_async.engine.http.response import parse_json, value_of
from postman_async.errors import Answer
from postman_async.extensions.model import Model
from tests.models.documents import (
    MODELS,
    Documents,
    json_bodies,
    models,
    quick,
    text_of,
    thorough,
    written,
)

BODIES = json_bodies()
DRIFTING = Documents(drift=True)
COLLECTIONS = sorted((Path(__file__).parents[3] / "shared" / "collections").glob("*.json"))


def looked_at(value: Any) -> None:
    """Look at every field of every model within, as a curious caller does."""
    waiting = [value]
    while waiting:
        found = waiting.pop()
        if isinstance(found, Model):
            waiting += [getattr(found, a.name) for a in fields(type(found))]
            assert found.extra is found.extra
            assert found.nulls is found.nulls
        elif isinstance(found, list | tuple):
            waiting += found
        elif isinstance(found, dict):
            waiting += found.values()


@thorough
@given(models, st.data())
def test_any_document_of_any_model_comes_back_as_it_was(name: str, data: st.DataObject) -> None:
    """With whatever keys and values, whether or not anyone has looked at it."""
    document = data.draw(DRIFTING.of(MODELS[name]))
    before = text_of(document)
    model: Any = from_dict(document, load_model(name))
    assert written(model) == before
    looked_at(model)
    assert written(model) == before
    assert text_of(document) == before, "reading must not change what it reads"


@pytest.mark.parametrize("body", [body for body in BODIES if not body.endswith("request")])
@quick
@given(st.data())
def test_what_an_answer_holds_is_there_again_when_it_is_written(
    body: str, data: st.DataObject
) -> None:
    """From the bytes on: a body of the promised form or of any other."""
    name, part = BODIES[body]
    document = data.draw(DRIFTING.of(part))
    result = OPERATIONS[name].result
    answer = Answer(200, {}, json.dumps(document).encode())
    structure = (lambda value: value) if result.model is None else reader(load_model(result.model))
    value = value_of(result, parse_json("GET /", answer), structure)
    wrapped = isinstance(document, dict) and result.key in document
    expected = document[result.key] if wrapped else document
    read = list(value) if isinstance(value, Page) else value
    looked_at(read)
    assert written(read) == text_of(expected)


@pytest.mark.parametrize("body", [body for body in BODIES if body.endswith("request")])
@quick
@given(st.data())
def test_what_is_given_is_what_is_sent(body: str, data: st.DataObject) -> None:
    """A document as a model, other arguments as they are."""
    operation = OPERATIONS[BODIES[body][0]]
    document = data.draw(Documents(drift=False).of(BODIES[body][1]))
    inner = document[operation.wrapper] if operation.wrapper else document
    arguments: dict[str, Any] = {p.name: "x" for p in operation.parameters if p.location == "path"}
    for parameter in operation.parameters:
        if parameter.location == "document":
            arguments[parameter.name] = DOCUMENTS[operation.id](inner)
        elif parameter.location == "field" and parameter.wire in inner:
            arguments[parameter.name] = inner[parameter.wire]
    sent = build_request(operation, arguments, {}).body
    assert isinstance(sent, bytes)
    assert json.loads(sent) == document


DOCUMENTS = {
    "collections.create": reader(load_model("collections:Collection")),
    "collections.update": reader(load_model("collections:Collection")),
    "environments.update": reader(load_model("environments:Environment")),
}
"""What makes the model of a body that is one argument."""


def nested(depth: int) -> dict[str, Any]:
    """A collection with folders in folders."""
    item: dict[str, Any] = {"name": "deepest", "request": {"url": {"raw": "x"}, "new": None}}
    for level in range(depth):
        item = {"item": [item], "name": f"folder {level}", "event": None}
    return {"item": [item], "info": {"name": "deep"}}


@pytest.mark.parametrize("depth", [1, 30, 400, 4_000])
def test_folders_may_be_nested_as_deep_as_any_json_is(depth: int) -> None:
    document = nested(depth)
    collection = from_dict(document, Collection)
    ((folders, item),) = collection.walk()
    assert (len(folders), item.name) == (depth, "deepest")
    written = to_dict(collection)
    for _ in range(depth):
        assert list(written) == list(document)
        (written,), (document,) = written["item"], document["item"]
    assert written == document


@pytest.mark.parametrize(
    "file",
    COLLECTIONS
    or [pytest.param(None, marks=pytest.mark.skip("../shared/collections is not here"))],
    ids=[file.stem for file in COLLECTIONS] or None,
)
def test_a_published_collection_comes_back_as_the_same_text(file: Path) -> None:
    document = json.loads(file.read_bytes())
    document = document.get("collection", document)
    collection = from_dict(document, Collection)
    looked_at(collection)
    assert written(collection) == text_of(document)
