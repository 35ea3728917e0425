"""Reports: what CI and people read about many runs, in the formats of `FORMATS`.

All formats are made from the records of outcomes (`postman_async.bulk.record`) after their
secrets have been taken out (`postman_async.reports.redact`).  A part of one outcome that cannot be
shown is noted beside its verdict and does not affect the others (`postman_async.reports.records`).
No format holds all runs in memory.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from postman_async.reports.formats import FORMATS, ReportFormat, find_format, format_of_path

if TYPE_CHECKING:
    from postman_async.bulk.outcome import MonitorOutcome

__all__ = ["FORMATS", "ReportFormat", "render_report", "write_report"]


def write_report(
    outcomes: Iterable[MonitorOutcome],
    path: str | os.PathLike[str],
    format: ReportFormat | None = None,
    *,
    title: str = "Monitor runs",
    keep_headers: bool = False,
) -> None:
    """Write a report to a file, in UTF-8; a crash leaves the old content of the file.

    Args:
        outcomes: a `BatchReport`, or any other outcomes; they are iterated once.
        path: the file, which is replaced; for other targets see `render_report`.
        format: a name in `FORMATS`; without it the suffix of the path decides (``.xml`` is
            JUnit).
        title: the heading of the report.
        keep_headers: keep the values of secret headers (``Authorization`` and the like).
            Postman's API keys, and the secrets in URLs and messages, are redacted all the same.

    Raises:
        InvalidArgumentError: the format is not known.
        ConfigurationError: the format needs a library that is not installed.
        OSError: the file cannot be written.

    """
    from postman_async.reports.atomic_write import write_atomically

    chosen = format or format_of_path(path)
    pieces = render_report(outcomes, chosen, title=title, keep_headers=keep_headers)
    write_atomically(path, pieces)


def render_report(
    outcomes: Iterable[MonitorOutcome],
    format: ReportFormat,
    *,
    title: str = "Monitor runs",
    keep_headers: bool = False,
) -> Iterator[str]:
    """Yield the text of a report piece by piece, while the outcomes come in.

    The arguments and errors are those of `write_report`; all errors are raised before the first
    piece.
    """
    row = find_format(format)
    render = row.load()
    from postman_async.reports.entries import entry_of
    from postman_async.reports.records import record_of

    records = (record_of(outcome, keep_headers=keep_headers) for outcome in outcomes)
    return render(records if row.reads == "records" else map(entry_of, records), title)
