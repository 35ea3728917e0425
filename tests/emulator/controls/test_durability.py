"""With a file, what was answered with success is there after the process was killed."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from postman_async import AsyncPostman, PostmanError
from postman_async.emulator import PostmanEmulator

KEY = "PMAK-durable"
SERVER = """
import asyncio, sys
from postman_async.emulator import PostmanEmulator

async def main():
    async with PostmanEmulator(db=sys.argv[1], api_key=sys.argv[2]) as emulator:
        print(emulator.url, emulator.add_monitor("quick"),
              emulator.add_monitor("endless", duration=3600), flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""
ENOUGH = 60
"""So many answers, and then the process is killed, in the middle of further ones."""


@contextmanager
def server(file: Path) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """An emulator in a process of its own: the process, its URL and two monitors."""
    command = [sys.executable, "-c", SERVER, str(file), KEY]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline().split()
        finally:
            process.kill()


async def write_until_killed(process: subprocess.Popen[str], url: str, quick: str) -> set[str]:
    """Make environments and runs until the process is gone; return what was answered."""
    answered: set[str] = set()

    async def write(pm: AsyncPostman, number: int) -> None:
        while True:
            made = await pm.environments.create(name=f"writer {number}")
            answered.add(made.uid)
            run = await pm.monitors.run(quick)
            answered.add(str(run.info.name))
            if len(answered) >= ENOUGH:
                process.send_signal(signal.SIGKILL)

    async with AsyncPostman(KEY, base_url=url, retries=1) as pm:
        writers = [asyncio.create_task(write(pm, number)) for number in range(8)]
        ends = await asyncio.gather(*writers, return_exceptions=True)
    assert all(isinstance(end, PostmanError) for end in ends)
    return answered


async def test_what_was_answered_is_there_after_a_kill(tmp_path: Path) -> None:
    file = tmp_path / "emulator.db"
    with server(file) as (process, (url, quick, endless)):
        async with AsyncPostman(KEY, base_url=url) as pm:
            await pm.monitors.run(endless, run_async=True)
        answered = await write_until_killed(process, url, quick)
        assert process.wait(10) == -signal.SIGKILL
    assert len(answered) >= ENOUGH
    async with (
        PostmanEmulator(db=str(file), api_key=KEY) as emulator,
        AsyncPostman(**emulator.client_options) as pm,
    ):
        kept = {environment.uid for environment in await pm.environments.list()}
        last = (await pm.monitors.run(quick)).info.name
        cut = (await pm.monitors.get(endless)).last_run
    runs = {f"quick #{number}" for number in range(1, int(str(last).partition("#")[2]))}
    assert answered <= kept | runs
    assert cut is not None
    assert cut.status == "aborted"


@pytest.mark.skipif(sys.platform == "win32", reason="modes of files are POSIX's")
async def test_the_file_and_those_beside_it_are_for_this_user_only(tmp_path: Path) -> None:
    """They were readable by all: everything stored, secrets included."""
    before = os.umask(0)
    try:
        async with PostmanEmulator(db=str(tmp_path / "state.db")) as emulator:
            emulator.load({"name": "Staging", "values": []})
            modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(["state.db", "state.db-wal", "state.db-shm"], 0o600)


@pytest.mark.skipif(sys.platform == "win32", reason="modes of files are POSIX's")
async def test_the_rights_of_a_file_that_is_there_stay(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    file.touch(0o640)
    file.chmod(0o640)
    async with PostmanEmulator(db=str(file)):
        assert file.stat().st_mode & 0o777 == 0o640
