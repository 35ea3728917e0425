"""The embedded Postman API: a local server that behaves like the service, for tests and demos.

`PostmanEmulator` is the server, `Limits` how often it may be called, `EmulatorError` the root of
what it raises itself; ``postman_async.emulator.faults`` has what can go wrong on purpose.  They are
loaded on first use, so that importing this package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from postman_async.emulator.controls.limits import Limits
    from postman_async.emulator.exceptions import EmulatorError
    from postman_async.emulator.server import PostmanEmulator

__all__ = ["EmulatorError", "Limits", "PostmanEmulator"]

_MODULES = {"EmulatorError": "exceptions", "Limits": "controls.limits", "PostmanEmulator": "server"}


def __getattr__(name: str) -> object:
    """Load a public name when it is first asked for."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted({*globals(), *__all__})
