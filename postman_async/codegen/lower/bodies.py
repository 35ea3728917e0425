"""The body of a call: its content type, and the arguments that make it."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from postman_async.codegen.annotations import union
from postman_async.codegen.ir import FileBody, Param
from postman_async.codegen.lower.source import Source, description
from postman_async.codegen.names import parameter_name, snake
from postman_async.codegen.read import Located, Node, SpecError

__all__ = ["Body", "body"]

_JSON = "application/json"
_KINDS_OF_JSON = (_JSON, "application/json-patch+json", "application/merge-patch+json")
_FORM = "multipart/form-data"
_FORMS = frozenset({"fields", "document"})


@frozen
class Body:
    """What the body of an operation becomes.

    Args:
        arguments: the arguments that make it.
        wrapper: the key that wraps them.
        content_type: its type, if it is no file.
        file: the body when one of the fields is a file.

    """

    arguments: tuple[Param, ...] = ()
    wrapper: str | None = None
    content_type: str = _JSON
    file: FileBody | None = None


def body(source: Source) -> Body:
    """Make arguments of a body's fields, or one argument of the whole."""
    node: Node | None = source.word("requestBody")
    if node is None:
        return Body()
    if node.get("x-body") not in _FORMS:
        raise source.error(f"needs an x-body that is one of {sorted(_FORMS)}")
    kind, media = _main(source, node["content"])
    schema = source.resolve(source.part.at(media["schema"]))
    whole = node["x-body"] == "document"
    wrapper, inner = _unwrapped(schema, document=whole)
    arguments = [_document(source, wrapper, inner)] if whole else _fields(source, inner)
    others = next(_other_bodies(source), None)
    file = None if others is None else FileBody(others[0], tuple(others[1]))
    return Body(tuple(arguments), wrapper, _JSON if kind == _FORM else kind, file)


def _main(source: Source, content: Node) -> tuple[str, Node]:
    """Choose the content whose schema has the fields."""
    for kind in (*_KINDS_OF_JSON, _FORM):
        if kind in content:
            return kind, content[kind]
    raise SpecError(
        f"{source.part.file}: the body of {source.id} is neither JSON nor a form: {sorted(content)}"
    )


def _unwrapped(schema: Located, *, document: bool) -> tuple[str | None, Located]:
    """Look into a body that is an object of one key, which holds all there is."""
    properties = schema.node.get("properties", {})
    if len(properties) == 1:
        ((key, node),) = properties.items()
        if document or "properties" in node:
            return key, schema.at(node)
    return None, schema


def _document(source: Source, wrapper: str | None, part: Located) -> Param:
    node = source.word("requestBody")
    wire = node.get("x-python-name") or snake(wrapper or "document")
    return Param(
        name=parameter_name(wire, part.node.get("x-python-name")),
        wire=wire,
        location="document",
        type=source.give(part),
        required=node.get("required", False),
        doc=description(source.spec, part, wire),
    )


def _fields(source: Source, part: Located) -> list[Param]:
    if "properties" not in part.node:
        raise source.error("has a body of fields without properties; use `x-body: document`")
    required = part.node.get("required", ())
    return [
        _field(source, part.at(node), wire, required=wire in required)
        for wire, node in part.node["properties"].items()
    ]


def _field(source: Source, part: Located, wire: str, *, required: bool) -> Param:
    node = part.node
    if "const" in node:
        raise source.error(f"has a constant field {wire!r}; only parameters can be constant")
    others = (fields for _, fields in _other_bodies(source))
    forms = [part, *(fields[wire] for fields in others if wire in fields)]
    return Param(
        name=parameter_name(wire, node.get("x-python-name")),
        wire=wire,
        location="field",
        type=union(source.give(form) for form in forms),
        required=required and "x-kind-of" not in node,
        doc=description(source.spec, part, wire),
        positional=node.get("x-positional", False),
        kind_of=node.get("x-kind-of"),
    )


def _other_bodies(source: Source) -> Iterator[tuple[str, dict[str, Located]]]:
    """Yield the content types besides JSON, each with its fields.

    Where a file is all of the body, the field that names its kind can be given, but is not sent.
    """
    for content_type, media in source.word("requestBody")["content"].items():
        schema = source.part.at(media["schema"])
        if content_type == _FORM:
            fields = schema.node["properties"]
            yield content_type, {wire: schema.at(node) for wire, node in fields.items()}
        elif content_type not in _KINDS_OF_JSON:
            yield content_type, {media["x-field"]: schema, **_kinds(source, media["x-field"])}


def _kinds(source: Source, wire: str) -> dict[str, Located]:
    fields = source.word("requestBody")["content"][_JSON]["schema"]["properties"]
    return {k: source.part.at(n) for k, n in fields.items() if n.get("x-kind-of") == wire}
