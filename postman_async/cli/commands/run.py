"""``postman-async run``: the options of a bulk run; what is done with them is in `batch`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from postman_async.cli import options
from postman_async.cli.client import Service
from postman_async.cli.durations import parse_duration
from postman_async.cli.errors import reported
from postman_async.cli.reports import Style, planned

__all__ = ["EXAMPLES", "run"]

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
  130  interrupted by Ctrl-C (143: by SIGTERM); the journal is whole
  1    a monitor failed
  3    the key is not accepted, or not for a monitor
  4    a monitor ended in an error or its outcome is unknown, or the service cannot be reached
  0    all passed
"""


class RunAsync(StrEnum):
    """When the service is asked not to hold the connection until a run has ended."""

    never = "never"
    always = "always"
    auto = "auto"

    @property
    def setting(self) -> bool | Literal["auto"]:
        """What a batch takes for it."""
        return "auto" if self is RunAsync.auto else self is RunAsync.always


class OnUnknown(StrEnum):
    """What to do about a run that the service seems not to have begun."""

    report = "report"
    rerun = "rerun"


class Pacing(StrEnum):
    """Which limits the calls are paced by."""

    auto = "auto"
    postman = "postman"
    none = "none"

    @property
    def setting(self) -> Literal["auto", "postman"] | None:
        """What a client takes for it."""
        return "auto" if self is Pacing.auto else "postman" if self is Pacing.postman else None


class Keep(StrEnum):
    """How much of each run is kept for the reports."""

    all = "all"
    failures = "failures"
    summary = "summary"


def _duration(flag: str, text: str) -> Any:
    return typer.Option(flag, parser=parse_duration, metavar="TIME", help=text)


def run(
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
    workspace: options.Workspace = None,
    name: options.NamePattern = None,
    owner: options.Owner = None,
    collection: options.Collection = None,
    environment: options.Environment = None,
    active: options.Active = None,
    allow_empty: Annotated[
        bool, typer.Option("--allow-empty", help="It is no error if no monitor fits.")
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
        RunAsync, typer.Option(help="Trigger, then look for the end, holding no connection.")
    ] = RunAsync.never,
    on_unknown: Annotated[
        OnUnknown, typer.Option(help="What to do when the service seems not to have begun a run.")
    ] = OnUnknown.report,
    reconcile: Annotated[
        bool,
        typer.Option(help="Take a last run for ours by its time, where a call brought no result."),
    ] = True,
    retries: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="How often a call is sent at most.")
    ] = None,
    rate_limits: Annotated[
        Pacing, typer.Option(help="Keep below the published limits, or only what is told.")
    ] = Pacing.auto,
    keep: Annotated[
        Keep, typer.Option(help="Whose executions are kept for the reports.")
    ] = Keep.all,
    journal: Annotated[
        Path | None,
        options.file_option(
            "--journal",
            "Note each outcome in this file; go on with its batch if that is unfinished.",
        ),
    ] = None,
    resume: Annotated[
        Path | None,
        options.file_option("--resume", "Go on with this journal's batch: it knows the monitors."),
    ] = None,
    # reports
    junit: options.JUnit = None,
    html: options.Html = None,
    markdown: options.Markdown = None,
    json: options.Json = None,
    jsonl: options.JsonLines = None,
    summary: Annotated[
        bool,
        typer.Option(help="Append the Markdown to $GITHUB_STEP_SUMMARY where that is set."),
    ] = True,
    title: options.Title = "Monitor runs",
    keep_headers: options.KeepHeaders = False,
    # screen
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Show only what did not pass.")
    ] = False,
    plain: options.Plain = False,
    no_color: options.NoColor = False,
    # service
    api_key_file: options.KeyFile = None,
    base_url: options.BaseUrl = None,
    region: options.Region = None,
    _api_key: options.RefusedKey = None,
) -> None:
    """Run monitors in parallel and tell what became of each.

    Name them by their uids, or choose them: all conditions must hold. The exit code is the
    verdict, for a pipeline to go by.
    """
    from postman_async.cli import batch
    from postman_async.cli.output.display import Screen

    conditions = {
        "workspace": workspace,
        "name": name,
        "owner": owner,
        "collection": collection,
        "environment": environment,
        "active": active,
    }
    with reported():
        which = batch.which(
            uids or [],
            source,
            conditions,
            every=every,
            resume=resume is not None,
            allow_empty=allow_empty,
        )
        reports = planned(
            junit=junit, html=html, markdown=markdown, json=json, jsonl=jsonl, summary=summary
        )
        plan = batch.Plan(
            options={
                **which,
                **batch.journal_options(journal, resume),
                **_given(retries=retries, run_deadline=run_deadline),
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
            },
            reports=reports,
            style=Style(title, keep_headers),
            screen=Screen(
                plain=plain,
                no_color=no_color,
                quiet=quiet,
                to_stderr=any(report.to_stdout for report in reports),
            ),
        )
    service = Service(api_key_file, base_url, region, rate_limits.setting)
    raise typer.Exit(batch.run(service, plan))


def _given(**settings: Any) -> dict[str, Any]:
    """Leave the defaults of what was not given to the batch."""
    return {name: value for name, value in settings.items() if value is not None}
