"""Run monitors in parallel and tell what became of each.

This module has the options; `postman_async.cli.batch` runs the batch.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from attrs import evolve

from postman_async.cli import options
from postman_async.cli.client import ClientSettings
from postman_async.cli.command import command
from postman_async.cli.durations import parse_duration
from postman_async.cli.errors import report_errors
from postman_async.cli.reports import Reports

__all__ = ["run_command"]

EXAMPLES = """\
\b
Examples:
  postman-async run 12345678-1e6b6cb1-... 12345678-5f3c2a10-...
  postman-async run --all --concurrency 100 --deadline 20m
  postman-async run --workspace 1f0df51a-... --name 'checkout-*' --active --fail-fast
  postman-async run --from uids.txt --junit junit.xml --html report.html
  postman-async monitors list -o json | jq -r '.[].uid' | postman-async run -
  postman-async run --all --journal runs.jsonl      # after a Ctrl-C or a crash: the same, or
  postman-async run --resume runs.jsonl

\b
Exit codes, the first that fits:
  2    wrong usage; nothing was run
  130  interrupted by Ctrl-C (143: by SIGTERM); the journal is complete
  1    a monitor failed
  3    the key is not accepted, or not for a monitor
  4    a monitor ended in an error or its outcome is unknown, or the service cannot be reached
  0    all passed
"""


class RunAsync(StrEnum):
    """Whether runs are triggered without holding a connection until they end."""

    never = "never"
    always = "always"
    auto = "auto"

    @property
    def setting(self) -> bool | Literal["auto"]:
        """The argument of the batch."""
        return "auto" if self is RunAsync.auto else self is RunAsync.always


class OnUnknown(StrEnum):
    """What to do if the service seems not to have started a run."""

    report = "report"
    rerun = "rerun"


class Pacing(StrEnum):
    """The limits that pace the calls."""

    auto = "auto"
    postman = "postman"
    none = "none"

    @property
    def setting(self) -> Literal["auto", "postman"] | None:
        """The argument of the client."""
        return "auto" if self is Pacing.auto else "postman" if self is Pacing.postman else None


class Keep(StrEnum):
    """How much of each run is kept for the reports."""

    all = "all"
    failures = "failures"
    summary = "summary"


def _duration(flag: str, text: str) -> Any:
    return typer.Option(flag, parser=parse_duration, metavar="TIME", help=text)


@command(examples=EXAMPLES, no_args_is_help=True)
@options.selection_options
@options.report_options
@options.client_options
def run_command(
    *,
    uids: Annotated[
        list[str] | None,
        typer.Argument(metavar="UID", help="The monitors; - reads uids from stdin."),
    ] = None,
    # which
    every: Annotated[
        bool, typer.Option("--all", help="All monitors that the key may see.")
    ] = False,
    source: Annotated[
        Path | None, options.file_option("--from", "A file with uids, one a line; - is stdin.")
    ] = None,
    conditions: Mapping[str, Any],
    allow_empty: Annotated[
        bool, typer.Option("--allow-empty", help="End with 0 if no monitor fits.")
    ] = False,
    # how
    concurrency: Annotated[
        int,
        typer.Option(
            "--concurrency", "-c", min=1, metavar="N", help="How many at the same time at most."
        ),
    ] = 50,
    deadline: Annotated[
        float | None, _duration("--deadline", "For all of it: 90s, 20m, 1h30m.")
    ] = None,
    run_deadline: Annotated[
        float | None,
        _duration("--run-deadline", "For each run, from when it is triggered; else 20m."),
    ] = None,
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", help="Begin no more after one that did not pass.")
    ] = False,
    max_failures: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Begin no more after so many that did not pass."),
    ] = None,
    repeat: Annotated[
        int, typer.Option(min=1, metavar="N", help="Run all of them so many times.")
    ] = 1,
    overlap: Annotated[
        bool, typer.Option("--overlap", help="Let runs of the same monitor overlap.")
    ] = False,
    run_async: Annotated[
        RunAsync, typer.Option(help="Trigger, then poll for the end, without a connection.")
    ] = RunAsync.never,
    on_unknown: Annotated[
        OnUnknown, typer.Option(help="What to do if the service seems not to have started a run.")
    ] = OnUnknown.report,
    reconcile: Annotated[
        bool,
        typer.Option(help="Match a run by its time if its call brought no result."),
    ] = True,
    retries: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="How often a call is sent at most.")
    ] = None,
    rate_limits: Annotated[
        Pacing, typer.Option(help="Pace calls by the published limits, or by headers only.")
    ] = Pacing.auto,
    keep: Annotated[
        Keep, typer.Option(help="Which runs keep their executions for the reports.")
    ] = Keep.all,
    journal: Annotated[
        Path | None,
        options.file_option(
            "--journal",
            "Write each outcome to this file; resume its batch if that is unfinished.",
        ),
    ] = None,
    resume: Annotated[
        Path | None,
        options.file_option("--resume", "Resume the batch of this journal, with its monitors."),
    ] = None,
    # reports
    reports: Reports,
    summary: Annotated[
        bool,
        typer.Option(help="Append the Markdown to $GITHUB_STEP_SUMMARY where that is set."),
    ] = True,
    # screen
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Show only what did not pass.")
    ] = False,
    plain: options.Plain = False,
    no_color: options.NoColor = False,
    # service
    client: ClientSettings,
) -> None:
    """Run monitors in parallel and tell what became of each.

    Name them by their uids, or choose them: all conditions must hold. The exit code is the
    verdict, for a pipeline to go by.
    """
    from postman_async.cli import batch
    from postman_async.cli.output.display import Screen

    with report_errors():
        monitors = batch.select_monitors(
            uids or [],
            source,
            conditions,
            every=every,
            resume=resume is not None,
            allow_empty=allow_empty,
        )
        journals = batch.journal_options(journal, resume)
    settings = {
        "allow_empty": allow_empty,
        "concurrency": concurrency,
        "deadline": deadline,
        "fail_fast": fail_fast,
        "max_failures": max_failures,
        "repeat": repeat,
        "overlap": overlap,
        "run_async": run_async.setting,
        "on_unknown": on_unknown.value,
        "reconcile": reconcile,
        "keep": keep.value,
        **_given(retries=retries, run_deadline=run_deadline),
    }
    reports = reports.with_job_summary() if summary else reports
    request = batch.RunRequest(
        options={**monitors, **journals, **settings},
        reports=reports,
        screen=Screen(plain=plain, no_color=no_color, quiet=quiet, to_stderr=reports.to_stdout),
    )
    raise typer.Exit(batch.run_batch(evolve(client, rate_limits=rate_limits.setting), request))


def _given(**settings: Any) -> dict[str, Any]:
    """Leave out options that were not given: the batch has its own defaults for these."""
    return {name: value for name, value in settings.items() if value is not None}
