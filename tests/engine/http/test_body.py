"""A body is JSON, unless a field of it is a file: then it is a form, or the file alone."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postman_async.engine.http.body import FORM, JSON, Body, File, Form, build_body
from postman_async.engine.operation import FileBody, Operation, Parameter
from postman_async.errors import InvalidArgumentError
from postman_async.unset import UNSET

PARAMETERS = (
    Parameter("input", "input", "field", required=True),
    Parameter("type", "type", "field", kind_of="input"),
    Parameter("max_size", "maxSize", "field"),
    Parameter("only_json", "onlyJson", "field"),
)
FILE = File(b"\x00content", "a.bin")


def importing(file_body: FileBody | None) -> Operation:
    """Describe an endpoint that takes its input in several forms."""
    return Operation(id="i.x", method="POST", path="/i", parameters=PARAMETERS, file_body=file_body)


PLAIN = importing(None)
IN_FORM = importing(FileBody(FORM, ("type", "input", "maxSize")))
ALONE = importing(FileBody("application/octet-stream", ("input", "type")))


def build(
    operation: Operation, extra: dict[str, Any] | None = None, **fields: Any
) -> tuple[str | None, Body | None]:
    return build_body(operation, fields, UNSET, extra)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)  # fmt: skip


@given(json_values, st.sampled_from([PLAIN, IN_FORM, ALONE]))
def test_whatever_is_no_file_goes_as_json_and_arrives_as_it_is(
    value: Any, operation: Operation
) -> None:
    content_type, body = build(operation, input=value)
    assert content_type == JSON
    assert isinstance(body, bytes)
    kind = "string" if isinstance(value, str) else "json"
    assert json.loads(body) == {"type": kind, "input": value}


@pytest.mark.parametrize(("value", "kind"), [("{}", "string"), ({}, "json"), (FILE, "file")])
def test_the_kind_is_told_where_it_is_not_given(value: Any, kind: str) -> None:
    _, body = build(IN_FORM, input=value)
    sent = dict(body.fields) if isinstance(body, Form) else json.loads(body or b"")
    assert sent["type"] == kind


def test_a_kind_that_is_given_stands() -> None:
    _, body = build(IN_FORM, input=FILE, type="archive")
    assert body == Form((("type", "archive"), ("input", FILE)))


def test_a_form_leaves_its_content_type_to_who_writes_it() -> None:
    """Only that one knows what parts the fields."""
    assert build(IN_FORM, input=FILE, maxSize=7) == (
        None,
        Form((("type", "file"), ("input", FILE), ("maxSize", "7"))),
    )


def test_a_file_alone_is_the_body_and_its_kind_goes_without_saying() -> None:
    assert build(ALONE, input=FILE) == ("application/octet-stream", FILE.content)
    assert build(ALONE, input=FILE, type="file") == ("application/octet-stream", FILE.content)


@pytest.mark.parametrize("operation", [IN_FORM, ALONE])
def test_what_has_no_place_beside_a_file_is_refused_by_its_python_name(
    operation: Operation,
) -> None:
    with pytest.raises(InvalidArgumentError, match=r"i\.x: only_json cannot be sent with a file"):
        build(operation, input=FILE, onlyJson=1)


def test_extra_fields_go_into_a_form_but_not_into_a_file() -> None:
    _, body = build(IN_FORM, {"new": {"a": None}, "type": "other"}, input=FILE)
    assert body == Form((("type", "other"), ("input", FILE), ("new", '{"a":null}')))
    with pytest.raises(InvalidArgumentError, match="extra_body"):
        build(ALONE, {"new": 1}, input=FILE)


def test_where_no_file_is_taken_bytes_are_no_json() -> None:
    with pytest.raises(InvalidArgumentError, match="the body is not JSON"):
        build(PLAIN, input=b"x")


def test_no_repr_is_as_long_as_the_file() -> None:
    assert repr(File(b"x" * 10_000, "a")) == "File(content=<10000 bytes>, name='a')"
