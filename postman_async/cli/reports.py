"""The reports a command writes: their files, checked before anything is sent, and their formats."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

from attrs import evolve, frozen

from postman_async.cli.errors import UsageError, print_message
from postman_async.cli.output.streams import stdout

if TYPE_CHECKING:
    from postman_async import MonitorOutcome
    from postman_async.reports import ReportFormat

__all__ = ["ReportFile", "Reports", "check_file", "requested_reports"]

STDOUT = "-"
"""Stands for stdout, as a file."""


@frozen
class ReportFile:
    """A report to write.

    Attributes:
        format: the name of its format.
        path: the file; ``-`` is stdout.
        append: keep what is in the file and add the report, as the pages of CI jobs need it.

    """

    format: ReportFormat
    path: Path
    append: bool = False

    @property
    def to_stdout(self) -> bool:
        """Whether it goes to stdout."""
        return str(self.path) == STDOUT


@frozen(kw_only=True)
class Reports:
    """All reports of a command.

    Attributes:
        files: the reports.
        title: their heading.
        keep_headers: keep the values of secret headers in them.

    """

    files: tuple[ReportFile, ...]
    title: str
    keep_headers: bool

    @property
    def to_stdout(self) -> bool:
        """Whether a report goes to stdout."""
        return any(file.to_stdout for file in self.files)

    def with_job_summary(self) -> Reports:
        """Add the page of a GitHub Actions job, where ``GITHUB_STEP_SUMMARY`` names one."""
        page = os.environ.get("GITHUB_STEP_SUMMARY")
        if not page or not Path(page).parent.is_dir():
            return self
        return evolve(self, files=(*self.files, ReportFile("markdown", Path(page), append=True)))

    def check(self, journal: Path | None = None) -> None:
        """Refuse files that cannot be written, before the monitors are run.

        Raises:
            UsageError: a file cannot be written, is given twice or is the journal.
            ConfigurationError: the library of a format is not installed.

        """
        seen: set[Path] = set()
        for file in self.files:
            path = file.path.resolve()
            if journal is not None and path == journal.resolve():
                raise UsageError(f"{journal} is the journal: give the {file.format} another file")
            if path in seen:
                raise UsageError(f"two reports would go to {file.path}")
            seen.add(path)
            if not file.to_stdout:
                check_file(file.path)
            _check_format(file.format)

    def write(self, outcomes: Iterable[MonitorOutcome]) -> bool:
        """Write the reports, and print a message for each that cannot be written.

        Returns:
            Whether all were written.

        """
        errors = [error for file in self.files if (error := self._write(file, outcomes))]
        for error in errors:
            print_message(error)
        return not errors

    def _write(self, file: ReportFile, outcomes: Iterable[MonitorOutcome]) -> str | None:
        """Write a report; return a message where its file cannot be written."""
        from postman_async.reports import render_report

        pieces = render_report(
            outcomes, file.format, title=self.title, keep_headers=self.keep_headers
        )
        if file.to_stdout:
            _write_stdout(pieces)
            return None
        try:
            _write_file(file, pieces)
        except OSError as error:
            return f"cannot write {file.path}: {error.strerror}"
        return None


def requested_reports(
    files: Mapping[str, Path | None], *, title: str, keep_headers: bool
) -> Reports:
    """Return the reports of which a file was given.

    Args:
        files: the file of each format by its name, or None.
        title: the heading of the reports.
        keep_headers: keep the values of secret headers in them.

    """
    given = tuple(
        ReportFile(cast("ReportFormat", name), path) for name, path in files.items() if path
    )
    return Reports(files=given, title=title, keep_headers=keep_headers)


def check_file(path: Path) -> None:
    """Refuse a file that cannot be written.

    Raises:
        UsageError: the path is a folder, may not be written, or is in a folder that is missing.

    """
    folder = path.parent
    if path.is_dir():
        raise UsageError(f"cannot write {path}: it is a folder")
    if not folder.is_dir():
        raise UsageError(f"cannot write {path}: there is no folder {folder}")
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise UsageError(f"cannot write {path}: you may not write there")


def _check_format(format: ReportFormat) -> None:
    """Load a format; a `ConfigurationError` says which library is missing."""
    from postman_async.reports import render_report

    render_report((), format)


def _write_stdout(pieces: Iterable[str]) -> None:
    """Write UTF-8, which some formats declare, whatever the encoding of stdout is."""
    for piece in pieces:
        stdout.write_bytes(piece.encode())


def _write_file(file: ReportFile, pieces: Iterable[str]) -> None:
    from postman_async.reports.atomic_write import write_atomically

    if not file.append:
        write_atomically(file.path, pieces)
        return
    with file.path.open("a", encoding="utf-8", newline="\n") as stream:
        stream.writelines(pieces)
