"""How an error reaches the user: as one line and an exit code, never as a traceback."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from postman_async.emulator import EmulatorError
from postman_async.errors import ConfigurationError, PostmanError

__all__ = ["INTERRUPTED", "UNAVAILABLE", "USAGE", "UsageError", "reported"]

USAGE = 2
"""The exit code of wrong usage."""

UNAVAILABLE = 4
"""The exit code when something we need cannot be started or reached."""

INTERRUPTED = 130
"""The exit code after Ctrl-C, as shells count it."""


class UsageError(Exception):
    """What the user asked for cannot be done as it was asked."""


@contextmanager
def reported() -> Iterator[None]:
    """Turn the errors of the block into a line on stderr and an exit code.

    Raises:
        typer.Exit: with the code of the error, see `postman_async.cli`.

    """
    try:
        yield
    except (UsageError, ConfigurationError) as error:
        raise _complain(str(error), USAGE) from None
    except (EmulatorError, PostmanError, OSError) as error:
        raise _complain(_words(error), UNAVAILABLE) from None
    except KeyboardInterrupt:
        raise _complain("interrupted", INTERRUPTED) from None


def _words(error: Exception) -> str:
    """Name the kind of error where its text alone may be empty or too short to understand."""
    return str(error) or type(error).__name__


def _complain(message: str, code: int) -> typer.Exit:
    line = " ".join(message.split())
    sys.stderr.write(f"postman-async: {line}\n")
    return typer.Exit(code)
