"""One run of a monitor as a value: its input, its record at the start, its result at the end."""

from __future__ import annotations

import asyncio
from datetime import datetime

from attrs import define, frozen

from postman_async.emulator.runs.scripted_runs import RunScript
from postman_async.emulator.state.ids import iso, make_uid, new_id
from postman_async.emulator.state.store import Entity, Json

__all__ = ["MonitorRun", "RunLimits", "failed_result", "initial_info"]


@frozen
class RunLimits:
    """Time limits of runs.

    Attributes:
        hold: seconds after which the connection that triggered a run is answered with 202.
        run: seconds after which the runtime aborts a run.
    """

    hold: float = 300.0
    run: float = 900.0


@define(eq=False)
class MonitorRun:
    """One run under way.

    Attributes:
        row: the run's row in the database.
        monitor: the id of the monitor.
        info: the ``info`` of the run at its start.
        began: the time of the start.
        collection: the collection's document, which is executed.
        environment: the environment's document, or None.
        options: the monitor's options.
        globals: global variables that are defined at the start, or None.
        script: the script of a scripted monitor, or None.
        task: the task that executes the run, once it is launched.
        body: the run's result, once it has ended.
        refusal: why the runtime could not be started, or None.
    """

    row: int
    monitor: str
    info: Json
    began: datetime
    collection: Json
    environment: Json | None
    options: Json
    globals: Json | None = None
    script: RunScript | None = None
    task: asyncio.Task[None] | None = None
    body: Json | None = None
    refusal: str | None = None


def initial_info(monitor: Entity, number: int, began: datetime) -> Json:
    """Return the ``info`` of a run that starts: its ids, name, status and start time."""
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


def failed_result(status: str, name: str, message: str) -> Json:
    """Return the result of a run that ended without executions.

    Args:
        status: ``error`` or ``aborted``.
        name: the name of the failure.
        message: the message of the failure.
    """
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
