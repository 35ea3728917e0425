"""Run a Postman API of your own.

This module has the options; `postman_async.cli.emulator_process` runs the emulator.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from postman_async.cli.command import command
from postman_async.cli.errors import report_errors
from postman_async.cli.options import file_option

__all__ = ["emulator_command"]

EXAMPLES = """\
\b
Examples:
  postman-async emulator --demo
  postman-async emulator --port 8080 --load collection.json environment.json
  postman-async emulator --db emulator.sqlite --api-key-file key.txt
  postman-async emulator --limits --seed 7 --clock 2026-03-01
"""


@command(examples=EXAMPLES)
def emulator_command(
    *,
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
        Path | None, file_option("--db", "Keep everything in this file; in memory without it.")
    ] = None,
    api_key_file: Annotated[
        Path | None,
        file_option(
            "--api-key-file", "Take the key to accept from this file; it is made when missing."
        ),
    ] = None,
    load: Annotated[
        list[Path] | None,
        file_option("--load", "A collection, environment or data dump to load; may be repeated."),
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
            help="Stop the clock at this moment, such as 2026-03-01T12:00:00Z, until it is set.",
            formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"],
        ),
    ] = None,
    tls: Annotated[
        Path | None,
        file_option("--tls", "Speak https, and write the certificate to trust into this file."),
    ] = None,
    coverage: Annotated[
        bool,
        typer.Option("--coverage", help="Only list the API's operations: which are answered?"),
    ] = False,
) -> None:
    """Run the emulator until Ctrl-C or SIGTERM, which end it with exit code 0.

    Tests drive it over HTTP, under /_emulator/: see the README.
    """
    from postman_async.cli import emulator_process
    from postman_async.emulator import EmulatorError

    if coverage:
        return emulator_process.print_coverage()
    settings = emulator_process.Settings(
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
    with report_errors(EmulatorError):
        return asyncio.run(emulator_process.serve(settings))
