"""What holds for a batch in which one of several monitors meets a fault."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from postman_async import BatchReport, MonitorOutcome, PostmanError, render_report
from postman_async.bulk.record import to_record
from tests.faults.checker import (
    complaints_of_room,
    ended,
    key_in,
    problems_of_next,
    texts_of,
    within,
)
from tests.faults.fault import Fault
from tests.faults.room import ATTEMPTS, Room
from tests.faults.service import FOREIGN

__all__ = ["UIDS", "problems_of_batch"]

UIDS = ["12345678-first", "12345678-struck", "12345678-last"]
STRUCK = UIDS[1]
PATH = f"/monitors/{STRUCK}/run"

FORMATS = ("json", "junit", "markdown")
"""Forms of a report that are cheap to make; all have the same entries."""


async def problems_of_batch(room: Room, fault: Fault) -> list[str]:
    """Run a batch of which one monitor meets a fault, and then that one alone."""
    room.forget()
    problems: list[str] = []
    async with room.client(fault) as pm:
        if fault.warm:
            await within(pm.run_monitors(UIDS))
            room.server.requests.clear()
            room.server.service.runs.clear()
        room.server.arm(fault, lambda method, path: (method, path) == ("POST", PATH))
        room.network.fault = fault
        end = await ended(pm.run_monitors(UIDS))
        room.network.fault = None
        room.server.disarm()
        if end.error is not None:
            problems.append(f"the batch raised {type(end.error).__name__}: {end.error}")
        else:
            problems += _problems_of_report(room, fault, end.given)
        await asyncio.sleep(60)
        problems += problems_of_next(room, await ended(pm.monitors.run(STRUCK)))
    return await complaints_of_room(room, problems)


def _problems_of_report(room: Room, fault: Fault, report: BatchReport) -> Iterator[str]:
    if [outcome.uid for outcome in report] != UIDS:
        yield f"it has outcomes of {[outcome.uid for outcome in report]}"
        return
    triggers = {
        uid: sum(r.method == "POST" and uid in r.path for r in room.server.requests) for uid in UIDS
    }
    for outcome in report:
        struck = outcome.uid == STRUCK or not fault.stage.reaches_http
        problems = _problems_of_outcome(room, outcome, triggers[outcome.uid], fault, struck=struck)
        yield from (f"{outcome.uid}: {problem}" for problem in problems)
    yield from _problems_of_texts(report)


def _problems_of_outcome(
    room: Room, outcome: MonitorOutcome, triggers: int, fault: Fault, *, struck: bool
) -> Iterator[str]:
    """Compare an outcome with what the service knows of its runs."""
    runs = [run.job for run in room.server.service.runs.get(outcome.uid, [])]
    job = getattr(getattr(outcome.run, "info", None), "job_id", None)
    if not struck and (outcome.status, triggers, [job]) != ("passed", 1, runs):
        yield f"{outcome.status} after {triggers} triggers, with {job}, where {runs} ran"
    if outcome.status == "skipped" or (outcome.status == "passed" and not runs):
        yield f"{outcome.status}, where {runs} ran"
    if outcome.error is not None and not isinstance(outcome.error, PostmanError):
        yield f"its error is a raw {outcome.error!r}"
    if len(runs) > 1 or triggers > (1 if fault.taken and fault.stage.reaches_http else ATTEMPTS):
        yield f"{triggers} triggers began {len(runs)} runs"
    if job == FOREIGN or (isinstance(job, str) and job.startswith("token") and job not in runs):
        yield f"its result is that of another run, {job}, where {runs} ran"


def _problems_of_texts(report: BatchReport) -> Iterator[str]:
    """Tell what is wrong with what is written of the outcomes."""
    texts = [_written(partial(repr, report))]
    for outcome in report:
        texts += texts_of(outcome.error) if outcome.error is not None else []
        texts.append(_written(partial(_record, outcome)))
    for form in FORMATS:
        texts.append(_written(partial(_report, report, form)))
    yield from (text for text in texts if text.startswith(_FAILED))
    if key_in(*texts):
        yield "the API key is in the report of the batch"


def _record(outcome: MonitorOutcome) -> str:
    try:
        return repr(to_record(outcome))
    except PostmanError as error:  # it may say that the run is unreadable, but in our words
        return repr(error)


def _report(report: BatchReport, form: Any) -> str:
    return "".join(render_report(report, form))


_FAILED = "it cannot be written: "


def _written(write: Callable[[], str]) -> str:
    try:
        return write()
    except Exception as error:
        return f"{_FAILED}{type(error).__name__}: {error}"
