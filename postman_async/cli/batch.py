"""A batch of the command line: run, shown, reported, and summed up in an exit code."""

from __future__ import annotations

import asyncio
import shlex
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import field, frozen, mutable

from postman_async.cli.client import ClientSettings
from postman_async.cli.errors import (
    FAILED,
    INTERRUPTED,
    REFUSED,
    UNAVAILABLE,
    UsageError,
    error_text,
    exit_code_of,
    exit_with_error,
    print_message,
    report_errors,
)
from postman_async.cli.interrupt import interruptible
from postman_async.cli.output.display import Screen, View
from postman_async.cli.output.summary import Row, row_of, tally
from postman_async.cli.reports import Reports, check_file
from postman_async.cli.selection import STDIN, read_uids
from postman_async.errors import AuthenticationError

if TYPE_CHECKING:
    from postman_async import AsyncPostman, MonitorBatch, MonitorOutcome
    from postman_async.bulk.outcome import OutcomeStatus

__all__ = [
    "RunRequest",
    "exit_code",
    "journal_options",
    "resume_command",
    "run_batch",
    "select_monitors",
]

_NOTABLE_WAIT = 0.5
"""Seconds of waiting for the rate limit, on average, from which on the summary mentions it."""


@frozen(kw_only=True)
class RunRequest:
    """What the command line asks for.

    Attributes:
        options: the arguments of the batch, its uids among them.
        reports: the reports to write.
        screen: how the batch is shown.

    """

    options: Mapping[str, Any]
    reports: Reports
    screen: Screen

    @property
    def journal(self) -> Path | None:
        """The file of the journal, if there is one."""
        journal: Path | None = self.options.get("journal")
        return journal


# -- the arguments of the batch --------------------------------------------------------------


def select_monitors(
    named: Sequence[str],
    source: Path | None,
    conditions: Mapping[str, Any],
    *,
    every: bool,
    resume: bool = False,
    allow_empty: bool = False,
) -> dict[str, Any]:
    """Return the monitors as arguments of the batch: uids, or a selection.

    Args:
        named: the uids of the command line.
        source: a file with more uids.
        conditions: the conditions of a selection that were given.
        every: whether ``--all`` was given.
        resume: whether a journal can name the monitors.
        allow_empty: whether there may be no monitor.

    Raises:
        UsageError: neither uids nor a selection are given, or both; or a uid is malformed.

    """
    from postman_async import MonitorSelector

    if not named and source is None:
        if not every and not conditions:
            if resume:
                return {"uids": None}
            raise UsageError("which monitors? give uids, a condition such as --name, or --all")
        return {"uids": None, "select": MonitorSelector(**conditions)}
    if every or conditions:
        flag = "--all" if every else f"--{next(iter(conditions))}"
        raise UsageError(f"give uids or choose with {flag}, not both")
    uids = read_uids(named, source)
    if not uids and not allow_empty:
        raise UsageError(f"{source or 'stdin'} names no monitor")
    return {"uids": uids}


def journal_options(journal: Path | None, resume: Path | None) -> dict[str, Any]:
    """Return the arguments of the batch that are about its journal.

    Raises:
        UsageError: the journal to resume is missing or not the one to write, or the journal
            cannot be written.

    """
    if resume is not None:
        if journal is not None and journal != resume:
            raise UsageError("--resume goes on with its own journal: leave out --journal")
        if not resume.is_file():
            raise UsageError(f"there is no journal {resume}; --journal begins one")
        check_file(resume)
        return {"journal": resume, "resume": True}
    if journal is not None:
        check_file(journal)
        if journal.exists() and not journal.is_file():
            raise UsageError(f"{journal} is not a regular file, so it cannot be resumed later")
    return {"journal": journal}


# -- the run ---------------------------------------------------------------------------------


def run_batch(client: ClientSettings, request: RunRequest) -> int:
    """Run the batch and return the exit code.

    Raises:
        typer.Exit: the batch could not be run; its error was printed.

    """
    with report_errors():
        request.reports.check(request.journal)
        try:
            return asyncio.run(_run(client, request))
        except KeyboardInterrupt:  # before the runs, or a second one; on Windows every one
            hint = _resume_hint(request.journal)
            raise exit_with_error(f"interrupted; {hint}", INTERRUPTED) from None


async def _run(client: ClientSettings, request: RunRequest) -> int:
    view, results = request.screen.view(), _Results()
    async with client.client() as pm, pm.monitor_batch(**request.options) as batch:
        if batch.journal_note is not None:
            view.say(batch.journal_note)
        with interruptible(batch.cancel) as interrupt:
            await results.collect(pm, batch, view)
        progress = batch.progress
    outcomes, rows = results.sorted()
    view.table(rows)
    view.text(f"\n{_summary(outcomes, progress.elapsed)}")
    if results.journal_error is not None:
        return _end_without_journal(results.journal_error, outcomes, progress.total, request)
    if interrupt.code is not None:
        print_message(f"{_interrupted(outcomes)}; {_resume_hint(request.journal)}")
    all_written = request.reports.write(outcomes)
    if all_written:
        _show_written(view, request.reports)
    return interrupt.code or exit_code(outcomes) or (0 if all_written else UNAVAILABLE)


@mutable
class _Results:
    """The outcomes of a batch and their rows, and the error of its journal, if there was one."""

    found: list[tuple[MonitorOutcome, Row]] = field(factory=list)
    journal_error: OSError | None = None

    async def collect(self, pm: AsyncPostman, batch: MonitorBatch, view: View) -> None:
        """Collect the outcomes as they come.

        A journal that cannot be written ends the batch; the outcomes until then are kept.
        """
        async with view.watch(batch, pm.rate_limits) as done:
            try:
                async for outcome in batch:
                    self._add(outcome, done)
                    if isinstance(outcome.error, AuthenticationError):
                        batch.cancel()  # the service would refuse the key for the others too
            except OSError as error:
                self.journal_error = error

    def _add(self, outcome: MonitorOutcome, done: Callable[[Row], None]) -> None:
        row = row_of(outcome)
        self.found.append((outcome, row))
        if outcome.status != "skipped":
            done(row)

    def sorted(self) -> tuple[list[MonitorOutcome], list[Row]]:
        """Return outcomes and rows in the order of the monitors."""
        pairs = sorted(self.found, key=lambda pair: pair[0].index)
        return [outcome for outcome, _ in pairs], [row for _, row in pairs]


def _end_without_journal(
    error: OSError, outcomes: Sequence[MonitorOutcome], total: int | None, request: RunRequest
) -> int:
    """Print why the batch ended; no report is written, as it would look like a whole batch."""
    reports = "; no report was written" if request.reports.files else ""
    print_message(
        f"{error_text(error)}; {len(outcomes)} of {total or 'unknown'} outcomes are known{reports};"
        f" {_resume_hint(request.journal)}"
    )
    return exit_code(outcomes) or UNAVAILABLE


def exit_code(outcomes: Iterable[MonitorOutcome]) -> int:
    """Return the exit code of the outcomes: failed, then refused, then any other error.

    A failed monitor comes first, because no other error changes that fact.  A refused key or
    permission comes before other errors, because a person has to act on it.
    """
    codes = {_code(outcome) for outcome in outcomes}
    return next((code for code in (FAILED, REFUSED, UNAVAILABLE) if code in codes), 0)


def _code(outcome: MonitorOutcome) -> int:
    if outcome.status in ("passed", "failed"):
        return 0 if outcome.status == "passed" else FAILED
    refused = outcome.error is not None and exit_code_of(outcome.error) == REFUSED
    return REFUSED if refused else UNAVAILABLE


# -- the end ---------------------------------------------------------------------------------


def _summary(outcomes: Sequence[MonitorOutcome], seconds: float) -> str:
    counts: Counter[OutcomeStatus] = Counter(outcome.status for outcome in outcomes)
    waited = sum(outcome.waited for outcome in outcomes) / (len(outcomes) or 1)
    noun = "monitor" if len(outcomes) == 1 else "monitors"
    text = f"{len(outcomes)} {noun} in {seconds:.1f} s: {tally(counts) or 'nothing was run'}."
    if waited >= _NOTABLE_WAIT:
        text += f" On average they waited {waited:.1f} s for the rate limit."
    return text


def _show_written(view: View, reports: Reports) -> None:
    written = [str(file.path) for file in reports.files if not file.to_stdout]
    if written:
        view.say(f"wrote {', '.join(written)}")


def _interrupted(outcomes: Sequence[MonitorOutcome]) -> str:
    known = sum(outcome.status not in ("unknown", "skipped") for outcome in outcomes)
    return f"interrupted: {known} of {len(outcomes)} outcomes are known"


def _resume_hint(journal: Path | None) -> str:
    if journal is None or not journal.exists():
        return "there is no journal to go on with: give --journal FILE next time"
    return f"go on with: {resume_command(sys.argv[1:], journal)}"


def resume_command(arguments: Sequence[str], journal: Path) -> str:
    """Return the command that resumes a batch: the same one, with ``--resume JOURNAL``."""
    kept: list[str] = []
    following = iter(arguments)
    for argument in following:
        name, sign, _ = argument.partition("=")
        if name not in ("--journal", "--resume"):
            kept.append(argument)
        elif not sign:
            next(following, None)
    command = shlex.join(["postman-async", *kept, "--resume", str(journal)])
    return f"{command}  (with the same uids on stdin)" if STDIN in kept else command
