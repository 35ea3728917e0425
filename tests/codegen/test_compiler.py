"""The generator as a compiler: names, annotations, the intermediate form, its complaints."""

from __future__ import annotations

import keyword
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postman_async.codegen.annotations import type_of
from postman_async.codegen.lower import lower
from postman_async.codegen.names import field_name, parameter_name, snake
from postman_async.codegen.read import Located, Spec, SpecError
from postman_async.codegen.render import HEADER, render

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
    told = document(get=operation())
    told["tags"][0]["x-python-base"] = "ThingMethods"
    told["components"]["schemas"] = {"Thing": {**THING, "x-python-base": "ThingMethods"}}
    texts = render(lower(Spec({"things.yaml": told})))
    for name, module, classes in [
        ("models/things.py", "models.methods", ("ThingMethods", "Thing")),
        ("api/things.py", "api.methods", ("AsyncThingMethods", "AsyncThings")),
        ("api/sync/things.py", "api.sync.methods", ("ThingMethods", "Things")),
    ]:
        base, cls = classes
        assert f"from postman_async.{module} import {base}\n" in texts[name]
        assert f"class {cls}({base}):\n" in texts[name]


def test_models_that_no_operation_names_are_not_made() -> None:
    bare = operation(responses={"204": {"description": "nothing."}})
    texts = render(lower(spec(get=bare)))
    assert "models/things.py" not in texts
    assert ") -> None:" in texts["api/things.py"]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
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
    text = render(api)["operations.py"]
    assert "RateLimitRule(calls=300, seconds=60)" in text
    assert 'RateLimitRule(calls=10, seconds=10, bucket="things")' in text


def test_a_bucket_without_a_limit_is_refused() -> None:
    with pytest.raises(SpecError, match=r"things.*x-buckets"):
        lower(spec(get=operation(**{"x-bucket": "things"})))
