"""The collection runtime: Postman's own runtime and converters, in Node processes.

`CollectionEngine` is the entry point, `RunJob` its input.  Both are loaded on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from postman_async.emulator.runtime.job import RunJob
    from postman_async.emulator.runtime.process import CollectionEngine

__all__ = ["CollectionEngine", "RunJob"]


def __getattr__(name: str) -> object:
    """Load a public name when it is first asked for."""
    if name == "CollectionEngine":
        from postman_async.emulator.runtime.process import CollectionEngine

        return CollectionEngine
    if name == "RunJob":
        from postman_async.emulator.runtime.job import RunJob

        return RunJob
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted({*globals(), *__all__})
