"""What a user changes is in the document, and nothing else is changed by it."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postman_async.engine.data.convert import from_dict, load_model, to_dict
from postman_async.engine.data.plan import names_of
from postman_async.extensions.model import Model
from tests.models.documents import (
    MODELS,
    Documents,
    models,
    text_of,
    thorough,
    written,
)

DRIFTING = Documents(drift=True)
Change = Callable[[Model, str], None]


def set_it(model: Model, name: str) -> None:
    setattr(model, name, ["changed"])


def leave_it_out(model: Model, name: str) -> None:
    model.nulls.discard(name)
    setattr(model, name, None)


def delete_it(model: Model, name: str) -> None:
    model.nulls.discard(name)
    delattr(model, name)


def make_it_null(model: Model, name: str) -> None:
    setattr(model, name, None)
    model.nulls.add(name)


def pickled(model: Model) -> Model:
    return pickle.loads(pickle.dumps(model))  # type: ignore[no-any-return]


ABSENT: Any = object()
CHANGES: dict[Change, Any] = {
    set_it: ["changed"],
    leave_it_out: ABSENT,
    delete_it: ABSENT,
    make_it_null: None,
}
"""What a user does to a field, and what its key then holds."""


def changed(document: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    """Change one key where it is, or add it behind the others."""
    made = {**document, key: value}
    if value is ABSENT:
        del made[key]
    return made


def draw_document(data: st.DataObject, name: str) -> dict[str, Any]:
    document = data.draw(DRIFTING.of(MODELS[name]).filter(lambda made: isinstance(made, dict)))
    assert isinstance(document, dict)
    return document


@thorough
@given(models, st.sampled_from(list(CHANGES)), st.data())
def test_a_changed_field_changes_its_key_alone(
    name: str, change: Change, data: st.DataObject
) -> None:
    """The others keep their values and their order, whether or not the field was looked at."""
    cls = load_model(name)
    document = draw_document(data, name)
    field, wire = data.draw(st.sampled_from(sorted(names_of(cls).items())))
    model: Any = from_dict(document, cls)
    if data.draw(st.booleans()):
        getattr(model, field)
    change(model, field)
    assert written(model) == text_of(changed(document, wire, CHANGES[change]))


@thorough
@given(models, st.data())
def test_unknown_keys_can_be_changed_added_and_taken_out(name: str, data: st.DataObject) -> None:
    document = draw_document(data, name)
    model: Any = from_dict(document, load_model(name))
    for key in list(model.extra):
        value = data.draw(st.sampled_from([ABSENT, "changed"]))
        document = changed(document, key, value)
        model.extra.update({key: value})
        if value is ABSENT:
            del model.extra[key]
    model.extra["quite new"] = {"at": [1.0]}
    document["quite new"] = {"at": [1.0]}
    assert written(model) == text_of(document)


@thorough
@given(models, st.sampled_from([copy.copy, copy.deepcopy, attrs.evolve, pickled]), st.data())
def test_a_copy_is_written_as_its_original(
    name: str, twin: Callable[[Any], Any], data: st.DataObject
) -> None:
    """With its unknown keys, its nulls and the order of its keys."""
    document = draw_document(data, name)
    model: Any = from_dict(document, load_model(name))
    made = twin(model)
    assert type(made) is type(model)
    assert made == model
    assert written(made) == text_of(document)


@pytest.mark.parametrize("twin", [copy.copy, copy.deepcopy, attrs.evolve, pickled])
def test_a_copy_takes_along_what_was_changed(twin: Callable[[Any], Any]) -> None:
    cls = load_model("collections:CollectionItem")
    model: Any = from_dict({"name": "a", "event": None, "id": None, "new": 1}, cls)
    model.nulls.add("request")
    model.nulls.discard("event")
    model.extra["newer"] = model.extra.pop("new")
    model.name = "b"
    assert to_dict(twin(model)) == {"name": "b", "id": None, "request": None, "newer": 1}


def test_changing_the_data_that_a_model_was_made_of_does_not_change_the_model() -> None:
    document: Any = {"info": {"name": "a", "new": {"x": 1}}, "item": [{"name": "b"}], "more": [1]}
    before = json.dumps(document)
    model = from_dict(document, load_model("collections:Collection"))
    document["item"][0]["name"] = document["info"]["new"]["x"] = "changed"
    document["more"].append(2)
    del document["info"]
    assert written(model) == before


def test_changing_what_was_written_does_not_change_the_model() -> None:
    model = from_dict({"item": [{"x": [1]}], "info": {}}, load_model("collections:Collection"))
    to_dict(model)["item"][0]["x"].append(2)
    assert to_dict(model) == {"item": [{"x": [1]}], "info": {}}


def test_a_value_that_was_kept_as_it_came_can_be_changed_like_any_other() -> None:
    model: Any = from_dict({"item": "no list", "info": 7}, load_model("collections:Collection"))
    assert (model.item, model.info) == ("no list", 7)
    model.item = [{"name": "a"}]
    model.info = {"name": "b"}
    assert to_dict(model) == {"item": [{"name": "a"}], "info": {"name": "b"}}
