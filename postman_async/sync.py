"""`Postman`: the same client without ``await``."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, ParamSpec, Self, TypeVar, Unpack

from postman_async.api.sync.namespaces import Namespaces
from postman_async.client import AsyncPostman
from postman_async.errors import ConfigurationError

if TYPE_CHECKING:
    from postman_async.bulk.outcome import BatchReport, MonitorOutcome
    from postman_async.engine.limits import RateLimits
    from postman_async.engine.operation import Caller, Operation
    from postman_async.options import CallOptions, ClientOptions

__all__ = ["Postman"]

P = ParamSpec("P")
R = TypeVar("R")

_END: Any = object()


class _Loop:
    """The one event loop of a client, which runs while a call is made and rests in between."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._lock = threading.RLock()
        self._closed = False

    def run(
        self, function: Callable[P, Coroutine[Any, Any, R]], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Wait for a coroutine; calls of other threads wait for their turn."""
        _refuse_running_loop()
        with self._lock:
            if self._closed:
                raise ConfigurationError("this client is closed; make a new one")
            return self._runner.run(function(*args, **kwargs))

    def close(self, last: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run a last coroutine and close the loop; more than once is harmless."""
        with self._lock:
            if not self._closed:
                self.run(last)
                self._closed = True
                self._runner.close()


class _SyncCaller:
    """Calls operations on the loop."""

    def __init__(self, loop: _Loop, caller: Caller) -> None:
        self._loop = loop
        self._caller = caller

    @property
    def raw(self) -> _SyncCaller:
        return _SyncCaller(self._loop, self._caller.raw)

    def request(
        self, operation: Operation, arguments: Mapping[str, Any], options: CallOptions
    ) -> Any:
        return self._loop.run(self._caller.request, operation, arguments, options)


class Postman(Namespaces):
    """The Postman API, synchronously: the names and arguments of `AsyncPostman`.

    It holds one event loop, so its calls share their connections.  Use it as a context manager,
    or `close` it.  Threads may share it; their calls are made one after the other.

    Args:
        api_key: the key, ``PMAK-…``; default: the environment variable ``POSTMAN_API_KEY``.
        options: see `ClientOptions`.

    Raises:
        ConfigurationError: the key is missing, or the base URL is none it may be sent to; a call
            is made where an event loop runs already (a notebook): use `AsyncPostman` there.

    """

    def __init__(self, api_key: str | None = None, **options: Unpack[ClientOptions]) -> None:
        self._async = AsyncPostman(api_key, **options)
        self._loop = _Loop()
        self._caller = _SyncCaller(self._loop, self._async._caller)

    @property
    def base_url(self) -> str:
        """The address of the service."""
        return self._async.base_url

    @property
    def rate_limits(self) -> RateLimits:
        """The limits as they stand now, the month's quota, and how many calls wait."""
        return self._async.rate_limits

    def __repr__(self) -> str:
        return f"Postman(base_url={self.base_url!r})"

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
        """Close the connections and the loop; a session or connector of yours stays open."""
        self._loop.close(self._async.close)

    def call(self, operation: str, /, **arguments: Any) -> Any:
        """Call an operation by its public name; see `AsyncPostman.call`."""
        return self._loop.run(self._async.call, operation, **arguments)

    def run_monitors(
        self, uids: Iterable[str], *, concurrency: int = 50, **options: Unpack[CallOptions]
    ) -> BatchReport:
        """Run many monitors in parallel and wait for all; see `AsyncPostman.run_monitors`."""
        return self._loop.run(self._async.run_monitors, uids, concurrency=concurrency, **options)

    def stream_monitor_runs(
        self, uids: Iterable[str], *, concurrency: int = 50, **options: Unpack[CallOptions]
    ) -> Iterator[MonitorOutcome]:
        """Run many monitors in parallel and get each outcome as it becomes known.

        See `AsyncPostman.stream_monitor_runs`.  The loop rests while your code handles an
        outcome: the runs go on in the service, and their answers are read when you ask for more.
        """
        _refuse_running_loop()
        outcomes = self._async.stream_monitor_runs(uids, concurrency=concurrency, **options)
        return self._walk(outcomes)

    def _walk(self, outcomes: AsyncGenerator[MonitorOutcome]) -> Iterator[MonitorOutcome]:
        try:
            while (outcome := self._loop.run(_next, outcomes)) is not _END:
                yield outcome
        finally:
            self._loop.run(outcomes.aclose)


async def _next(outcomes: AsyncGenerator[Any]) -> Any:
    return await anext(outcomes, _END)


def _refuse_running_loop() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise ConfigurationError(
        "an event loop is running here (in a notebook it always is), and Postman needs one of its"
        " own: use AsyncPostman instead, and await its calls"
    )
