"""A batch of several processes: each is killed, and the next one resumes the batch.

Meanwhile clocks are set, the batch moves to another machine, and others run the same monitors.

The model of the service knows what happened: each call has its index in the batch, in a header that
the real service does not know.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import aiohttp
from attrs import define, field

from postman_async import AsyncPostman, BatchReport, MonitorOutcome, Retries, read_journal
from postman_async.bulk import clock
from postman_async.bulk.runner import Runner
from postman_async.bulk.trigger import MAX_START_DELAY
from tests.bulk.model import Model, Run, Service, serving
from tests.support import KEY

ATTEMPTS = 3
WORDS = {"success": "passed", "failed": "failed", "error": "error", "aborted": "error"}

_MARGIN = 3.6
"""Seconds around the possible start of our run in which another client's run may seem ours."""

_INDEX: ContextVar[int] = ContextVar("index")


@define
class Process:
    """A process, and what happens before the next one.

    Attributes:
        seconds: how long it runs.
        gap: seconds until the next one.
        step: seconds by which the machine's clock is then set.
        moves: the next process runs on another machine.

    """

    seconds: float
    gap: float = 0.0
    step: float = 0.0
    moves: bool = False


@define
class Scenario:
    """A batch, its machine, and what happened.

    Attributes:
        service: the service.
        uids: the batch.
        options: its options.
        other_clients: runs of other clients: the monitor's number, and when.
        sent: when the calls of an index were sent.

    """

    service: Service
    uids: list[str]
    options: dict[str, Any]
    other_clients: list[tuple[int, float]] = field(factory=list)
    sent: dict[int, list[float]] = field(factory=dict)
    _step: float = 0.0
    _machine: int = 0

    async def run(self, processes: list[Process], path: Path) -> BatchReport:
        """Run all processes until they are killed, and then a last one to its end.

        The batch may end before: another call would start a new batch then.
        """
        loop = asyncio.get_running_loop()
        for number, at in self.other_clients:
            model = self.service.monitors[f"1-{number % len(self.service.monitors)}"]
            loop.call_at(at, functools.partial(self.service.start_run, model, ours=False))
        async with serving(self.service):
            with self._recorded():
                for process in processes:
                    await self._one(process, path)
                    if (ended := self._ended(path)) is not None:
                        return ended
                async with self._client() as pm:
                    return await pm.run_monitors(
                        self.uids, journal=path, resume=True, **self.options
                    )

    async def _one(self, process: Process, path: Path) -> None:
        async with self._client() as pm:
            batch = pm.monitor_batch(self.uids, journal=path, resume=True, **self.options)
            async with batch:
                taking = asyncio.create_task(batch.report())
                await asyncio.wait([taking], timeout=process.seconds)
                taking.cancel()
                await asyncio.gather(taking, return_exceptions=True)
        await asyncio.sleep(process.gap)
        self._step += process.step
        self._machine += process.moves

    def _ended(self, path: Path) -> BatchReport | None:
        """Return the report of a batch whose journal has all outcomes."""
        outcomes = sorted(read_journal(path), key=lambda outcome: outcome.index)
        if len(outcomes) < len(self.uids) * self.options.get("repeat", 1):
            return None
        return BatchReport(tuple(outcomes), clock.wall(), 0.0)

    def _client(self) -> AsyncPostman:
        retries = Retries(attempts=ATTEMPTS, backoff=0.1)
        url = self.service.url
        return AsyncPostman(KEY, base_url=url, retries=retries, middlewares=[_add_index])

    @contextmanager
    def _recorded(self) -> Iterator[None]:
        """Record when the calls of each index are sent, and use the clocks of this machine."""
        outcome, sending, monotonic, wall = (
            Runner.outcome,
            Runner.sending,
            clock.monotonic,
            clock.wall,
        )

        async def of_index(runner: Runner) -> MonitorOutcome:
            _INDEX.set(runner.job.index)
            return await outcome(runner)

        def at_that_time(runner: Runner) -> None:
            sending(runner)
            now = asyncio.get_running_loop().time()
            self.sent.setdefault(runner.job.index, []).append(now)

        def ticks() -> float:
            return monotonic() + 5000.0 * self._machine

        def day() -> datetime:
            return wall() + timedelta(seconds=self._step)

        clocks: dict[str, Any] = {
            "monotonic": ticks,
            "wall": day,
            "boot": lambda: f"machine{self._machine}",
        }
        with (
            mock.patch.multiple(Runner, outcome=of_index, sending=at_that_time),
            mock.patch.multiple(clock, **clocks),
        ):
            yield

    # -- what happened ------------------------------------------------------------------------

    def check(self, report: BatchReport) -> None:
        """Every index has one outcome, which is what happened, and nothing ran twice."""
        assert [outcome.index for outcome in report] == list(range(len(report)))
        for outcome in report:
            model = self.service.monitors[outcome.uid]
            ours = [run for run in model.ours if run.index == outcome.index]
            assert len(ours) <= 1, "its monitor ran twice"
            if outcome.run is not None and outcome.status != "unknown":
                self._check_claim(model, ours, outcome)
            elif outcome.status in ("skipped", "error"):
                assert not ours, "its monitor was run"

    def _check_claim(self, model: Model, ours: list[Run], outcome: MonitorOutcome) -> None:
        if any(self._is(run, outcome) for run in ours):
            return
        assert outcome.reconciled, "another run was proved to be its own"
        assert self.options["reconcile"], "a time proves nothing"
        runs = [run for run in model.runs if self._is(run, outcome)]
        assert any(not run.ours and self._in_range(run, outcome.index) for run in runs), (
            "another run was taken for its own"
        )

    def _is(self, run: Run, outcome: MonitorOutcome) -> bool:
        """Return whether an outcome may be of a run; without ids, a whole second may name two."""
        assert outcome.run is not None
        info = outcome.run.info
        if WORDS[run.word] != outcome.status:
            return False
        if self.service.ids and info.job_id is not None:
            return run.job == info.job_id
        return self.service.iso(run.starts_at) == info.started_at

    def _in_range(self, run: Run, index: int) -> bool:
        """Return whether another client's run started when one of this index may have."""
        margin = _MARGIN + self.service.whole_seconds
        sent = self.sent.get(index, ())
        return any(at - margin <= run.starts_at <= at + MAX_START_DELAY + margin for at in sent)


async def _add_index(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    request.headers["X-Index"] = str(_INDEX.get())
    return await handler(request)
