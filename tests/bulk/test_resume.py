"""A resumed batch claims only its own runs: it knows the journal, and clocks may be set."""

from __future__ import annotations

import asyncio
import functools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from postman_async import AsyncPostman, BatchReport, JournalError, MonitorOutcome
from postman_async.bulk import clock
from postman_async.bulk.journal import Journal
from postman_async.bulk.journal.lines import Header
from postman_async.bulk.journal.state import JournalState
from postman_async.bulk.observation import KnownRun
from postman_async.bulk.run_history import RunHistory
from postman_async.bulk.service_clock import ServiceClock
from postman_async.bulk.trigger import JournalKey, Trigger
from tests.bulk.kit import in_virtual_time
from tests.bulk.model import START, Fault, Model, Service, serving
from tests.support import KEY


@contextmanager
def clock_set(seconds: float, *, moved: bool = False) -> Iterator[None]:
    """Let the machine's clock be set by so much, or the process be on another machine."""
    wall, monotonic = clock.wall, clock.monotonic
    here: dict[str, Any] = {"wall": lambda: wall() + timedelta(seconds=seconds)}
    if moved:
        here |= {"monotonic": lambda: monotonic() + 7e4, "boot": lambda: "another machine"}
    with mock.patch.multiple(clock, **here):
        yield


async def killed(
    service: Service, uids: list[str], path: Path, lived: float, later: float, **options: Any
) -> None:
    """Begin a batch that is left after some seconds; the next process comes after some more."""
    async with (
        AsyncPostman(KEY, base_url=service.url) as pm,
        pm.monitor_batch(uids, journal=path, **options) as batch,
    ):
        taking = asyncio.create_task(batch.report())
        await asyncio.sleep(lived)
        taking.cancel()
    await asyncio.sleep(later)


async def resumed(service: Service, uids: list[str], path: Path, **options: Any) -> BatchReport:
    """Go on with it, as a process that knows nothing but the journal."""
    async with AsyncPostman(KEY, base_url=service.url) as pm:
        return await pm.run_monitors(uids, journal=path, resume=True, **options)


# -- a monitor that stands in the batch twice -----------------------------------------------------


@pytest.mark.parametrize("later", [0.0, 30.0])
@pytest.mark.parametrize("ids", [True, False])
@pytest.mark.parametrize("whole_seconds", [True, False])
@pytest.mark.parametrize("set_by", [0.0, -35.0])
def test_the_run_of_an_earlier_place_is_not_taken_for_that_of_a_later_one(
    ids: bool, whole_seconds: bool, later: float, set_by: float, tmp_path: Path
) -> None:
    """Run 0 takes 0.5 s, the call of run 1 is lost, and the process is killed."""
    model = Model(seconds=0.5, faults=["none", "never, not started"])
    service, path = (
        Service({"1-m": model}, ids=ids, whole_seconds=whole_seconds),
        tmp_path / "runs.jsonl",
    )

    async def run() -> BatchReport:
        async with serving(service):
            await killed(service, ["1-m"], path, 1.0, later, repeat=2)
            with clock_set(set_by):
                return await resumed(service, ["1-m"], path, repeat=2)

    assert [(o.status, o.run is None) for o in in_virtual_time(run)] == [
        ("passed", False),
        ("unknown", True),
    ]


def test_a_run_that_was_in_flight_at_the_same_time_is_not_taken_for_another(
    tmp_path: Path,
) -> None:
    """Run 1 overlaps run 0, and has ended; the call of run 0 is lost."""
    model = Model(seconds=2.0, faults=["never, not started", "none"])
    service, path = Service({"1-m": model}), tmp_path / "runs.jsonl"

    async def run() -> BatchReport:
        async with serving(service):
            await killed(service, ["1-m"] * 2, path, 5.0, 5.0, overlap=True)
            return await resumed(service, ["1-m"] * 2, path, overlap=True)

    assert [o.status for o in in_virtual_time(run)] == ["unknown", "passed"]


@pytest.mark.parametrize("ids", [True, False])
def test_what_is_triggered_anew_is_not_settled_by_a_run_of_the_journal(
    ids: bool, tmp_path: Path
) -> None:
    """Run 0 has ended just before the kill; the next process triggers run 1, and loses it."""
    model = Model(seconds=0.2, faults=["none", "cut before"])
    service, path = Service({"1-m": model}, ids=ids), tmp_path / "runs.jsonl"

    async def run() -> BatchReport:
        async with serving(service):
            async with (
                AsyncPostman(KEY, base_url=service.url) as pm,
                pm.monitor_batch(["1-m"] * 2, journal=path) as batch,
            ):
                await anext(batch)
                batch.pause()
            return await resumed(service, ["1-m"] * 2, path)

    assert [o.status for o in in_virtual_time(run)] == ["passed", "unknown"]


def test_a_run_that_begins_late_is_not_taken_for_that_of_the_next_call(tmp_path: Path) -> None:
    """The first call was given up when its run had not begun; the second one is lost."""
    model = Model(seconds=0.5, faults=["502, started late", "cut before"])
    service = Service({"1-m": model})

    async def run() -> BatchReport:
        async with serving(service), AsyncPostman(KEY, base_url=service.url) as pm:
            return await pm.run_monitors(["1-m"] * 2)

    assert [(o.status, o.run) for o in in_virtual_time(run)] == [("unknown", None)] * 2


@pytest.mark.parametrize("same_client", [True, False])
def test_a_new_batch_after_a_finished_one_does_not_claim_its_late_run(
    same_client: bool, tmp_path: Path
) -> None:
    """The run of the finished batch starts after its outcome; the call of the new batch is lost.

    A client of another process knows of the late run by the journal alone.
    """
    model = Model(seconds=0.5, faults=["502, started late", "cut before"])
    service, path = Service({"1-m": model}), tmp_path / "runs.jsonl"

    async def run() -> list[MonitorOutcome]:
        async with serving(service), AsyncPostman(KEY, base_url=service.url) as pm:
            first = await pm.run_monitors(["1-m"], journal=path)
            if same_client:
                return [*first, *await pm.run_monitors(["1-m"], journal=path)]
            async with AsyncPostman(KEY, base_url=service.url) as other:
                return [*first, *await other.run_monitors(["1-m"], journal=path)]

    assert [(o.status, o.run) for o in in_virtual_time(run)] == [("unknown", None)] * 2
    assert len(list(tmp_path.iterdir())) == 2, "the finished journal was archived"


async def test_the_key_of_a_run_is_that_of_its_batch(tmp_path: Path) -> None:
    """It stays the same when the journal is opened again, and changes with the next batch."""
    path = tmp_path / "runs.jsonl"
    journal = await Journal.open(path)
    journal.write_header(Header(uids=["1-m"], repeat=1, total=1))
    first = journal.key(0)
    journal.close()
    journal = await Journal.open(path)
    assert journal.key(0) == first
    assert first.batch is not None
    assert journal.key(1) != first
    journal.rotate()
    journal.write_header(Header(uids=["1-m"], repeat=1, total=1))
    assert journal.key(0) != first
    journal.close()


def test_the_state_of_a_journal_is_bounded() -> None:
    """Of 20,000 monitors the last 10,000 are known, and each run takes about ten bytes."""
    state = JournalState()
    for n in range(20_000):
        at = {"at": START.isoformat(), "attempt": 1, "clock": ["m", float(n)]}
        state.add({"started": n, "uid": f"1-{n}", **at})
        run = {"info": {"jobId": f"job-{n}", "startedAt": START.isoformat()}}
        status = "unknown" if n % 2 else "passed"
        state.add({"version": 1, "index": n, "uid": f"1-{n}", "status": status, "run": run})
    assert (state._pending, state._pending_by_uid) == ({}, {})
    assert len(state._late_starts) < 20
    assert len(state.history._monitors) == 10_000
    assert state.uids.itemsize * len(state.uids) + len(state.done) == 9 * 20_000


# -- clocks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("set_by", [-40.0, -30.0, 30.0, -3600.0])
@pytest.mark.parametrize("moved", [False, True])
@pytest.mark.parametrize("answered", [False, True])
def test_a_other_client_s_run_is_not_claimed_when_a_clock_was_set(
    set_by: float, moved: bool, answered: bool, tmp_path: Path
) -> None:
    """Our call began nothing; another client's run came as much later as the clock was set back.

    ``answered``: an answer to another call brought the time of the service's clock.
    """
    uids = ["1-a", "1-b"] if answered else ["1-b"]
    models = {"1-a": Model(seconds=0.5), "1-b": Model(faults=["never, not started"])}
    service, path = Service(models, skew=900.0), tmp_path / "runs.jsonl"

    async def run() -> BatchReport:
        async with serving(service):
            loop = asyncio.get_running_loop()
            for after in (30.0, 35.0, 40.0):
                begin = functools.partial(service.start_run, models["1-b"], ours=False)
                loop.call_later(after, begin)
            await killed(service, uids, path, 2.0, 45.0)
            with clock_set(set_by, moved=moved):
                return await resumed(service, uids, path)

    outcome = in_virtual_time(run)[-1]
    assert (outcome.status, outcome.run) == ("unknown", None)


@pytest.mark.parametrize("fault", ["none", "cut after"])
@pytest.mark.parametrize("set_by", [-3600.0, -35.0, 0.0, 35.0])
@pytest.mark.parametrize("moved", [False, True])
def test_our_run_is_found_by_the_service_s_clock_whatever_ours_shows(
    fault: Fault, set_by: float, moved: bool, tmp_path: Path
) -> None:
    """The short run of another monitor brought the time of the service."""
    models = {"1-a": Model(seconds=0.2), "1-b": Model(seconds=20.0, word="failed", faults=[fault])}
    service, path = Service(models, skew=-7200.0), tmp_path / "runs.jsonl"

    async def run() -> BatchReport:
        async with serving(service):
            await killed(service, list(models), path, 2.0, 60.0)
            with clock_set(set_by, moved=moved):
                return await resumed(service, list(models), path)

    assert [o.status for o in in_virtual_time(run)] == ["passed", "failed"]
    assert [len(model.ours) for model in models.values()] == [1, 1]


@pytest.mark.parametrize(("run_async", "status"), [(False, "unknown"), (True, "passed")])
@pytest.mark.parametrize("old", [False, True])
def test_where_no_clock_can_tell_only_a_job_id_does(
    run_async: bool, status: str, old: bool, tmp_path: Path
) -> None:
    """On another machine, or of a journal from before: nothing but the time of day is known."""
    service, path = Service({"1-m": Model(seconds=20.0)}), tmp_path / "runs.jsonl"

    async def run() -> MonitorOutcome:
        async with serving(service):
            await killed(service, ["1-m"], path, 2.0, 60.0, run_async=run_async)
            events = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
            for event in events:
                event.pop("service", None)
                if old:
                    event.pop("clock", None)
            path.write_text("".join(json.dumps(event) + "\n" for event in events), "utf-8")
            with clock_set(0.0, moved=not old):
                return (await resumed(service, ["1-m"], path))[0]

    assert in_virtual_time(run).status == status


@pytest.mark.parametrize(
    "extra",
    [
        '"clock":["m"]',
        '"clock":[1,2.0]',
        '"clock":["m","x"]',
        '"clock":["m",1e999]',
        '"service":[]',
        '"service":["m",2.0,1.0]',
        '"service":["m",0.0,1e999]',
        '"service":[1,0.0,1.0]',
    ],
)
async def test_a_clock_that_makes_no_sense_is_refused(extra: str, tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    started = f'{{"started":0,"uid":"1-m","at":"{START.isoformat()}","attempt":1,{extra}}}'
    path.write_text(f'{{"journal":1}}\n{started}\n', "utf-8")
    async with AsyncPostman(KEY) as pm:
        with pytest.raises(JournalError, match="line 2 makes no sense"):
            await pm.run_monitors(["1-m"], journal=path, resume=True)


def test_the_service_s_clock_is_bounded_by_what_answers_tell() -> None:
    service = ServiceClock("m")
    assert service.record is None
    service.add_date(START.replace(microsecond=0), 10.0, 30.0)
    noon = START.replace(microsecond=0).timestamp()
    assert service.record == ("m", noon - 30.0, noon - 9.0)
    service.add_run_start(
        START.isoformat(), 29.0
    )  # a run of the call, so the call was sent before that
    assert service.record == ("m", noon - 30.0, round(START.timestamp() + 1.0 - 29.0, 3))
    service.add_run_start("2016-12-04T14:30:25.000Z", 29.0)
    service.add_run_start("soon", 29.0)
    service.add_date(None, 0.0, 0.0)
    assert service.record == ("m", noon - 30.0, round(START.timestamp() + 1.0 - 29.0, 3))
    service.add_date(START.replace(microsecond=0), 500.0, 500.2)
    assert service.name != "m", "the clocks have drifted apart: earlier bounds are wrong"


# -- history ---------------------------------------------------------------------------------------


def test_the_last_run_is_the_one_that_began_last() -> None:
    """Two that overlap end in any order."""
    history = RunHistory()
    history.add_run("1-m", KnownRun("late", "2026-03-01T12:00:02Z", 1.0))
    history.add_run("1-m", KnownRun("early", "2026-03-01T12:00:01Z", 70.0))
    assert history.last_run("1-m") == KnownRun("late", "2026-03-01T12:00:02Z", 1.0)
    assert history.job_ids("1-m") == ("late", "early")


def test_a_call_that_may_still_begin_a_run_makes_the_next_one_contended() -> None:
    def after(end: Any, seconds: float, key: JournalKey | None = None) -> bool:
        history, now = RunHistory(), mock.Mock(return_value=100.0)
        with mock.patch.object(clock, "monotonic", now):
            keys = (JournalKey("j", "noon", 0), key)
            first, second = (Trigger(sent_at=0.0, latest_start=0.0, key=k) for k in keys)
            history.begin_call("1-m", first)
            history.end_call("1-m", first, end)
            now.return_value += seconds
            history.begin_call("1-m", second)
        return second.contended

    assert [after(end, 5.0) for end in ("settled", "unknown", "resumable")] == [False, True, True]
    assert not after("unknown", 16.0)
    assert not after("resumable", 5.0, JournalKey("j", "noon", 0)), "the same call, resumed"
    assert after("resumable", 5.0, JournalKey("j", "noon", 1))
    assert after("resumable", 5.0, JournalKey("j", "one", 0)), "the next batch in the same file"
