"""The commands and their options; what they do is in the other files of this package."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from postman_async.cli import options
from postman_async.cli.commands import call, me, monitors, report, run
from postman_async.cli.errors import reported, say

__all__ = ["app"]

app = typer.Typer(
    name="postman-async",
    add_completion=True,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

_CODES = """\
\b
Exit codes:
  0    done; for "run": all monitors passed
  1    a monitor failed
  2    wrong usage; nothing was sent
  3    the API key is not accepted, or not for this
  4    an error, an unknown outcome, or a service that cannot be reached
  130  interrupted by Ctrl-C (143: by SIGTERM)

\b
The API key comes from --api-key-file, or POSTMAN_API_KEY, or the keyring
(pip install 'postman-async[keyring]'; keyring set postman-async api-key).
"""

_DEMO_EXAMPLES = """\
\b
Examples:
  postman-async demo
  postman-async demo --concurrency 5 --plain
"""

_EMULATOR_EXAMPLES = """\
\b
Examples:
  postman-async emulator --demo
  postman-async emulator --port 8080 --load collection.json environment.json
  postman-async emulator --db emulator.sqlite --api-key-file key.txt
  postman-async emulator --limits --seed 7 --clock 2026-03-01
"""


class _Said(logging.Handler):
    """Tells warnings as the command tells everything else: in a line on stderr."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line."""
        say(record.getMessage())


_SAID = _Said(logging.WARNING)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"postman-async {version('postman-async')}")
        raise typer.Exit


@app.callback(epilog=_CODES)
def postman_async(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and stop."
        ),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Tell each call on stderr, and faults at length.")
    ] = False,
) -> None:
    """Run Postman monitors in parallel, and a Postman API of your own to try it on."""
    log = logging.getLogger("postman_async")
    if debug:
        logging.basicConfig(format="%(asctime)s %(name)s: %(message)s")
        log.setLevel(logging.DEBUG)
    else:
        log.addHandler(_SAID)


app.command("run", epilog=run.EXAMPLES, no_args_is_help=True)(run.run)
app.command("report", epilog=report.EXAMPLES)(report.report)
app.add_typer(monitors.app, name="monitors")
app.command("call", epilog=call.EXAMPLES, no_args_is_help=True)(call.call)
app.command("me", epilog=me.EXAMPLES)(me.me)


@app.command(epilog=_DEMO_EXAMPLES, short_help="Run 26 monitors on this machine.")
def demo(
    concurrency: Annotated[
        int,
        typer.Option(min=1, max=1000, metavar="N", help="How many monitors run at the same time."),
    ] = 50,
    plain: options.Plain = False,
    no_color: options.NoColor = False,
) -> None:
    """Run 26 monitors in parallel on this machine: no account, no key, no cloud.

    Some of them fail, and two end in an error, because their scripts and targets are so; the
    exit code is 0 all the same.
    """
    from postman_async.cli.commands import demo as demo_job
    from postman_async.emulator import EmulatorError

    with reported(EmulatorError):
        asyncio.run(demo_job.run(concurrency=concurrency, plain=plain, no_color=no_color))


@app.command(epilog=_EMULATOR_EXAMPLES, short_help="Run a Postman API of your own.")
def emulator(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE", help="More files to load, as with --load."),
    ] = None,
    port: Annotated[
        int,
        typer.Option(
            min=0, max=65535, metavar="N", help="The port to listen on; 0 takes a free one."
        ),
    ] = 7070,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="The address to listen on.")
    ] = "127.0.0.1",
    db: Annotated[
        Path | None,
        options.file_option("--db", "Keep everything in this file; in memory without it."),
    ] = None,
    api_key_file: Annotated[
        Path | None,
        options.file_option(
            "--api-key-file", "Take the key to accept from this file; it is made when missing."
        ),
    ] = None,
    load: Annotated[
        list[Path] | None,
        options.file_option(
            "--load", "A collection, environment or data dump to load; may be repeated."
        ),
    ] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Load the demo workspace.")] = False,
    limits: Annotated[
        bool, typer.Option("--limits", help="Refuse what the service would: 300 calls a minute.")
    ] = False,
    seed: Annotated[
        int | None,
        typer.Option(metavar="N", help="Make the same ids each time; random ones without it."),
    ] = None,
    clock: Annotated[
        datetime | None,
        typer.Option(
            metavar="MOMENT",
            help="Stand still at this moment, such as 2026-03-01T12:00:00Z, until told otherwise.",
            formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"],
        ),
    ] = None,
    tls: Annotated[
        Path | None,
        options.file_option(
            "--tls", "Speak https, and write the certificate to trust into this file."
        ),
    ] = None,
    coverage: Annotated[
        bool,
        typer.Option("--coverage", help="Only list the API's operations: which are answered?"),
    ] = False,
) -> None:
    """Run the emulator until Ctrl-C or SIGTERM, which end it with exit code 0.

    Tests drive it over HTTP, under /_emulator/: see the README.
    """
    from postman_async.cli.commands import emulator as emulator_job
    from postman_async.emulator import EmulatorError

    if coverage:
        return emulator_job.show_coverage()
    settings = emulator_job.Settings(
        host=host,
        port=port,
        db=db,
        api_key_file=api_key_file,
        files=[*(load or []), *(files or [])],
        demo=demo,
        limits=limits,
        seed=seed,
        clock=None if clock is None else clock.replace(tzinfo=UTC),
        tls=tls,
    )
    with reported(EmulatorError):
        return asyncio.run(emulator_job.serve(settings))
