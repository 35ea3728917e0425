"""A bulk run: shown as it goes on, ended in good order, reported, and judged by an exit code."""

from __future__ import annotations

import asyncio
import shlex
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

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
)
from postman_async.cli.interrupt import interruptible
from postman_async.cli.output.display import Screen, View
from postman_async.cli.output.summary import Row, row_of, tally
from postman_async.cli.reports import Report, Style, check_file, check_reports, write_reports
from postman_async.cli.selection import STDIN, read_uids

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
    named: Sequence[str], source: Path | None, conditions: Mapping[str, Any], *, every: bool
) -> dict[str, Any]:
    """Return the monitors as the batch takes them: uids, or a selection.

    Raises:
        UsageError: there are none, or both; or one is no uid.

    """
    from postman_async import MonitorSelector

    given = {name: value for name, value in conditions.items() if value is not None}
    if not named and source is None:
        if not every and not given:
            raise UsageError("which monitors? give uids, a condition such as --name, or --all")
        return {"uids": None, "select": MonitorSelector(**given)}
    if every or given:
        flag = "--all" if every else f"--{next(iter(given))}"
        raise UsageError(f"give uids or choose with {flag}, not both")
    uids = read_uids(named, source)
    if not uids:
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
        _check_unused(journal)
    return {"journal": journal}


def _check_unused(journal: Path) -> None:
    if not journal.exists():
        return
    if not journal.is_file():
        raise UsageError(f"{journal} is no plain file, which a journal must be to be gone on with")
    if journal.stat().st_size:
        raise UsageError(
            f"{journal} holds a batch: --resume {journal} goes on with it; else choose another file"
        )


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
    view = plan.screen.view()
    async with service.client() as pm, pm.monitor_batch(**plan.options) as batch:
        with interruptible(batch.cancel) as interrupt:
            found = await _watched(pm, batch, view)
        seconds = batch.progress.elapsed
    if not found:
        raise UsageError("no monitor fits; postman-async monitors list shows those there are")
    outcomes = [outcome for outcome, _ in found]
    view.table([row for _, row in found])
    view.text(f"\n{_summary(outcomes, seconds)}")
    if interrupt.code is not None:
        say(f"{_how_far(outcomes)}; {_how_to_go_on(plan.options.get('journal'))}")
    whole = write_reports(plan.reports, outcomes, plan.style)
    if whole:
        _say_written(view, plan.reports)
    return interrupt.code or verdict(outcomes) or (0 if whole else UNAVAILABLE)


async def _watched(
    pm: AsyncPostman, batch: MonitorBatch, view: View
) -> list[tuple[MonitorOutcome, Row]]:
    """Take the outcomes as they come, and return them in the order of the monitors."""
    from postman_async import AuthenticationError

    found: list[tuple[MonitorOutcome, Row]] = []
    async with view.watch(batch, pm.rate_limits) as done:
        async for outcome in batch:
            row = row_of(outcome)
            found.append((outcome, row))
            if outcome.status != "skipped":
                done(row)
            if isinstance(outcome.error, AuthenticationError):
                batch.cancel()  # the key is no better for the others
    return sorted(found, key=lambda pair: pair[0].index)


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
    waited = sum(outcome.waited for outcome in outcomes) / len(outcomes)
    many = "monitor" if len(outcomes) == 1 else "monitors"
    told = f"{len(outcomes)} {many} in {seconds:.1f} s: {tally(counts)}."
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
