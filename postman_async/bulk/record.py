"""Converts outcomes to JSON data, for journals and reports, and back.

A record is one flat object of version 1::

    {"version": 1, "uid": "1-m", "name": "Checkout", "index": 0, "status": "error",
     "run": null, "error": {"type": "NotFoundError", "message": "…", "status": 404, …},
     "attempts": 1, "started_at": "2026-01-31T12:00:00+00:00", "elapsed": 0.2,
     "waited": 0.0, "reconciled": false}

``run`` is the run as the service writes it, unknown keys included.  ``error`` has the class, the
whole message, and the attributes in `_ERROR_KEYS`, but neither headers nor bodies: an error that
was read back has empty ``headers`` and ``content``.  Readers ignore keys they do not know; a
change that they could misread gets a new version.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar, get_args

from attrs import evolve

from postman_async import errors
from postman_async.bulk.outcome import MonitorOutcome, OutcomeStatus
from postman_async.engine.data.convert import from_dict, load_model, to_dict
from postman_async.engine.limits.headers import RateLimit
from postman_async.errors import ApiError, InvalidArgumentError, PostmanError, UnsettledError

__all__ = [
    "UNSERIALIZABLE",
    "VERSION",
    "check_record",
    "from_record",
    "outcome_line",
    "to_record",
    "use_record",
]

VERSION = 1

T = TypeVar("T")

_PLAIN_KEYS = ("uid", "name", "index", "status", "attempts", "elapsed", "waited", "reconciled")
_ERROR_KEYS = {
    "call": "call",
    "status": "status",
    "name": "name",
    "message": "words",
    "request_id": "request_id",
    "reason": "reason",
    "location": "location",
    "faults": "faults",
    "sent": "sent",
    "attempts": "attempts",
    "waited": "waited",
}
"""The attributes of an error in a record, and their keys; ``message`` is the whole text."""


def to_record(outcome: MonitorOutcome) -> dict[str, Any]:
    """Convert an outcome to JSON data; the format is described at the top of this module."""
    record: dict[str, Any] = {"version": VERSION}
    record |= {name: getattr(outcome, name) for name in _PLAIN_KEYS}
    record["run"] = to_dict(outcome.run)
    record["error"] = None if outcome.error is None else _error_record(outcome.error)
    started = outcome.started_at
    record["started_at"] = None if started is None else started.isoformat()
    return record


def outcome_line(outcome: MonitorOutcome, **more: Any) -> bytes:
    """Convert an outcome to a line of JSON; what cannot be serialized is left out.

    An answer may hold what Python reads but does not write: a number of more than 4,300 digits,
    or more levels than the stack has room for.

    Args:
        outcome: the outcome.
        more: further keys of the record.

    """

    def line(record: Mapping[str, Any]) -> bytes:
        return json.dumps({**record, **more}, separators=(",", ":")).encode() + b"\n"

    return use_record(outcome, line)


UNSERIALIZABLE = (ValueError, TypeError, RecursionError, OverflowError, AttributeError)
"""The errors of values that are not JSON data, or are too large or too deep."""


def use_record(outcome: MonitorOutcome, use: Callable[[Mapping[str, Any]], T]) -> T:
    """Call a function with the record of an outcome, reduced until the function accepts it.

    First the executions of the run are left out, then the run.  The status always stays.

    Args:
        outcome: the outcome.
        use: takes the record.

    Returns:
        What the function returns.

    """
    for reduced in (to_record, _without_executions, _without_run):
        try:
            return use(reduced(outcome))
        except (*UNSERIALIZABLE, PostmanError):
            continue
    bare = MonitorOutcome(uid=outcome.uid, index=outcome.index, status=outcome.status)
    return use(_without_run(bare))


def _without_executions(outcome: MonitorOutcome) -> dict[str, Any]:
    record = to_record(outcome)
    kept = {key: part for key, part in record["run"].items() if key in ("info", "stats")}
    return {**record, "run": kept}


def _without_run(outcome: MonitorOutcome) -> dict[str, Any]:
    words = "the run's result cannot be written as JSON, so it is not kept"
    return to_record(evolve(outcome, run=None, error=outcome.error or UnsettledError(words)))


def from_record(record: Mapping[str, Any]) -> MonitorOutcome:
    """Read an outcome that `to_record` wrote.

    Raises:
        InvalidArgumentError: it is no record, or one of another version.

    """
    outcome = check_record(record)
    return evolve(outcome, run=from_dict(record["run"], load_model("monitors:MonitorRun")))


def check_record(record: Mapping[str, Any]) -> MonitorOutcome:
    """Read a record without its run, which may be any JSON value.

    Raises:
        InvalidArgumentError: as for `from_record`.

    """
    if not isinstance(record, Mapping) or record.get("version") != VERSION or "run" not in record:
        raise InvalidArgumentError(f"not an outcome record of version {VERSION}: {record!s:.80}")
    try:
        plain = {name: record[name] for name in _PLAIN_KEYS}
        for name, value in plain.items():
            if not _has_type(name, value):
                raise ValueError(f"{name} is {value!s:.80}")
        started, error = record["started_at"], record["error"]
        return MonitorOutcome(
            **plain,
            error=None if error is None else _error(error),
            started_at=None if started is None else _parse_time(started),
        )
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as fault:
        raise InvalidArgumentError(f"not an outcome record: {fault!r} in {record!s:.80}") from None


def _has_type(name: str, value: Any) -> bool:
    if name in ("index", "attempts"):
        return type(value) is int and value >= 0
    if name in ("elapsed", "waited"):
        return _is_number(value)
    if name == "status":
        return value in get_args(OutcomeStatus)
    if name == "name":
        return value is None or isinstance(value, str)
    return isinstance(value, str if name == "uid" else bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and type(value) is not bool and math.isfinite(value)


def _parse_time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)


def _error_record(error: PostmanError) -> dict[str, Any]:
    # An error of a class that is not public becomes its nearest public base class.
    names = [cls.__name__ for cls in type(error).__mro__ if cls.__name__ in errors.__all__]
    record: dict[str, Any] = {"type": names[0], "message": str(error)}
    values = vars(error)
    record |= {k: values[name] for name, k in _ERROR_KEYS.items() if values.get(name) is not None}
    rate_limit = values.get("rate_limit")
    if rate_limit is not None and rate_limit.retry_after is not None:
        record["retry_after"] = rate_limit.retry_after
    return record


def _error(record: Mapping[str, Any]) -> PostmanError:
    """Restore an error; a class of a later version becomes a plain `PostmanError`."""
    kind, message = record["type"], record["message"]
    if not isinstance(message, str):
        raise TypeError(f"message is {message!s:.80}")
    cls: type[PostmanError] = getattr(errors, kind) if kind in errors.__all__ else PostmanError
    state = {name: record[key] for name, key in _ERROR_KEYS.items() if key in record}
    for name, value in state.items():
        if not _ERROR_TYPES.get(name, _is_text)(value):
            raise ValueError(f"{_ERROR_KEYS[name]} is {value!s:.80}")
    if issubclass(cls, ApiError):
        state = {**_api_state(record), **state}
    return errors.restored(cls, message, state)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


_ERROR_TYPES: dict[str, Callable[[Any], bool]] = {
    "status": lambda value: type(value) is int,
    "attempts": lambda value: type(value) is int,
    "waited": _is_number,
    "sent": lambda value: isinstance(value, bool),
    "faults": lambda value: isinstance(value, list) and all(map(_is_text, value)),
}
"""The types of the attributes that are not texts."""


def _api_state(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return values for the attributes that every `ApiError` has."""
    method, _, path = record.get("call", "").partition(" ")
    wait = record.get("retry_after")
    if wait is not None and not _is_number(wait):
        raise ValueError(f"retry_after is {wait!s:.80}")
    state: dict[str, Any] = dict.fromkeys(("name", "details", "body", "request_id"))
    state |= {"method": method, "path": path, "headers": {}, "content": b"", "message": ""}
    return {**state, "rate_limit": RateLimit(retry_after=wait)}
