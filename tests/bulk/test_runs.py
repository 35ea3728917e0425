"""Bulk runs: every uid has one outcome, in order, whatever happens to the others."""

from __future__ import annotations

import asyncio
import pickle
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from typing import Any

import pytest

from postman_async import (
    AsyncPostman,
    BatchFailedError,
    EmptySelectionError,
    InvalidArgumentError,
    MonitorSelector,
    Timeout,
)
from postman_async.bulk.outcome import MonitorOutcome
from postman_async.emulator import PostmanEmulator
from tests.support import HANG_UP, KEY, SILENCE, reply, scripted

RUN = (
    '{"run": {"info": {"monitorId": "m", "status": "%s"},'
    ' "stats": {"assertions": {"total": 2, "failed": %d}, "requests": {"total": 1, "failed": 0}}}}'
)
BARE = '{"run": {"info": {"monitorId": "m", "status": "success"}}}'
GONE = '{"error": {"name": "instanceNotFoundError", "message": "no such monitor"}}'


async def test_outcomes_come_in_the_order_of_the_uids(
    local_emulator: PostmanEmulator, pm: AsyncPostman
) -> None:
    """The first one takes longest, and one uid is unknown to the service."""
    slow = local_emulator.add_monitor("slow", duration=0.2)
    failing = local_emulator.add_monitor("failing", outcome="failed")
    broken = local_emulator.add_monitor("broken", outcome="error")
    report = await pm.run_monitors([slow, failing, "1-unknown", broken, failing])
    assert [o.uid for o in report] == [slow, failing, "1-unknown", broken, failing]
    assert [o.status for o in report] == ["passed", "failed", "error", "error", "failed"]
    assert [o.run is None for o in report] == [False, False, True, False, False]
    assert [o.error is None for o in report] == [True, True, False, True, True]
    assert all(o.attempts == 1 and o.started_at is not None for o in report)


async def test_a_report_counts_filters_and_sums_up(
    local_emulator: PostmanEmulator, pm: AsyncPostman
) -> None:
    uids = [local_emulator.add_monitor(f"m{n}") for n in range(3)]
    report = await pm.run_monitors(uids)
    assert (len(report), report.ok, report.counts) == (3, True, {"passed": 3})
    report = await pm.run_monitors([*uids, "1-unknown"])
    assert (report.ok, report.counts) == (False, {"passed": 3, "error": 1})
    assert [o.uid for o in report.having("error", "failed")] == ["1-unknown"]
    assert report[1:3] == (report[1], report[2])


async def test_nothing_to_run_is_an_error_or_an_empty_report_which_is_not_ok(
    pm: AsyncPostman,
) -> None:
    async def none() -> AsyncIterator[str]:
        for uid in list[str]():
            yield uid

    sources: list[Any] = [[], {}, iter(()), none()]
    for uids in sources:
        with pytest.raises(EmptySelectionError, match="allow_empty=True"):
            await pm.run_monitors(uids)
    for uids in [[], iter(())]:
        report = await pm.run_monitors(uids, allow_empty=True)
        assert (list(report), report.ok, report.failed) == ([], False, ())
        with pytest.raises(BatchFailedError, match="no monitor ran"):
            report.raise_for_failures()


async def test_a_selection_that_fits_nothing_is_an_error_that_helps(
    local_emulator: PostmanEmulator, pm: AsyncPostman
) -> None:
    """It names the pattern, how many were looked at, and what is near; nothing is run."""
    for name in ("Checkout EU", "checkout-production-us-east", "search"):
        local_emulator.add_monitor(name)
    messages = {
        "chekout-*": "looked at: 3; near: 'Checkout EU', 'checkout-production-us-east'",
        "CHECKOUT*": "looked at: 3; near: 'Checkout EU', 'checkout-production-us-east'",
        "*serch": "looked at: 3; near: 'search'",
        "nothing": "looked at: 3",
    }
    for pattern, words in messages.items():
        expected = re.escape(f"no monitor fits name='{pattern}'; monitors {words}")
        with pytest.raises(EmptySelectionError, match=f"{expected}$"):
            await pm.run_monitors(select=MonitorSelector(name=pattern))
    with pytest.raises(EmptySelectionError, match="no monitor fits owner=7: the service lists"):
        await pm.run_monitors(select=MonitorSelector(owner=7))
    report = await pm.run_monitors(select=MonitorSelector(name="nothing"), allow_empty=True)
    assert (len(report), report.ok) == (0, False)


async def test_a_report_raises_for_what_did_not_pass(
    local_emulator: PostmanEmulator, pm: AsyncPostman
) -> None:
    good = local_emulator.add_monitor("good")
    bad = [local_emulator.add_monitor(f"bad {n}", outcome="failed") for n in range(6)]
    (await pm.run_monitors([good])).raise_for_failures()
    names = {good: "good", "1-unknown": "gone", **{uid: f"bad {n}" for n, uid in enumerate(bad)}}
    report = await pm.run_monitors(names)
    assert [o.name for o in report.failed] == ["gone", *(f"bad {n}" for n in range(6))]
    with pytest.raises(BatchFailedError, match=r"^7 of 8 monitors did not pass: gone error ") as e:
        report.raise_for_failures()
    assert e.value.report is report
    assert "; bad 3 failed; and 2 more" in str(e.value)
    assert pickle.loads(pickle.dumps(e.value)).args == e.value.args


async def test_200_monitors_of_a_second_run_at_once_and_none_is_lost(
    local_emulator: PostmanEmulator, pm: AsyncPostman
) -> None:
    """On the emulator's side all 200 were under way at the same time."""
    uids = [local_emulator.add_monitor(f"m{n}", duration=1.0) for n in range(200)]
    report = await pm.run_monitors(uids, concurrency=200)
    assert [o.uid for o in report] == uids
    assert report.counts == {"passed": 200}
    infos = [o.run.info for o in report if o.run is not None]
    assert max(str(i.started_at) for i in infos) < min(str(i.finished_at) for i in infos)
    assert sum(r.operation == "monitors.run" for r in local_emulator.requests) == 200


@pytest.mark.looptime
@pytest.mark.parametrize(("concurrency", "seconds"), [(1, 60), (7, 10), (100, 6)])
async def test_never_more_than_concurrency_at_once_and_never_less(
    local_emulator: PostmanEmulator, pm: AsyncPostman, concurrency: int, seconds: float
) -> None:
    """Ten runs of 6 s, in virtual time."""
    uids = [local_emulator.add_monitor(f"m{n}", duration=6.0) for n in range(10)]
    began = asyncio.get_running_loop().time()
    await pm.run_monitors(uids, concurrency=concurrency)
    taken = asyncio.get_running_loop().time() - began
    assert taken == pytest.approx(-(-10 // concurrency) * 6, abs=1), seconds


@pytest.mark.looptime
async def test_a_stream_hands_out_each_outcome_when_its_run_ends(
    local_emulator: PostmanEmulator, pm: AsyncPostman
) -> None:
    uids = {n: local_emulator.add_monitor(f"m{n}", duration=float(n)) for n in (30, 10, 20)}
    order = [outcome.uid async for outcome in pm.stream_monitor_runs(uids.values())]
    assert order == [uids[10], uids[20], uids[30]]


async def test_a_stream_takes_endless_uids_and_holds_only_a_few(
    local_emulator: PostmanEmulator, pm: AsyncPostman
) -> None:
    uid, taken = local_emulator.add_monitor("again"), 0

    def endless() -> Iterator[str]:
        nonlocal taken
        while True:
            taken += 1
            yield uid

    seen: list[MonitorOutcome] = []
    async with aclosing(pm.stream_monitor_runs(endless(), concurrency=3)) as outcomes:
        async for outcome in outcomes:
            seen.append(outcome)
            if len(seen) == 10:
                break
    assert taken <= 10 + 3 + 3 + 1  # delivered, under way, waiting for them, about to wait


async def test_leaving_a_stream_cancels_what_runs(
    local_emulator: PostmanEmulator, pm: AsyncPostman
) -> None:
    uids = [local_emulator.add_monitor("quick")]
    uids += [local_emulator.add_monitor("endless", duration=3600.0) for _ in range(5)]
    before = asyncio.all_tasks()
    async with aclosing(pm.stream_monitor_runs(uids)) as outcomes:
        async for outcome in outcomes:
            assert outcome.status == "passed"
            break
    assert not [t for t in asyncio.all_tasks() - before if t.get_name().startswith("monitor")]


async def test_cancelling_the_caller_cancels_all(
    local_emulator: PostmanEmulator, pm: AsyncPostman
) -> None:
    uids = [local_emulator.add_monitor("endless", duration=3600.0) for _ in range(5)]
    before = asyncio.all_tasks()
    batch = asyncio.create_task(pm.run_monitors(uids))
    while sum(r.operation == "monitors.run" for r in local_emulator.requests) < 5:
        await asyncio.sleep(0)
    batch.cancel()
    with pytest.raises(asyncio.CancelledError):
        await batch
    assert not [t for t in asyncio.all_tasks() - before if t.get_name().startswith("monitor")]


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (reply(body=RUN % ("success", 0)), "passed"),
        (reply(body=RUN % ("success", 1)), "failed"),
        (reply(body=BARE), "passed"),
        (reply(202, BARE), "unknown"),
        (reply(body=RUN % ("failed", 1)), "failed"),
        (reply(body=RUN % ("error", 0)), "error"),
        (reply(body=RUN % ("aborted", 0)), "error"),
        (reply(202, RUN % ("running", 0)), "unknown"),
        (reply(body=RUN % ("a new word", 0)), "unknown"),
        (reply(body="[]"), "unknown"),
        (reply(body="not json"), "unknown"),
        (reply(404, GONE), "error"),
        (reply(502, "<html>"), "unknown"),
        (reply(307, "", Location="/x"), "unknown"),
        (HANG_UP, "unknown"),
    ],
)
@pytest.mark.looptime
async def test_an_outcome_is_never_better_than_what_is_known(answer: bytes, status: str) -> None:
    """Where the service may have run the monitor, and shows no result, it is unknown."""
    async with scripted(answer) as server, AsyncPostman(KEY, base_url=server.url) as pm:
        (outcome,) = await pm.run_monitors(["1-m"])
    triggers = [request for request in server.received if request.method == "POST"]
    assert (outcome.status, len(triggers)) == (status, 1)


@pytest.mark.looptime
async def test_a_run_that_outlasts_its_deadline_is_unknown() -> None:
    async with scripted(SILENCE) as server, AsyncPostman(KEY, base_url=server.url) as pm:
        (outcome,) = await pm.run_monitors(["1-m"], timeout=Timeout(run=30.0))
    assert outcome.status == "unknown"
    assert "deadline" in str(outcome.error)


async def test_a_stream_with_a_uid_that_cannot_be_sent_goes_on() -> None:
    async with scripted() as server, AsyncPostman(KEY, base_url=server.url) as pm:
        (outcome,) = [o async for o in pm.stream_monitor_runs(iter([".."]))]
    assert (outcome.status, outcome.attempts, server.connections) == ("error", 0, 0)


@pytest.mark.parametrize(
    ("uids", "options", "words"),
    [
        ("1-m", {}, "not one string"),
        (["1-m", ""], {}, "uid 1: .*empty"),
        ({"..": "name"}, {}, "uid 0: .*another path"),
        (["1-m"], {"concurrency": 0}, "concurrency"),
        (["1-m"], {"concurrency": True}, "concurrency"),
        (["1-m"], {"repeat": 0}, "repeat"),
        (["1-m"], {"deadline": -1}, "deadline"),
        (["1-m"], {"run_deadline": "soon"}, "run_deadline"),
        (["1-m"], {"max_failures": 0}, "max_failures"),
        (["1-m"], {"keep": "some"}, "keep"),
        (["1-m"], {"on_unknown": "retry"}, "on_unknown"),
        (["1-m"], {"run_async": "yes"}, "run_async"),
        (["1-m"], {"resume": True}, "resume needs the journal"),
        (["1-m"], {"nonsense": 1}, "no option 'nonsense'"),
        (["1-m"], {"select": MonitorSelector()}, "either uids or select"),
        (None, {}, "either uids or select"),
    ],
)
async def test_what_cannot_be_meant_is_refused_at_once(
    pm: AsyncPostman, uids: Any, options: Any, words: str
) -> None:
    with pytest.raises(InvalidArgumentError, match=words):
        await pm.run_monitors(uids, **options)
    with pytest.raises(InvalidArgumentError, match=words):
        pm.stream_monitor_runs(uids, **options)
    with pytest.raises(InvalidArgumentError, match=words):
        pm.monitor_batch(uids, **options)
