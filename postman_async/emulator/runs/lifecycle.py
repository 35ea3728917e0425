"""The lifecycle of a monitor's run: begin, launch, hold, record.

A request begins a run, and a task of its own executes it: a client that disconnects does not
stop the run; closing the emulator does.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta

from postman_async.emulator.errors import not_found, server_error
from postman_async.emulator.exceptions import EmulatorError, EngineUnavailable, lacking
from postman_async.emulator.runs.monitor_run import (
    MonitorRun,
    RunLimits,
    failed_result,
    initial_info,
)
from postman_async.emulator.runs.scripted_runs import RunScript, sent_requests
from postman_async.emulator.runtime.protocol import Runtime
from postman_async.emulator.state.clock import Clock
from postman_async.emulator.state.ids import iso, now
from postman_async.emulator.state.store import Entity, Json, Store

__all__ = ["Runs"]

_LOG = logging.getLogger("postman_async.emulator")


class Runs:
    """Begins the runs of monitors, executes them in tasks and records their results.

    Args:
        store: the database.
        runtime: executes the collections of monitors without a script.  None creates a
            `CollectionEngine` on first use, which `close` closes.
        progress: called with a line of text when the first start of the runtime installs
            something.
        limits: the time limits.
        clock: measures durations and the hold limit; None means the real time.
    """

    def __init__(
        self,
        store: Store,
        *,
        runtime: Runtime | None = None,
        progress: Callable[[str], None] | None = None,
        limits: RunLimits | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._store = store
        self._runtime = runtime
        self._owns_runtime = runtime is None
        self._progress = progress
        self._limits = limits or RunLimits()
        self._clock = clock or Clock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False

    @property
    def runtime(self) -> Runtime:
        """The runtime that executes collections; created on first use."""
        from postman_async.emulator.runtime.process import CollectionEngine

        if self._runtime is None:
            self._runtime = CollectionEngine(progress=self._progress)
        return self._runtime

    def abort_unfinished(self) -> None:
        """Record as aborted the runs that an earlier process of the same database left open."""
        for row, info in self._store.unfinished():
            ended = {**info, "status": "aborted", "finishedAt": iso(now())}
            self._store.end_run(row, {"info": ended})

    # -- the steps of one run ---------------------------------------------------------------

    def begin(self, monitor: Entity, variables: Json | None = None) -> MonitorRun:
        """Record the start of a run within the caller's transaction; `launch` executes it.

        Args:
            monitor: the monitor.
            variables: a document of global variables for the scripts of the collection.

        Raises:
            ServiceError: the emulator is closing, or the monitor's collection or environment
                does not exist.
        """
        if self._closing:
            raise server_error("The emulator is closing.", 503)
        facts, began = monitor.facts, now()
        script = RunScript(**facts["script"]) if facts.get("script") else None
        number = self._store.next_number(monitor.id)
        info = _scripted_info(initial_info(monitor, number, began), script)
        return MonitorRun(
            row=self._store.add_run(monitor.id, number, info),
            monitor=monitor.id,
            info=info,
            began=began,
            collection=self._document("collections", facts["collection"]) or {},
            environment=self._document("environments", facts["environment"]),
            options=facts["options"],
            globals=variables,
            script=script,
        )

    def _document(self, kind: str, entity_id: str | None) -> Json | None:
        if entity_id is None:
            return None
        entity = self._store.find(kind, entity_id)
        if entity is None:
            raise not_found(kind.removesuffix("s"), entity_id)
        return entity.document

    def launch(self, run: MonitorRun) -> None:
        """Execute a run in a task of its own."""
        run.task = asyncio.create_task(self._execute(run), name=f"run {run.info['jobId']}")
        self._tasks.add(run.task)
        run.task.add_done_callback(self._tasks.discard)

    async def hold(self, run: MonitorRun) -> bool:
        """Wait for the end of a run, at most for the hold limit; return whether it has ended."""
        assert run.task is not None
        limit = asyncio.create_task(self._clock.sleep(self._limits.hold))
        try:
            await asyncio.wait({run.task, limit}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            limit.cancel()
        return run.task.done()

    def cancel(self) -> list[asyncio.Task[None]]:
        """Abort all runs under way, and return their tasks."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        return tasks

    async def close(self) -> None:
        """Refuse further runs, abort those under way, and close a runtime created here."""
        self._closing = True
        await asyncio.gather(*self.cancel(), return_exceptions=True)
        if self._runtime is not None and self._owns_runtime:
            await self._runtime.close()

    # -- execution --------------------------------------------------------------------------

    async def _execute(self, run: MonitorRun) -> None:
        started = self._clock.time()
        try:
            result = await self._result(run)
        except asyncio.CancelledError:
            aborted = failed_result("aborted", "AbortError", "The run was aborted.")
            self._record(run, aborted, started)
            raise
        except EmulatorError as reason:
            result = failed_result("error", type(reason).__name__, str(reason))
            run.refusal = str(reason) if isinstance(reason, EngineUnavailable) else None
        except Exception as reason:
            _LOG.exception("the run of monitor %s failed", run.monitor)
            result = failed_result("error", type(reason).__name__, str(reason))
        self._record(run, result, started)

    async def _result(self, run: MonitorRun) -> Json:
        if run.script is None:
            return await self._executed(run)
        await self._clock.sleep(run.script.duration)
        if run.script.run is not None:
            return run.script.run
        return run.script.result(sent_requests(run.collection), run.began)

    async def _executed(self, run: MonitorRun) -> Json:
        from postman_async.emulator.runtime.job import RunJob

        try:
            runtime = self.runtime
        except ModuleNotFoundError as error:
            raise lacking(error) from None
        await runtime.start()
        job = RunJob(
            collection=run.collection,
            environment=run.environment,
            globals=run.globals,
            options=run.options,
            run_timeout=self._limits.run,
        )
        return await runtime.run(job)

    def _record(self, run: MonitorRun, result: Json, started: float) -> None:
        """Complete the result with the times of the run, and store it."""
        elapsed = timedelta(seconds=self._clock.time() - started)
        outcome = {
            "status": result.get("status", "success"),
            "finishedAt": iso(run.began + elapsed),
            **(result.get("info") or {}),
        }
        parts = {key: value for key, value in result.items() if key not in ("status", "info")}
        run.body = {"info": {**run.info, **outcome}, **parts}
        with self._store.transaction():
            self._store.end_run(run.row, run.body)


def _scripted_info(info: Json, script: RunScript | None) -> Json:
    """Return the info of a run's start with what a result that the script holds says of it."""
    if script is None or script.run is None:
        return info
    given: Json = dict(script.run.get("info") or {})
    started = {**info, **given, "status": "running"}
    started.pop("finishedAt", None)
    return started
