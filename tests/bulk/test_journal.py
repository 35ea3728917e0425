"""Journals: what is in them outlives any end, and a resumed batch goes on from there."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postman_async import (
    AsyncPostman,
    BatchReport,
    JournalError,
    MonitorSelector,
    Postman,
    Retries,
    UnsettledError,
    read_journal,
)
from postman_async.bulk import clock
from postman_async.emulator import PostmanEmulator
from tests.bulk.kit import in_virtual_time
from tests.bulk.model import Fault, Model, Service, serving
from tests.support import KEY, full_disk

ROOT = Path(__file__).parents[2]


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def triggers(emulator: PostmanEmulator) -> list[str]:
    return [r.path.split("/")[2] for r in emulator.requests if r.operation == "monitors.run"]


async def test_a_journal_tells_each_event_when_it_happens(
    local_emulator: PostmanEmulator, pm: AsyncPostman, tmp_path: Path
) -> None:
    path = tmp_path / "runs.jsonl"
    uids = [local_emulator.add_monitor(f"m{n}") for n in range(2)]
    counts: list[int] = []
    report = await pm.run_monitors(
        uids, concurrency=1, journal=path, on_outcome=lambda o: counts.append(len(lines(path)))
    )
    header, *events = lines(path)
    assert (header["journal"], header["monitors"]) == (1, None)
    assert [e.get("started", e.get("index")) for e in events] == [0, 0, 1, 1]
    assert counts == [3, 5]
    assert [o.run for o in read_journal(path)] == [o.run for o in report]
    assert local_emulator.api_key not in path.read_text("utf-8")


@pytest.mark.parametrize("resume", [False, True])
async def test_after_a_finished_batch_one_begins_anew_and_the_old_file_is_kept(
    local_emulator: PostmanEmulator, pm: AsyncPostman, tmp_path: Path, resume: bool
) -> None:
    """Yesterday's outcomes are never reported as new, and never lost."""
    path = tmp_path / "runs.jsonl"
    uids = [local_emulator.add_monitor(f"m{n}") for n in range(3)] * 2
    first = await pm.run_monitors(uids, journal=path)
    before = path.read_bytes()
    async with pm.monitor_batch(uids, journal=path, resume=resume) as batch:
        assert batch.progress.known == 0
        second = await batch.report()
    (kept,) = set(tmp_path.iterdir()) - {path}
    assert re.fullmatch(r"runs\.\d{8}-\d{6}\.jsonl", kept.name)
    assert batch.journal_note == (
        f"{path}: a new batch, 6 to run; the finished one is kept as {kept}"
    )
    assert kept.read_bytes() == before
    assert len(triggers(local_emulator)) == 12
    jobs = [{o.run.info.job_id for o in report if o.run is not None} for report in (first, second)]
    assert len(jobs[0] | jobs[1]) == 12
    await pm.run_monitors(uids, journal=path)
    assert len(list(tmp_path.iterdir())) == 3


async def test_what_was_skipped_or_cancelled_is_made_up_for(
    local_emulator: PostmanEmulator, pm: AsyncPostman, tmp_path: Path
) -> None:
    path = tmp_path / "runs.jsonl"
    bad = local_emulator.add_monitor("bad", outcome="failed")
    good = [local_emulator.add_monitor(f"m{n}") for n in range(3)]
    report = await pm.run_monitors([bad, *good], concurrency=1, fail_fast=True, journal=path)
    assert [o.status for o in report] == ["failed", "skipped", "skipped", "skipped"]
    async with pm.monitor_batch([bad, *good], journal=path, fail_fast=True) as batch:
        known = batch.progress.known, batch.progress.counts
        report = await batch.report()
    assert known == (1, {"failed": 1})
    assert batch.journal_note is not None
    assert re.fullmatch(
        rf"{re.escape(str(path))}: goes on with the batch of 20\S+: 1 known, 3 to run",
        batch.journal_note,
    )
    assert [o.status for o in report] == ["failed", "passed", "passed", "passed"]
    assert sorted(triggers(local_emulator)) == sorted([bad, *good])


async def unfinished(pm: AsyncPostman, path: Path, uids: Any = None, **options: Any) -> bytes:
    """Begin a batch, leave it after its first outcome, and return what its journal holds."""
    async with pm.monitor_batch(uids, concurrency=1, journal=path, **options) as batch:
        await anext(batch)
    return path.read_bytes()


SHOP = MonitorSelector(name="shop*")


@pytest.mark.parametrize("resume", [False, True])
async def test_the_unfinished_batch_of_other_monitors_is_refused_before_anything_is_sent(
    local_emulator: PostmanEmulator, pm: AsyncPostman, tmp_path: Path, resume: bool
) -> None:
    """The error names what differs; other options and the order of a set do not."""
    path = tmp_path / "runs.jsonl"
    uids = one, two, three = [local_emulator.add_monitor(f"shop {n}") for n in range(3)]
    content = await unfinished(pm, path, uids)
    others: list[tuple[Any, dict[str, Any], str]] = [
        ([one, three, two], {}, f"its run 1 is of '{two}', and here it is of '{three}'"),
        ([one, two], {}, "it has 3 runs, and this batch has 2"),
        ([*uids, one], {}, "it has 3 runs, and this batch has 4"),
        (uids, {"repeat": 2}, "it repeats nothing, and this batch 2 times"),
        (None, {"select": SHOP}, "it runs uids that were given, and this batch name='shop*'"),
        (iter([two]), {}, f"its run 0 is of '{one}', and here it is of '{two}'"),
    ]
    for chosen, options, words in others:
        with pytest.raises(JournalError, match=re.escape(f"of another batch: {words}")):
            await pm.run_monitors(chosen, journal=path, resume=resume, **options)
    assert path.read_bytes() == content
    report = await pm.run_monitors(
        set(uids), journal=path, concurrency=3, keep="summary", on_unknown="rerun"
    )
    assert [o.uid for o in report] == uids


async def test_another_selection_is_refused(
    local_emulator: PostmanEmulator, pm: AsyncPostman, tmp_path: Path
) -> None:
    path = tmp_path / "runs.jsonl"
    uids = [local_emulator.add_monitor(f"shop {n}") for n in range(3)]
    await unfinished(pm, path, select=SHOP)
    others: list[tuple[Any, Any, str]] = [
        (None, MonitorSelector(), "all monitors"),
        (None, MonitorSelector(name="shop*", active=True), "name='shop*', active=True"),
        (uids, None, "uids that were given"),
    ]
    before = triggers(local_emulator)
    for chosen, select, other in others:
        words = f"another batch: it runs name='shop*', and this batch {other}"
        with pytest.raises(JournalError, match=re.escape(words)):
            await pm.run_monitors(chosen, select=select, journal=path)
    assert triggers(local_emulator) == before


async def test_a_finished_batch_of_other_monitors_makes_room_unless_it_is_to_be_resumed(
    local_emulator: PostmanEmulator, pm: AsyncPostman, tmp_path: Path
) -> None:
    """A list of monitors that has changed since the last night must not end the nights."""
    path = tmp_path / "runs.jsonl"
    uids = [local_emulator.add_monitor(f"m{n}") for n in range(3)]
    await pm.run_monitors(uids, journal=path)
    for others in ([uids[0], uids[2], uids[1]], uids[:2], uids[:1] * 3, [*uids, uids[0]]):
        with pytest.raises(JournalError, match="of another batch"):
            await pm.run_monitors(others, journal=path, resume=True)
    assert len(triggers(local_emulator)) == 3
    assert len(await pm.run_monitors(uids[:2], journal=path)) == 2
    assert len(triggers(local_emulator)) == 5


@pytest.mark.parametrize("kind", ["list", "names", "selection", "stream"])
async def test_a_journal_alone_is_enough_to_go_on(
    local_emulator: PostmanEmulator, pm: AsyncPostman, tmp_path: Path, kind: str
) -> None:
    """It knows its monitors, their names and how often they are to be run."""
    path = tmp_path / "runs.jsonl"
    uids = [local_emulator.add_monitor(f"shop {n}") for n in range(4)]
    names = {uid: f"Shop {n}" for n, uid in enumerate(uids)}
    given: Any = {"list": uids, "names": names, "selection": None, "stream": iter(uids)}[kind]
    select = SHOP if kind == "selection" else None
    async with pm.monitor_batch(
        given, select=select, repeat=2, concurrency=8, journal=path
    ) as batch:
        for _ in range(3):
            await anext(batch)
        batch.pause()
    async with pm.monitor_batch(journal=path, resume=True, on_unknown="rerun") as batch:
        assert (batch.progress.total, batch.progress.known >= 3) == (8, True)
        report = await batch.report()
    assert [o.uid for o in report] == uids * 2
    assert {o.status for o in report} <= {"passed", "unknown"}
    if kind == "names":
        assert {o.name for o in report} >= {"Shop 0"}
    anew = await pm.run_monitors(journal=path, resume=True)  # it is finished now
    assert [o.uid for o in anew] == uids * 2
    assert anew.ok


async def test_a_stream_that_was_not_read_to_its_end_is_not_known_by_its_journal(
    local_emulator: PostmanEmulator, pm: AsyncPostman, tmp_path: Path
) -> None:
    path = tmp_path / "runs.jsonl"
    uids = [local_emulator.add_monitor(f"m{n}") for n in range(5)]
    await unfinished(pm, path, iter(uids))
    with pytest.raises(JournalError, match="whose uids came one by one: give them again"):
        await pm.run_monitors(journal=path, resume=True)
    with pytest.raises(JournalError, match="and this batch has 0 runs"):
        await pm.run_monitors(iter(()), journal=path, allow_empty=True)
    report = await pm.run_monitors(iter(uids), journal=path, on_unknown="rerun")
    assert [o.uid for o in report] == uids
    assert lines(path)[-1].get("end", 5) == 5
    anew = await pm.run_monitors(iter(uids), journal=path)
    assert {o.uid: o.status for o in anew} == dict.fromkeys(uids, "passed")
    assert len(list(tmp_path.iterdir())) == 2


async def test_without_a_batch_in_the_journal_its_monitors_must_be_named(
    pm: AsyncPostman, tmp_path: Path
) -> None:
    with pytest.raises(JournalError, match="holds no batch to go on with: name its monitors"):
        await pm.run_monitors(journal=tmp_path / "new.jsonl", resume=True)


async def test_a_journal_of_the_version_before_goes_on(
    local_emulator: PostmanEmulator, pm: AsyncPostman, tmp_path: Path
) -> None:
    """Its first line says less; a finished one begins anew, too."""
    path = tmp_path / "runs.jsonl"
    uids = [local_emulator.add_monitor(f"m{n}") for n in range(3)]
    found = {uid: f"m{n}" for n, uid in enumerate(uids)}
    for chosen, select, monitors in ((uids, None, None), (None, MonitorSelector(), found)):
        await unfinished(pm, path, chosen, select=select)
        _, *events = path.read_bytes().splitlines(keepends=True)
        old = json.dumps({"journal": 1, "at": "2026-03-01T12:00:00+00:00", "monitors": monitors})
        for resume in (False, True):
            path.write_bytes(b"".join([old.encode() + b"\n", *events]))
            async with pm.monitor_batch(
                chosen, select=select, journal=path, resume=resume, on_unknown="rerun"
            ) as batch:
                assert batch.progress.known >= 1
                assert [o.uid for o in await batch.report()] == uids
        before = len(triggers(local_emulator))
        assert (await pm.run_monitors(chosen, select=select, journal=path)).ok
        assert len(triggers(local_emulator)) == before + 3
        path.unlink()


@pytest.mark.skipif(sys.platform == "win32", reason="needs the modes of POSIX")
async def test_only_its_owner_may_read_a_journal(
    local_emulator: PostmanEmulator, pm: AsyncPostman, tmp_path: Path
) -> None:
    """It holds what the service answered; a file that is there keeps its mode."""
    path, uid = tmp_path / "runs.jsonl", local_emulator.add_monitor("m")
    before = os.umask(0)
    try:
        for _ in range(2):
            await pm.run_monitors([uid], journal=path)
        assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}
        shared = tmp_path / "shared.jsonl"
        shared.touch(0o640)
        await pm.run_monitors([uid], journal=shared)
        assert shared.stat().st_mode & 0o777 == 0o640
    finally:
        os.umask(before)


async def test_a_batch_that_another_process_archived_is_not_written_to(
    local_emulator: PostmanEmulator, pm: AsyncPostman, tmp_path: Path, monkeypatch: Any
) -> None:
    """It was opened just before, so its lock is not that of the file with that name now."""
    path, uid = tmp_path / "runs.jsonl", local_emulator.add_monitor("m")
    await pm.run_monitors([uid], journal=path)
    content, opened = path.read_bytes(), os.open

    def quicker(*arguments: Any) -> int:
        number = opened(*arguments)
        path.rename(tmp_path / "kept.jsonl")
        os.close(opened(path, os.O_CREAT))
        return number

    monkeypatch.setattr(os, "open", quicker)
    with pytest.raises(JournalError, match="in use by another batch"):
        await pm.run_monitors([uid], journal=path)
    assert (tmp_path / "kept.jsonl").read_bytes() == content


async def test_one_batch_at_a_time_has_a_journal(
    local_emulator: PostmanEmulator, pm: AsyncPostman, tmp_path: Path
) -> None:
    path = tmp_path / "runs.jsonl"
    uid = local_emulator.add_monitor("m")
    async with pm.monitor_batch([uid], journal=path):
        with pytest.raises(JournalError, match="in use"):
            await pm.run_monitors([uid], journal=path, resume=True)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"# notes", "no journal"),
        (b"# notes\n", "line 1 is damaged"),
        (b'{"journal":2}\n', "no journal of version 1"),
        (b'{"journal":1}\n[]\n{}\n', "line 2 is damaged"),
        (b'{"journal":1}\n{"new":1}\n', "line 2 makes no sense"),
        (b'{"journal":1}\n{"version":1}\n', "line 2 makes no sense"),
        (b'{"journal":1}\n{"began":0,"job":"x"}\n', "line 2 makes no sense"),
        (b'{"journal":1}\n{"started":-1,"uid":"1-m","at":"","attempt":1}\n', "makes no sense"),
    ],
)
async def test_what_is_no_journal_is_refused_and_left_alone(
    pm: AsyncPostman, tmp_path: Path, content: bytes, words: str
) -> None:
    path = tmp_path / "runs.jsonl"
    path.write_bytes(content)
    with pytest.raises(JournalError, match=words):
        await pm.run_monitors(["1-m"], journal=path, resume=True)
    assert path.read_bytes() == content


async def test_a_selection_is_resumed_as_it_was(
    local_emulator: PostmanEmulator, pm: AsyncPostman, tmp_path: Path
) -> None:
    """A monitor that was made since is not in it; it is in the one that begins anew."""
    path = tmp_path / "runs.jsonl"
    uids = [local_emulator.add_monitor(f"shop {n}") for n in range(3)]
    select = MonitorSelector(name="shop*")
    await unfinished(pm, path, select=select)
    local_emulator.add_monitor("shop 3")
    report = await pm.run_monitors(select=select, journal=path, resume=True)
    assert [(o.uid, o.name) for o in report] == [(u, f"shop {n}") for n, u in enumerate(uids)]
    assert len(await pm.run_monitors(journal=path, resume=True)) == 4


async def test_a_journal_that_cannot_be_written_ends_the_batch(
    local_emulator: PostmanEmulator, pm: AsyncPostman, tmp_path: Path
) -> None:
    """No run is triggered that could not be noted."""
    uids = [local_emulator.add_monitor(f"m{n}") for n in range(3)]
    async with pm.monitor_batch(uids, concurrency=1, journal=tmp_path / "runs.jsonl") as batch:
        assert batch._journal is not None
        batch._journal._file.close()
        batch._journal._file = full_disk()  # closed with the batch
        with pytest.raises(OSError, match=r"No space left on device: .*runs\.jsonl"):
            await anext(batch)
    assert triggers(local_emulator) == []


def test_what_the_deadline_of_a_batch_cut_short_is_settled_when_it_is_resumed(
    tmp_path: Path,
) -> None:
    models = {f"1-{n}": Model(seconds=20.0, word="failed") for n in range(3)}
    service, path = Service(models), tmp_path / "runs.jsonl"

    async def run() -> list[list[str]]:
        statuses: list[list[str]] = []
        async with serving(service), AsyncPostman(KEY, base_url=service.url) as pm:
            for deadline in (30.0, None):
                report = await pm.run_monitors(
                    list(models), concurrency=1, journal=path, resume=True, deadline=deadline
                )
                statuses.append([outcome.status for outcome in report])
        return statuses

    assert in_virtual_time(run) == [["failed", "unknown", "skipped"], ["failed"] * 3]
    assert [model.triggers for model in models.values()] == [1, 1, 1]


# -- the batch ends at any time, and is resumed ----------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(torn=st.integers(0, 900), taken=st.integers(0, 2), seconds=st.sampled_from([0.5, 20.0]))
def test_whatever_part_of_a_journal_is_left_nothing_runs_twice(
    torn: int, taken: int, seconds: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The batch is left after some outcomes, and its journal loses some of its last bytes."""
    path = tmp_path_factory.mktemp("cut") / "runs.jsonl"
    models = {f"1-{n}": Model(seconds=seconds, word="failed") for n in range(3)}
    service = Service(models)

    async def interrupted() -> BatchReport | None:
        async with serving(service), AsyncPostman(KEY, base_url=service.url) as pm:
            async with pm.monitor_batch(list(models), concurrency=2, journal=path) as batch:
                for _ in range(taken):
                    await anext(batch)
            whole = path.read_bytes()
            left = whole[: max(0, len(whole) - torn)]
            path.write_bytes(left)
            lost = whole.split(b"\n")[left.count(b"\n") :]
            if any(line.startswith(b'{"started"') for line in lost):
                return None  # no process ends so: that line was there before the call was made
            return await pm.run_monitors(list(models), journal=path, resume=True)

    report = in_virtual_time(interrupted)
    for outcome in report or []:
        assert outcome.status in ("failed", "unknown")
        assert len(models[outcome.uid].ours) == 1


IN_FLIGHT: list[tuple[Fault, str, str]] = [
    ("none", "report", "failed"),
    ("cut after", "report", "failed"),
    ("502, not started", "report", "unknown"),
    ("502, not started", "rerun", "failed"),
    ("never, not started", "rerun", "failed"),
    ("202", "report", "failed"),
]


@pytest.mark.parametrize("run_async", [False, True])
@pytest.mark.parametrize(("fault", "on_unknown", "status"), IN_FLIGHT)
def test_what_was_in_flight_is_reconciled_by_polling(
    fault: Fault, on_unknown: Any, status: str, run_async: bool, tmp_path: Path
) -> None:
    """The process ends while the run goes on, and the next one comes a minute later."""
    model = Model(seconds=30.0, word="failed", faults=[fault])
    service = Service({"1-m": model}, skew=900.0)
    path = tmp_path / "runs.jsonl"

    async def run() -> Any:
        async with serving(service), AsyncPostman(KEY, base_url=service.url) as pm:
            async with pm.monitor_batch(["1-m"], journal=path, run_async=run_async):
                await asyncio.sleep(1.0)
            await asyncio.sleep(60.0)
            return await pm.run_monitors(["1-m"], journal=path, resume=True, on_unknown=on_unknown)

    (outcome,) = in_virtual_time(run)
    assert (outcome.status, len(model.ours)) == (status, 0 if status == "unknown" else 1)
    assert [o.status for o in read_journal(path)] == [status]


def test_a_clock_that_was_set_back_makes_nothing_run_twice(tmp_path: Path) -> None:
    """Between the two processes; the run has a time that looks long past."""
    model = Model(seconds=5.0)
    service, path = Service({"1-m": model}), tmp_path / "runs.jsonl"

    async def run() -> Any:
        async with serving(service), AsyncPostman(KEY, base_url=service.url) as pm:
            async with pm.monitor_batch(["1-m"], journal=path):
                await asyncio.sleep(1.0)
            earlier = clock.wall() - timedelta(hours=1)
            with mock.patch.object(clock, "wall", return_value=earlier):
                return await pm.run_monitors(["1-m"], journal=path, resume=True, on_unknown="rerun")

    (outcome,) = in_virtual_time(run)
    assert (outcome.status, model.triggers) == ("unknown", 1)
    assert isinstance(outcome.error, UnsettledError)
    assert 0 <= outcome.elapsed < 60


def test_a_refused_attempt_is_not_in_flight(tmp_path: Path) -> None:
    model = Model(faults=["429"])
    service = Service({"1-m": model})
    path = tmp_path / "runs.jsonl"

    async def run() -> Any:
        retries = Retries(backoff=50.0)
        async with serving(service), AsyncPostman(KEY, base_url=service.url, retries=retries) as pm:
            async with pm.monitor_batch(["1-m"], journal=path):
                await asyncio.sleep(0.5)
            assert [next(iter(e)) for e in lines(path)] == ["journal", "started", "refused"]
            return await pm.run_monitors(["1-m"], journal=path, resume=True)

    (outcome,) = in_virtual_time(run)
    assert (outcome.status, model.triggers, len(model.ours)) == ("passed", 2, 1)


KILLED = """
import asyncio, sys
from postman_async import AsyncPostman

async def main(key, url, path, *uids):
    async with AsyncPostman(key, base_url=url) as pm:
        async for outcome in pm.stream_monitor_runs(uids, concurrency=4, journal=path):
            print(outcome.uid, flush=True)

asyncio.run(main(*sys.argv[1:]))
"""


def test_after_kill_9_no_completed_monitor_runs_again_and_the_report_is_whole(
    thread_emulator: PostmanEmulator, sync_pm: Postman, tmp_path: Path
) -> None:
    """Of 16 monitors of 0.3 s, some have ended, some are under way and some wait at the kill.

    One may have been noted but not sent yet: it has not begun, and is triggered again on demand.
    """
    path = tmp_path / "runs.jsonl"
    uids = [thread_emulator.add_monitor(f"m{n}", duration=0.3) for n in range(16)]
    for uid in uids:  # so that no schedule could have begun a run
        sync_pm.monitors.update(uid, active=False)
    arguments = [thread_emulator.api_key, thread_emulator.url, str(path), *uids]
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, *arguments], stdout=subprocess.PIPE, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        ended = [process.stdout.readline().decode().strip() for _ in range(6)]
        process.send_signal(signal.SIGKILL)
    known = [outcome.uid for outcome in read_journal(path)]
    assert set(ended) <= set(known)
    assert len(known) < 16
    report = sync_pm.run_monitors(uids, journal=path, resume=True, on_unknown="rerun")
    assert [o.uid for o in report] == uids
    assert {o.status for o in report} == {"passed"}
    ran = triggers(thread_emulator)
    assert sorted(ran) == sorted(uids)
    assert [o.uid for o in read_journal(path)][: len(known)] == known
