"""Records for reports: readable whatever an outcome holds, and without secrets.

A run can hold what nobody can write down: a number that no float holds, data nested without end,
a part whose text turns out to be damaged when it is read.  Then everything else is shown, with a
note in ``not_shown``; the outcome and all others are what they are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeVar

from attrs import evolve, fields, has

from postman_async.bulk.outcome import MonitorOutcome
from postman_async.bulk.record import to_record
from postman_async.engine.data.convert import to_dict
from postman_async.reports.entries import Entry, reason_of
from postman_async.reports.redact import NOT_SHOWN, Redaction, redacted_text
from postman_async.reports.text import clean

__all__ = ["dump_json", "dump_record", "record_of", "shown", "without_details"]

T = TypeVar("T")

_MOST_NOTES = 20


def record_of(outcome: MonitorOutcome, *, keep_headers: bool = False) -> dict[str, Any]:
    """Write an outcome as a record without secrets.

    Args:
        outcome: the outcome.
        keep_headers: leave the values of headers as they are.

    Returns:
        The record of `postman_async.bulk.record.to_record`; with ``not_shown``, a list of places
        and reasons, if some of it cannot be written down.

    """
    lost: list[str] = []
    redaction = Redaction(keep_headers=keep_headers)
    record: dict[str, Any] = redaction.copy(_readable(outcome, lost))
    return _noted(record, [*lost, *redaction.lost])


def without_details(record: dict[str, Any], reason: Exception) -> dict[str, Any]:
    """Keep the outcome of a record whose run or error cannot be written, and say why."""
    bare = {**record, "run": None}
    if record.get("error") is not None:
        bare["error"] = {"type": "PostmanError", "message": NOT_SHOWN}
    return _noted(bare, [f"details: {reason_of(reason)}"])


def shown(render: Callable[[Entry], T], entry: Entry) -> T:
    """Render an entry; one that a format cannot show is shown without its details."""
    try:
        return render(entry)
    except Exception as error:  # whatever it is, it is the matter of this entry alone
        return render(entry.without_details(error))


def dump_record(record: dict[str, Any]) -> str:
    """Write a record as JSON; one that cannot be written keeps its outcome."""
    try:
        return dump_json(record)
    except (TypeError, ValueError, RecursionError) as error:
        return dump_json(without_details(record, error))


def dump_json(value: Any) -> str:
    """Write a value as JSON, in ASCII.

    Raises:
        TypeError, ValueError, RecursionError: JSON cannot hold the value.

    """
    return json.dumps(value, allow_nan=False)


def _noted(record: dict[str, Any], notes: list[str]) -> dict[str, Any]:
    if not notes:
        return record
    kept = [redacted_text(clean(note)) for note in notes[:_MOST_NOTES]]
    return {**record, "not_shown": [*record.get("not_shown", ()), *kept]}


def _readable(outcome: MonitorOutcome, lost: list[str]) -> dict[str, Any]:
    """Write an outcome as JSON data, and what cannot be written as `NOT_SHOWN`."""
    try:
        return to_record(outcome)
    except Exception:  # what it was is seen part by part
        record = to_record(evolve(outcome, run=None, error=None))
    record["run"] = _readable_run(outcome.run, lost)
    error = _tried(partial(_error_of, outcome), "error", lost)
    if error == NOT_SHOWN:
        error = {"type": type(outcome.error).__name__, "message": NOT_SHOWN}
    return {**record, "error": error}


def _error_of(outcome: MonitorOutcome) -> Any:
    return to_record(evolve(outcome, run=None))["error"]


def _readable_run(run: Any, lost: list[str]) -> Any:
    if not has(type(run)):
        return _tried(partial(to_dict, run), "run", lost)
    parts = {wire: _tried(read, f"run.{wire}", lost) for wire, read in _parts(run)}
    return {wire: part for wire, part in parts.items() if part is not None}


def _parts(run: Any) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Give the parts of a run by their names on the wire, each to be read on its own."""
    for name in (field.name for field in fields(type(run)) if not field.name.startswith("_")):
        yield type(run).wire_names.get(name, name), partial(_field, run, name)
    for key, value in run.extra.items():
        yield key, partial(to_dict, value)


def _field(run: Any, name: str) -> Any:
    return to_dict(getattr(run, name))


def _tried(read: Callable[[], Any], place: str, lost: list[str]) -> Any:
    try:
        return read()
    except Exception as error:  # whatever a part of an answer does, it is this part's matter
        lost.append(f"{place}: {reason_of(error)}")
        return NOT_SHOWN
