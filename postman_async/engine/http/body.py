"""The body of a call, from its arguments: JSON, a form with a file, or a file alone; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import field, frozen

from postman_async.engine.data.codec import dumps
from postman_async.engine.data.convert import to_dict
from postman_async.errors import InvalidArgumentError
from postman_async.unset import UNSET

if TYPE_CHECKING:
    from postman_async.engine.operation import FileBody, Operation

__all__ = ["FORM", "JSON", "Body", "File", "Form", "build_body", "size_of"]

JSON = "application/json"
FORM = "multipart/form-data"


def _size(content: bytes) -> str:
    return f"<{len(content)} bytes>"


@frozen
class File:
    """A file to send: its content and its name."""

    content: bytes = field(repr=_size)
    name: str


@frozen
class Form:
    """The fields of a form, in order; each attempt serialises them anew."""

    fields: tuple[tuple[str, str | File], ...]


Body: TypeAlias = bytes | Form


def size_of(body: Body) -> int:
    """Return the bytes of a body, without the boundaries of a form."""
    if isinstance(body, bytes):
        return len(body)
    values = (value for _, value in body.fields)
    return sum(len(v.content if isinstance(v, File) else v) for v in values)


def build_body(
    operation: Operation,
    fields: Mapping[str, Any],
    document: Any,
    extra: Mapping[str, Any] | None,
) -> tuple[str | None, Body | None]:
    """Return the content type and the body.

    Args:
        operation: the endpoint.
        fields: the arguments that are keys of the body.
        document: the argument that is the body, or ``UNSET``.
        extra: more keys for the body.

    Returns:
        None and None if the call has no body; None and a `Form` for a form, whose content type
        names the boundary that aiohttp chooses.

    Raises:
        InvalidArgumentError: the arguments cannot be sent in one body.

    """
    if not operation.takes_body and not extra:
        return None, None
    named = _with_kinds(operation, fields)
    if operation.file_body is not None:
        for value in named.values():
            if isinstance(value, File):
                return _file_body(operation, operation.file_body, value, named, extra)
    content = named if document is UNSET else document
    if operation.wrapper:
        content = {operation.wrapper: content}
    if extra and isinstance(content, list | tuple):
        raise InvalidArgumentError(f"{operation.id}: extra_body cannot be added to a list")
    return operation.content_type, _dump(operation, content, extra)


def _with_kinds(operation: Operation, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Add the fields that state the kind of another field's value."""
    kinds = {p.wire: _kind(fields.get(p.kind_of)) for p in operation.parameters if p.kind_of}
    return {**kinds, **fields}


def _kind(value: Any) -> str:
    if isinstance(value, File):
        return "file"
    return "string" if isinstance(value, str) else "json"


# -- with a file -----------------------------------------------------------------------------


def _file_body(
    operation: Operation,
    rule: FileBody,
    file: File,
    fields: Mapping[str, Any],
    extra: Mapping[str, Any] | None,
) -> tuple[str | None, Body]:
    names = {p.wire: p.name for p in operation.parameters}
    stray = [names[wire] for wire in fields if wire not in rule.fields]
    if stray:
        raise InvalidArgumentError(f"{operation.id}: {stray[0]} cannot be sent with a file")
    if rule.content_type == FORM:
        texts = {**fields, **(extra or {})}.items()
        return None, Form(tuple((k, _form_value(operation, v)) for k, v in texts))
    if extra:
        raise InvalidArgumentError(f"{operation.id}: extra_body cannot be sent with a file")
    return rule.content_type, file.content


def _form_value(operation: Operation, value: Any) -> str | File:
    if isinstance(value, File | str):
        return value
    return _dump(operation, value).decode()


# -- as JSON ---------------------------------------------------------------------------------


def merged(content: Any, extra: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body with the extra keys, merged at every level."""
    result = dict(content) if isinstance(content, Mapping) else {}
    for key, value in extra.items():
        both = isinstance(value, Mapping) and isinstance(result.get(key), Mapping)
        result[key] = merged(result[key], value) if both else value
    return result


def _dump(operation: Operation, content: Any, extra: Mapping[str, Any] | None = None) -> bytes:
    try:
        return dumps(merged(to_dict(content), to_dict(extra)) if extra else content)
    except RecursionError:
        reason = "the body is not JSON: it is nested too deeply"
        raise InvalidArgumentError(f"{operation.id}: {reason}") from None
    except (TypeError, ValueError) as error:
        raise InvalidArgumentError(f"{operation.id}: the body is not JSON: {error}") from None
