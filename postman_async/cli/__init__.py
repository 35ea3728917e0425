"""The ``postman-async`` command.

Its libraries come with the extra ``[cli]`` and are loaded when the command runs.  Its exit codes:

==== =======================================================================================
0    the job is done (for ``demo``: whatever the outcomes of its monitors are)
2    wrong usage: an option, a file that cannot be read, a missing extra
4    the service, the emulator or its collection engine cannot be started or reached
130  interrupted
==== =======================================================================================
"""

from __future__ import annotations

import sys

__all__ = ["main"]

_EXTRAS = {
    "typer": "cli",
    "rich": "cli",
    "croniter": "emulator",
    "platformdirs": "emulator",
    "yaml": "emulator",
}
_MISSING = "postman-async: {package} is not installed; pip install 'postman-async[{extra}]'\n"


def main() -> None:
    """Run the command line; the entry point ``postman-async``.

    Raises:
        SystemExit: always, with one of the exit codes above.

    """
    try:
        from postman_async.cli.app import app

        app()
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in _EXTRAS:
            raise
        sys.stderr.write(_MISSING.format(package=package, extra=_EXTRAS[package]))
        raise SystemExit(2) from None
