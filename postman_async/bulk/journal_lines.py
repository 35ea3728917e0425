"""What the lines of a journal may hold: nothing is believed that somebody may have changed."""

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

_FAR = 2**20
"""So many places at most are without a line of their own before one that has some."""


_AGES = 2.0**40
"""More seconds than any clock shows."""


@frozen(kw_only=True)
class Header:
    """The first line: which batch it is.

    Attributes:
        at: when it was begun, in ISO 8601.
        monitors: what a selection found: names by uids, in the order in which they are run.
        selection: the conditions of that selection.
        uids: the uids that were given as a collection, in the order in which they are run.
        names: their names, where they came with some.
        repeat: how often the whole is run.
        total: how many runs that makes; None for a source whose end was not known.

    Journals of earlier versions have the first two only.
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
            _check(_SHAPES[name](value), name, value)
        header = cls(**given)
        named = header.uids if header.monitors is None else header.monitors
        many = None if named is None or header.repeat is None else len(named) * header.repeat
        _check(header.total == many, "total", header.total)
        return header

    def event(self) -> dict[str, Any]:
        """Write the line."""
        told = {name: value for name, value in asdict(self).items() if value is not None}
        return {"journal": JOURNAL, "at": self.at, "monitors": None, **told}

    def differs(self, other: Header) -> str | None:
        """Say in which way a batch is another one, if it is; the uids are compared one by one."""
        for name, word in (("selection", "runs"), ("repeat", "repeats")):
            ours, theirs = getattr(self, name), getattr(other, name)
            if ours is None and (name == "repeat" or self.monitors is not None):
                continue  # an earlier version did not note it
            if _plain(ours) != _plain(theirs):
                return f"it {word} {_told(ours)}, and this batch {_told(theirs)}"
        return None


def _uids(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(uid, str) for uid in value)


def _count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _mapping(value: Any) -> bool:
    return isinstance(value, dict)


def _text(value: Any) -> bool:
    return isinstance(value, str)


_SHAPES: dict[str, Callable[[Any], bool]] = {
    "at": _text,
    "monitors": _mapping,
    "selection": _mapping,
    "uids": _uids,
    "names": _mapping,
    "repeat": lambda value: _count(value) and value > 0,
    "total": _count,
}


def _plain(value: Any) -> Any:
    """Make values comparable with what they are after they were read: a number may be a text."""
    return {k: str(v) for k, v in value.items()} if isinstance(value, Mapping) else value


def _told(value: Any) -> str:
    if value is None:
        return "uids that were given"
    if isinstance(value, int):
        return f"{value} times" if value > 1 else "nothing"
    return ", ".join(f"{name}={text!r}" for name, text in value.items()) or "all monitors"


def _check(good: bool, name: str, value: Any) -> None:
    if not good:
        raise ValueError(f"{name} is {json.dumps(value)[:80]}")


def check_event(event: Mapping[str, Any], lines: int) -> None:
    """Refuse an event that is not what one is.

    Args:
        event: the event.
        lines: how many lines come before it.

    Raises:
        ValueError, InvalidArgumentError: it is not.

    """
    for name, fits in _FIELDS.items():
        if name in event:
            _check(fits(event[name]), name, event[name])
    for name in _PLACES:
        if name in event:
            _check(_count(event[name]) and event[name] < lines + _FAR, name, event[name])
    if "version" in event:
        if event["version"] != VERSION:
            raise ValueError(f"its version is {json.dumps(event['version'])[:80]}")
        check_record(event)


def _moment(value: Any) -> bool:
    return isinstance(value, str) and datetime.fromisoformat(value).utcoffset() is not None


def _named_seconds(value: Any, many: int) -> bool:
    """Whether it is the name of a clock, and so many seconds."""
    if not isinstance(value, list) or len(value) != many + 1 or not isinstance(value[0], str):
        return False
    return all(type(seconds) in (int, float) and abs(seconds) < _AGES for seconds in value[1:])


_PLACES = ("started", "refused", "began", "index")
_FIELDS: dict[str, Callable[[Any], bool]] = {
    "uid": _text,
    "at": _moment,
    "attempt": lambda value: _count(value) and value > 0,
    "job": lambda value: value is None or isinstance(value, str),
    "clock": lambda value: _named_seconds(value, 1),
    "service": lambda value: _named_seconds(value, 2),
}
"""The plain values of events."""


def read_end(event: Mapping[str, Any]) -> tuple[int, dict[int, str]]:
    """Read the line that tells how many uids came, and which of them had no line yet.

    Raises:
        ValueError: it does not tell that.

    """
    total, left = event["end"], event["left"]
    _check(_count(total), "end", total)
    _check(_mapping(left) and all(map(_text, left.values())), "left", left)
    return total, {int(place): uid for place, uid in left.items()}
