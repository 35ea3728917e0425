"""The command ``postman-async`` itself: its own options and help; `loading` finds the commands."""

from __future__ import annotations

import logging
from typing import Annotated

import typer

from postman_async.cli.errors import print_message
from postman_async.cli.loading import LazyGroup

__all__ = ["app"]

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


class _Commands(LazyGroup):
    """The commands, a module or a package each."""

    package = "postman_async.cli.commands"


class _WarningHandler(logging.Handler):
    """Prints warnings of the package as the command prints its errors: a line on stderr."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print the message."""
        print_message(record.getMessage())


_WARNINGS = _WarningHandler(logging.WARNING)

app = typer.Typer(
    name="postman-async",
    cls=_Commands,
    add_completion=True,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


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
        bool, typer.Option("--debug", help="Log each call to stderr, and show tracebacks.")
    ] = False,
) -> None:
    """Run Postman monitors in parallel, and a Postman API of your own to try it on."""
    log = logging.getLogger("postman_async")
    if debug:
        logging.basicConfig(format="%(asctime)s %(name)s: %(message)s")
        log.setLevel(logging.DEBUG)
    else:
        log.addHandler(_WARNINGS)
