"""Errors become one line on stderr and an exit code, never a traceback."""

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
    "error_text",
    "exit_code_of",
    "exit_with_error",
    "print_message",
    "report_errors",
]

FAILED = 1
"""The exit code when a monitor failed."""

USAGE = 2
"""The exit code of wrong usage."""

REFUSED = 3
"""The exit code when the service does not accept the key, or not for this."""

UNAVAILABLE = 4
"""The exit code of any other error, such as a service that cannot be reached."""

INTERRUPTED = 130
"""The exit code after Ctrl-C, as shells count it."""

TERMINATED = 143
"""The exit code after SIGTERM, as shells count it."""


class UsageError(Exception):
    """An option, an argument or a file of the command is wrong."""


@contextmanager
def report_errors(*others: type[Exception]) -> Iterator[None]:
    """Turn the errors of the block into a line on stderr and an exit code.

    Args:
        others: more types of errors with the exit code `UNAVAILABLE`.

    Raises:
        typer.Exit: an error occurred; its exit code is one of those in `postman_async.cli`.

    """
    try:
        yield
    except KeyboardInterrupt:
        raise exit_with_error("interrupted", INTERRUPTED) from None
    except Exception as error:
        code = UNAVAILABLE if isinstance(error, (OSError, *others)) else exit_code_of(error)
        if code is None:
            raise
        raise exit_with_error(error_text(error), code) from None


def exit_code_of(error: Exception) -> int | None:
    """Return the exit code of an error, or None for an error that is a fault of this package."""
    from postman_async import errors

    usage = (errors.ConfigurationError, errors.InvalidArgumentError, errors.JournalError)
    if isinstance(error, (UsageError, *usage)):
        return USAGE
    if isinstance(error, errors.AuthenticationError | errors.PermissionDeniedError):
        return REFUSED
    return UNAVAILABLE if isinstance(error, errors.PostmanError) else None


def exit_with_error(message: str, code: int) -> typer.Exit:
    """Print a message, and return the exception that ends the command with this code."""
    print_message(message)
    return typer.Exit(code)


def print_message(message: str) -> None:
    """Write a message to stderr, as one line."""
    stderr.write(f"postman-async: {clean(' '.join(message.split()))}\n")
    stderr.flush()


def error_text(error: Exception) -> str:
    """Return the message of an error: with its file, or with its type where it has no text."""
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return str(error) or type(error).__name__
