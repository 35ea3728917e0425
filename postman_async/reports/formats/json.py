"""JSON and JSON lines: the records of all outcomes, as data for other programs.

``report.schema.json`` beside this file describes the JSON report; its version is `VERSION`.  A
line of JSONL is one record (`postman_async.bulk.record`).  Both are written one outcome at a
time, and have nothing but ASCII in them: hostile text is data there, and stays as it is, but for
halves of surrogate pairs, for which readers refuse the whole file.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from importlib.resources import files
from typing import Any

from postman_async.reports.entries import entry_of
from postman_async.reports.records import without_details
from postman_async.reports.text import clean
from postman_async.reports.totals import Figures

__all__ = ["VERSION", "json_lines", "json_report", "schema"]

VERSION = 1


def schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of the JSON report."""
    text = files("postman_async.reports").joinpath("report.schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def json_report(records: Iterable[dict[str, Any]], title: str) -> Iterator[str]:
    """Give the text of the report piece by piece; the summary comes last, when it is known."""
    figures, between = Figures(), ""
    head = {
        "version": VERSION,
        "generator": f"postman-async {version('postman-async')}",
        "title": clean(title),
    }
    yield f'{_dumped(head)[:-1]}, "outcomes": ['
    for record in records:
        figures.add(entry_of(record))
        yield f"{between}\n{_line(record)}"
        between = ","
    yield f'\n], "summary": {_dumped(figures.summary())}}}\n'


def json_lines(records: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Give each record as a line."""
    for record in records:
        yield f"{_line(record)}\n"


def _line(record: dict[str, Any]) -> str:
    """Write a record; one that cannot be written keeps its outcome."""
    try:
        return _dumped(record)
    except (TypeError, ValueError, RecursionError) as error:
        return _dumped(without_details(record, error))


def _dumped(value: Any) -> str:
    return json.dumps(value, allow_nan=False)
