"""Write reports of a batch from its journal."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from attrs import frozen

from postman_async.cli import options
from postman_async.cli.command import command
from postman_async.cli.errors import UNAVAILABLE, UsageError, report_errors
from postman_async.cli.reports import Reports
from postman_async.reports.formats import FORMATS

if TYPE_CHECKING:
    from postman_async import MonitorOutcome

__all__ = ["report_command"]

EXAMPLES = """\
\b
Examples:
  postman-async report runs.jsonl --html report.html --junit junit.xml
  postman-async report runs.jsonl --json - | jq .summary
  postman-async report runs.jsonl --markdown - >> "$GITHUB_STEP_SUMMARY"
"""

_MAX_LINE = 1 << 16
_JOURNAL_HEADER = b'{"journal"'


@command(examples=EXAMPLES)
@options.report_options
def report_command(
    *,
    journal: Annotated[
        Path, typer.Argument(metavar="JOURNAL", help="A journal, or a report of --jsonl.")
    ],
    reports: Reports,
) -> None:
    """Write reports of a batch from its journal."""
    with report_errors():
        if not reports.files:
            flags = ", ".join(f"--{name}" for name in FORMATS)
            raise UsageError(f"which report? give one of {flags}")
        reports.check(journal)
        outcomes = _Outcomes(journal)
        outcomes.check()
        if not reports.write(outcomes):
            raise typer.Exit(UNAVAILABLE)


@frozen
class _Outcomes(Iterable["MonitorOutcome"]):
    """The outcomes in a file, which is read again for each report, in bounded memory."""

    file: Path

    def check(self) -> None:
        """Refuse another kind of file before anything is written.

        Raises:
            UsageError: the file cannot be read, or is neither a journal nor a report of --jsonl.
            JournalError: the journal has another version.

        """
        first = next(iter(self), None)
        if first is None and not self._first_line().startswith(_JOURNAL_HEADER):
            raise UsageError(f"{self.file} is neither a journal nor a report of --jsonl")

    def __iter__(self) -> Iterator[MonitorOutcome]:
        from postman_async.bulk.journal import read_journal

        try:
            line = self._first_line()
            if line.startswith(_JOURNAL_HEADER):
                yield from read_journal(self.file)
            elif line.startswith(b"{") and b'"uid"' in line:
                yield from _records(self.file)
        except OSError as error:
            raise UsageError(f"cannot read {self.file}: {error.strerror}") from None

    def _first_line(self) -> bytes:
        """Read the line that differs between the two kinds: a journal begins with its header."""
        with self.file.open("rb") as file:
            return file.readline(_MAX_LINE)


def _records(file: Path) -> Iterator[MonitorOutcome]:
    """Read a report of JSON lines."""
    from postman_async import InvalidArgumentError
    from postman_async.bulk.record import from_record

    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                yield from_record(json.loads(line))
            except (ValueError, InvalidArgumentError) as error:
                raise UsageError(f"{file}, line {number}: {error}") from None
