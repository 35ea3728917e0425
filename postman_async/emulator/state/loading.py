"""What a file or a mapping holds: collections, environments, or many of both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from postman_async.emulator.errors import ServiceError, malformed
from postman_async.emulator.exceptions import EmulatorError
from postman_async.emulator.state import validation
from postman_async.emulator.state.store import Json, dumps

__all__ = ["Document", "documents_in", "documents_of", "globals_in", "refused"]

Document: TypeAlias = tuple[str, Json]
"""The kind, ``collections`` or ``environments``, and the document."""

_KINDS = ("collections", "environments")
_UNKNOWN = "It holds no collection, no environment and no dump of these."


def documents_of(source: Path | str | Mapping[str, Any]) -> tuple[str, list[Document]]:
    """Return what the source is called in messages, and the documents it holds, copied.

    Args:
        source: the path of a JSON file, or its content.

    Raises:
        EmulatorError: the file cannot be read, is no JSON, or holds no document known here.
    """
    name = "the mapping" if isinstance(source, Mapping) else str(source)
    try:
        found = documents_in(validation.parse(_bytes(source)))
    except OSError as error:
        raise EmulatorError(f"{name}: {error.strerror or error}") from None
    except (TypeError, ValueError, RecursionError) as error:
        raise EmulatorError(f"{name} cannot be written as JSON: {error}") from None
    except ServiceError as error:
        raise refused(name, error) from None
    return name, found


def refused(name: str, error: ServiceError) -> EmulatorError:
    """Return the error for a source that holds what the service would not take."""
    return EmulatorError(f"{name}: {error.body['error']['message']}")


def _bytes(source: Path | str | Mapping[str, Any]) -> bytes:
    if isinstance(source, Mapping):
        return dumps(source).encode()
    return Path(source).read_bytes().removeprefix(b"\xef\xbb\xbf")  # a Windows editor's mark


def documents_in(value: Any) -> list[Document]:
    """Return the documents in the content of a file.

    Raises:
        ServiceError: it holds none that is known.
    """
    return list(_documents(value))


def globals_in(value: Any) -> list[Json]:
    """Return the global variables of a dump, checked."""
    found = value.get("globals") if isinstance(value, dict) else None
    entries = validation.array(found or [], "globals")
    for index, entry in enumerate(entries):
        place = f"globals.{index}"
        key = validation.required(validation.mapping(entry, place), "key", place)
        validation.text(key, f"{place}.key", shortest=1)
    return entries


def _documents(value: Any) -> Iterator[Document]:
    """Go through a document, a wrapped one, a list of some, or a dump."""
    if isinstance(value, list):
        for entry in value:
            yield from _documents(entry)
    elif not isinstance(value, dict):
        raise malformed(_UNKNOWN)
    elif "info" in value and "item" in value:
        yield "collections", value
    elif "values" in value:
        yield "environments", value
    else:
        yield from _inside(value)


def _inside(value: Json) -> Iterator[Document]:
    """Go through a wrapped document or a dump; what else a dump holds is left alone here."""
    known = "globals" in value
    for kind in _KINDS:
        wrapper = kind.removesuffix("s")
        if wrapper in value:
            known = True
            yield kind, validation.mapping(value[wrapper], wrapper)
        if kind in value:
            known = True
            for entry in validation.array(value[kind], kind):
                yield kind, _unwrapped(validation.mapping(entry, kind), wrapper)
    if not known:
        raise malformed(_UNKNOWN)


def _unwrapped(entry: Json, wrapper: str) -> Json:
    inner = entry.get(wrapper)
    return inner if isinstance(inner, dict) else entry
