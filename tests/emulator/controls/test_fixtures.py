"""The pytest plugin as other projects meet it: found by itself, light, and clean between tests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ASYNCHRONOUS = """
from postman_async import AsyncPostman

async def test_gate(postman_emulator):
    uid = postman_emulator.add_monitor("checkout", outcome="failed")
    async with AsyncPostman(**postman_emulator.client_options) as pm:
        assert (await pm.monitors.run(uid)).info.status == "failed"

async def test_another_one_is_empty(postman_emulator):
    async with AsyncPostman(**postman_emulator.client_options) as pm:
        assert len(await pm.monitors.list()) == 0
"""
STRICT = """
import pytest
pytestmark = pytest.mark.asyncio
"""
SYNCHRONOUS = """
import pytest
from postman_async import Postman
from postman_async.emulator.controls.faults import status

seen = []

def test_sync(sync_postman_emulator):
    with Postman(**sync_postman_emulator.client_options) as pm:
        assert pm.users.me().user.username

@pytest.mark.parametrize("turn", [1, 2])
def test_session(session_postman_emulator, turn):
    emulator = session_postman_emulator
    seen.append((emulator.url, emulator.api_key))
    assert len(set(seen)) == 1
    assert emulator.faults.all_met and len(emulator.requests) == 0
    with Postman(**emulator.client_options) as pm:
        assert len(pm.monitors.list()) == 0
    emulator.add_monitor("left behind")
    emulator.faults.on("*", status(500))
    emulator.clock.freeze()
"""


def run_pytest(folder: Path, code: str, *options: str, settings: str = "") -> str:
    """Run a project of one test file, and return what pytest said."""
    (folder / "test_it.py").write_text(code)
    (folder / "pytest.ini").write_text(f"[pytest]\nfilterwarnings = error\n{settings}")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    ("code", "mode"), [(ASYNCHRONOUS, "auto"), (STRICT + ASYNCHRONOUS, "strict")]
)
def test_the_asynchronous_fixture_is_found_in_both_modes(
    tmp_path: Path, code: str, mode: str
) -> None:
    settings = f"asyncio_mode = {mode}\nasyncio_default_fixture_loop_scope = function\n"
    assert "2 passed" in run_pytest(tmp_path, code, settings=settings)


def test_the_fixtures_for_synchronous_tests_need_no_other_plugin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The emulator of the session is as new for each test, whatever the one before did."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    alone = ("-p", "postman_async.emulator.controls.pytest_plugin")
    assert "3 passed" in run_pytest(tmp_path, SYNCHRONOUS, *alone)


def test_the_plugin_costs_a_pytest_session_nothing_that_is_heavy() -> None:
    code = "import sys, pytest, pytest_asyncio; before = set(sys.modules);"
    code += "import postman_async.emulator.controls.pytest_plugin;"
    code += "print(sorted(set(sys.modules) - before))"
    command = [sys.executable, "-c", code]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert loaded == str(
        [
            "postman_async",
            "postman_async.emulator",
            "postman_async.emulator.controls",
            "postman_async.emulator.controls.pytest_plugin",
        ]
    )
