"""OpenAPI descriptions as text: their expanded size, and their version.

A few hundred bytes of YAML can expand to more than fits in memory: an alias repeats its anchor,
which may contain aliases too ("billion laughs").  The size is therefore counted from the events
of the parser, before a document is built.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from postman_async.emulator.errors import ServiceError, malformed
from postman_async.emulator.state import validation
from postman_async.emulator.state.validation import MAX_DEPTH

__all__ = ["check_description", "openapi_version"]

MAX_REPEATED = 20 * 1024 * 1024
"""The maximum total size of the aliases in characters, equal to that of a body."""

_NODE = 16  # the minimum cost of a node, whatever its length


def check_description(text: str) -> None:
    """Refuse a text that nests too deep or expands too far; other errors are ignored.

    The whole text is parsed: call it in a thread.

    Raises:
        ServiceError: malformedRequestError; the message names the exceeded limit.
    """
    if text.lstrip()[:1] in ("{", "[") and _is_json(text):
        return
    size = _Size()
    for event in _events(text):
        size.add(event)


def _is_json(text: str) -> bool:
    """Return whether a text is valid JSON, which has no aliases, within the maximum depth."""
    try:
        validation.parse(text.encode(errors="surrogatepass"))
    except ServiceError:
        return False  # the text may still be YAML
    return True


def _events(text: str) -> Iterator[Any]:
    """Yield the YAML events of a text, up to the first syntax error."""
    import yaml

    # The C loader, if available, is ten times as fast.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        yield from yaml.parse(text, loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        if "nesting depth" in str(error):  # the C parser has its own limit
            raise _too_deep() from None


class _Size:
    """The expanded size of a text, counted event by event."""

    def __init__(self) -> None:
        self._open: list[tuple[str | None, int]] = []
        self._total = 0
        self._repeated = 0
        self._sizes: dict[str, int] = {}

    def add(self, event: Any) -> None:
        """Count an event; ServiceError if a limit is exceeded."""
        kind = type(event).__name__
        if kind == "ScalarEvent":
            self._begin(event.anchor)
            self._total += len(event.value)
            self._end()
        elif kind == "AliasEvent":
            self._repeat(event.anchor)
        elif kind in ("MappingStartEvent", "SequenceStartEvent"):
            self._begin(event.anchor)
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            self._end()

    def _begin(self, anchor: str | None) -> None:
        self._open.append((anchor, self._total))
        self._total += _NODE
        if len(self._open) > MAX_DEPTH:
            raise _too_deep()

    def _end(self) -> None:
        anchor, before = self._open.pop()
        if anchor is not None:
            self._sizes[anchor] = self._total - before

    def _repeat(self, anchor: str) -> None:
        if any(anchor == each for each, _ in self._open):
            raise malformed(f"The description contains itself, by the alias *{anchor[:100]}.")
        size = self._sizes.get(anchor, 0)
        self._total += size
        self._repeated += size
        if self._repeated > MAX_REPEATED:
            raise malformed(
                f"The description is too large: its aliases repeat more than {MAX_REPEATED:,}"
                f" characters (at *{anchor[:100]})."
            )


def _too_deep() -> ServiceError:
    return malformed(f"The description nests deeper than {MAX_DEPTH} levels.")


def openapi_version(text: str) -> str:
    """Return the version of an OpenAPI 3 description, such as ``3.0.3``; empty for other texts."""
    events = _events(text)
    first = [type(event).__name__ for event in islice(events, 3)]
    return _value_of("openapi", events) if first[2:] == ["MappingStartEvent"] else ""


def _value_of(key: str, events: Iterator[Any]) -> str:
    """Return the value of a key in the mapping that the next events describe; else empty."""
    depth, nodes, found = 0, 0, None
    for event in events:
        kind = type(event).__name__
        if kind.endswith("EndEvent"):
            depth -= 1
            continue
        if depth == 0:
            nodes += 1
            if nodes % 2 == 0 and found == key:
                return str(getattr(event, "value", ""))
            found = getattr(event, "value", None)
        depth += kind.endswith("StartEvent")
    return ""
