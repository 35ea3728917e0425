"""The collection runtime: finds Node, installs the packages, and runs jobs in worker processes."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, TypeAlias

from postman_async.emulator.exceptions import ConversionError, EngineCrashed, EngineUnavailable
from postman_async.emulator.runtime.install import install
from postman_async.emulator.runtime.job import RunJob
from postman_async.emulator.runtime.node import Node, find_node
from postman_async.emulator.runtime.pool import WorkerPool
from postman_async.emulator.runtime.worker import Worker

__all__ = ["CollectionEngine", "Isolation"]

Isolation: TypeAlias = Literal["run", "shared"]

_CONVERSION_SECONDS = 60.0
_GRACE_SECONDS = 10.0  # the worker enforces the time limit itself, unless a run blocks it
_MAX_RUNS: Mapping[Isolation, int] = {"run": 16, "shared": 256}
# Of one process.  A sandbox costs about 31 MB and, to boot, 0.12 s of processor time.
_SANDBOXES: Mapping[Isolation, Mapping[str, int]] = {
    "run": {"maxSandboxes": 2, "spares": 1},
    "shared": {"maxSandboxes": 2, "spares": 2},
}
# Of one script.  Real ones stay far below; a few times as much does no harm beyond its own run.
_SCRIPT_LIMITS: Mapping[str, int] = {
    "maxMessages": 100_000,
    "maxMessageMb": 32,
    "maxMessagesMb": 128,
    "maxScriptRequests": 5_000,
    "scriptRequestsAtOnce": 32,
}


class CollectionEngine:
    """Runs Postman collections, with their scripts, as Postman's own runtime does.

    Each run has a Node process of its own while it is under way, so that a script that harms the
    process ends only its own run.  Processes are started on demand and reused.  Scripts run in
    threads without access to files or the environment, but with the network of this machine: run
    only collections that you trust.

    An instance belongs to one event loop.  Close it, or use it as an async context manager.
    """

    def __init__(
        self,
        *,
        progress: Callable[[str], None] | None = None,
        isolation: Isolation = "run",
        max_runs: int | None = None,
        heap_mb: int = 128,
        memory_mb: int = 1024,
    ) -> None:
        """Configure the runtime; nothing is started yet.

        Args:
            progress: Called with a line of text when something takes long (the installation).
            isolation: ``"run"`` gives every run a process and a script sandbox of its own
                (about 12 runs a second on two cores, and about 100 MB for each one under way).
                ``"shared"`` has one process for all, and lends a few sandboxes for one script at
                a time (about 90 runs a second, and hundreds at once in little memory); a script
                that changes a built-in library can then reach other runs, and one that runs out
                of memory can end them.
            max_runs: How many runs are under way at once; the others wait and their time does
                not count. None means 16 for ``"run"`` and 256 for ``"shared"``.
            heap_mb: The heap of one sandbox, in megabytes; a script that needs more fails.
            memory_mb: The memory of one process, in megabytes; above it the process is ended
                and the runs under way in it raise `EngineCrashed`.

        """
        runs = _MAX_RUNS[isolation] if max_runs is None else max_runs
        processes, jobs_each = (runs, 1) if isolation == "run" else (1, runs)
        memory = {"heapMb": heap_mb, "convertHeapMb": 512, "memoryMb": memory_mb}
        limits = {**_SANDBOXES[isolation], **_SCRIPT_LIMITS, **memory, "maxRuns": jobs_each}
        self._config = {"isolation": isolation, **limits}
        self._isolated = isolation == "run"
        self._progress = progress or (lambda line: None)
        self._pool = WorkerPool(self._spawn, processes=processes, jobs_each=jobs_each)
        self._installed: tuple[Node, Path] | None = None
        self._lock, self._first = asyncio.Lock(), asyncio.Lock()
        self._attempts = 0
        self._failure: EngineUnavailable | None = None

    async def __aenter__(self) -> CollectionEngine:
        """Start the runtime."""
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the runtime."""
        await self.close()

    @property
    def pid(self) -> int | None:
        """The id of the Node process that was started first of those alive, or None.

        The pool orders its workers by their use, which says nothing about one that goes on.
        """
        oldest = min(self._pool.workers, key=lambda worker: worker.started_at, default=None)
        return None if oldest is None else oldest.pid

    @property
    def pids(self) -> list[int]:
        """The ids of the Node processes."""
        return [worker.pid for worker in self._pool.workers]

    async def start(self) -> None:
        """Find Node, install the packages if necessary, and start a worker.

        Calling it is optional: runs start workers themselves.  Concurrent calls share the
        outcome, and a call has no effect if a worker runs.

        Raises:
            EngineUnavailable: the runtime cannot be used on this machine.
            EngineCrashed: the worker did not start.
        """
        await self._prepare()
        async with self._first:
            if not self._pool.workers:
                async with self._pool.lend():
                    pass  # the worker has started

    async def run(self, job: RunJob) -> dict[str, Any]:
        """Run a collection and return its result.

        Cancelling the call aborts the run.

        Returns:
            ``status``, ``stats``, ``executions`` and ``failures``.  The status is ``"success"``,
            ``"failed"`` (tests failed), ``"error"`` (a request, a script or the whole collection
            failed) or ``"aborted"`` (the time limit was reached).

        Raises:
            EngineCrashed: the worker ended during the run, or exceeded the time limit.
            EngineUnavailable: the runtime cannot be started.
        """
        reply = await self._call("run", job.message(), job.run_timeout)
        if not reply["ok"]:
            raise EngineCrashed(f"The collection runtime failed: {reply['error']['message']}")
        result: dict[str, Any] = reply["result"]
        return result

    async def convert(
        self, specification: str, options: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Convert an OpenAPI (or Swagger 2) description to a collection of format v2.1.

        Args:
            specification: the description as text, JSON or YAML.
            options: the options of the converter (``folderStrategy``, ``requestNameSource``, …).

        Raises:
            ConversionError: the converter refuses the description.
            EngineCrashed: as of `run`.
            EngineUnavailable: as of `run`.
        """
        return await self._converted(
            "convert", {"specification": specification, "options": dict(options or {})}
        )

    async def sync(self, specification: str, collection: Mapping[str, Any]) -> dict[str, Any]:
        """Update a collection (format v2.1) to an OpenAPI description.

        Parts that the description does not cover, such as scripts and further requests, are kept.

        Raises:
            ConversionError: the converter refuses the description or the collection.
            EngineCrashed: as of `run`.
            EngineUnavailable: as of `run`.
        """
        fields = {"specification": specification, "collection": collection}
        return await self._converted("sync", fields)

    async def upgrade(self, collection: Mapping[str, Any]) -> dict[str, Any]:
        """Convert a collection of format v1, as in old data dumps, to format v2.1.

        Raises:
            ConversionError: the converter refuses the collection.
            EngineCrashed: as of `run`.
            EngineUnavailable: as of `run`.
        """
        return await self._converted("upgrade", {"collection": collection})

    async def _converted(self, operation: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        timed = {**fields, "timeout": round(_CONVERSION_SECONDS * 1000)}
        reply = await self._call(operation, timed, _CONVERSION_SECONDS)
        if not reply["ok"]:
            raise ConversionError(reply["error"]["message"])
        collection: dict[str, Any] = reply["result"]
        return collection

    async def stats(self) -> dict[str, int]:
        """Return the workers' counters: runs under way, waiting and finished, and sandboxes."""
        counters = Counter(running=0, waiting=self._pool.waiting, finished=0, sandboxes=0)
        for worker in self._pool.workers:
            with contextlib.suppress(EngineCrashed):
                counters.update((await worker.call("stats", {}))["result"])
        return dict(counters)

    async def close(self) -> None:
        """End the workers.  Runs under way raise `EngineCrashed`."""
        await self._pool.close()

    async def _call(
        self, operation: str, fields: Mapping[str, Any], seconds: float
    ) -> dict[str, Any]:
        """Execute a job in a worker, and return the answer."""
        await self._prepare()
        async with self._pool.lend() as worker:
            if not self._isolated:  # the time in the worker's own queue does not count
                return await worker.call(operation, fields)
            try:
                async with asyncio.timeout(seconds + _GRACE_SECONDS):
                    return await worker.call(operation, fields)
            except TimeoutError:
                message = f"The collection runtime was ended: the limit is {seconds:g} s"
                raise EngineCrashed(message) from None

    async def _prepare(self) -> None:
        """Find Node and the installation, once."""
        attempt = self._attempts
        async with self._lock:
            if self._pool.closed:
                raise EngineUnavailable("The collection runtime is closed.")
            if self._installed is not None:
                return
            if attempt != self._attempts and self._failure is not None:
                raise EngineUnavailable(str(self._failure))  # of the awaited attempt
            self._failure = None
            try:
                node = await find_node()
                self._installed = (node, await install(node, self._progress))
            except EngineUnavailable as failure:
                self._failure = failure
                self._attempts += 1  # only now: calls during the attempt see the old number
                raise

    async def _spawn(self) -> Worker:
        if self._installed is None:
            await self._prepare()
        assert self._installed is not None
        try:
            return await Worker.spawn(*self._installed, self._config)
        except (EngineCrashed, OSError) as error:
            self._installed = None  # search again at the next start
            raise EngineCrashed(str(error)) from error
