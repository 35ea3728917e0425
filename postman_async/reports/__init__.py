"""Reports: what CI and people read of many runs, in five formats.

========== ===================================== ==============================================
format     for                                   in memory
========== ===================================== ==============================================
junit      Jenkins, GitLab, GitHub               one monitor; the others in a temporary file
html       people: one file, without a network   one monitor; the others in temporary files
markdown   the page of a CI job                  what is written, which is bounded
json       programs, with a schema               one outcome
jsonl      programs, line by line                one outcome
========== ===================================== ==============================================

All are made from the records of outcomes (`postman_async.bulk.record`) after secrets have been
taken out of these (`postman_async.reports.redact`).  What cannot be shown of one outcome is
noted beside its verdict, and costs the others nothing (`postman_async.reports.records`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from postman_async.errors import ConfigurationError, InvalidArgumentError
from postman_async.reports.atomic_write import write_whole
from postman_async.reports.records import record_of

if TYPE_CHECKING:
    from postman_async.bulk.outcome import MonitorOutcome
    from postman_async.reports.entries import Entry

__all__ = ["FORMATS", "ReportFormat", "render_report", "write_report"]

ReportFormat: TypeAlias = Literal["junit", "html", "markdown", "json", "jsonl"]

FORMATS: tuple[ReportFormat, ...] = get_args(ReportFormat)
"""All formats."""

_SUFFIXES: dict[str, ReportFormat] = {
    ".xml": "junit",
    ".html": "html",
    ".htm": "html",
    ".md": "markdown",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
_EXTRA = {"jinja2": "HTML", "junitparser": "JUnit"}


def write_report(
    outcomes: Iterable[MonitorOutcome],
    path: str | os.PathLike[str],
    format: ReportFormat | None = None,
    *,
    title: str = "Monitor runs",
    keep_headers: bool = False,
) -> None:
    """Write a report to a file, in UTF-8, as a whole: a crash leaves the file as it was.

    Args:
        outcomes: a `BatchReport`, or outcomes from elsewhere; they are gone through once.
        path: the file, which is replaced; for anything else see `render_report`.
        format: ``junit``, ``html``, ``markdown``, ``json`` or ``jsonl``; without it the path's
            ending says which (``.xml`` is JUnit).
        title: the heading, or the name of the whole.
        keep_headers: leave secret headers (``Authorization`` and the like) as they are.
            Postman's API keys are taken out all the same, and so are the secrets in URLs and
            messages.

    Raises:
        InvalidArgumentError: the format is not known.
        ConfigurationError: the format needs a library that is not installed.
        OSError: the file cannot be written.

    """
    chosen = format or _by_ending(path)
    pieces = render_report(outcomes, chosen, title=title, keep_headers=keep_headers)
    write_whole(path, pieces)


def render_report(
    outcomes: Iterable[MonitorOutcome],
    format: ReportFormat,
    *,
    title: str = "Monitor runs",
    keep_headers: bool = False,
) -> Iterator[str]:
    """Give the text of a report piece by piece, as the outcomes come.

    Args and errors are those of `write_report`; all errors are raised before the first piece.
    """
    if format not in FORMATS:
        raise InvalidArgumentError(f"the format is one of {', '.join(FORMATS)}, not {format!r}")
    records = (record_of(outcome, keep_headers=keep_headers) for outcome in outcomes)
    try:
        return _pieces(records, format, title)
    except ModuleNotFoundError as error:
        if error.name not in _EXTRA:
            raise
        raise ConfigurationError(
            f"{_EXTRA[error.name]} reports need {error.name}: pip install 'postman-async[reports]'"
        ) from None


def _pieces(records: Iterator[dict[str, Any]], format: ReportFormat, title: str) -> Iterator[str]:
    """Choose the writer; each is loaded when it is asked for."""
    if format in ("json", "jsonl"):
        from postman_async.reports.formats.json import json_lines, json_report

        return json_report(records, title) if format == "json" else json_lines(records)
    from postman_async.reports.entries import entry_of

    entries: Iterator[Entry] = map(entry_of, records)
    if format == "junit":
        from postman_async.reports.formats.junit import junit

        return junit(entries, title)
    if format == "html":
        from postman_async.reports.formats.html import html

        return html(entries, title)
    from postman_async.reports.formats.markdown import markdown

    return markdown(entries, title)


def _by_ending(path: str | os.PathLike[str]) -> ReportFormat:
    ending = Path(path).suffix.lower()
    if ending not in _SUFFIXES:
        raise InvalidArgumentError(f"no format follows from the name {os.fspath(path)!r}")
    return _SUFFIXES[ending]
