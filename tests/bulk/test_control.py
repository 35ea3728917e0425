"""A batch under control: bounds, deadlines, stops, pauses, and what is kept of its outcomes."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import pytest

from postman_async import (
    AsyncPostman,
    ConfigurationError,
    DeadlineExceeded,
    MonitorOutcome,
    MonitorRun,
    MonitorSelector,
    Postman,
    Retries,
    UnsettledError,
)
from postman_async.bulk.runner import Runner
from postman_async.bulk.select import Job
from postman_async.emulator import PostmanEmulator
from tests.bulk.kit import virtual_clocks
from tests.bulk.model import Model, Service, serving
from tests.support import KEY, reply, scripted


def service_of(count: int, **model: Any) -> Service:
    return Service({f"1-{n}": Model(**{"seconds": 10.0, **model}) for n in range(count)})


def client(service: Service) -> AsyncPostman:
    return AsyncPostman(KEY, base_url=service.url, retries=Retries(attempts=3, backoff=0.1))


def triggers(emulator: PostmanEmulator) -> list[str]:
    return [r.path.split("/")[2] for r in emulator.requests if r.operation == "monitors.run"]


# -- deadlines -------------------------------------------------------------------------------------


@pytest.mark.looptime
@pytest.mark.parametrize("deadline", [15, timedelta(seconds=15)])
async def test_the_batch_ends_at_its_deadline(deadline: timedelta | float) -> None:
    """Six runs of 10 s, two at a time: two have ended, two are under way, two wait."""
    service = service_of(6)
    loop = asyncio.get_running_loop()
    async with serving(service), client(service) as pm:
        began = loop.time()
        with virtual_clocks(loop):
            report = await pm.run_monitors(service.monitors, concurrency=2, deadline=deadline)
        assert loop.time() - began == pytest.approx(15, abs=0.5)
    assert [o.status for o in report] == ["passed"] * 2 + ["unknown"] * 2 + ["skipped"] * 2
    assert all(isinstance(o.error, DeadlineExceeded) for o in report[2:])
    assert [len(m.ours) for m in service.monitors.values()] == [1, 1, 1, 1, 0, 0]


@pytest.mark.parametrize("deadline", [0, timedelta(0)])
async def test_without_any_time_nothing_is_triggered(deadline: timedelta | float) -> None:
    service = service_of(3)
    async with serving(service), client(service) as pm:
        report = await pm.run_monitors(service.monitors, deadline=deadline)
    assert (report.counts, service.calls) == ({"skipped": 3}, 0)
    assert all(isinstance(o.error, DeadlineExceeded) for o in report)


@pytest.mark.looptime
@pytest.mark.parametrize("deadline", [float("inf"), timedelta.max, 1e300])
async def test_a_deadline_may_be_as_far_as_one_likes(deadline: timedelta | float) -> None:
    service = service_of(2)
    async with serving(service), client(service) as pm:
        report = await pm.run_monitors(service.monitors, deadline=deadline, run_deadline=deadline)
    assert report.ok


@pytest.mark.looptime
async def test_each_run_has_a_deadline_that_begins_when_it_is_triggered() -> None:
    service = service_of(3, seconds=50.0)
    service.monitors["1-0"].seconds = 10.0
    async with serving(service), client(service) as pm:
        with virtual_clocks(asyncio.get_running_loop()):
            report = await pm.run_monitors(service.monitors, concurrency=1, run_deadline=20)
    assert [o.status for o in report] == ["passed", "unknown", "unknown"]
    assert [round(o.elapsed) for o in report] == [10, 20, 20]
    assert isinstance(report[1].error, DeadlineExceeded)


@pytest.mark.looptime
async def test_a_deadline_ends_the_wait_for_the_next_uid() -> None:
    service = service_of(1)

    async def slow() -> AsyncIterator[str]:
        yield "1-0"
        await asyncio.sleep(3600)
        yield "1-0"

    async with serving(service), client(service) as pm:
        report = await pm.run_monitors(slow(), deadline=60)
        assert asyncio.get_running_loop().time() < 100
    assert [o.status for o in report] == ["passed"]


# -- stops -----------------------------------------------------------------------------------------


@pytest.mark.looptime
@pytest.mark.parametrize(
    ("options", "run"), [({"fail_fast": True}, 1), ({"max_failures": 2}, 2), ({}, 6)]
)
async def test_after_too_many_failures_nothing_more_is_triggered(options: Any, run: int) -> None:
    service = service_of(6, word="failed")
    async with serving(service), client(service) as pm:
        report = await pm.run_monitors(service.monitors, concurrency=1, **options)
    statuses = [o.status for o in report]
    assert statuses == ["failed"] * run + ["skipped"] * (6 - run)
    assert sum(len(m.ours) for m in service.monitors.values()) == run


@pytest.mark.looptime
async def test_what_is_under_way_at_a_stop_is_waited_for() -> None:
    service = service_of(3)
    service.monitors["1-0"] = Model(seconds=5.0, word="error")
    async with serving(service), client(service) as pm:
        report = await pm.run_monitors(service.monitors, concurrency=2, fail_fast=True)
    assert [o.status for o in report] == ["error", "passed", "skipped"]


@pytest.mark.looptime
async def test_a_stop_takes_back_what_waits_to_be_sent() -> None:
    """One monitor is told to come back in a second, and meanwhile another one fails."""
    service = service_of(2, seconds=0.3, word="failed")
    service.monitors["1-1"].faults = ["429"]
    async with serving(service), client(service) as pm:
        report = await pm.run_monitors(service.monitors, fail_fast=True)
    assert [(o.status, o.attempts) for o in report] == [("failed", 1), ("skipped", 1)]
    assert service.monitors["1-1"].ours == []


@pytest.mark.looptime
async def test_an_endless_source_is_left_alone_after_a_stop() -> None:
    service = service_of(1, word="failed", seconds=1.0)

    def endless() -> Iterator[str]:
        while True:
            yield "1-0"

    async with serving(service), client(service) as pm:
        report = await pm.run_monitors(endless(), fail_fast=True, concurrency=3)
    assert report.counts["failed"] == 1
    assert report.counts["skipped"] <= 3 + 1


@pytest.mark.looptime
async def test_cancel_does_not_wait() -> None:
    service = service_of(4)
    async with serving(service), client(service) as pm:
        async with pm.monitor_batch(service.monitors, concurrency=2) as batch:
            await asyncio.sleep(1)
            batch.cancel()
            report = await batch.report()
        assert asyncio.get_running_loop().time() < 5
    assert [o.status for o in report] == ["unknown", "unknown", "skipped", "skipped"]
    assert isinstance(report[0].error, UnsettledError)


@pytest.mark.looptime
@pytest.mark.parametrize("how", ["cancelled", "left", "out of time"])
async def test_no_connection_and_no_task_is_left(how: str) -> None:
    service = service_of(5, seconds=3600.0)
    before = asyncio.all_tasks()
    async with serving(service), client(service) as pm:
        if how == "left":
            async with pm.monitor_batch(service.monitors):
                await asyncio.sleep(1)
                assert service.connections == 5
        else:
            deadline = 2 if how == "out of time" else None
            running = asyncio.create_task(pm.run_monitors(service.monitors, deadline=deadline))
            await asyncio.sleep(1)
            assert service.connections == 5
            if how == "cancelled":
                running.cancel()
            await asyncio.wait([running])
            assert running.cancelled() == (how == "cancelled")
        assert not [t for t in asyncio.all_tasks() - before if t.get_name().startswith("monitor")]
        await asyncio.sleep(1)
        assert service.connections == 0


@pytest.mark.looptime
async def test_a_paused_batch_triggers_nothing_and_goes_on_later() -> None:
    service = service_of(4)
    service.monitors["1-1"].faults = ["503 with a wait"]
    async with (
        serving(service),
        client(service) as pm,
        pm.monitor_batch(service.monitors, concurrency=2) as batch,
    ):
        await asyncio.sleep(0.5)
        batch.pause()
        assert batch.paused
        first = await anext(batch)
        await asyncio.sleep(100)
        assert [m.triggers for m in service.monitors.values()] == [1, 1, 0, 0]
        assert (batch.progress.running, batch.progress.waiting) == (0, 2)
        batch.resume()
        report = await batch.report()
    assert (first.uid, first.status) == ("1-0", "passed")
    assert [(o.uid, o.status) for o in report] == [(f"1-{n}", "passed") for n in (1, 2, 3)]
    assert [o.attempts for o in report] == [2, 1, 1]


# -- what it tells ---------------------------------------------------------------------------------


@pytest.mark.looptime
async def test_a_batch_names_what_is_under_way_the_longest_first() -> None:
    service = service_of(3)
    monitors = {"1-0": "Checkout", "1-1": "Search", "1-2": "Unused"}
    loop = asyncio.get_running_loop()
    async with serving(service), client(service) as pm:
        with virtual_clocks(loop):
            async with pm.monitor_batch(monitors, concurrency=2) as batch:
                await asyncio.sleep(4)
                seen = dict(batch.running)
                assert seen == pytest.approx({"Checkout": 4, "Search": 4}, abs=0.5)
                ages = [seconds for _, seconds in batch.running]
                assert ages == sorted(ages, reverse=True)
                batch.cancel()
                async for _ in batch:
                    pass
                assert batch.running == []


@pytest.mark.looptime
async def test_progress_tells_how_far_it_is() -> None:
    service = service_of(4)
    async with serving(service), client(service) as pm:
        with virtual_clocks(asyncio.get_running_loop()):
            async with pm.monitor_batch(service.monitors, concurrency=2) as batch:
                await asyncio.sleep(1)
                seen = batch.progress
                assert (seen.total, seen.done, seen.running, seen.eta) == (4, 0, 2, None)
                await anext(batch)
                await anext(batch)
                await asyncio.sleep(0.1)
                seen = batch.progress
                assert (seen.done, seen.running, seen.waiting) == (2, 2, 0)
                assert seen.counts == {"passed": 2}
                assert seen.eta == pytest.approx(10, abs=1)
                await batch.report()
                assert (batch.progress.done, batch.progress.eta) == (4, 0.0)


async def test_the_total_of_a_stream_is_known_in_the_end(
    local_emulator: PostmanEmulator, pm: AsyncPostman
) -> None:
    uid = local_emulator.add_monitor("m")
    async with pm.monitor_batch(iter([uid, uid])) as batch:
        assert batch.progress.total is None
        await batch.report()
        assert batch.progress.total == 2


async def test_a_batch_is_at_work_only_in_its_block(pm: AsyncPostman) -> None:
    batch = pm.monitor_batch([], allow_empty=True)
    with pytest.raises(ConfigurationError, match="only inside"):
        batch.pause()
    async with batch:
        assert len(await batch.report()) == 0
    with pytest.raises(ConfigurationError, match="run once"):
        async with batch:
            pass


@pytest.mark.parametrize("kind", ["plain", "async"])
async def test_a_callback_is_told_of_each_outcome(
    local_emulator: PostmanEmulator, pm: AsyncPostman, kind: str
) -> None:
    seen: list[str] = []

    async def awaited(outcome: MonitorOutcome) -> None:
        await asyncio.sleep(0)
        seen.append(outcome.uid)

    uids = [local_emulator.add_monitor(f"m{n}") for n in range(5)]
    plain = lambda outcome: seen.append(outcome.uid)  # noqa: E731
    await pm.run_monitors(uids, on_outcome=plain if kind == "plain" else awaited)
    assert sorted(seen) == sorted(uids)


async def test_what_a_callback_raises_ends_the_batch(
    local_emulator: PostmanEmulator, pm: AsyncPostman
) -> None:
    uids = [local_emulator.add_monitor("quick")]
    uids += [local_emulator.add_monitor("endless", duration=3600.0) for _ in range(3)]

    def broken(outcome: MonitorOutcome) -> None:
        raise LookupError(outcome.uid)

    before = asyncio.all_tasks()
    with pytest.raises(LookupError, match=uids[0]):
        await pm.run_monitors(uids, on_outcome=broken)
    with pytest.raises(LookupError):
        async with pm.monitor_batch(uids, on_outcome=broken):
            await asyncio.sleep(0.3)
    assert not [t for t in asyncio.all_tasks() - before if t.get_name().startswith("monitor")]


async def test_what_the_source_raises_ends_the_batch(
    local_emulator: PostmanEmulator, pm: AsyncPostman
) -> None:
    uid = local_emulator.add_monitor("endless", duration=3600.0)

    async def broken() -> AsyncIterator[str]:
        yield uid
        raise LookupError("no more")

    with pytest.raises(LookupError, match="no more"):
        await pm.run_monitors(broken())


@pytest.mark.parametrize("culprit", ["callback", "source"])
async def test_a_cancelled_error_that_nobody_asked_for_is_no_quiet_end(
    local_emulator: PostmanEmulator, pm: AsyncPostman, culprit: str
) -> None:
    """A report that lacks outcomes would be a lie."""
    uids = [local_emulator.add_monitor(f"m{n}") for n in range(3)]

    def raise_(*_: object) -> None:
        raise asyncio.CancelledError

    async def source() -> AsyncIterator[str]:
        yield uids[0]
        raise_()

    from_source = pm.run_monitors(source()) if culprit == "source" else None
    with pytest.raises(asyncio.CancelledError):
        await (from_source or pm.run_monitors(uids, on_outcome=raise_))


# -- order, repetition, overlap --------------------------------------------------------------------


async def test_an_order_decides_who_is_first(
    local_emulator: PostmanEmulator, pm: AsyncPostman
) -> None:
    uids = [local_emulator.add_monitor(f"m{n}") for n in range(5)]
    rank = {uid: number for number, uid in enumerate(reversed(uids))}
    await pm.run_monitors(iter(uids), concurrency=1, order=rank.__getitem__)
    assert triggers(local_emulator) == uids[::-1]


@pytest.mark.parametrize("once", [False, True])
async def test_a_batch_can_be_repeated(
    local_emulator: PostmanEmulator, pm: AsyncPostman, once: bool
) -> None:
    """The whole list again, and again, even of an iterator."""
    uids = [local_emulator.add_monitor(f"m{n}") for n in range(3)]
    report = await pm.run_monitors(iter(uids) if once else uids, repeat=3, concurrency=1)
    assert [o.uid for o in report] == uids * 3 == triggers(local_emulator)
    assert [o.index for o in report] == list(range(9))


@pytest.mark.looptime
@pytest.mark.parametrize(("overlap", "seconds"), [(False, 30), (True, 10)])
async def test_runs_of_one_monitor_overlap_only_on_demand(overlap: bool, seconds: int) -> None:
    service = service_of(2)
    loop = asyncio.get_running_loop()
    async with serving(service), client(service) as pm:
        began = loop.time()
        report = await pm.run_monitors(["1-0", "1-0", "1-0", "1-1"], overlap=overlap)
        assert loop.time() - began == pytest.approx(seconds, abs=1)
    assert report.counts == {"passed": 4}
    assert service.monitors["1-1"].ours[0].starts_at < 1


@pytest.mark.looptime
async def test_a_crowd_of_one_monitor_does_not_keep_others_waiting_for_ever() -> None:
    service = service_of(2)
    async with serving(service), client(service) as pm:
        report = await pm.run_monitors(["1-0"] * 5 + ["1-1"], concurrency=2)
    assert [o.uid for o in report] == ["1-0"] * 5 + ["1-1"]
    assert report.ok


# -- what is kept ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keep", "kept"),
    [("all", [True, True]), ("failures", [False, True]), ("summary", [False, False])],
)
async def test_executions_are_kept_where_they_are_wanted(
    local_emulator: PostmanEmulator,
    pm: AsyncPostman,
    keep: Literal["all", "failures", "summary"],
    kept: list[bool],
) -> None:
    uids = [local_emulator.add_monitor("good"), local_emulator.add_monitor("bad", outcome="failed")]
    report = await pm.run_monitors(uids, keep=keep)
    runs = [o.run for o in report if o.run is not None]
    assert [bool(run.executions) for run in runs] == kept
    assert [run.stats is not None for run in runs] == [True, True]
    assert runs[1].failures


# -- selections ------------------------------------------------------------------------------------


async def test_monitors_are_selected_by_what_they_are(
    local_emulator: PostmanEmulator, pm: AsyncPostman
) -> None:
    workspace = (await pm.workspaces.create(name="Shop", type="personal")).id
    names = ["checkout-eu", "checkout-us", "Checkout", "search"]
    uids = [local_emulator.add_monitor(name, workspace=workspace) for name in names]
    other = local_emulator.add_monitor("checkout-elsewhere")
    await pm.monitors.update(uids[1], active=False)
    detail = await pm.monitors.get(uids[0])

    async def found(**conditions: Any) -> list[tuple[str, str | None]]:
        report = await pm.run_monitors(select=MonitorSelector(**conditions), allow_empty=True)
        return [(o.uid, o.name) for o in report]

    everyone = [*zip(uids, names, strict=True), (other, "checkout-elsewhere")]
    assert await found() == everyone
    assert await found(workspace=workspace) == everyone[:4]
    assert await found(workspace=workspace, name="checkout-*") == everyone[:2]
    assert await found(workspace=workspace, active=False) == everyone[1:2]
    assert await found(owner=detail.owner, name="s*") == everyone[3:4]
    assert await found(collection=detail.collection_uid, name="*-us") == everyone[1:2]
    assert await found(environment="1-00000000-0000-4000-8000-000000000000") == []


async def test_a_selection_is_listed_page_by_page(
    local_emulator: PostmanEmulator, pm: AsyncPostman
) -> None:
    uids = [local_emulator.add_monitor(f"m{n}") for n in range(60)]
    report = await pm.run_monitors(select=MonitorSelector(name="m*"))
    assert [o.uid for o in report] == uids


async def test_uids_may_come_with_names(local_emulator: PostmanEmulator, pm: AsyncPostman) -> None:
    uid = local_emulator.add_monitor("m")
    (outcome,) = await pm.run_monitors({uid: "Checkout"})
    assert outcome.name == "Checkout"
    (outcome,) = await pm.run_monitors({uid: object()})
    assert outcome.name is None


# -- in the background -----------------------------------------------------------------------------


@pytest.mark.looptime
async def test_auto_holds_a_connection_only_for_short_runs() -> None:
    """The first run of a long monitor is held; from then on it is known to be long."""
    service = Service({"1-s": Model(seconds=5.0), "1-l": Model(seconds=80.0)})
    async with serving(service), client(service) as pm:
        with virtual_clocks(asyncio.get_running_loop()):
            first = await pm.run_monitors(service.monitors, run_async="auto")
            calls = service.calls
            second = await pm.run_monitors(service.monitors, run_async="auto")
    assert calls == 2
    assert [o.run is not None and o.run.executions is not None for o in first] == [True, True]
    assert [o.run is not None and o.run.executions is not None for o in second] == [True, False]
    assert [o.status for o in (*first, *second)] == ["passed"] * 4
    assert service.calls - calls == 3  # the long one: one trigger, one poll


@pytest.mark.looptime
async def test_auto_learns_when_connections_are_cut() -> None:
    """A gateway gives up after 12 s; then what is not known to be short is not held any more."""
    service = Service({f"1-{n}": Model(seconds=20.0) for n in range(3)})
    service.monitors["1-0"].faults = ["504 after a while"]
    async with serving(service), client(service) as pm:
        with virtual_clocks(asyncio.get_running_loop()):
            report = await pm.run_monitors(service.monitors, run_async="auto", concurrency=1)
    assert [o.status for o in report] == ["passed"] * 3
    assert [o.reconciled for o in report] == [True, False, False]


@pytest.mark.looptime
async def test_what_was_only_started_is_no_result() -> None:
    """Even if the service writes a word for an end there."""
    started = {"info": {"monitorId": "m", "jobId": "j", "status": "success"}}
    last = {"status": "failed", "startedAt": "2026-03-01T12:00:00.5Z", "jobId": "j"}
    last["finishedAt"] = last["startedAt"]
    script = [{"run": started}, {"monitor": {"id": "m", "name": "M", "lastRun": last}}]
    answers = [reply(body=json.dumps(answer)) for answer in script]
    async with scripted(*answers) as server, AsyncPostman(KEY, base_url=server.url) as pm:
        (outcome,) = await pm.run_monitors(["1-m"], run_async=True)
    assert (outcome.status, outcome.name, outcome.reconciled) == ("failed", "M", False)
    assert [r.target for r in server.received] == ["/monitors/1-m/run?async=true", "/monitors/1-m"]


@pytest.mark.looptime
async def test_polling_begins_when_the_last_run_took_as_long() -> None:
    """This client has never run it: the first poll shows the run before ours, of 30 s."""
    began = {"run": {"info": {"monitorId": "m", "jobId": "j", "status": "running"}}}
    last = {"status": "success", "startedAt": "2026-03-01T11:00:00.5Z", "jobId": "old"}
    last["finishedAt"] = "2026-03-01T11:00:30.5Z"
    going = {"monitor": {"id": "m", "jobId": "j", "lastRun": last}}
    ended = {"monitor": {"id": "m", "lastRun": {**last, "jobId": "j"}}}
    answers = [reply(body=json.dumps(answer)) for answer in (began, going, ended)]
    loop = asyncio.get_running_loop()
    async with scripted(*answers) as server, AsyncPostman(KEY, base_url=server.url) as pm:
        with virtual_clocks(loop):
            start = loop.time()
            (outcome,) = await pm.run_monitors(["1-m"], run_async=True)
    assert (outcome.status, outcome.reconciled) == ("passed", False)
    assert loop.time() - start == pytest.approx(30.0, abs=0.5)


# -- the sync facade -------------------------------------------------------------------------------


def test_the_sync_facade_takes_every_option(
    thread_emulator: PostmanEmulator, sync_pm: Postman, tmp_path: Any
) -> None:
    uids = [thread_emulator.add_monitor(f"m{n}") for n in range(4)]
    seen: list[str] = []
    report = sync_pm.run_monitors(
        select=MonitorSelector(name="m*"),
        concurrency=2,
        deadline=timedelta(minutes=1),
        run_deadline=30,
        fail_fast=True,
        max_failures=2,
        repeat=2,
        journal=tmp_path / "runs.jsonl",
        on_outcome=lambda outcome: seen.append(outcome.uid),
        run_async=False,
        on_unknown="rerun",
        keep="summary",
        overlap=True,
        order=lambda uid: -uids.index(uid),
        timeout=20,
    )
    assert [o.uid for o in report] == uids[::-1] * 2
    assert sorted(seen) == sorted(uids * 2)


def test_a_sync_batch_is_iterated_and_controlled(
    thread_emulator: PostmanEmulator, sync_pm: Postman
) -> None:
    uids = [thread_emulator.add_monitor(f"m{n}") for n in range(6)]
    with sync_pm.monitor_batch(uids, concurrency=1) as batch:
        first = next(batch)
        batch.pause()
        assert batch.paused
        batch.resume()
        assert (first.uid, batch.progress.total) == (uids[0], 6)
        batch.cancel()
        report = batch.report()
    assert {o.status for o in report} <= {"passed", "unknown", "skipped"}
    assert len(report) == 5


def test_a_sync_callback_may_control_the_batch(
    thread_emulator: PostmanEmulator, sync_pm: Postman
) -> None:
    uids = [thread_emulator.add_monitor(f"m{n}") for n in range(6)]
    batch = sync_pm.monitor_batch(uids, concurrency=1, on_outcome=lambda _: batch.cancel())
    with batch:
        assert [o.status for o in batch] == ["passed", *["skipped"] * 5]


@pytest.mark.parametrize("control", ["resume", "cancel"])
def test_a_sync_batch_is_controlled_from_another_thread(
    thread_emulator: PostmanEmulator, sync_pm: Postman, control: str
) -> None:
    """While this thread waits for the outcomes of a batch that is paused."""
    uids = [thread_emulator.add_monitor(f"m{n}") for n in range(3)]
    with sync_pm.monitor_batch(uids, concurrency=1) as batch:
        batch.pause()
        other = threading.Timer(0.2, getattr(batch, control))
        other.start()
        report = batch.report()
        other.join()
    assert len(report) == 3
    assert report.ok if control == "resume" else report.counts["skipped"] >= 2


# -- memory ----------------------------------------------------------------------------------------


def alive(*kinds: type) -> int:
    """Count the objects of these classes that exist."""
    gc.collect()
    return sum(type(thing) in kinds for thing in gc.get_objects())


async def test_a_long_stream_holds_only_what_is_under_way(tmp_path: Path) -> None:
    """Of 300 runs; ``benchmarks/memory.py`` does the same with 100,000 and prints the memory."""
    service, taken, most = service_of(1, seconds=0.0), 0, 0
    async with serving(service), client(service) as pm:
        stream = pm.stream_monitor_runs(
            ("1-0" for _ in range(300)), concurrency=5, journal=tmp_path / "j", overlap=True
        )
        async for _ in stream:
            taken += 1
            if taken % 100 == 0:
                most = max(most, alive(MonitorRun, MonitorOutcome, Runner, Job))
    assert taken == 300
    assert most <= 4 * (5 + 2)
