"""Handles Ctrl-C and SIGTERM: the first one ends the work in order, the second one at once."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from attrs import mutable

from postman_async.cli.errors import INTERRUPTED, TERMINATED

__all__ = ["Interrupt", "interruptible"]

_CODES = {signal.SIGINT: INTERRUPTED, signal.SIGTERM: TERMINATED}


@mutable
class Interrupt:
    """The exit code of the signal that came, or None."""

    code: int | None = None


@contextmanager
def interruptible(stop: Callable[[], None]) -> Iterator[Interrupt]:
    """Call ``stop`` at the first SIGINT or SIGTERM of the block.

    The next signal has its default effect.  Where the loop cannot handle signals (on Windows, and
    outside the main thread), Ctrl-C raises `KeyboardInterrupt`.
    """
    loop = asyncio.get_running_loop()
    interrupt = Interrupt()
    handled: list[signal.Signals] = []

    def received(number: signal.Signals) -> None:
        interrupt.code = _CODES[number]
        release()
        stop()

    def release() -> None:
        while handled:
            loop.remove_signal_handler(handled.pop())

    for number in _CODES:
        try:
            loop.add_signal_handler(number, received, number)
        except (NotImplementedError, RuntimeError, ValueError):
            break
        handled.append(number)
    try:
        yield interrupt
    finally:
        release()
