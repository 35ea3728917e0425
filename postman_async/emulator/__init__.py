"""The embedded Postman API: a local server that behaves like the service, for tests and demos.

`PostmanEmulator` is the server, `EmulatorError` the root of what it raises itself.  Both are
loaded on first use, so that importing this package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from postman_async.emulator.exceptions import EmulatorError
    from postman_async.emulator.server import PostmanEmulator

__all__ = ["EmulatorError", "PostmanEmulator"]


def __getattr__(name: str) -> object:
    """Load a public name when it is first asked for."""
    if name == "PostmanEmulator":
        from postman_async.emulator.server import PostmanEmulator

        return PostmanEmulator
    if name == "EmulatorError":
        from postman_async.emulator.exceptions import EmulatorError

        return EmulatorError
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted({*globals(), *__all__})
