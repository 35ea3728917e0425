"""The ``postman-async`` command.

The extra ``[cli]`` installs its libraries, which are imported when the command runs.  These are its
exit codes; ``run`` ends with the first that fits in the order 2, 130, 1, 3, 4, 0:

==== =======================================================================================
0    done; for ``run``: all monitors passed; for ``demo``: it ran, whatever the outcomes
1    a monitor failed
2    wrong usage: an option, a file, a missing extra, no key; nothing was sent
3    the service does not accept the key, or not for this
4    an error or an unknown outcome; something cannot be reached, started or written
130  interrupted by Ctrl-C
143  interrupted by SIGTERM
==== =======================================================================================
"""

from __future__ import annotations

import logging

__all__ = ["main"]

_EXTRAS = {
    "typer": "cli",
    "rich": "cli",
    "croniter": "emulator",
    "platformdirs": "emulator",
    "yaml": "emulator",
}
_MISSING = "{package} is not installed; pip install 'postman-async[{extra}]'"
_BUG = (
    "this is a fault of postman-async itself: {kind}: {error}; please report it with what"
    " postman-async --debug says about the same command"
)


def main() -> None:
    """Run the command line; the entry point ``postman-async``.

    Raises:
        SystemExit: always, with one of the exit codes above.

    """
    from postman_async.cli.output.streams import ensure_streams, stderr

    ensure_streams()
    try:
        _run()
    except Exception as error:
        if logging.getLogger("postman_async").isEnabledFor(logging.DEBUG):
            raise
        code, message = _describe(error)
        stderr.write(f"postman-async: {message}\n")
        raise SystemExit(code) from None


def _run() -> None:
    """Run the command; it fails if its output could not be written."""
    from postman_async.cli.app import app
    from postman_async.cli.output.streams import stderr, stdout

    try:
        app()
    except SystemExit as ended:
        if stdout.error is None:
            raise
        stderr.write(f"postman-async: {stdout.error}\n")
        raise SystemExit(ended.code or 4) from None


def _describe(error: Exception) -> tuple[int, str]:
    """Return the exit code and the message of an error that no command handled."""
    package = (getattr(error, "name", None) or "").partition(".")[0]
    if isinstance(error, ModuleNotFoundError) and package in _EXTRAS:
        return 2, _MISSING.format(package=package, extra=_EXTRAS[package])
    text = " ".join(str(error).split())
    if isinstance(error, OSError):
        return 4, text
    return 4, _BUG.format(kind=type(error).__name__, error=text)
