"""Prepares modules and open files before the first trigger of a batch.

Each call in flight holds a connection, which counts as an open file.  A module that is imported in
the middle of a batch needs an open file, too, when there may be none left.
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

__all__ = ["limit_concurrency", "load_modules"]

log = logging.getLogger("postman_async")

_MODULES = (
    "aiohttp",
    "concurrent.futures.thread",
    "encodings.idna",
    "postman_async.bulk.record",
    "postman_async.models.monitors",
    "zoneinfo",
)
"""Modules that are otherwise imported late, so that importing this package stays cheap."""

_OPTIONAL_MODULES = ("msgspec", "orjson")
"""The same, if they are installed."""

_RESERVED = 32
"""Open files left for name resolution, further attempts to connect, and reports."""

_FOLDERS = ("/proc/self/fd", "/dev/fd")


def load_modules() -> None:
    """Import what a batch may need later on."""
    for name in _MODULES:
        import_module(name)
    for name in _OPTIONAL_MODULES:
        with suppress(ImportError):
            import_module(name)


def limit_concurrency(concurrency: int) -> int:
    """Limit the concurrency to the number of files that this process may open.

    A lower concurrency is logged as a warning.

    Args:
        concurrency: the concurrency asked for.

    """
    limit, used = _limit(), _open_files()
    room = max(1, limit - used - _RESERVED)
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
    return _RESERVED
