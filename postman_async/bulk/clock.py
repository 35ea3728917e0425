"""The clocks of bulk runs, in one module, so that a test can replace them.

Durations and the ages of runs are measured on the monotonic clock, which nobody can set.
"""

from __future__ import annotations

import functools
import os
import secrets
import time
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path

__all__ = ["boot", "monotonic", "wall"]

_BOOTTIME: int | None = getattr(time, "CLOCK_BOOTTIME", None)
"""On Linux: the monotonic clock that counts on while the machine is suspended."""


def monotonic() -> float:
    """Return the time on a clock that never goes back, in seconds."""
    return time.monotonic() if _BOOTTIME is None else time.clock_gettime(_BOOTTIME)


def wall() -> datetime:
    """Return the time of day, in UTC."""
    return datetime.now(UTC)


@functools.cache
def boot() -> str:
    """Return an id that two processes share if they read the same monotonic clock.

    It is a digest of the machine's boot id and the time namespace, and of nothing else.  Where
    the system has neither, it is a random token that no other process has.
    """
    with suppress(OSError):
        start = Path("/proc/sys/kernel/random/boot_id").read_bytes()
        space = os.readlink("/proc/self/ns/time").encode()
        return blake2b(start + space, digest_size=6).hexdigest()
    return secrets.token_hex(6)
