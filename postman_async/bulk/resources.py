"""What a batch needs of this machine, seen to before its first trigger: modules and open files.

Each call under way holds a connection, which counts as an open file.  A module that is first
loaded in the middle of a batch would need one, too, when there may be none left.
"""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from importlib import import_module

try:
    import resource
except ImportError:  # Windows, which has no such limit
    resource = None  # type: ignore[assignment]

__all__ = ["bounded", "load"]

log = logging.getLogger("postman_async")

_MODULES = (
    "aiohttp",
    "concurrent.futures.thread",
    "encodings.idna",
    "postman_async.bulk.record",
    "postman_async.models.monitors",
    "zoneinfo",
)
"""What is loaded late elsewhere, so that importing this package stays cheap."""

_FAST = ("msgspec", "orjson")
"""The same, where they are installed."""

_SPARE = 32
"""Files that are left to everything else: names to look up, second attempts to connect, reports."""

_FOLDERS = ("/proc/self/fd", "/dev/fd")


def load() -> None:
    """Load what a batch may need later on."""
    for name in _MODULES:
        import_module(name)
    for name in _FAST:
        with suppress(ImportError):
            import_module(name)


def bounded(concurrency: int) -> int:
    """Return how many monitors may be under way with the files that this process may open.

    Args:
        concurrency: how many were asked for.

    """
    limit, used = _limit(), _open_files()
    room = max(1, limit - used - _SPARE)
    if room >= concurrency:
        return concurrency
    log.warning(
        "concurrency is %d instead of %d: this process may have %d files open (ulimit -n), and"
        " has %d; each call under way needs one",
        room,
        concurrency,
        limit,
        used,
    )
    return room


def _limit() -> int:
    """Return how many files may be open; a large number where there is no limit."""
    if resource is None:
        return 2**31
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return 2**31 if soft == resource.RLIM_INFINITY else soft


def _open_files() -> int:
    for folder in _FOLDERS:
        try:
            return len(os.listdir(folder))
        except OSError:
            continue
    return _SPARE
