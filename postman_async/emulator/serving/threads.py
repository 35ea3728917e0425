"""Between threads: an event loop in a thread of its own, and calls into a loop from outside."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

__all__ = ["LoopThread", "call_in_loop"]

T = TypeVar("T")

_SECONDS = 60.0


class LoopThread:
    """An event loop that runs in a thread until it is closed.

    Args:
        name: the thread's name.
    """

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine there, and return its result here."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_SECONDS)

    def close(self) -> None:
        """End the loop and the thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_SECONDS)
        self._loop.close()


def call_in_loop(loop: asyncio.AbstractEventLoop, action: Callable[[], T]) -> T:
    """Call a function in the thread of a running loop, from another thread."""
    done: Future[T] = Future()

    def act() -> None:
        try:
            done.set_result(action())
        except BaseException as error:  # the caller's to handle, in the caller's thread
            done.set_exception(error)

    loop.call_soon_threadsafe(act)
    return done.result(_SECONDS)
