"""Nothing is lost and nothing is coerced between JSON and models."""

from __future__ import annotations

import copy
import json
from types import MappingProxyType
from typing import Any, ClassVar, Literal

import pytest
from attrs import define
from cattrs import Converter
from hypothesis import given
from hypothesis import strategies as st

from postman_async.engine.data.convert import CONVERTER, from_dict, load_model, to_dict
from postman_async.engine.data.depth import same
from postman_async.extensions.model import Model
from postman_async.models import Monitor


@define(kw_only=True, repr=False, eq=False)
class Owner(Model):
    open_ended: ClassVar[bool] = True

    id: int | str
    name: str | None = None


@define(kw_only=True, repr=False, eq=False)
class Header(Model):
    wire_names: ClassVar[dict[str, str]] = {"is_disabled": "disabled"}

    key: str
    value: str | None = None
    is_disabled: bool | None = None


@define(kw_only=True, repr=False, eq=False)
class Link(Model):
    raw: str | None = None
    header: str | list[Header] | None = None


@define(kw_only=True, repr=False, eq=False)
class Node(Model):
    wire_names: ClassVar[dict[str, str]] = {
        "children": "item",
        "extra_": "extra",
        "owner_groups": "ownerGroups",
    }

    name: str
    kind: Literal["folder", "item"] | str | None = None
    size: float | None = None
    count: int | None = None
    flag: bool | None = None
    anything: Any = None
    extra_: str | None = None
    link: Link | str | None = None
    script: list[str] | str | None = None
    children: list[Node] | None = None
    table: list[list[Owner]] | None = None
    owners: dict[str, Owner] | None = None
    owner_groups: dict[str, list[Owner]] | None = None


scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
numbers = st.floats(allow_nan=False, allow_infinity=False)
keys = st.text(max_size=5) | st.sampled_from(["name", "id", "item", "children", "extra", "_extra"])
any_json = st.recursive(
    scalars | numbers,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)


def drifting(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with any of the fields, each as promised or not at all so, and with unknown keys."""
    known = st.fixed_dictionaries({}, optional={key: s | any_json for key, s in fields.items()})
    unknown = st.dictionaries(keys, any_json, max_size=2)
    return st.builds(lambda more, fields: {**more, **fields}, unknown, known)


owners = drifting(id=st.integers() | st.text(max_size=3), name=st.text(max_size=3))
headers = drifting(key=st.text(max_size=3), value=st.text(max_size=3), disabled=st.booleans())
links = drifting(raw=st.text(max_size=3), header=st.lists(headers, max_size=2))
nodes: st.SearchStrategy[dict[str, Any]] = st.deferred(
    lambda: drifting(
        name=st.text(max_size=3),
        kind=st.sampled_from(["folder", "item", "new"]),
        size=numbers | st.integers(),
        count=st.integers(),
        flag=st.booleans(),
        anything=any_json,
        extra=st.text(max_size=3),
        link=links,
        script=st.lists(st.text(max_size=3), max_size=2),
        item=st.lists(nodes, max_size=2),
        table=st.lists(st.lists(owners, max_size=2), max_size=2),
        owners=st.dictionaries(keys, owners, max_size=2),
        ownerGroups=st.dictionaries(keys, st.lists(owners, max_size=2), max_size=2),
    )
)


def text_of(document: Any) -> str:
    """Tell 1, 1.0 and True apart, and the order of keys, which ``==`` does not."""
    return json.dumps(document)


@given(nodes)
def test_any_document_comes_back_as_it_was(document: dict[str, Any]) -> None:
    """Unknown keys, nulls, wrong types, ints and floats, at every level."""
    before = text_of(document)
    assert text_of(to_dict(from_dict(document, Node))) == before
    assert text_of(document) == before, "reading must not change what it reads"


@given(nodes)
def test_a_second_trip_changes_nothing_either(document: dict[str, Any]) -> None:
    once = from_dict(document, Node)
    assert from_dict(to_dict(once), Node) == once


def test_models_are_made_at_every_depth() -> None:
    node = from_dict(
        {
            "name": "root",
            "link": {"raw": "x", "header": [{"key": "a", "disabled": True}]},
            "item": [{"name": "child", "item": [{"name": "grandchild"}]}],
            "table": [[{"id": 1}], [{"id": "2"}]],
            "owners": {"me": {"id": 7}},
            "ownerGroups": {"team": [{"id": 8}]},
        },
        Node,
    )
    assert node == Node(
        name="root",
        link=Link(raw="x", header=[Header(key="a", is_disabled=True)]),
        children=[Node(name="child", children=[Node(name="grandchild")])],
        table=[[Owner(id=1)], [Owner(id="2")]],
        owners={"me": Owner(id=7)},
        owner_groups={"team": [Owner(id=8)]},
    )


@pytest.mark.parametrize("value", ["no", None, 1, 1.0, True, [], {}, ["a", 1], {"a": None}, "", 0])
@pytest.mark.parametrize(
    "name", ["name", "kind", "size", "count", "flag", "anything", "extra", "script"]
)
def test_a_plain_value_is_never_turned_into_another_type(name: str, value: Any) -> None:
    """A cattrs converter left alone makes ``'None'`` of None and True of ``"no"``."""
    node = from_dict({"name": "n", name: value}, Node)
    read = getattr(node, "extra_" if name == "extra" else name)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize("value", ["text", 5, True, [{"name": "x"}], [None, "x"]])
@pytest.mark.parametrize("name", ["link", "owners", "ownerGroups"])
def test_what_is_no_object_where_a_model_was_promised_is_kept(name: str, value: Any) -> None:
    node = from_dict({"name": "n", name: value}, Node)
    assert getattr(node, "owner_groups" if name == "ownerGroups" else name) == value


def test_only_the_items_that_are_objects_become_models() -> None:
    node = from_dict({"name": "n", "item": [{"name": "a"}, "b", None, 3, [{"name": "c"}]]}, Node)
    assert node.children == [Node(name="a"), "b", None, 3, [{"name": "c"}]]


def test_a_union_is_resolved_by_the_type_of_the_json_value() -> None:
    text = from_dict({"name": "n", "link": "https://x"}, Node)
    whole = from_dict({"name": "n", "link": {"header": "A: b"}}, Node)
    assert text.link == "https://x"
    assert whole.link == Link(header="A: b")


def test_a_missing_required_key_reads_as_none_and_stays_missing() -> None:
    node = from_dict({"count": 1}, Node)
    assert node.name is None
    assert to_dict(node) == {"count": 1}


def test_absent_and_null_both_read_as_none_and_are_written_as_they_came() -> None:
    node = from_dict({"name": None, "count": None, "item": None, "unknown": None}, Node)
    assert all(value is None for value in (node.name, node.count, node.size, node.children))
    assert node.nulls == {"name", "count", "children"}
    assert to_dict(node) == {"name": None, "count": None, "item": None, "unknown": None}


def test_keys_spelled_like_python_names_are_not_taken_for_fields() -> None:
    """``children`` is the field's name here, but on the wire it is called ``item``."""
    node = from_dict({"name": "n", "children": [1], "extra_": 2, "_extra": 3, "nulls": 4}, Node)
    assert node.children is None
    assert node.extra_ is None
    assert node.extra == {"children": [1], "extra_": 2, "_extra": 3, "nulls": 4}


def test_a_wire_key_called_extra_does_not_hide_the_unknown_keys() -> None:
    node = from_dict({"name": "n", "extra": "value", "more": 1}, Node)
    assert (node.extra_, node.extra) == ("value", {"more": 1})


@pytest.mark.parametrize("data", [None, "text", 7, [1, {"name": "x"}], True])
def test_what_is_no_object_at_the_top_is_handed_on(data: Any) -> None:
    """An answer of another form than promised is no reason to raise."""
    assert from_dict(data, Node) == data


def test_writing_takes_models_inside_any_list_tuple_or_mapping() -> None:
    frozen = MappingProxyType({"a": (Owner(id=1), [Header(key="k", is_disabled=False)])})
    assert to_dict(frozen) == {"a": [{"id": 1}, [{"key": "k", "disabled": False}]]}


def test_models_put_into_extra_are_written_too() -> None:
    assert to_dict(Link(extra={"owner": Owner(id=1)})) == {"owner": {"id": 1}}


def test_a_converter_of_cattrs_left_alone_would_coerce_which_ours_does_not() -> None:
    """Why there are hooks at all; and cattrs finds them within its own containers."""
    drifting: dict[str, Any] = {"id": None, "name": 7}
    alone = Converter()
    assert alone.structure({"key": None, "value": 7}, Header).key == "None"
    owners: list[Any] = CONVERTER.structure([drifting], list[Owner])
    assert (owners[0].id, owners[0].name) == (None, 7)
    assert CONVERTER.unstructure(owners) == [drifting]


def test_what_holds_itself_is_refused() -> None:
    node = Node(name="n")
    node.children = [node]
    with pytest.raises(RecursionError):
        to_dict(node)


def test_two_classes_of_one_name_do_not_share_a_hook() -> None:
    """Hooks are kept by class, so a namesake of another module must not be mixed up."""

    def made(field_type: Any) -> Any:
        body = {"__annotations__": {"value": field_type}, "value": None}
        return define(type("Twin", (Model,), body), kw_only=True, repr=False, eq=False)

    plain, nested = made(dict[str, Any] | None), made(Owner | None)
    document = {"value": {"id": 1}}
    assert from_dict(copy.deepcopy(document), plain).value == {"id": 1}
    assert from_dict(document, nested).value == Owner(id=1)


def test_models_are_found_by_the_name_an_operation_gives() -> None:
    assert load_model("monitors:Monitor") is Monitor


@pytest.mark.parametrize("levels", [100, 5_000])
def test_a_hand_written_class_reads_a_deep_document_without_loss(levels: int) -> None:
    """Its models are read at once; what is too deep for that stays JSON data."""
    document: dict[str, Any] = {"name": "deepest"}
    for _ in range(levels):
        document = {"name": "n", "item": [document]}
    node = from_dict(document, Node)
    assert isinstance((node.children or [])[0], Node)
    assert same(to_dict(node), document)
