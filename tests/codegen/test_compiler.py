"""The generator as a compiler: names, annotations, the intermediate form, its complaints."""

from __future__ import annotations

import keyword
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postman_async.codegen.annotations import type_of
from postman_async.codegen.ir import FileBody, Method
from postman_async.codegen.lower import ERRORS, lower
from postman_async.codegen.names import field_name, parameter_name, snake
from postman_async.codegen.read import Located, Spec, SpecError
from postman_async.codegen.render import HEADER, render
from postman_async.engine.http.response import error_of
from postman_async.errors import Answer
from postman_async.operations import OPERATIONS
from postman_async.spec import load

THING = {
    "type": "object",
    "description": "A thing. It is small.",
    "required": ["id"],
    "properties": {
        "id": {"type": "string", "description": "its id."},
        "list": {"type": "array", "items": {"type": "integer"}, "description": "its numbers."},
        "from": {"type": ["string", "null"], "description": "where it is from."},
        "part": {"$ref": "#/components/schemas/Thing", "description": "the thing within it."},
    },
}


def document(**operations: Any) -> dict[str, Any]:
    return {
        "tags": [{"name": "things", "description": "Things."}],
        "paths": {"/things/{thing_id}": operations},
        "components": {"schemas": {"Thing": THING}},
    }


def operation(**parts: Any) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Thing"}
    answer = {"description": "it.", "content": {"application/json": {"schema": schema}}}
    path = {"name": "thing_id", "in": "path", "required": True, "description": "the id."}
    return {
        "operationId": "things.get",
        "summary": "Read it.",
        "parameters": [{**path, "schema": {"type": "string"}}],
        "responses": {"200": answer},
        **parts,
    }


def spec(**operations: Any) -> Spec:
    return Spec({"things.yaml": document(**operations)})


@pytest.mark.parametrize(
    ("wire", "python"),
    [
        ("collectionUid", "collection_uid"),
        ("strictSSL", "strict_ssl"),
        ("SSLMode", "ssl_mode"),
        ("_postman_id", "postman_id"),
        ("x-mock-id", "x_mock_id"),
        ("from", "from_"),
        ("extra", "extra_"),
        ("list", "list_"),
    ],
)
def test_names_are_python_s_and_hide_nothing(wire: str, python: str) -> None:
    assert field_name(wire) == python


def test_a_parameter_hides_no_option_of_a_call() -> None:
    assert parameter_name("timeout") == "timeout_"
    assert parameter_name("async", "run_async") == "run_async"


@given(st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,20}", fullmatch=True))
def test_every_name_is_an_identifier_and_stays_what_it_is(name: str) -> None:
    once = snake(name)
    assert once.isidentifier() or once == ""
    assert snake(once) == once
    assert not keyword.iskeyword(field_name(name))


@pytest.mark.parametrize(
    ("schema", "read", "given"),
    [
        ({"type": "string"}, "str", "str"),
        ({"type": ["integer", "null"]}, "int | None", "int | None"),
        ({"type": "object"}, "dict[str, Any]", "Mapping[str, Any]"),
        ({}, "Any", "Any"),
        ({"type": "string", "format": "date-time"}, "str", "str | datetime"),
        (
            {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/Thing"}},
            "dict[str, Thing]",
            "Mapping[str, Thing | Mapping[str, Any]]",
        ),
        ({"type": "array", "items": {"type": "number"}}, "list[float]", "Sequence[float]"),
        (
            {"type": "string", "x-known-values": ["a", "b"]},
            'Literal["a", "b"] | str',
            'Literal["a", "b"] | str',
        ),
        (
            {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}},
            "list[Thing]",
            "Sequence[Thing | Mapping[str, Any]]",
        ),
        (
            {"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Thing"}]},
            "Thing | None",
            "Thing | Mapping[str, Any] | None",
        ),
    ],
)
def test_types_are_exact_when_read_and_generous_when_given(
    schema: dict[str, Any], read: str, given: str
) -> None:
    part = Located(schema, "things.yaml")
    assert type_of(spec(), part, "read").python == read
    assert type_of(spec(), part, "give").python == given


def test_the_generated_text_is_python_that_defines_what_the_spec_says() -> None:
    texts = render(lower(spec(get=operation())))
    assert {"api/things.py", "api/sync/things.py", "models/things.py"} <= set(texts)
    for name, text in texts.items():
        assert text.startswith(HEADER), name
        compile(text, name, "exec")
    model = texts["models/things.py"]
    assert '"""A thing.\n\n    It is small.' in model
    assert "wire_names: ClassVar[dict[str, str]] =" in model
    assert '"from_": "from"' in model
    assert "part: Thing | None = None" in model


def test_a_model_and_a_namespace_extend_the_hand_written_class_that_the_spec_names() -> None:
    described = document(get=operation())
    described["tags"][0]["x-python-base"] = "ThingMethods"
    described["components"]["schemas"] = {"Thing": {**THING, "x-python-base": "ThingMethods"}}
    texts = render(lower(Spec({"things.yaml": described})))
    for name, module, classes in [
        ("models/things.py", "extensions.things", ("ThingMethods", "Thing")),
        ("api/things.py", "extensions.namespaces.things", ("AsyncThingMethods", "AsyncThings")),
        ("api/sync/things.py", "extensions.namespaces.things", ("ThingMethods", "Things")),
    ]:
        base, cls = classes
        assert f"from postman_async.{module} import {base}\n" in texts[name]
        assert f"class {cls}({base}):\n" in texts[name]


def test_models_that_no_operation_names_are_not_made() -> None:
    bare = operation(responses={"204": {"description": "nothing."}})
    texts = render(lower(spec(get=bare)))
    assert "models/things.py" not in texts
    assert ") -> None:" in texts["api/things.py"]


# -- where things go --------------------------------------------------------------------------


def parameter(name: str, location: str) -> dict[str, Any]:
    schema = {"type": "string"}
    return {"name": name, "in": location, "required": True, "description": "it.", "schema": schema}


def lowered(path: str, **parts: Any) -> Method:
    changed = document(post=operation(parameters=[], **parts))
    changed["paths"] = {path: changed["paths"].popitem()[1]}
    return lower(Spec({"things.yaml": changed})).namespaces[0].methods[0]


def body(**content: Any) -> dict[str, Any]:
    """Write a request body; the keys are ``json``, ``form`` and ``file``."""
    kinds = {"json": "application/json", "form": "multipart/form-data", "file": "image/png"}
    described = {kinds[name]: media for name, media in content.items()}
    return {"requestBody": {"required": True, "x-body": "fields", "content": described}}


def fields(required: Sequence[str] = (), **properties: Any) -> dict[str, Any]:
    named = {k: {"description": "it.", **node} for k, node in properties.items()}
    return {"schema": {"type": "object", "required": [*required], "properties": named}}


A_FILE = {"contentMediaType": "application/octet-stream"}


def test_ids_are_positional_in_the_order_of_the_path_whatever_the_order_of_the_spec() -> None:
    changed = document()
    parameters = [parameter(n, p) for n, p in (("q", "query"), ("b", "path"), ("aId", "path"))]
    item = {"parameters": parameters, "get": operation(parameters=[])}
    changed["paths"] = {"/a/{aId}/{b}": item}
    method = lower(Spec({"things.yaml": changed})).namespaces[0].methods[0]
    assert method.path == "/a/{a_id}/{b}"
    assert [p.name for p in method.positional] == ["a_id", "b"]
    assert [p.name for p in method.rest] == ["q"]


def test_a_field_may_be_a_file_and_makes_a_form_of_the_body() -> None:
    json = fields(["data"], data={"type": "object"}, size={"type": "integer"})
    method = lowered("/t", **body(json=json, form=fields(data=A_FILE)))
    data, size = method.params
    assert data.type.python == "Mapping[str, Any] | bytes | PathLike[str] | BinaryIO"
    assert (data.required, size.required) == (True, False)
    assert method.file_body == FileBody("multipart/form-data", ("data",))


def test_a_file_may_be_all_of_the_body_in_the_place_of_a_field() -> None:
    json = fields(["data", "kind"], data={"type": "string"}, kind={"x-kind-of": "data"})
    method = lowered("/t", **body(json=json, file={"x-field": "data", "schema": A_FILE}))
    data, kind = method.params
    assert data.type.python == "str | bytes | PathLike[str] | BinaryIO"
    assert (kind.kind_of, kind.required) == ("data", False), "the file itself decides"
    assert method.file_body == FileBody("image/png", ("data", "kind"))


def test_a_body_may_be_a_form_alone() -> None:
    method = lowered("/t", **body(form=fields(data=A_FILE, note={"type": "string"})))
    assert [p.type.python for p in method.params] == ["bytes | PathLike[str] | BinaryIO", "str"]
    assert method.file_body == FileBody("multipart/form-data", ("data", "note"))


def test_a_field_may_be_positional() -> None:
    json = fields(["data"], data={"type": "string", "x-positional": True}, a={"type": "string"})
    method = lowered("/t", **body(json=json))
    assert [p.name for p in method.positional] == ["data"]
    assert [p.name for p in method.rest] == ["a"]


@pytest.mark.parametrize(
    ("schema", "python", "maps", "has_model"),
    [
        ({"$ref": "#/components/schemas/Thing"}, "Thing", 0, True),
        ({"type": "boolean"}, "bool", 0, False),
        ({"type": "object", "additionalProperties": {"type": "array", "items": {}}},
         "dict[str, list[Any]]", 0, False),
        ({"type": "object", "additionalProperties":
          {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/Thing"}}},
         "dict[str, dict[str, Thing]]", 2, True),
    ],
)  # fmt: skip
def test_an_answer_may_hold_its_models_in_maps(
    schema: dict[str, Any], python: str, maps: int, has_model: bool
) -> None:
    wrapped = {"type": "object", "properties": {"it": schema, "meta": {"type": "object"}}}
    answer = {"description": "it.", "content": {"application/json": {"schema": wrapped}}}
    result = lowered("/t", responses={"200": answer}).result
    assert (result.key, result.type.python, result.maps) == ("it", python, maps)
    assert (result.model is not None) is has_model


def test_the_buckets_are_those_that_the_service_has() -> None:
    """All monitor endpoints share one; each other one is of a single endpoint."""
    buckets = {operation.bucket for operation in OPERATIONS.values() if operation.bucket}
    assert {"user", *buckets} == set(load()["common.yaml"]["x-buckets"])
    single = {name for name in OPERATIONS if OPERATIONS[name].bucket == name}
    assert buckets == {*single, "monitors"}
    shared = {name for name in OPERATIONS if OPERATIONS[name].bucket == "monitors"}
    assert shared == {name for name in OPERATIONS if name.startswith("monitors.")}


# -- what it does not understand --------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (
            {"parameters": [parameter("other_id", "path")]},
            "things.get has other parameters than its path",
        ),
        ({"parameters": []}, "things.get has other parameters than its path"),
        (body(file={"schema": A_FILE}), "the body of things.get is neither JSON nor a form"),
        ({"parameters": [{"$ref": "#/components/parameters/none"}]}, "names nothing"),
        (
            {"parameters": [{"name": "q", "in": "query", "schema": {"type": "string"}}]},
            "q needs a description",
        ),
        (
            {
                "responses": {
                    "200": {
                        "description": "two keys.",
                        "content": {
                            "application/json": {"schema": {"properties": {"a": {}, "b": {}}}}
                        },
                    }
                }
            },
            "needs a name",
        ),
    ],
)
def test_what_it_does_not_understand_it_says_with_the_file(
    change: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(SpecError, match=rf"things\.yaml: .*{complaint}"):
        lower(spec(get=operation(**change)))


def test_published_limits_come_from_the_spec() -> None:
    described = spec(get=operation(**{"x-bucket": "things"}))
    limits = {"user": {"calls": 300, "seconds": 60}, "things": {"calls": 10, "seconds": 10}}
    api = lower(Spec({**described.documents, "common.yaml": {"x-buckets": limits}}))
    assert [(b.name, b.calls, b.seconds) for b in api.buckets] == [
        (None, 300, 60),
        ("things", 10, 10),
    ]
    text = render(api)["operations/__init__.py"]
    assert "RateLimitRule(calls=300, seconds=60)" in text
    assert 'RateLimitRule(calls=10, seconds=10, bucket="things")' in text


def test_a_bucket_without_a_limit_is_refused() -> None:
    with pytest.raises(SpecError, match=r"things.*x-buckets"):
        lower(spec(get=operation(**{"x-bucket": "things"})))


@pytest.mark.parametrize("status", ERRORS)
def test_the_error_that_docstrings_name_for_a_status_is_the_one_that_is_raised(status: str) -> None:
    """The generator has a table of its own: it runs without the engine."""
    assert type(error_of("GET /", Answer(int(status), {}, b""))).__name__ == ERRORS[status]
