"""Checks what the lines of a journal hold: somebody may have changed the file."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Self

from attrs import asdict, fields, frozen

from postman_async.bulk.record import VERSION, check_record

__all__ = ["JOURNAL", "Header", "check_event", "read_end"]

JOURNAL = 1
"""The version of the format."""

_MAX_GAP = 2**20
"""An index exceeds the number of lines before it by less than this."""


_MAX_SECONDS = 2.0**40
"""More seconds than any clock shows."""


@frozen(kw_only=True)
class Header:
    """The first line, which says which batch it is.

    Journals of earlier versions have the first two keys only.

    Attributes:
        at: when the batch started, in ISO 8601.
        monitors: what a selection found: names by uids, in the order of the runs.
        selection: the conditions of that selection.
        uids: the uids that were given as a collection, in the order of the runs.
        names: their names, if they were given as a mapping.
        repeat: how often the whole is run.
        total: how many runs there are; None for uids from an iterator.

    """

    at: str | None = None
    monitors: dict[str, Any] | None = None
    selection: dict[str, Any] | None = None
    uids: list[str] | None = None
    names: dict[str, Any] | None = None
    repeat: int | None = None
    total: int | None = None

    @classmethod
    def read(cls, event: Mapping[str, Any]) -> Self:
        """Read the first line.

        Raises:
            ValueError: it is not the first line of a journal of this version.

        """
        if event.get("journal") != JOURNAL:
            raise ValueError(f"it is no journal of version {JOURNAL}")
        given = {f.name: event[f.name] for f in fields(cls) if event.get(f.name) is not None}
        for name, value in given.items():
            _check(_HEADER_TYPES[name](value), name, value)
        header = cls(**given)
        named = header.uids if header.monitors is None else header.monitors
        total = None if named is None or header.repeat is None else len(named) * header.repeat
        _check(header.total == total, "total", header.total)
        return header

    def event(self) -> dict[str, Any]:
        """Return the line as JSON data."""
        given = {name: value for name, value in asdict(self).items() if value is not None}
        return {"journal": JOURNAL, "at": self.at, "monitors": None, **given}

    def difference(self, other: Header) -> str | None:
        """Return in words how another batch differs, or None; uids are not compared here."""
        for name, word in (("selection", "runs"), ("repeat", "repeats")):
            ours, theirs = getattr(self, name), getattr(other, name)
            if ours is None and (name == "repeat" or self.monitors is not None):
                continue  # an earlier version did not record it
            if _comparable(ours) != _comparable(theirs):
                return f"it {word} {_in_words(ours)}, and this batch {_in_words(theirs)}"
        return None


def _is_uids(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(uid, str) for uid in value)


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _is_mapping(value: Any) -> bool:
    return isinstance(value, dict)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


_HEADER_TYPES: dict[str, Callable[[Any], bool]] = {
    "at": _is_text,
    "monitors": _is_mapping,
    "selection": _is_mapping,
    "uids": _is_uids,
    "names": _is_mapping,
    "repeat": lambda value: _is_count(value) and value > 0,
    "total": _is_count,
}


def _comparable(value: Any) -> Any:
    """Turn the values of a mapping into texts, as a number may be a text after it was read."""
    return {k: str(v) for k, v in value.items()} if isinstance(value, Mapping) else value


def _in_words(value: Any) -> str:
    if value is None:
        return "uids that were given"
    if isinstance(value, int):
        return f"{value} times" if value > 1 else "nothing"
    return ", ".join(f"{name}={text!r}" for name, text in value.items()) or "all monitors"


def _check(valid: bool, name: str, value: Any) -> None:
    if not valid:
        raise ValueError(f"{name} is {json.dumps(value)[:80]}")


def check_event(event: Mapping[str, Any], lines: int) -> None:
    """Check the types and ranges of an event's values.

    Args:
        event: the event.
        lines: how many lines come before it.

    Raises:
        ValueError, InvalidArgumentError: a value is not valid.

    """
    for name, is_valid in _EVENT_TYPES.items():
        if name in event:
            _check(is_valid(event[name]), name, event[name])
    for name in _INDEXES:
        if name in event:
            _check(_is_count(event[name]) and event[name] < lines + _MAX_GAP, name, event[name])
    if "version" in event:
        if event["version"] != VERSION:
            raise ValueError(f"its version is {json.dumps(event['version'])[:80]}")
        check_record(event)


def _is_time(value: Any) -> bool:
    return isinstance(value, str) and datetime.fromisoformat(value).utcoffset() is not None


def _is_clock(value: Any, count: int) -> bool:
    """Return whether a value is the name of a clock and a number of times in seconds."""
    if not isinstance(value, list) or len(value) != count + 1 or not isinstance(value[0], str):
        return False
    return all(type(number) in (int, float) and abs(number) < _MAX_SECONDS for number in value[1:])


_INDEXES = ("started", "refused", "began", "index")
_EVENT_TYPES: dict[str, Callable[[Any], bool]] = {
    "uid": _is_text,
    "at": _is_time,
    "attempt": lambda value: _is_count(value) and value > 0,
    "job": lambda value: value is None or isinstance(value, str),
    "clock": lambda value: _is_clock(value, 1),
    "service": lambda value: _is_clock(value, 2),
}


def read_end(event: Mapping[str, Any]) -> tuple[int, dict[int, str]]:
    """Read the line that ends a batch whose uids came from an iterator.

    Returns:
        How many uids came, and those without a line yet, by their indexes.

    Raises:
        ValueError: a value is not valid.

    """
    total, left = event["end"], event["left"]
    _check(_is_count(total), "end", total)
    _check(_is_mapping(left) and all(map(_is_text, left.values())), "left", left)
    return total, {int(index): uid for index, uid in left.items()}
