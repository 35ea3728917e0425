"""Ctrl-C and SIGTERM: the first one ends the work in good order, the second one at once."""

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
    """Whether there was a signal; ``code`` is the exit code it stands for, or None."""

    code: int | None = None


@contextmanager
def interruptible(stop: Callable[[], None]) -> Iterator[Interrupt]:
    """Call ``stop`` at the first SIGINT or SIGTERM of the block.

    The next one does what it does without this.  Where a loop cannot handle signals (on Windows,
    and outside the main thread), Ctrl-C stays a `KeyboardInterrupt`.
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
