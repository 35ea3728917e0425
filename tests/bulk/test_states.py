"""A batch against the emulator, driven step by step: faults, time and controls.

A state machine of hypothesis plans what each call meets, lets time pass, pauses, resumes, cancels,
leaves and resumes the batch, in any order.  The emulator then knows what happened.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import Coroutine
from contextlib import ExitStack, suppress
from datetime import datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any, TypeVar
from unittest import mock

import looptime
from aiohttp import web_response
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from postman_async import AsyncPostman, MonitorOutcome, Retries, Timeout, read_journal
from postman_async.bulk import clock
from postman_async.bulk.batch import MonitorBatch
from postman_async.emulator import PostmanEmulator
from postman_async.emulator.controls import faults
from postman_async.emulator.state.clock import Clock
from tests.bulk.kit import virtual_clocks

T = TypeVar("T")

ATTEMPTS = 3
STATUSES = {"passed": "passed", "failed": "failed", "error": "error"}
STARTED = {
    "nothing": faults.ok(),
    "reset after it": faults.reset_connection("done"),
    "hung up after it": faults.hang_up("done"),
    "in mid-answer": faults.cut_body(),
    "202": faults.accepted(),
    "not JSON": faults.bad_json("<html>"),
    "slow to begin": faults.stall(2.0, "read"),
    "slow to answer": faults.stall(40.0, "done"),
    "silent after it": faults.stall(100_000.0, "done"),
}
"""What may happen to a call that starts a run."""
NOT_STARTED = {
    "reset before it": faults.reset_connection("arrival"),
    "hung up before it": faults.hang_up("read"),
    "429": faults.status(429, retry_after=1),
    "503 with a wait": faults.status(503, retry_after=1),
    "503": faults.status(503),
    "502": faults.proxy_html(502),
    "404": faults.status(404),
    "silent before it": faults.stall(100_000.0, "arrival"),
}
"""What may happen to a call that starts no run."""
POLL_FAULTS = {
    "502": faults.proxy_html(502),
    "reset": faults.reset_connection("read"),
    "not JSON": faults.bad_json("<html>"),
    "429": faults.status(429, retry_after=1),
}
OPTIONS = st.fixed_dictionaries(
    {
        "concurrency": st.integers(1, 4),
        "run_async": st.sampled_from([False, True, "auto"]),
        "on_unknown": st.sampled_from(["report", "rerun"]),
        "overlap": st.booleans(),
        "reconcile": st.booleans(),
        "fail_fast": st.booleans(),
        "deadline": st.sampled_from([None, 200.0]),
    }
)


class Batches(RuleBasedStateMachine):
    """A batch with a journal, from its start to its report."""

    def __init__(self) -> None:
        super().__init__()
        self.exits = ExitStack()
        loop = looptime.new_event_loop(start=0, _enabled=True)
        self.runner = self.exits.enter_context(asyncio.Runner(loop_factory=lambda: loop))
        self.loop = self.runner.get_loop()
        self.exits.enter_context(virtual_clocks(self.loop))
        self.batch: MonitorBatch | None = None
        self.taken: list[MonitorOutcome] = []
        self.words: dict[str, str] = {}

    # -- start and end ------------------------------------------------------------------------

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Let the loop run until a coroutine has ended."""
        return self.runner.run(work)

    @initialize(
        planned=st.lists(
            st.tuples(st.sampled_from(sorted(STATUSES)), st.sampled_from([0.5, 20.0, 70.0])),
            min_size=1,
            max_size=4,
        ),
        options=OPTIONS,
    )
    def begin(self, planned: list[tuple[Any, float]], options: dict[str, Any]) -> None:
        """Make the monitors, and begin a batch of them."""
        self.options = options
        folder = self.exits.enter_context(tempfile.TemporaryDirectory())
        self.options["journal"] = Path(folder) / "runs.jsonl"
        self.exits.enter_context(mock.patch.object(Clock, "now", now_of))
        dates = mock.patch.object(web_response, "rfc822_formatted_time", date_of_now)
        self.exits.enter_context(dates)
        self.emulator = PostmanEmulator()
        self.do(self.emulator.start())
        self.client = AsyncPostman(
            **self.emulator.client_options,
            retries=Retries(attempts=ATTEMPTS, backoff=0.1),
            timeout=Timeout(run=120.0),
        )
        for number, (word, seconds) in enumerate(planned):
            uid = self.emulator.add_monitor(f"m{number}", outcome=word, duration=seconds)
            self.do(self.client.monitors.update(uid, active=False))
            self.words[uid] = word
        self.enter()

    def enter(self) -> None:
        """Begin, or go on with, the batch."""
        self.batch = self.client.monitor_batch(list(self.words), resume=True, **self.options)
        self.taken = []
        self.do(self.batch.__aenter__())

    def teardown(self) -> None:
        """Take all outcomes that are left, and compare them with what happened."""
        try:
            if self.batch is not None:
                self.batch.resume()
                self.taken += self.do(self.batch.report())
                self.do(self.batch.__aexit__(None, None, None))
                self.check()
                self.do(self.client.close())
                self.do(self.emulator.close())
        finally:
            self.exits.close()

    # -- what may happen ----------------------------------------------------------------------

    @rule(script=st.lists(st.sampled_from(sorted(STARTED | NOT_STARTED)), min_size=1, max_size=4))
    def spoil_triggers(self, script: list[str]) -> None:
        """Let something happen to the next calls that trigger a monitor."""
        self.emulator.faults.on("monitors.run", [(STARTED | NOT_STARTED)[name] for name in script])

    @rule(script=st.lists(st.sampled_from(sorted(POLL_FAULTS)), min_size=1, max_size=3))
    def spoil_polls(self, script: list[str]) -> None:
        """Let something happen to the next polls."""
        self.emulator.faults.on("monitors.get", [POLL_FAULTS[name] for name in script])

    @rule(seconds=st.sampled_from([0.0, 0.2, 3.0, 15.0, 61.0]))
    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.do(asyncio.sleep(seconds))

    @rule()
    def take(self) -> None:
        """Take an outcome, if one comes soon."""
        assert self.batch is not None
        with suppress(TimeoutError, StopAsyncIteration):
            self.taken.append(self.do(asyncio.wait_for(anext(self.batch), 5.0)))

    @rule(control=st.sampled_from(["pause", "resume", "cancel"]))
    def control(self, control: str) -> None:
        """Control the batch."""
        getattr(self.batch, control)()

    @rule()
    def leave_and_go_on(self) -> None:
        """Leave the batch as if the process had ended, and go on with its journal."""
        assert self.batch is not None
        if len(list(read_journal(self.options["journal"]))) == len(self.words):
            return  # it has ended, and the same call would begin it anew
        self.do(self.batch.__aexit__(None, None, None))
        self.enter()

    # -- what must hold -----------------------------------------------------------------------

    @invariant()
    def no_monitor_ran_twice(self) -> None:
        """Each is to be run once."""
        if self.batch is not None:
            assert all(count <= 1 for count in self.started().values())

    def started(self) -> Counter[str]:
        """Count the runs of each monitor, as the emulator knows them."""
        store, counts = self.emulator._running.store, Counter[str]()
        for uid in self.words:
            last = store.last_run(uid.split("-", 1)[1])
            counts[uid] = 0 if last is None else int(last["info"]["name"].rpartition("#")[2])
        return counts

    def check(self) -> None:
        """Every monitor has one outcome, and it is what happened."""
        assert sorted(outcome.index for outcome in self.taken) == list(range(len(self.words)))
        started = self.started()
        for outcome in self.taken:
            ran = started[outcome.uid]
            if outcome.status in ("passed", "failed") or outcome.run is not None:
                assert (outcome.status, ran) == (STATUSES[self.words[outcome.uid]], 1)
            elif outcome.status != "unknown":
                assert ran == 0


def now_of(_: Clock) -> datetime:
    """Return the time of the loop's clock."""
    return clock.wall()


def date_of_now(*_: object) -> str:
    """Return the time as in the header of an answer."""
    return format_datetime(clock.wall(), usegmt=True)


def test_in_any_order_of_events_nothing_runs_twice_is_lost_or_wrong() -> None:
    run_state_machine_as_test(
        Batches, settings=settings(max_examples=25, stateful_step_count=12, deadline=None)
    )
