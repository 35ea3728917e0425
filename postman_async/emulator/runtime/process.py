"""The collection engine: a Node worker that is found, installed, started and kept alive."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Literal, TypeAlias

from postman_async.emulator.exceptions import ConversionError, EngineCrashed, EngineUnavailable
from postman_async.emulator.runtime.install import install
from postman_async.emulator.runtime.job import RunJob
from postman_async.emulator.runtime.node import find_node
from postman_async.emulator.runtime.worker import Worker

__all__ = ["CollectionEngine", "Isolation"]

Isolation: TypeAlias = Literal["run", "shared"]

_CONVERSION_SECONDS = 60.0
# A sandbox costs about 31 MB and, to boot, 0.12 s of processor time.
_LIMITS: Mapping[Isolation, Mapping[str, int]] = {
    "run": {"maxRuns": 16, "maxSandboxes": 16, "spares": 2},
    "shared": {"maxRuns": 256, "maxSandboxes": 2, "spares": 2},
}


class CollectionEngine:
    """Runs Postman collections, with their scripts, as Postman's own runtime does.

    The work is done in one Node process, started at the first run and started anew after a
    crash.  Scripts run in threads of it without access to files or the environment, but with
    this machine's network: run only collections that you trust.

    An engine belongs to one event loop.  Close it, or use it as an async context manager.
    """

    def __init__(
        self,
        *,
        progress: Callable[[str], None] | None = None,
        isolation: Isolation = "run",
        max_runs: int | None = None,
        heap_mb: int = 128,
        memory_mb: int = 2048,
    ) -> None:
        """Prepare an engine; nothing is started yet.

        Args:
            progress: Called with a line of text when something takes long (the installation).
            isolation: ``"run"`` gives every run a script sandbox of its own, as Postman does
                (about 13 runs a second on two cores). ``"shared"`` lends a few sandboxes for one
                script at a time (about 90 runs a second, and hundreds at once in little
                memory); a script that changes a built-in library can then reach other runs.
            max_runs: How many runs are under way at once; the others wait and their time does
                not count. None means 16 for ``"run"`` and 256 for ``"shared"``.
            heap_mb: The heap of one sandbox, in megabytes; a script that needs more fails.
            memory_mb: The memory of the whole process, in megabytes; above it the process is
                ended and the runs under way raise `EngineCrashed`.

        """
        limits = dict(_LIMITS[isolation])
        if max_runs is not None:
            limits["maxRuns"] = max_runs
            limits["maxSandboxes"] = max_runs if isolation == "run" else limits["maxSandboxes"]
        memory = {"heapMb": heap_mb, "convertHeapMb": 512, "memoryMb": memory_mb}
        self._config = {"isolation": isolation, **limits, **memory}
        self._progress = progress or (lambda line: None)
        self._worker: Worker | None = None
        self._lock = asyncio.Lock()
        self._attempts = 0
        self._failure: EngineUnavailable | None = None
        self._closed = False

    async def __aenter__(self) -> CollectionEngine:
        """Start the engine."""
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the engine."""
        await self.close()

    @property
    def pid(self) -> int | None:
        """The id of the Node process; None while there is none."""
        return self._worker.pid if self._worker is not None and self._worker.alive else None

    async def start(self) -> None:
        """Find Node, install the engine's packages if need be, and start the worker.

        Does nothing when it runs already; runs call it by themselves.  Those who call it while
        it is under way share the outcome.

        Raises `EngineUnavailable` when this machine cannot run it, `EngineCrashed` when the
        worker does not come up.
        """
        await self._started()

    async def run(self, job: RunJob) -> dict[str, Any]:
        """Run a collection and return its result.

        The result has the keys ``status`` (``"success"``; ``"failed"``: tests failed;
        ``"error"``: a request or a script failed; ``"aborted"``: the run took too long),
        ``stats``, ``executions`` and ``failures``.  A collection that cannot be run at all is an
        ``"error"`` as well.  Cancelling the call aborts the run.

        Raises `EngineCrashed` when the worker ended under way, `EngineUnavailable` when it
        cannot be started.
        """
        reply = await (await self._started()).call("run", job.message())
        if not reply["ok"]:
            raise EngineCrashed(f"The collection engine failed: {reply['error']['message']}")
        result: dict[str, Any] = reply["result"]
        return result

    async def convert(
        self, specification: str, options: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Turn an OpenAPI (or Swagger 2) description into a collection of format v2.1.

        `specification` is its text, JSON or YAML; `options` are those of the converter
        (``folderStrategy``, ``requestNameSource``, …).

        Raises `ConversionError` with the reason, and what `run` raises.
        """
        return await self._converted(
            "convert", {"specification": specification, "options": dict(options or {})}
        )

    async def sync(self, specification: str, collection: Mapping[str, Any]) -> dict[str, Any]:
        """Return a collection (format v2.1) brought up to date with an OpenAPI description.

        What the description does not know of, such as scripts and further requests, stays.

        Raises `ConversionError` with the reason, and what `run` raises.
        """
        fields = {"specification": specification, "collection": collection}
        return await self._converted("sync", fields)

    async def upgrade(self, collection: Mapping[str, Any]) -> dict[str, Any]:
        """Turn a collection of format v1, as data dumps have it, into one of format v2.1.

        Raises `ConversionError` with the reason, and what `run` raises.
        """
        return await self._converted("upgrade", {"collection": collection})

    async def _converted(self, operation: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        timed = {**fields, "timeout": round(_CONVERSION_SECONDS * 1000)}
        reply = await (await self._started()).call(operation, timed)
        if not reply["ok"]:
            raise ConversionError(reply["error"]["message"])
        collection: dict[str, Any] = reply["result"]
        return collection

    async def stats(self) -> dict[str, int]:
        """Return the worker's counters: runs under way, waiting and finished, and sandboxes."""
        reply = await (await self._started()).call("stats", {})
        counters: dict[str, int] = reply["result"]
        return counters

    async def close(self) -> None:
        """End the worker, for good.  Runs under way raise `EngineCrashed`."""
        self._closed = True
        async with self._lock:
            worker, self._worker = self._worker, None
            if worker is not None:
                await worker.close()

    async def _started(self) -> Worker:
        if self._worker is not None and self._worker.alive:
            return self._worker
        attempt = self._attempts
        async with self._lock:
            if self._worker is not None and self._worker.alive:
                return self._worker
            if self._closed:
                raise EngineUnavailable("The collection engine is closed.")
            if attempt != self._attempts and self._failure is not None:
                raise EngineUnavailable(str(self._failure))  # of the attempt it waited for
            return await self._start_worker()

    async def _start_worker(self) -> Worker:
        old, self._worker = self._worker, None
        if old is not None:
            await old.close()
        self._failure = None
        try:
            node = await find_node()
            directory = await install(node, self._progress)
        except EngineUnavailable as failure:
            self._failure = failure
            self._attempts += 1  # at its end: who came while it went on has another number
            raise
        self._worker = await Worker.spawn(node, directory, self._config)
        return self._worker
