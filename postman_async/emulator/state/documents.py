"""Collections and environments as documents: checked, completed with ids, given back whole."""

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
"""The format of a collection that does not name its own."""

_FORMATS = ("/v2.0.0/collection.json", "/v2.1.0/collection.json")
_OWN_INFO = ("_postman_id", "uid", "createdAt", "updatedAt", "lastUpdatedBy", "fork")
_LISTS = ("event", "variable", "variables", "response")
LONGEST_NAME = 254
MOST_VALUES = 100


def complete_collection(document: Json, *, formatted: bool = False) -> Json:
    """Check a collection and give its parts the ids they lack; the document is changed.

    What the service itself knows of a collection is taken out of ``info``: it is not the user's
    to write, and would look like a change in a merge.

    Args:
        document: the collection.
        formatted: whether it has to name its format, as it has to in an update.
    """
    _check_info(document, formatted=formatted)
    _optional(document, _LISTS, "array", "")
    validation.array(validation.required(document, "item", ""), "item")
    for item, place in _walk(document):
        _check_item(item, place)
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


def _check_item(item: Any, place: str) -> None:
    validation.mapping(item, place)
    _optional(item, ("id", "name"), "string", place)
    _optional(item, _LISTS, "array", place)
    for index, example in enumerate(item.get("response") or []):
        where = f"{place}.response.{index}"
        _optional(validation.mapping(example, where), ("id", "name"), "string", where)
    if "item" in item:
        validation.array(item["item"], f"{place}.item")
        return
    validation.expect(
        validation.required(item, "request", place), "object|string|null", f"{place}.request"
    )


def _optional(value: Json, keys: tuple[str, ...], types: str, place: str) -> None:
    for key in keys:
        if value.get(key) is not None:
            validation.expect(value[key], types, f"{place}.{key}".lstrip("."))


def _walk(document: Json) -> Iterator[tuple[Any, str]]:
    """Go through all folders and requests, outer ones first, without recursion."""
    todo: list[tuple[Any, str]] = [(document, "")]
    while todo:
        parent, place = todo.pop()
        for index, item in enumerate(parent.get("item") or []):
            where = f"{place}.item.{index}".lstrip(".")
            yield item, where
            todo.append((item, where))


def _parts(document: Json) -> Iterator[Json]:
    """Go through all folders, requests and examples."""
    for item, _ in _walk(document):
        yield item
        yield from item.get("response") or []


def _assign_ids(document: Json) -> None:
    seen: set[str] = set()
    for part in _parts(document):
        _assign_id(part, seen)


def without_new_ids(document: Json, before: Json) -> Json:
    """Take the ids away that another program made up; those of an earlier state stay.

    The emulator's own ids then take their place, which can be the same in every run.
    """
    known = {part["id"] for part in _parts(before)}
    for part in _parts(document):
        if part.get("id") not in known:
            part.pop("id", None)
    return document


def _assign_id(part: Json, seen: set[str]) -> None:
    # An id that occurs twice would make a merge ambiguous: the later part gets a new one.
    if not part.get("id") or part["id"] in seen:
        part["id"] = new_id()
        part.pop("uid", None)
    if not part.get("uid"):
        part["uid"] = make_uid(part["id"])
    seen.add(part["id"])


def shown_collection(entity: Entity) -> Json:
    """Return a stored collection with what the service itself knows of it in ``info``."""
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
    """Check an environment and fill what its values leave out; the document is changed.

    Args:
        document: the environment.
        name: the name it has so far, which stays when the document brings none.
    """
    if name is not None:
        document.setdefault("name", name)
    given = validation.required(document, "name", "environment")
    validation.text(given, "environment.name", shortest=1, longest=LONGEST_NAME)
    values = validation.array(document.setdefault("values", []), "environment.values")
    if len(values) > MOST_VALUES:
        size = f"{len(values)}, maximum {MOST_VALUES}"
        raise malformed(f"Array is too long ({size}) at environment.values")
    for index, value in enumerate(values):
        _complete_value(value, f"environment.values.{index}")
    return document


def _complete_value(value: Any, place: str) -> None:
    validation.mapping(value, place)
    key = validation.required(value, "key", place)
    validation.text(key, f"{place}.key", shortest=1, longest=LONGEST_NAME)
    _optional(value, ("enabled",), "boolean", place)
    _optional(value, ("type",), "string", place)
    value.setdefault("enabled", True)
    value.setdefault("type", "default")
