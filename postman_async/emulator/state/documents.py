"""Collections and environments as documents: validation, completion with ids, and output."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

from postman_async.emulator.errors import malformed
from postman_async.emulator.state import validation
from postman_async.emulator.state.ids import make_uid, new_id
from postman_async.emulator.state.store import Entity

__all__ = [
    "SCHEMA",
    "complete_collection",
    "complete_environment",
    "shown_collection",
    "without_new_ids",
]

Json: TypeAlias = dict[str, Any]

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
"""The schema of a collection that does not name one."""

_FORMATS = ("/v2.0.0/collection.json", "/v2.1.0/collection.json")
_OWN_INFO = ("_postman_id", "uid", "createdAt", "updatedAt", "lastUpdatedBy", "fork")
_LISTS = ("event", "variable", "variables", "response")
MAX_NAME = 254
MAX_VALUES = 100


def complete_collection(document: Json, *, formatted: bool = False) -> Json:
    """Validate a collection in place and assign ids to the parts that have none.

    The fields of ``info`` that the service sets are removed: users cannot write them, and a merge
    would report them as changes.

    Args:
        document: the collection.
        formatted: whether the document must name its format, as an update requires.

    Returns:
        The same document.

    Raises:
        ServiceError: malformedRequestError; the message names the path of the first problem.
    """
    _check_info(document, formatted=formatted)
    _optional(document, _LISTS, "array", "")
    validation.array(validation.required(document, "item", ""), "item")
    for item, path in _walk(document):
        _check_item(item, path)
    _assign_ids(document)
    for key in _OWN_INFO:
        document["info"].pop(key, None)
    return document


def _check_info(document: Json, *, formatted: bool) -> None:
    info = validation.mapping(validation.required(document, "info", ""), "info")
    validation.text(validation.required(info, "name", "info"), "info.name", shortest=1)
    if formatted:
        validation.text(validation.required(info, "schema", "info"), "info.schema", shortest=1)
    _optional(info, ("_postman_id", "schema"), "string", "info")
    _optional(info, ("description",), "string|object", "info")
    schema = info.get("schema") or SCHEMA
    if not schema.endswith(_FORMATS):
        raise malformed("Only the collection formats v2.0.0 and v2.1.0 are known: schema at info")
    info["schema"] = schema


def _check_item(item: Any, path: str) -> None:
    validation.mapping(item, path)
    _optional(item, ("id", "name"), "string", path)
    _optional(item, _LISTS, "array", path)
    for index, example in enumerate(item.get("response") or []):
        where = f"{path}.response.{index}"
        _optional(validation.mapping(example, where), ("id", "name"), "string", where)
    if "item" in item:
        validation.array(item["item"], f"{path}.item")
        return
    validation.expect(
        validation.required(item, "request", path), "object|string|null", f"{path}.request"
    )


def _optional(value: Json, keys: tuple[str, ...], types: str, path: str) -> None:
    for key in keys:
        if value.get(key) is not None:
            validation.expect(value[key], types, f"{path}.{key}".lstrip("."))


def _walk(document: Json) -> Iterator[tuple[Any, str]]:
    """Yield each folder and request with its path, parents first, without recursion."""
    todo: list[tuple[Any, str]] = [(document, "")]
    while todo:
        parent, path = todo.pop()
        for index, item in enumerate(parent.get("item") or []):
            where = f"{path}.item.{index}".lstrip(".")
            yield item, where
            todo.append((item, where))


def _parts(document: Json) -> Iterator[Json]:
    """Yield all folders, requests and examples."""
    for item, _ in _walk(document):
        yield item
        yield from item.get("response") or []


def _assign_ids(document: Json) -> None:
    seen: set[str] = set()
    for part in _parts(document):
        _assign_id(part, seen)


def without_new_ids(document: Json, before: Json) -> Json:
    """Remove the ids that a converter generated, in place; ids of the earlier state stay.

    The emulator then assigns its own ids, which a seed makes reproducible.

    Args:
        document: the collection that a converter returned.
        before: the earlier state of the collection; empty for a new one.
    """
    known = {part["id"] for part in _parts(before)}
    for part in _parts(document):
        if part.get("id") not in known:
            part.pop("id", None)
    return document


def _assign_id(part: Json, seen: set[str]) -> None:
    # A duplicate id would make a merge ambiguous: the later part gets a new one.
    if not part.get("id") or part["id"] in seen:
        part["id"] = new_id()
        part.pop("uid", None)
    if not part.get("uid"):
        part["uid"] = make_uid(part["id"])
    seen.add(part["id"])


def shown_collection(entity: Entity) -> Json:
    """Return a stored collection's document with the fields of ``info`` that the service sets."""
    document = dict(entity.document or {})
    info = {
        **document["info"],
        "_postman_id": entity.id,
        "uid": entity.uid,
        "createdAt": entity.created_at,
        "updatedAt": entity.updated_at,
        "lastUpdatedBy": str(entity.owner),
    }
    info.pop("fork", None)
    if "fork" in entity.facts:
        info["fork"] = entity.facts["fork"]
    return {**document, "info": info}


def complete_environment(document: Json, name: str | None = None) -> Json:
    """Validate an environment in place and set the defaults of its values.

    Args:
        document: the environment.
        name: the current name, which stays if the document has none.

    Returns:
        The same document.

    Raises:
        ServiceError: malformedRequestError; the message names the path of the first problem.
    """
    if name is not None:
        document.setdefault("name", name)
    given = validation.required(document, "name", "environment")
    validation.text(given, "environment.name", shortest=1, longest=MAX_NAME)
    values = validation.array(document.setdefault("values", []), "environment.values")
    if len(values) > MAX_VALUES:
        size = f"{len(values)}, maximum {MAX_VALUES}"
        raise malformed(f"Array is too long ({size}) at environment.values")
    for index, value in enumerate(values):
        _complete_value(value, f"environment.values.{index}")
    return document


def _complete_value(value: Any, path: str) -> None:
    validation.mapping(value, path)
    key = validation.required(value, "key", path)
    validation.text(key, f"{path}.key", shortest=1, longest=MAX_NAME)
    _optional(value, ("enabled",), "boolean", path)
    _optional(value, ("type",), "string", path)
    value.setdefault("enabled", True)
    value.setdefault("type", "default")
