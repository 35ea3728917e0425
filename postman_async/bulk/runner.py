"""The loop that keeps up to `concurrency` monitors running and hands out what came of each."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import aclosing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeAlias

from postman_async.bulk.outcome import (
    BatchReport,
    MonitorOutcome,
    status_of_error,
    status_of_run,
)
from postman_async.errors import InvalidArgumentError, PostmanError

if TYPE_CHECKING:
    from postman_async.client import AsyncPostman
    from postman_async.options import CallOptions

__all__ = ["run_all", "stream"]

Numbered: TypeAlias = tuple[int, MonitorOutcome]


async def run_all(
    client: AsyncPostman, uids: Iterable[str], concurrency: int, options: CallOptions
) -> BatchReport:
    """Run every monitor and report the outcomes in the order of ``uids``."""
    started_at, started = datetime.now(UTC), time.monotonic()
    async with aclosing(_numbered(client, uids, concurrency, options)) as numbered:
        found = dict([item async for item in numbered])
    ordered = tuple(found[index] for index in range(len(found)))
    return BatchReport(ordered, started_at, time.monotonic() - started)


async def stream(
    client: AsyncPostman, uids: Iterable[str], concurrency: int, options: CallOptions
) -> AsyncGenerator[MonitorOutcome]:
    """Yield each outcome as it becomes known."""
    async with aclosing(_numbered(client, uids, concurrency, options)) as numbered:
        async for _, outcome in numbered:
            yield outcome


def check(uids: Iterable[str], concurrency: int) -> None:
    """Refuse what cannot be meant, before anything is sent."""
    if isinstance(uids, str):
        raise InvalidArgumentError("uids must be a collection of uids, not one string: [uid]")
    if isinstance(concurrency, bool) or not isinstance(concurrency, int) or concurrency < 1:
        raise InvalidArgumentError(f"concurrency must be 1 or more, not {concurrency!r}")


async def _numbered(
    client: AsyncPostman, uids: Iterable[str], concurrency: int, options: CallOptions
) -> AsyncGenerator[Numbered]:
    """Yield outcomes with the place of their uid; never more than `concurrency` tasks exist."""
    source = enumerate(uids)
    running: set[asyncio.Task[Numbered]] = set()
    ended: asyncio.Queue[asyncio.Task[Numbered]] = asyncio.Queue()
    try:
        while True:
            for index, uid in _take(source, concurrency - len(running)):
                task = asyncio.create_task(_run_one(client, index, uid, options))
                running.add(task)
                task.add_done_callback(ended.put_nowait)
            if not running:
                return
            task = await ended.get()
            running.discard(task)
            yield task.result()
    finally:
        await _cancel(running)


def _take(source: Iterator[tuple[int, str]], count: int) -> Iterator[tuple[int, str]]:
    for _ in range(count):
        item = next(source, None)
        if item is None:
            return
        yield item


async def _cancel(tasks: set[asyncio.Task[Numbered]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _run_one(client: AsyncPostman, index: int, uid: str, options: CallOptions) -> Numbered:
    """Run one monitor; whatever goes wrong with it is its outcome."""
    started_at, started = datetime.now(UTC), time.monotonic()
    run, error, attempts = None, None, 0
    try:
        answer = await client.monitors.with_raw_response.run(uid, **options)
        run, attempts, status = answer.value, answer.attempts, status_of_run(answer.value)
    except PostmanError as failure:
        error, attempts, status = failure, failure.attempts, status_of_error(failure)
    return index, MonitorOutcome(
        uid=uid,
        status=status,
        run=run,
        error=error,
        attempts=attempts,
        started_at=started_at,
        elapsed=time.monotonic() - started,
    )
