"""The reports a command writes: where to, checked before anything is sent, and in which format."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from postman_async.cli.errors import UsageError, say
from postman_async.cli.output.streams import stdout

if TYPE_CHECKING:
    from postman_async import MonitorOutcome
    from postman_async.reports import ReportFormat

__all__ = ["Report", "Style", "check_file", "check_reports", "planned", "write_reports"]

STDOUT = "-"
"""Stands for stdout, as a file."""


@frozen
class Report:
    """A report to write.

    Args:
        format: its format.
        path: the file; ``-`` is stdout.
        append: add it to what is in the file, as the pages of CI jobs want it.

    """

    format: ReportFormat
    path: Path
    append: bool = False

    @property
    def to_stdout(self) -> bool:
        """Whether it goes to stdout."""
        return str(self.path) == STDOUT


@frozen
class Style:
    """How all reports are written.

    Args:
        title: their heading.
        keep_headers: leave secret headers in them.

    """

    title: str
    keep_headers: bool


def planned(summary: bool = False, **files: Path | None) -> list[Report]:
    """List the reports that were asked for, by their formats.

    Args:
        summary: append a Markdown report to the file that GitHub Actions names, if it does.
        files: the file of each format, or None.

    """
    reports = [Report(name, file) for name, file in files.items() if file]  # type: ignore[arg-type]
    page = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary and page and Path(page).parent.is_dir():
        reports.append(Report("markdown", Path(page), append=True))
    return reports


def check_reports(reports: Iterable[Report], journal: Path | None = None) -> None:
    """Refuse files that cannot be written while it costs nothing: before the runs.

    Raises:
        UsageError: one cannot be written, two are the same, one is the journal, or a library is
            missing.

    """
    seen: set[Path] = set()
    for report in reports:
        place = report.path.resolve()
        if journal is not None and place == journal.resolve():
            raise UsageError(f"{journal} is the journal: give the {report.format} another file")
        if place in seen:
            raise UsageError(f"two reports would go to {report.path}")
        seen.add(place)
        if not report.to_stdout:
            check_file(report.path)
        _try(report)


def check_file(path: Path) -> None:
    """Refuse a file that cannot be written.

    Raises:
        UsageError: it is none, or may not be written, or its folder is not there.

    """
    folder = path.parent
    if path.is_dir():
        raise UsageError(f"cannot write {path}: it is a folder")
    if not folder.is_dir():
        raise UsageError(f"cannot write {path}: there is no folder {folder}")
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise UsageError(f"cannot write {path}: you may not write there")


def _try(report: Report) -> None:
    """Load what the format needs; a `ConfigurationError` says what is missing."""
    from postman_async.reports import render_report

    render_report((), report.format)


def write_reports(
    reports: Iterable[Report], outcomes: Iterable[MonitorOutcome], style: Style
) -> bool:
    """Write the reports, and return whether each could be; the user is told of those that not."""
    faults = [_write(report, outcomes, style) for report in reports]
    for fault in filter(None, faults):
        say(fault)
    return not any(faults)


def _write(report: Report, outcomes: Iterable[MonitorOutcome], style: Style) -> str | None:
    from postman_async.reports import render_report
    from postman_async.reports.atomic_write import write_whole

    pieces = render_report(
        outcomes, report.format, title=style.title, keep_headers=style.keep_headers
    )
    if report.to_stdout:
        for piece in pieces:  # in UTF-8, as some of them say of themselves, whatever stdout takes
            stdout.write_bytes(piece.encode())
        return None
    try:
        if report.append:
            with report.path.open("a", encoding="utf-8", newline="\n") as file:
                file.writelines(pieces)
        else:
            write_whole(report.path, pieces)
    except OSError as error:
        return f"cannot write {report.path}: {error.strerror}"
    return None
