"""Runs coroutines in virtual time, the room's clocks included."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar
from unittest import mock

import looptime

from postman_async.bulk import clock
from tests.bulk.model import START

T = TypeVar("T")


def in_virtual_time(function: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine on a loop whose hours take no time."""

    def make() -> asyncio.AbstractEventLoop:
        return looptime.new_event_loop(start=0, _enabled=True)

    with asyncio.Runner(loop_factory=make) as runner, virtual_clocks(runner.get_loop()):
        return runner.run(function())


@contextmanager
def virtual_clocks(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Let the clocks of bulk runs be those of a loop."""

    def wall() -> datetime:
        return START + timedelta(seconds=loop.time())

    with mock.patch.multiple(clock, monotonic=loop.time, wall=wall):
        yield
