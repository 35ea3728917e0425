"""`Postman`: the same client without ``await``."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, ParamSpec, Self, TypeVar, Unpack

from postman_async.api.sync.namespaces import Namespaces
from postman_async.client import AsyncPostman
from postman_async.engine.http.response import RawResponse
from postman_async.engine.http.session import leave_alone, refuse_other_process
from postman_async.engine.http.target import Secret
from postman_async.errors import ConfigurationError
from postman_async.tasks import SyncTask, Task

if TYPE_CHECKING:
    from postman_async.bulk.batch import BatchProgress, MonitorBatch
    from postman_async.bulk.options import BatchOptions
    from postman_async.bulk.outcome import BatchReport, MonitorOutcome
    from postman_async.bulk.select import Uids
    from postman_async.engine.limits.state import RateLimits
    from postman_async.engine.operation import Caller, Operation
    from postman_async.options import CallOptions, ClientOptions

__all__ = ["Postman", "SyncMonitorBatch"]

P = ParamSpec("P")
R = TypeVar("R")

_END: Any = object()


class _Loop:
    """The event loop of a client, which runs only during a call."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._lock = threading.RLock()
        self._closed = False
        self._process: int | None = None
        self.batches = 0
        """How many batches are open."""

    def run(
        self, function: Callable[P, Coroutine[Any, Any, R]], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Run a coroutine to its end; calls of other threads wait until then."""
        self._check_context()
        with self._lock:
            self._check_open()
            return self._runner.run(function(*args, **kwargs))

    def call(
        self, function: Callable[P, Coroutine[Any, Any, R]], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Run a single call to its end, faster than `run`.

        A runner sets a signal handler for each coroutine, which takes half as long as a call.
        Without it an interrupt stops the loop wherever it is, and the only task is then cancelled.
        A batch has other tasks, so that `run` is needed.
        """
        if self.batches:
            return self.run(function, *args, **kwargs)
        self._check_context()
        with self._lock:
            self._check_open()
            loop = self._runner.get_loop()
            task = loop.create_task(function(*args, **kwargs))
            try:
                return loop.run_until_complete(task)
            except KeyboardInterrupt:
                task.cancel()
                loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
                raise

    def _check_context(self) -> None:
        """Refuse another process before its copy of the loop or of the lock is used."""
        if self._process != os.getpid():
            refuse_other_process(self._process)
            self._process = os.getpid()
        _refuse_running_loop()

    def _check_open(self) -> None:
        if self._closed:
            raise ConfigurationError("this client is closed; make a new one")

    def do(self, action: Callable[[], None]) -> None:
        """Run an action that the loop must notice, even if the loop runs here or in a thread."""
        refuse_other_process(self._process)
        if _loop_runs_here():
            action()
        elif self._lock.acquire(blocking=False):
            try:
                self.run(_call, action)
            finally:
                self._lock.release()
        else:  # another thread runs the loop, and may wait for this action
            self._runner.get_loop().call_soon_threadsafe(action)

    def close(self, last: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run a last coroutine and close the loop; repeated calls do nothing."""
        if self._process not in (None, os.getpid()):
            self._closed = True
            leave_alone(self._runner)
            return
        with self._lock:
            if not self._closed:
                self.run(last)
                self._closed = True
                self._runner.close()


class _SyncCaller:
    """Calls operations on the event loop of the client."""

    def __init__(self, loop: _Loop, caller: Caller) -> None:
        self._loop = loop
        self._caller = caller

    @property
    def raw(self) -> _SyncCaller:
        return _SyncCaller(self._loop, self._caller.raw)

    def request(
        self, operation: Operation, arguments: Mapping[str, Any], options: CallOptions
    ) -> Any:
        answer = self._loop.call(self._caller.request, operation, arguments, options)
        return answer if operation.task is None else self._twin(answer)

    def _twin(self, answer: Any) -> Any:
        """Return a task, or an answer that holds one, without ``await``."""
        if isinstance(answer, Task):
            return SyncTask(answer, self._loop.run)
        if isinstance(answer, RawResponse):
            answer.value = self._twin(answer.value)
        return answer


class Postman(Namespaces):
    """The Postman API, synchronously: the names and arguments of `AsyncPostman`.

    A client has one event loop, so that its calls share their connections.  Use it as a context
    manager, or `close` it.  Threads may share a client; their calls run one after the other.

    Args:
        api_key: the key, ``PMAK-…``; default: the environment variable ``POSTMAN_API_KEY``.
        options: see `ClientOptions`.

    Raises:
        ConfigurationError: the key is missing, or an option is wrong.  Calls raise it where an
            event loop runs already, as in a notebook: use `AsyncPostman` there.

    """

    def __init__(self, api_key: str | None = None, **options: Unpack[ClientOptions]) -> None:
        api_key = Secret.of(api_key)
        failure: ConfigurationError | None = None
        try:
            self._async = AsyncPostman(api_key, **options)
        except ConfigurationError as error:
            failure = error.with_traceback(None)
        del options  # no frame keeps an option that contains a key by mistake
        if failure is not None:
            raise failure
        self._loop = _Loop()
        self._caller = _SyncCaller(self._loop, self._async._caller)

    @property
    def base_url(self) -> str:
        """The address of the service."""
        return self._async.base_url

    @property
    def rate_limits(self) -> RateLimits:
        """The present rate limits, the quota of the month, and how many calls wait."""
        return self._async.rate_limits

    def __repr__(self) -> str:
        made = getattr(self, "_async", None)
        return f"Postman(base_url={getattr(made, 'base_url', None)!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections and the loop; your own session or connector stays open."""
        self._loop.close(self._async.close)

    def call(self, operation: str, /, **arguments: Any) -> Any:
        """Call an operation by its id; see `AsyncPostman.call`."""
        return self._loop.call(self._async.call, operation, **arguments)

    def _resume_task(self, operation: str, arguments: Mapping[str, str]) -> SyncTask[Any]:
        return SyncTask(self._async._resume_task(operation, arguments), self._loop.run)

    def run_monitors(
        self, uids: Uids | None = None, **options: Unpack[BatchOptions]
    ) -> BatchReport:
        """Run many monitors in parallel and wait for all; see `AsyncPostman.run_monitors`."""
        return self._loop.run(self._async.run_monitors, uids, **options)

    def stream_monitor_runs(
        self, uids: Uids | None = None, **options: Unpack[BatchOptions]
    ) -> Iterator[MonitorOutcome]:
        """Run many monitors in parallel and get each outcome as it becomes known.

        See `AsyncPostman.stream_monitor_runs`.  The event loop does not run while your code
        handles an outcome: the service continues the runs, and their answers are read when you ask
        for the next outcome.
        """
        _refuse_running_loop()
        return _walk(self.monitor_batch(uids, **options))

    def monitor_batch(
        self, uids: Uids | None = None, **options: Unpack[BatchOptions]
    ) -> SyncMonitorBatch:
        """Make a batch for a ``with`` block; see `AsyncPostman.monitor_batch`.

        The event loop does not run while your code handles an outcome, see `stream_monitor_runs`.
        """
        return SyncMonitorBatch(self._loop, self._async.monitor_batch(uids, **options))


class SyncMonitorBatch:
    """A `MonitorBatch` without ``await``: the same names, for ``with`` and ``for``."""

    def __init__(self, loop: _Loop, batch: MonitorBatch) -> None:
        self._loop = loop
        self._batch = batch

    def __enter__(self) -> Self:
        self._loop.run(self._batch.__aenter__)
        self._loop.batches += 1
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._loop.batches -= 1
        self._loop.run(self._batch.__aexit__, kind, error, traceback)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> MonitorOutcome:
        """Wait for the next outcome."""
        outcome: MonitorOutcome = self._loop.run(_next, self._batch)
        if outcome is _END:
            raise StopIteration
        return outcome

    def report(self) -> BatchReport:
        """Wait for the end, and report the outcomes not yet iterated over, by their index."""
        return self._loop.run(self._batch.report)

    def pause(self) -> None:
        """Trigger nothing until `resume`; the runs in flight continue."""
        self._loop.do(self._batch.pause)

    def resume(self) -> None:
        """Trigger again after `pause`."""
        self._loop.do(self._batch.resume)

    def cancel(self) -> None:
        """Trigger nothing more, and do not wait for the runs in flight."""
        self._loop.do(self._batch.cancel)

    @property
    def paused(self) -> bool:
        """Whether the batch is paused."""
        return self._batch.paused

    @property
    def progress(self) -> BatchProgress:
        """The present progress of the batch."""
        return self._batch.progress

    @property
    def running(self) -> list[tuple[str, float]]:
        """Each monitor in flight and since how many seconds, the longest first."""
        return self._batch.running


def _walk(batch: SyncMonitorBatch) -> Iterator[MonitorOutcome]:
    with batch:
        yield from batch


async def _call(action: Callable[[], None]) -> None:
    action()


async def _next(outcomes: AsyncIterator[Any]) -> Any:
    return await anext(outcomes, _END)


def _loop_runs_here() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _refuse_running_loop() -> None:
    if _loop_runs_here():
        raise ConfigurationError(
            "an event loop is running here already, as always in a notebook, and Postman needs its"
            " own: use AsyncPostman instead, and await its calls"
        )
