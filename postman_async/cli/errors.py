"""How an error reaches the user: as one line and an exit code, never as a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from postman_async.cli.output.streams import clean, stderr

__all__ = [
    "FAILED",
    "INTERRUPTED",
    "REFUSED",
    "TERMINATED",
    "UNAVAILABLE",
    "USAGE",
    "UsageError",
    "code_of",
    "complain",
    "reported",
    "say",
    "words_of",
]

FAILED = 1
"""The exit code when a monitor failed."""

USAGE = 2
"""The exit code of wrong usage."""

REFUSED = 3
"""The exit code when the service does not accept the key, or not for this."""

UNAVAILABLE = 4
"""The exit code when something we need cannot be reached, or goes wrong."""

INTERRUPTED = 130
"""The exit code after Ctrl-C, as shells count it."""

TERMINATED = 143
"""The exit code after SIGTERM, as shells count it."""


class UsageError(Exception):
    """What the user asked for cannot be done as it was asked."""


@contextmanager
def reported(*others: type[Exception]) -> Iterator[None]:
    """Turn the errors of the block into a line on stderr and an exit code.

    Args:
        others: errors of other packages that mean that something we need is not there.

    Raises:
        typer.Exit: with the code of the error, see `postman_async.cli`.

    """
    try:
        yield
    except KeyboardInterrupt:
        raise complain("interrupted", INTERRUPTED) from None
    except Exception as error:
        code = UNAVAILABLE if isinstance(error, (OSError, *others)) else code_of(error)
        if code is None:
            raise
        raise complain(words_of(error), code) from None


def code_of(error: Exception) -> int | None:
    """Return the exit code that an error stands for; None for one that is no user's business."""
    from postman_async import errors

    usage = (errors.ConfigurationError, errors.InvalidArgumentError, errors.JournalError)
    if isinstance(error, (UsageError, *usage)):
        return USAGE
    if isinstance(error, errors.AuthenticationError | errors.PermissionDeniedError):
        return REFUSED
    return UNAVAILABLE if isinstance(error, errors.PostmanError) else None


def complain(message: str, code: int) -> typer.Exit:
    """Write a line to stderr, and return what ends the command with this code."""
    say(message)
    return typer.Exit(code)


def say(message: str) -> None:
    """Write a line to stderr."""
    stderr.write(f"postman-async: {clean(' '.join(message.split()))}\n")
    stderr.flush()


def words_of(error: Exception) -> str:
    """Name the file of an error, or its kind where its text alone may be empty."""
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return str(error) or type(error).__name__
