"""``postman-async report``: reports of a batch that has been run, from its journal."""

from __future__ import annotations

import json as json_module
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from attrs import frozen

from postman_async.cli import options
from postman_async.cli.errors import UNAVAILABLE, UsageError, reported
from postman_async.cli.reports import Style, check_reports, planned, write_reports

if TYPE_CHECKING:
    from postman_async import MonitorOutcome

__all__ = ["EXAMPLES", "report"]

EXAMPLES = """\
\b
Examples:
  postman-async report runs.jsonl --html report.html --junit junit.xml
  postman-async report runs.jsonl --json - | jq .summary
  postman-async report runs.jsonl --markdown - >> "$GITHUB_STEP_SUMMARY"
"""

_A_LINE = 1 << 16
_HEAD = b'{"journal"'


def report(
    journal: Annotated[
        Path, typer.Argument(metavar="JOURNAL", help="A journal, or a report of --jsonl.")
    ],
    junit: options.JUnit = None,
    html: options.Html = None,
    markdown: options.Markdown = None,
    json: options.Json = None,
    jsonl: options.JsonLines = None,
    title: options.Title = "Monitor runs",
    keep_headers: options.KeepHeaders = False,
) -> None:
    """Write reports of a batch from its journal."""
    reports = planned(junit=junit, html=html, markdown=markdown, json=json, jsonl=jsonl)
    with reported():
        if not reports:
            raise UsageError(
                "which report? give one of --junit, --html, --markdown, --json, --jsonl"
            )
        check_reports(reports, journal)
        outcomes = _Outcomes(journal)
        outcomes.check()
        if not write_reports(reports, outcomes, Style(title, keep_headers)):
            raise typer.Exit(UNAVAILABLE)


@frozen
class _Outcomes(Iterable["MonitorOutcome"]):
    """The outcomes in a file, read anew for each report, so that no number of them is too many."""

    file: Path

    def check(self) -> None:
        """Refuse what is no journal before anything is written.

        Raises:
            UsageError: it cannot be read, or is neither a journal nor a report of --jsonl.
            JournalError: it is a journal of another version.

        """
        first = next(iter(self), None)
        if first is None and not self._first_line().startswith(_HEAD):
            raise UsageError(f"{self.file} is no journal, and no report of --jsonl")

    def __iter__(self) -> Iterator[MonitorOutcome]:
        from postman_async.bulk.journal import read_journal

        try:
            line = self._first_line()
            if line.startswith(_HEAD):
                yield from read_journal(self.file)
            elif line.startswith(b"{") and b'"uid"' in line:
                yield from _records(self.file)
        except OSError as error:
            raise UsageError(f"cannot read {self.file}: {error.strerror}") from None

    def _first_line(self) -> bytes:
        """Read what tells the two kinds apart: a journal begins with a head of its own."""
        with self.file.open("rb") as file:
            return file.readline(_A_LINE)


def _records(file: Path) -> Iterator[MonitorOutcome]:
    """Read a report of JSON lines."""
    from postman_async import InvalidArgumentError
    from postman_async.bulk.record import from_record

    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                yield from_record(json_module.loads(line))
            except (ValueError, InvalidArgumentError) as error:
                raise UsageError(f"{file}, line {number}: {error}") from None
