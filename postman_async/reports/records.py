"""Records for reports: readable whatever an outcome holds, and without secrets.

A run can hold what JSON cannot: a number beyond any float, data nested too deeply, a part whose
text turns out to be damaged when it is read.  Such a part is left out with a note in ``not_shown``;
the rest of the outcome, and all other outcomes, are not affected.
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
from postman_async.reports.entries import Entry, describe_error
from postman_async.reports.redact import NOT_SHOWN, Redaction, redacted_text
from postman_async.reports.text import clean

__all__ = ["dump_json", "dump_record", "record_of", "render_entry", "without_details"]

T = TypeVar("T")

_MAX_NOTES = 20


def record_of(outcome: MonitorOutcome, *, keep_headers: bool = False) -> dict[str, Any]:
    """Write an outcome as a record without secrets.

    Args:
        outcome: the outcome.
        keep_headers: leave the values of headers as they are.

    Returns:
        The record of `postman_async.bulk.record.to_record`; with ``not_shown``, a list of
        locations and reasons, if a part of it cannot be written.

    """
    lost: list[str] = []
    redaction = Redaction(keep_headers=keep_headers)
    record: dict[str, Any] = redaction.copy(_read_outcome(outcome, lost))
    return _with_notes(record, [*lost, *redaction.lost])


def without_details(record: dict[str, Any], reason: Exception) -> dict[str, Any]:
    """Return a record without its run and its error, which cannot be written, and note why."""
    bare = {**record, "run": None}
    if record.get("error") is not None:
        bare["error"] = {"type": "PostmanError", "message": NOT_SHOWN}
    return _with_notes(bare, [f"details: {describe_error(reason)}"])


def render_entry(render: Callable[[Entry], T], entry: Entry) -> T:
    """Render an entry; without its details, if the format fails to render them."""
    try:
        return render(entry)
    except Exception as error:  # of any kind: it must not affect the other entries
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


def _with_notes(record: dict[str, Any], notes: list[str]) -> dict[str, Any]:
    if not notes:
        return record
    kept = [redacted_text(clean(note)) for note in notes[:_MAX_NOTES]]
    return {**record, "not_shown": [*record.get("not_shown", ()), *kept]}


def _read_outcome(outcome: MonitorOutcome, lost: list[str]) -> dict[str, Any]:
    """Return an outcome as JSON data, with `NOT_SHOWN` for parts that cannot be written."""
    try:
        return to_record(outcome)
    except Exception:  # each part is read on its own below
        record = to_record(evolve(outcome, run=None, error=None))
    record["run"] = _read_run(outcome.run, lost)
    error = _try_read(partial(_read_error, outcome), "error", lost)
    if error == NOT_SHOWN:
        error = {"type": type(outcome.error).__name__, "message": NOT_SHOWN}
    return {**record, "error": error}


def _read_error(outcome: MonitorOutcome) -> Any:
    return to_record(evolve(outcome, run=None))["error"]


def _read_run(run: Any, lost: list[str]) -> Any:
    if not has(type(run)):
        return _try_read(partial(to_dict, run), "run", lost)
    parts = {wire: _try_read(read, f"run.{wire}", lost) for wire, read in _parts(run)}
    return {wire: part for wire, part in parts.items() if part is not None}


def _parts(run: Any) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield the parts of a run: their names on the wire, and functions that read them."""
    for name in (field.name for field in fields(type(run)) if not field.name.startswith("_")):
        yield type(run).wire_names.get(name, name), partial(_read_field, run, name)
    for key, value in run.extra.items():
        yield key, partial(to_dict, value)


def _read_field(run: Any, name: str) -> Any:
    return to_dict(getattr(run, name))


def _try_read(read: Callable[[], Any], location: str, lost: list[str]) -> Any:
    try:
        return read()
    except Exception as error:  # of any kind: it must not affect the other parts
        lost.append(f"{location}: {describe_error(error)}")
        return NOT_SHOWN
