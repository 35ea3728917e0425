"""A batch has what it needs before its first trigger, and no more under way than files allow."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from postman_async import AsyncPostman, Postman
from postman_async.bulk import resources
from postman_async.emulator import PostmanEmulator
from postman_async.emulator.controls import faults
from tests.cli.kit import COMMAND, environment

ROOT = Path(__file__).parents[2]

MODULES = """
import asyncio, sys
from postman_async import AsyncPostman
from postman_async.bulk.runner import Runner

loaded, sending = set(), Runner.sending

def noted(runner):
    loaded.update(() if loaded else sys.modules)
    sending(runner)

async def main(key, url, journal, *uids):
    Runner.sending = noted
    async with AsyncPostman(key, base_url=url) as pm:
        await pm.run_monitors(uids, journal=journal, retries=2)
    print(sorted(set(sys.modules) - loaded))

asyncio.run(main(*sys.argv[1:]))
"""


def python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
        check=False,
    )


def test_no_module_is_loaded_after_the_first_trigger(
    thread_emulator: PostmanEmulator, sync_pm: Postman, tmp_path: Path
) -> None:
    """Whatever the answers are; loading one would need a file when there may be none left."""
    uids = [thread_emulator.add_monitor(f"m{n}") for n in range(6)]
    met = [faults.hang_up("done"), faults.status(429), faults.cut_body(), faults.bad_json("<html>")]
    thread_emulator.faults.on("monitors.run", [*met, faults.accepted()])
    url = thread_emulator.url.replace("127.0.0.1", "localhost")
    ended = python(MODULES, thread_emulator.api_key, url, str(tmp_path / "j"), *uids, "1-none")
    assert (ended.stdout, ended.stderr) == ("[]\n", "")


LIMITED = """
import asyncio, resource, sys
from postman_async import AsyncPostman

async def main(key, url, journal, *uids):
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
    async with AsyncPostman(key, base_url=url) as pm:
        report = await pm.run_monitors(uids, concurrency=250, journal=journal)
    print(dict(report.counts))

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="has no limit of open files")
def test_250_monitors_at_once_run_where_256_files_may_be_open(
    thread_emulator: PostmanEmulator, tmp_path: Path
) -> None:
    """Fewer are under way, and a warning says so."""
    uids = [thread_emulator.add_monitor(f"m{n}", duration=0.3) for n in range(250)]
    key, url = thread_emulator.api_key, thread_emulator.url
    ended = python(LIMITED, key, url, str(tmp_path / "j"), *uids)
    assert ended.stdout == "{'passed': 250}\n", ended.stderr
    assert "instead of 250: this process may have 256 files open (ulimit -n)" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell with ulimit")
def test_the_command_says_that_fewer_run_at_once(thread_emulator: PostmanEmulator) -> None:
    uids = [thread_emulator.add_monitor(f"m{n}", duration=0.1) for n in range(130)]
    ended = subprocess.run(
        ["sh", "-c", 'ulimit -n 128; exec "$@"', "sh", *COMMAND, "run", "-c", "120", *uids],
        capture_output=True,
        text=True,
        env=environment(thread_emulator),
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    (line,) = ended.stderr.splitlines()
    assert line.startswith("postman-async: concurrency is ")
    assert "instead of 120: this process may have 128 files open" in line


@pytest.mark.parametrize(
    ("limit", "used", "asked", "bound"),
    [(256, 20, 250, 204), (256, 20, 204, 204), (256, 250, 5, 1), (2**31, 20, 9999, 9999)],
)
def test_the_files_that_are_left_bound_the_concurrency(
    limit: int,
    used: int,
    asked: int,
    bound: int,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(resources, "_limit", lambda: limit)
    monkeypatch.setattr(resources, "_open_files", lambda: used)
    with caplog.at_level(logging.WARNING, "postman_async"):
        assert resources.limit_concurrency(asked) == bound
    assert bool(caplog.records) == (bound != asked)


async def test_no_more_are_under_way_than_that(
    local_emulator: PostmanEmulator, pm: AsyncPostman, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("postman_async.bulk.batch.limit_concurrency", lambda _: 2)
    uids = [local_emulator.add_monitor(f"m{n}") for n in range(6)]
    async with pm.monitor_batch(uids, concurrency=6) as batch:
        most = [batch.progress.running + batch.progress.waiting async for _ in batch]
    assert max(most) <= 2
