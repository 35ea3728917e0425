"""The clocks of this room, in one place, so that a test can set them.

Durations and the ages of runs are told by the monotonic one, which nobody can set.
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
"""On Linux: the monotonic clock that goes on while the machine sleeps, as the service's does."""


def monotonic() -> float:
    """Return the time on a clock that only goes forward, in seconds."""
    return time.monotonic() if _BOOTTIME is None else time.clock_gettime(_BOOTTIME)


def wall() -> datetime:
    """Return the time of day, in UTC."""
    return datetime.now(UTC)


@functools.cache
def boot() -> str:
    """Return what two processes have in common if they read the same monotonic clock.

    That is a digest of the machine's start and of the time namespace, and of nothing else; where
    the system does not tell them, a token that no other process has.
    """
    with suppress(OSError):
        start = Path("/proc/sys/kernel/random/boot_id").read_bytes()
        space = os.readlink("/proc/self/ns/time").encode()
        return blake2b(start + space, digest_size=6).hexdigest()
    return secrets.token_hex(6)
