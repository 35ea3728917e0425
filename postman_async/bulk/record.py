"""Outcomes as JSON, for journals and reports, and back.

A record is one flat object, version 1::

    {"version": 1, "uid": "1-m", "name": "Checkout", "index": 0, "status": "error",
     "run": null, "error": {"type": "NotFoundError", "message": "…", "status": 404, …},
     "attempts": 1, "started_at": "2026-01-31T12:00:00+00:00", "elapsed": 0.2,
     "waited": 0.0, "reconciled": false}

``run`` is the run as the service writes it (unknown keys included).  ``error`` names the class
and the whole message; of its attributes it keeps what `_KEPT` lists and none of the headers or
bodies, so that an error read back has the same class, message, status, names and waits, and
empty ``headers`` and ``content``.  Readers ignore keys they do not know; a change that they could
misread gets a new version.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from postman_async import errors
from postman_async.bulk.outcome import MonitorOutcome
from postman_async.engine.data.convert import from_dict, load_model, to_dict
from postman_async.engine.limits.headers import RateLimit
from postman_async.errors import ApiError, InvalidArgumentError, PostmanError

__all__ = ["VERSION", "from_record", "to_record"]

VERSION = 1

_PLAIN = ("uid", "name", "index", "status", "attempts", "elapsed", "waited", "reconciled")
_KEPT = {
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
"""The attributes of an error that are kept, and their keys; ``message`` is its whole text."""


def to_record(outcome: MonitorOutcome) -> dict[str, Any]:
    """Write an outcome as JSON data; the format is told at the top of this module."""
    record: dict[str, Any] = {"version": VERSION}
    record |= {name: getattr(outcome, name) for name in _PLAIN}
    record["run"] = to_dict(outcome.run)
    record["error"] = None if outcome.error is None else _error_record(outcome.error)
    started = outcome.started_at
    record["started_at"] = None if started is None else started.isoformat()
    return record


def from_record(record: Mapping[str, Any]) -> MonitorOutcome:
    """Read an outcome that `to_record` wrote.

    Raises:
        InvalidArgumentError: it is no such record, or one of another version.

    """
    if not isinstance(record, Mapping) or record.get("version") != VERSION:
        raise InvalidArgumentError(f"not an outcome record of version {VERSION}: {record!s:.80}")
    try:
        plain = {name: record[name] for name in _PLAIN}
        started, error = record["started_at"], record["error"]
        return MonitorOutcome(
            **plain,
            run=from_dict(record["run"], load_model("monitors:MonitorRun")),
            error=None if error is None else _error(error),
            started_at=None if started is None else datetime.fromisoformat(started),
        )
    except (KeyError, TypeError, ValueError) as fault:
        raise InvalidArgumentError(f"not an outcome record: {fault!r} in {record!s:.80}") from None


def _error_record(error: PostmanError) -> dict[str, Any]:
    # An error of another origin is kept as the nearest class of ours.
    names = [cls.__name__ for cls in type(error).__mro__ if cls.__name__ in errors.__all__]
    record: dict[str, Any] = {"type": names[0], "message": str(error)}
    held = vars(error)
    record |= {key: held[name] for name, key in _KEPT.items() if held.get(name) is not None}
    rate_limit = held.get("rate_limit")
    if rate_limit is not None and rate_limit.retry_after is not None:
        record["retry_after"] = rate_limit.retry_after
    return record


def _error(record: Mapping[str, Any]) -> PostmanError:
    """Make the error again; a class of a later version becomes a plain `PostmanError`."""
    known = record["type"] in errors.__all__
    cls: type[PostmanError] = getattr(errors, record["type"]) if known else PostmanError
    state = {name: record[key] for name, key in _KEPT.items() if key in record}
    if issubclass(cls, ApiError):
        state = {**_api_state(record), **state}
    return errors.restored(cls, record["message"], state)


def _api_state(record: Mapping[str, Any]) -> dict[str, Any]:
    """Fill the attributes that every `ApiError` has."""
    method, _, path = record.get("call", "").partition(" ")
    state: dict[str, Any] = dict.fromkeys(("name", "details", "body", "request_id"))
    state |= {"method": method, "path": path, "headers": {}, "content": b"", "message": ""}
    return {**state, "rate_limit": RateLimit(retry_after=record.get("retry_after"))}
