"""The same test gives the same ids and times each time: seeds, the clock, snapshots, reset."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from postman_async import AsyncPostman, Postman
from postman_async.emulator import EmulatorError, PostmanEmulator
from postman_async.emulator.controls.faults import stall
from postman_async.emulator.state.clock import Clock

NOON = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
COLLECTION = {"info": {"name": "Shop"}, "item": [{"name": "Get", "request": "https://x.invalid"}]}


async def scene(emulator: PostmanEmulator) -> list[str]:
    """Make one thing of each kind, run a monitor, and return all ids that came of it."""
    uid = emulator.add_monitor("checkout")
    loaded = emulator.load({"collections": [COLLECTION], "environments": [{"name": "e"}]})
    async with AsyncPostman(**emulator.client_options) as pm:
        run = await pm.monitors.run(uid)
        made = await pm.workspaces.create(name="Team", type="team")
        collection = await pm.collections.get(loaded[0])
    assert collection.item
    return [uid, *loaded, str(run.info.job_id), made.id, str(collection.item[0].id)]


# -- ids ----------------------------------------------------------------------------------------


async def test_the_same_seed_gives_the_same_ids_in_emulators_side_by_side() -> None:
    async with (
        PostmanEmulator(seed=7) as first,
        PostmanEmulator(seed=7) as second,
        PostmanEmulator(seed=8) as third,
        PostmanEmulator() as fourth,
    ):
        emulators = (first, second, third, fourth)
        ids = await asyncio.gather(*(scene(emulator) for emulator in emulators))
    assert ids[0] == ids[1]
    assert len({tuple(each) for each in ids}) == 3
    assert len(set(ids[0])) == len(ids[0])


async def test_a_reset_begins_the_ids_of_a_seed_anew() -> None:
    async with PostmanEmulator(seed=7) as emulator:
        workspace, first = emulator.default_workspace, await scene(emulator)
        emulator.reset()
        assert (emulator.default_workspace, await scene(emulator)) == (workspace, first)
        emulator.seed(9)
        emulator.reset()
        assert await scene(emulator) != first
        emulator.seed(7)
        emulator.reset()
        assert await scene(emulator) == first


async def test_a_seed_gives_no_id_twice_after_a_restart(tmp_path: Path) -> None:
    """The place in the sequence of ids is in the file, too."""
    file = str(tmp_path / "emulator.db")
    seen: list[str] = []
    for _ in range(3):
        async with PostmanEmulator(seed=7, db=file) as emulator:
            seen += await scene(emulator)
    assert len(set(seen)) == len(seen)


# -- snapshots ----------------------------------------------------------------------------------


async def names(emulator: PostmanEmulator) -> list[str]:
    async with AsyncPostman(**emulator.client_options) as pm:
        return [monitor.name async for monitor in pm.monitors.iter()]


@pytest.mark.parametrize("kept", ["in memory", "in a file"])
async def test_a_snapshot_brings_everything_back(tmp_path: Path, kept: str) -> None:
    db = ":memory:" if kept == "in memory" else str(tmp_path / "emulator.db")
    async with PostmanEmulator(seed=7, db=db) as emulator:
        workspace, uid = emulator.default_workspace, emulator.add_monitor("checkout")
        snapshot = emulator.snapshot()
        later = [emulator.add_monitor(f"later {n}") for n in range(3)]
        emulator.restore(snapshot)
        assert await names(emulator) == ["checkout"]
        assert emulator.default_workspace == workspace
        assert [emulator.add_monitor(f"later {n}") for n in range(3)] == later
        emulator.reset()
        emulator.restore(snapshot)
        async with AsyncPostman(**emulator.client_options) as pm:
            assert (await pm.monitors.run(uid)).info.status == "success"
    if kept == "in a file":
        async with PostmanEmulator(db=db) as emulator:
            assert await names(emulator) == ["checkout"]


async def test_a_snapshot_can_be_taken_over_by_another_emulator(
    postman_emulator: PostmanEmulator,
) -> None:
    postman_emulator.add_monitor("checkout")
    async with PostmanEmulator() as other:
        other.add_monitor("gone")
        other.restore(postman_emulator.snapshot())
        assert await names(other) == ["checkout"]


async def test_a_run_under_way_is_aborted_by_a_restore(postman_emulator: PostmanEmulator) -> None:
    uid = postman_emulator.add_monitor("endless", duration=3600)
    async with AsyncPostman(**postman_emulator.client_options) as pm:
        await pm.monitors.run(uid, run_async=True)
        postman_emulator.restore(postman_emulator.snapshot())
        last = (await pm.monitors.get(uid)).last_run
    assert last is not None
    assert last.status == "aborted"


async def test_a_run_that_a_restore_aborts_is_none_of_the_snapshots(
    postman_emulator: PostmanEmulator,
) -> None:
    """Though it may have the number of one that the snapshot holds."""
    uid = postman_emulator.add_monitor("checkout")
    empty = postman_emulator.snapshot()
    async with AsyncPostman(**postman_emulator.client_options) as pm:
        job = (await pm.monitors.run(uid)).info.job_id
        full = postman_emulator.snapshot()
        postman_emulator.restore(empty)
        postman_emulator.script_run(uid, duration=3600)
        await pm.monitors.run(uid, run_async=True)
        postman_emulator.restore(full)
        last = (await pm.monitors.get(uid)).last_run
    assert last is not None
    assert (last.job_id, last.status) == (job, "success")


@pytest.mark.parametrize("wrong", [b"", b"nonsense", b"SQLite format 3\0" + b"\0" * 4080])
async def test_what_is_no_snapshot_is_refused_and_changes_nothing(
    postman_emulator: PostmanEmulator, wrong: bytes
) -> None:
    postman_emulator.add_monitor("checkout")
    with pytest.raises(EmulatorError, match="not a snapshot"):
        postman_emulator.restore(wrong)
    assert await names(postman_emulator) == ["checkout"]


# -- the clock ----------------------------------------------------------------------------------


async def test_a_frozen_clock_is_in_every_time_stamp(postman_emulator: PostmanEmulator) -> None:
    postman_emulator.clock.freeze(NOON)
    uid = postman_emulator.add_monitor("checkout")
    async with AsyncPostman(**postman_emulator.client_options) as pm:
        made = await pm.environments.create(name="e")
        shown = await pm.environments.get(made.uid)
        postman_emulator.clock.advance(90)
        run = await pm.monitors.run(uid)
        monitor = await pm.monitors.get(uid)
    assert shown.created_at == "2026-03-01T12:00:00.000Z"
    assert run.info.started_at == run.info.finished_at == "2026-03-01T12:01:30.000Z"
    assert monitor.schedule is not None
    assert monitor.schedule.next_run == "2026-03-02T00:00:00.000Z"


async def test_runs_end_when_their_time_is_made_to_pass(postman_emulator: PostmanEmulator) -> None:
    """An hour's run, in no time; its stamps are an hour apart."""
    uid = postman_emulator.add_monitor("long", duration=290)
    postman_emulator.clock.freeze(NOON)
    async with AsyncPostman(**postman_emulator.client_options) as pm:
        running = asyncio.create_task(pm.monitors.run(uid))
        while not postman_emulator.requests.count("monitors.run"):
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.01)
        assert not running.done()
        postman_emulator.clock.advance(290)
        run = await running
    assert run.info.started_at == "2026-03-01T12:00:00.000Z"
    assert run.info.finished_at == "2026-03-01T12:04:50.000Z"


async def test_a_run_over_300_s_is_let_go_when_they_have_passed(
    postman_emulator: PostmanEmulator,
) -> None:
    uid = postman_emulator.add_monitor("long", duration=3600)
    async with AsyncPostman(**postman_emulator.client_options) as pm:
        running = asyncio.create_task(pm.monitors.with_raw_response.run(uid))
        while not postman_emulator.requests.count("monitors.run"):
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.01)
        postman_emulator.clock.advance(300)
        assert (await running).status == 202


async def test_a_stall_is_over_when_its_time_has_passed(postman_emulator: PostmanEmulator) -> None:
    postman_emulator.faults.on("users.me", stall(3600))
    async with AsyncPostman(**postman_emulator.client_options) as pm:
        asking = asyncio.create_task(pm.users.me())
        while not postman_emulator.requests.count("users.me"):
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.01)
        postman_emulator.clock.set(datetime.now(UTC) + timedelta(hours=2))
        assert (await asking).user.username


def test_the_clock_can_be_moved_from_another_thread(
    sync_postman_emulator: PostmanEmulator,
) -> None:
    uid = sync_postman_emulator.add_monitor("long", duration=200)
    seen: list[str] = []

    def run() -> None:
        with Postman(**sync_postman_emulator.client_options) as pm:
            seen.append(str(pm.monitors.run(uid).info.status))

    thread = threading.Thread(target=run)
    thread.start()
    while thread.is_alive():
        sync_postman_emulator.clock.advance(10)
        thread.join(0.01)
    assert seen == ["success"]


def test_a_clock_passes_until_it_is_frozen_and_goes_on_from_there() -> None:
    clock = Clock()
    clock.freeze(NOON)
    assert (clock.frozen, clock.now(), clock.time()) == (True, NOON, clock.time())
    clock.advance(5)
    assert clock.now() == NOON + timedelta(seconds=5)
    before = clock.time()
    clock.resume()
    assert not clock.frozen
    assert clock.now() > NOON + timedelta(seconds=5)
    assert before < clock.time() < before + 60
    clock.set(NOON)
    assert NOON < clock.now() < NOON + timedelta(seconds=60)
    clock.reset()
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=60)


def test_going_back_changes_the_stamps_and_not_the_order_of_things() -> None:
    clock = Clock()
    before = clock.time()
    clock.set(NOON - timedelta(days=10_000))
    assert clock.now() < NOON
    assert clock.time() >= before


def test_what_is_no_time_is_refused() -> None:
    clock = Clock()
    with pytest.raises(EmulatorError, match="time zone"):
        clock.set(datetime(2026, 3, 1))
    for wrong in (-1, float("nan"), float("inf")):
        with pytest.raises(EmulatorError, match="advances"):
            clock.advance(wrong)
