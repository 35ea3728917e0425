"""Runs of monitors: begun by a request, ended in a task of their own.

A client that goes away does not stop its run; closing the emulator does.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from postman_async.emulator.errors import not_found, server_error
from postman_async.emulator.exceptions import EmulatorError, EngineUnavailable, lacking
from postman_async.emulator.runs.scripted_runs import Script, sent_requests
from postman_async.emulator.state.clock import Clock
from postman_async.emulator.state.ids import iso, make_uid, new_id, now
from postman_async.emulator.state.store import Entity, Json, Store

__all__ = ["Engine", "Job", "RunLimits", "Runs"]

_LOG = logging.getLogger("postman_async.emulator")


class Engine(Protocol):
    """What executes collections: `CollectionEngine`, or a stand-in of a test."""

    async def start(self) -> None:
        """Get ready; may be called often, and by several callers at once."""

    async def run(self, job: Any) -> dict[str, Any]:
        """Execute a RunJob and return status, stats, executions and failures."""
        ...

    async def convert(
        self, specification: str, options: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Make a collection of an OpenAPI description."""
        ...

    async def sync(self, specification: str, collection: Mapping[str, Any]) -> dict[str, Any]:
        """Bring a collection up to date with an OpenAPI description."""
        ...

    async def upgrade(self, collection: Mapping[str, Any]) -> dict[str, Any]:
        """Make a collection of format v2.1 of one of format v1."""
        ...

    async def close(self) -> None:
        """Leave nothing running."""


@dataclass(frozen=True, slots=True)
class RunLimits:
    """Time limits of runs.

    Attributes:
        hold: seconds after which the connection that began a run is answered with 202.
        run: seconds after which the engine gives a run up.
    """

    hold: float = 300.0
    run: float = 900.0


@dataclass(slots=True)
class Job:
    """One run under way.

    Attributes:
        row: its row in the database.
        monitor: the id of its monitor.
        info: what is known of it at the start.
        began: when it began.
        collection: the document to execute.
        environment: the environment's document, or None.
        options: the monitor's options.
        globals: variables that are there from the start, or None.
        script: the plan of a scripted monitor, or None.
        task: what executes it.
        body: its result, once it has ended.
        refusal: why the engine could not even begin, or None.
    """

    row: int
    monitor: str
    info: Json
    began: datetime
    collection: Json
    environment: Json | None
    options: Json
    globals: Json | None
    script: Script | None
    task: asyncio.Task[None] | None = None
    body: Json | None = None
    refusal: str | None = None


class Runs:
    """Begins runs, keeps their tasks and notes their outcomes.

    Args:
        store: the database.
        engine: executes the collections of monitors that are not scripted; one is made when
            it is first needed if None is given, and closed with the runs.
        progress: told in one line what a first start of the engine installs.
        limits: the time limits.
        clock: what durations and the hold limit are measured by; the real time if None.
    """

    def __init__(
        self,
        store: Store,
        *,
        engine: Engine | None = None,
        progress: Callable[[str], None] | None = None,
        limits: RunLimits | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._store = store
        self._engine = engine
        self._owns_engine = engine is None
        self._progress = progress
        self._limits = limits or RunLimits()
        self._clock = clock or Clock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False

    @property
    def engine(self) -> Engine:
        """What executes collections, made now if that was not done before."""
        from postman_async.emulator.runtime.process import CollectionEngine

        if self._engine is None:
            self._engine = CollectionEngine(progress=self._progress)
        return self._engine

    def settle_unfinished(self) -> None:
        """Note as aborted what an earlier process of the same database left running."""
        for row, info in self._store.unfinished():
            ended = {**info, "status": "aborted", "finishedAt": iso(now())}
            self._store.end_run(row, {"info": ended})

    def begin(self, monitor: Entity, variables: Json | None = None) -> Job:
        """Note a new run of a monitor, within the caller's transaction; `launch` starts it.

        Args:
            monitor: the monitor.
            variables: a document of global variables that its scripts find.
        """
        if self._closing:
            raise server_error("The emulator is closing.", 503)
        facts, began = monitor.facts, now()
        script = Script(**facts["script"]) if facts.get("script") else None
        number = self._store.next_number(monitor.id)
        info = _info(monitor, number, began)
        if script is not None and script.run is not None:
            given: Json = dict(script.run.get("info") or {})
            info = {**info, **given, "status": "running"}
            info.pop("finishedAt", None)
        return Job(
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

    def launch(self, job: Job) -> None:
        """Start a run that was begun."""
        job.task = asyncio.create_task(self._execute(job), name=f"run {job.info['jobId']}")
        self._tasks.add(job.task)
        job.task.add_done_callback(self._tasks.discard)

    async def hold(self, job: Job) -> bool:
        """Wait until a run has ended, at most for the hold limit; tell whether it has."""
        assert job.task is not None
        limit = asyncio.create_task(self._clock.sleep(self._limits.hold))
        try:
            await asyncio.wait({job.task, limit}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            limit.cancel()
        return job.task.done()

    def cancel(self) -> list[asyncio.Task[None]]:
        """Abort all runs under way, and return their tasks."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        return tasks

    async def close(self) -> None:
        """Take no more runs, abort those under way, and close an engine made here."""
        self._closing = True
        await asyncio.gather(*self.cancel(), return_exceptions=True)
        if self._engine is not None and self._owns_engine:
            await self._engine.close()

    async def _execute(self, job: Job) -> None:
        started = self._clock.time()
        try:
            result = await self._result(job)
        except asyncio.CancelledError:
            self._end(job, _broken("aborted", "AbortError", "The run was aborted."), started)
            raise
        except EmulatorError as reason:
            result = _broken("error", type(reason).__name__, str(reason))
            job.refusal = str(reason) if isinstance(reason, EngineUnavailable) else None
        except Exception as reason:
            _LOG.exception("the run of monitor %s failed", job.monitor)
            result = _broken("error", type(reason).__name__, str(reason))
        self._end(job, result, started)

    async def _result(self, job: Job) -> Json:
        if job.script is None:
            return await self._with_engine(job)
        await self._clock.sleep(job.script.duration)
        if job.script.run is not None:
            return job.script.run
        return job.script.result(sent_requests(job.collection), job.began)

    async def _with_engine(self, job: Job) -> Json:
        from postman_async.emulator.runtime.job import RunJob

        try:
            engine = self.engine
        except ModuleNotFoundError as error:
            raise lacking(error) from None
        await engine.start()
        order = RunJob(
            collection=job.collection,
            environment=job.environment,
            globals=job.globals,
            options=job.options,
            run_timeout=self._limits.run,
        )
        return await engine.run(order)

    def _end(self, job: Job, result: Json, started: float) -> None:
        elapsed = timedelta(seconds=self._clock.time() - started)
        outcome = {
            "status": result.get("status", "success"),
            "finishedAt": iso(job.began + elapsed),
            **(result.get("info") or {}),
        }
        parts = {key: value for key, value in result.items() if key not in ("status", "info")}
        job.body = {"info": {**job.info, **outcome}, **parts}
        with self._store.transaction():
            self._store.end_run(job.row, job.body)


def _info(monitor: Entity, number: int, began: datetime) -> Json:
    info = {
        "jobId": new_id(),
        "monitorId": monitor.id,
        "name": f"{monitor.name} #{number}",
        "collectionUid": make_uid(monitor.facts["collection"]),
        "status": "running",
        "startedAt": iso(began),
    }
    if monitor.facts["environment"] is not None:
        info["environmentUid"] = make_uid(monitor.facts["environment"])
    return info


def _broken(status: str, name: str, message: str) -> Json:
    """Return the result of a run that came to no result."""
    none = {"total": 0, "failed": 0}
    stats = {
        "assertions": dict(none),
        "requests": dict(none),
        "runCount": 1,
        "errorCount": int(status == "error"),
        "abortedCount": int(status == "aborted"),
    }
    failures = [{"executionId": 0, "name": name, "message": message}]
    return {"status": status, "stats": stats, "executions": [], "failures": failures}
