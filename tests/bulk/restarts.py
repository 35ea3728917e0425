"""A batch of several processes: each is killed, clocks are set, strangers come, another goes on.

What truly happened is known to the model of the service: each call tells it the place in the batch
that it is of, in a header that the service does not know.
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

_VAGUE = 3.6
"""So many seconds around the time in which our run may begin, a stranger's may seem ours."""

_PLACE: ContextVar[int] = ContextVar("place")


@define
class Life:
    """A process, and what happens until the next one.

    Attributes:
        seconds: how long it lives.
        gap: seconds until the next one.
        step: seconds by which somebody then sets the machine's clock.
        moves: the next process is on another machine.

    """

    seconds: float
    gap: float = 0.0
    step: float = 0.0
    moves: bool = False


@define
class World:
    """The machine of the batch, and the truth.

    Attributes:
        service: the service.
        uids: the batch.
        options: its options.
        strangers: who else runs a monitor: its number, and when.
        sent: when a place's calls were truly sent.

    """

    service: Service
    uids: list[str]
    options: dict[str, Any]
    strangers: list[tuple[int, float]] = field(factory=list)
    sent: dict[int, list[float]] = field(factory=dict)
    _step: float = 0.0
    _machine: int = 0

    async def live(self, lives: list[Life], path: Path) -> BatchReport:
        """Live all lives but the last one to their kill, and that to its end.

        The batch may end in an earlier life: another call would begin a new batch after it.
        """
        loop = asyncio.get_running_loop()
        for number, at in self.strangers:
            model = self.service.monitors[f"1-{number % len(self.service.monitors)}"]
            loop.call_at(at, functools.partial(self.service.begin, model, ours=False))
        async with serving(self.service):
            with self._watched():
                for life in lives:
                    await self._one(life, path)
                    if (ended := self._ended(path)) is not None:
                        return ended
                async with self._client() as pm:
                    return await pm.run_monitors(
                        self.uids, journal=path, resume=True, **self.options
                    )

    async def _one(self, life: Life, path: Path) -> None:
        async with self._client() as pm:
            batch = pm.monitor_batch(self.uids, journal=path, resume=True, **self.options)
            async with batch:
                taking = asyncio.create_task(batch.report())
                await asyncio.wait([taking], timeout=life.seconds)
                taking.cancel()
                await asyncio.gather(taking, return_exceptions=True)
        await asyncio.sleep(life.gap)
        self._step += life.step
        self._machine += life.moves

    def _ended(self, path: Path) -> BatchReport | None:
        """Return the report of a batch whose journal has all outcomes."""
        outcomes = sorted(read_journal(path), key=lambda outcome: outcome.index)
        if len(outcomes) < len(self.uids) * self.options.get("repeat", 1):
            return None
        return BatchReport(tuple(outcomes), clock.wall(), 0.0)

    def _client(self) -> AsyncPostman:
        retries = Retries(attempts=ATTEMPTS, backoff=0.1)
        url = self.service.url
        return AsyncPostman(KEY, base_url=url, retries=retries, middlewares=[_tell_place])

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Know when each place's calls are sent, and let the clocks be those of this machine."""
        outcome, sending, monotonic, wall = (
            Runner.outcome,
            Runner.sending,
            clock.monotonic,
            clock.wall,
        )

        async def of_place(runner: Runner) -> MonitorOutcome:
            _PLACE.set(runner.job.index)
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
            mock.patch.multiple(Runner, outcome=of_place, sending=at_that_time),
            mock.patch.multiple(clock, **clocks),
        ):
            yield

    # -- the truth ----------------------------------------------------------------------------

    def check(self, report: BatchReport) -> None:
        """Every place has one outcome, which is what truly happened, and nothing ran twice."""
        assert [outcome.index for outcome in report] == list(range(len(report)))
        for outcome in report:
            model = self.service.monitors[outcome.uid]
            ours = [run for run in model.ours if run.place == outcome.index]
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
        assert any(not run.ours and self._near(run, outcome.index) for run in runs), (
            "another run was taken for its own"
        )

    def _is(self, run: Run, outcome: MonitorOutcome) -> bool:
        """Whether an outcome may be that of a run; without ids, whole seconds may name two."""
        assert outcome.run is not None
        info = outcome.run.info
        if WORDS[run.word] != outcome.status:
            return False
        if self.service.ids and info.job_id is not None:
            return run.job == info.job_id
        return self.service.iso(run.begins) == info.started_at

    def _near(self, run: Run, place: int) -> bool:
        """Whether a stranger's run began in the seconds in which one of this place's may have."""
        vague = _VAGUE + self.service.coarse
        sent = self.sent.get(place, ())
        return any(at - vague <= run.begins <= at + MAX_START_DELAY + vague for at in sent)


async def _tell_place(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    request.headers["X-Place"] = str(_PLACE.get())
    return await handler(request)
