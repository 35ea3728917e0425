"""JSON: the records of all outcomes and their totals, as data for other programs.

``report.schema.json`` in `postman_async.reports` describes the report; its version is `VERSION`.
The report is written one outcome at a time, and has nothing but ASCII in it.  Hostile text is
data in it and stays as it is, except halves of surrogate pairs, for which readers refuse a file.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from importlib.resources import files
from typing import Any

from postman_async.reports.entries import entry_of
from postman_async.reports.records import dump_json, dump_record
from postman_async.reports.text import clean
from postman_async.reports.totals import Totals

__all__ = ["VERSION", "json_report", "schema"]

VERSION = 1


def schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of the JSON report."""
    text = files("postman_async.reports").joinpath("report.schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def json_report(records: Iterable[dict[str, Any]], title: str) -> Iterator[str]:
    """Yield the text of the report piece by piece; the summary comes last, when it is known."""
    totals, between = Totals(), ""
    head = {
        "version": VERSION,
        "generator": f"postman-async {version('postman-async')}",
        "title": clean(title),
    }
    yield f'{dump_json(head)[:-1]}, "outcomes": ['
    for record in records:
        totals.add(entry_of(record))
        yield f"{between}\n{dump_record(record)}"
        between = ","
    yield f'\n], "summary": {dump_json(totals.summary())}}}\n'
