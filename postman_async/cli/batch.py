"""A bulk run: shown as it goes on, ended in good order, reported, and judged by an exit code."""

from __future__ import annotations

import asyncio
import shlex
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import field, frozen, mutable

from postman_async.cli.client import Service
from postman_async.cli.errors import (
    FAILED,
    INTERRUPTED,
    REFUSED,
    UNAVAILABLE,
    UsageError,
    code_of,
    complain,
    reported,
    say,
    words_of,
)
from postman_async.cli.interrupt import interruptible
from postman_async.cli.output.display import Screen, View
from postman_async.cli.output.summary import Row, row_of, tally
from postman_async.cli.reports import Report, Style, check_file, check_reports, write_reports
from postman_async.cli.selection import STDIN, read_uids
from postman_async.errors import AuthenticationError

if TYPE_CHECKING:
    from postman_async import AsyncPostman, MonitorBatch, MonitorOutcome
    from postman_async.bulk.outcome import OutcomeStatus

__all__ = ["Plan", "journal_options", "resume_command", "run", "verdict", "which"]

_WORTH_TELLING = 0.5
"""Seconds of waiting for the rate limit, on average, that are worth a word."""


@frozen(kw_only=True)
class Plan:
    """What the command line asks for.

    Args:
        options: what the batch takes, its uids among them.
        reports: the reports to write.
        style: how they are written.
        screen: how it is shown.

    """

    options: Mapping[str, Any]
    reports: Sequence[Report]
    style: Style
    screen: Screen


# -- what the options mean -------------------------------------------------------------------


def which(
    named: Sequence[str],
    source: Path | None,
    conditions: Mapping[str, Any],
    *,
    every: bool,
    resume: bool = False,
    allow_empty: bool = False,
) -> dict[str, Any]:
    """Return the monitors as the batch takes them: uids, or a selection.

    Args:
        named: the uids of the command line.
        source: a file with more.
        conditions: those of a selection.
        every: whether all monitors are to be run.
        resume: whether a journal can name them.
        allow_empty: whether there may be none.

    Raises:
        UsageError: there are none, or both; or one is no uid.

    """
    from postman_async import MonitorSelector

    given = {name: value for name, value in conditions.items() if value is not None}
    if not named and source is None:
        if not every and not given:
            if resume:
                return {"uids": None}
            raise UsageError("which monitors? give uids, a condition such as --name, or --all")
        return {"uids": None, "select": MonitorSelector(**given)}
    if every or given:
        flag = "--all" if every else f"--{next(iter(given))}"
        raise UsageError(f"give uids or choose with {flag}, not both")
    uids = read_uids(named, source)
    if not uids and not allow_empty:
        raise UsageError(f"{source or 'stdin'} names no monitor")
    return {"uids": uids}


def journal_options(journal: Path | None, resume: Path | None) -> dict[str, Any]:
    """Return what the batch takes for its journal.

    Raises:
        UsageError: a batch would be mixed with another one, or there is none to go on with.

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
            raise UsageError(
                f"{journal} is no plain file, which a journal must be to be gone on with"
            )
    return {"journal": journal}


# -- the run ---------------------------------------------------------------------------------


def run(service: Service, plan: Plan) -> int:
    """Run the batch and return the exit code.

    Raises:
        typer.Exit: it could not be run; the user has been told.

    """
    journal = plan.options.get("journal")
    with reported():
        check_reports(plan.reports, journal)
        try:
            return asyncio.run(_run(service, plan))
        except KeyboardInterrupt:  # before the runs, or once more; on Windows every one
            raise complain(f"interrupted; {_how_to_go_on(journal)}", INTERRUPTED) from None


async def _run(service: Service, plan: Plan) -> int:
    view, taken = plan.screen.view(), _Taken()
    async with service.client() as pm, pm.monitor_batch(**plan.options) as batch:
        if batch.journal_note is not None:
            view.say(batch.journal_note)
        with interruptible(batch.cancel) as interrupt:
            await taken.take(pm, batch, view)
        progress = batch.progress
    outcomes, rows = taken.sorted()
    view.table(rows)
    view.text(f"\n{_summary(outcomes, progress.elapsed)}")
    if taken.broken is not None:
        return _broken_off(taken.broken, outcomes, progress.total, plan)
    if interrupt.code is not None:
        say(f"{_how_far(outcomes)}; {_how_to_go_on(plan.options.get('journal'))}")
    whole = write_reports(plan.reports, outcomes, plan.style)
    if whole:
        _say_written(view, plan.reports)
    return interrupt.code or verdict(outcomes) or (0 if whole else UNAVAILABLE)


@mutable
class _Taken:
    """What is known of a batch: its outcomes and their rows, and what broke it off, if anything."""

    found: list[tuple[MonitorOutcome, Row]] = field(factory=list)
    broken: OSError | None = None

    async def take(self, pm: AsyncPostman, batch: MonitorBatch, view: View) -> None:
        """Take the outcomes as they come.

        A journal that cannot be written ends a batch, and with it nothing that is known.
        """
        async with view.watch(batch, pm.rate_limits) as done:
            try:
                async for outcome in batch:
                    self._add(outcome, done)
                    if isinstance(outcome.error, AuthenticationError):
                        batch.cancel()  # the key is no better for the others
            except OSError as error:
                self.broken = error

    def _add(self, outcome: MonitorOutcome, done: Callable[[Row], None]) -> None:
        row = row_of(outcome)
        self.found.append((outcome, row))
        if outcome.status != "skipped":
            done(row)

    def sorted(self) -> tuple[list[MonitorOutcome], list[Row]]:
        """Return outcomes and rows in the order of the monitors."""
        pairs = sorted(self.found, key=lambda pair: pair[0].index)
        return [outcome for outcome, _ in pairs], [row for _, row in pairs]


def _broken_off(
    error: OSError, outcomes: Sequence[MonitorOutcome], total: int | None, plan: Plan
) -> int:
    """Tell what ended the batch and how to go on; reports would show what is known as the whole."""
    reports = "; no report was written" if plan.reports else ""
    say(
        f"{words_of(error)}; {len(outcomes)} of {total or 'unknown'} outcomes are known{reports};"
        f" {_how_to_go_on(plan.options.get('journal'))}"
    )
    return verdict(outcomes) or UNAVAILABLE


def verdict(outcomes: Iterable[MonitorOutcome]) -> int:
    """Return the exit code: what was found out about a monitor comes before what was not.

    A failed monitor is a fact that no other trouble changes.  A refused key or permission is
    named before other errors, because somebody has to do something about it.
    """
    codes = {_code(outcome) for outcome in outcomes}
    return next((code for code in (FAILED, REFUSED, UNAVAILABLE) if code in codes), 0)


def _code(outcome: MonitorOutcome) -> int:
    if outcome.status in ("passed", "failed"):
        return 0 if outcome.status == "passed" else FAILED
    refused = outcome.error is not None and code_of(outcome.error) == REFUSED
    return REFUSED if refused else UNAVAILABLE


# -- the end ---------------------------------------------------------------------------------


def _summary(outcomes: Sequence[MonitorOutcome], seconds: float) -> str:
    counts: Counter[OutcomeStatus] = Counter(outcome.status for outcome in outcomes)
    waited = sum(outcome.waited for outcome in outcomes) / (len(outcomes) or 1)
    many = "monitor" if len(outcomes) == 1 else "monitors"
    told = f"{len(outcomes)} {many} in {seconds:.1f} s: {tally(counts) or 'nothing was run'}."
    if waited >= _WORTH_TELLING:
        told += f" On average they waited {waited:.1f} s for the rate limit."
    return told


def _say_written(view: View, reports: Iterable[Report]) -> None:
    written = [str(report.path) for report in reports if not report.to_stdout]
    if written:
        view.say(f"wrote {', '.join(written)}")


def _how_far(outcomes: Sequence[MonitorOutcome]) -> str:
    known = sum(outcome.status not in ("unknown", "skipped") for outcome in outcomes)
    return f"interrupted: {known} of {len(outcomes)} outcomes are known"


def _how_to_go_on(journal: Path | None) -> str:
    if journal is None or not journal.exists():
        return "there is no journal to go on with: give --journal FILE next time"
    return f"go on with: {resume_command(sys.argv[1:], journal)}"


def resume_command(arguments: Sequence[str], journal: Path) -> str:
    """Return the command that goes on with a batch: the same one, with the journal to resume."""
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
