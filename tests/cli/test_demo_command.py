"""The demo tells the truth: its outcomes come from its scripts and its targets."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from postman_async import AsyncPostman
from postman_async.emulator import EmulatorError, PostmanEmulator
from postman_async.emulator.demo import load_demo

EXPECTED = {
    "Checkout, staging": ("failed", "the price carries the agreed tax"),
    "Catalogue, production AP": ("failed", "a page holds at most 20 products"),
    "Shipping, production EU": ("failed", "the carrier is under contract"),
    "Stock ledger, production US": ("failed", "the ledger is up"),
    "Accounts, old data centre": ("error", "ECONNREFUSED"),
    "Reports, staging": ("error", "TypeError"),
}


def demo(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the demo in a process of its own, as a log would see it."""
    return subprocess.run(
        [sys.executable, "-m", "postman_async.cli", "demo", *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=180,
        check=False,
        env={**os.environ, "PYTHONUTF8": "1", **environment},
    )


@pytest.fixture(scope="module")
def output() -> str:
    """What the demo prints."""
    result = demo("--concurrency", "26")
    assert result.returncode == 0, result.stderr
    assert "Traceback" not in result.stderr
    return result.stdout


def rows(output: str) -> dict[str, str]:
    """Read the table: the outcome of each monitor."""
    pattern = r"^(passed|failed|error) +\S+ +\S+ +[\d.]+ s  (.+)$"
    return {name: outcome for outcome, name in re.findall(pattern, output, re.MULTILINE)}


def test_the_table_shows_each_of_the_26_outcomes(output: str) -> None:
    table = rows(output)
    assert Counter(table.values()) == {"passed": 20, "failed": 4, "error": 2}
    unhappy = {name: outcome for name, outcome in table.items() if outcome != "passed"}
    assert unhappy == {name: outcome for name, (outcome, _) in EXPECTED.items()}
    assert "20 passed, 4 failed, 2 error" in output


@pytest.mark.parametrize("name", EXPECTED)
def test_below_a_monitor_that_did_not_pass_stands_why(output: str, name: str) -> None:
    below = output.partition("outcome  assertions")[2].partition(f"  {name}\n")[2]
    assert EXPECTED[name][1] in below.splitlines()[0]


def test_a_pipe_gets_plain_lines_without_escapes(output: str) -> None:
    assert "\x1b" not in output
    assert "[26/26]" in output


async def test_an_outcome_changes_with_the_script_and_with_the_setting() -> None:
    """The same monitor fails, passes once its script is content, and fails again after that."""
    async with PostmanEmulator() as emulator:
        await load_demo(emulator)
        async with AsyncPostman(api_key=emulator.api_key, base_url=emulator.url, strict=True) as pm:
            found = {monitor.name: monitor.uid async for monitor in pm.monitors.iter()}
            shipping = found["Shipping, production EU"]
            assert await outcomes(pm, shipping) == ["failed"]
            await change_script(pm, shipping, "oneOf(JSON.parse", "not.be.oneOf(JSON.parse")
            assert await outcomes(pm, shipping) == ["passed"]
            await change_setting(pm, shipping, "carrier", "bluebird")
            assert await outcomes(pm, shipping) == ["failed"]


async def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "croniter", None)
    async with PostmanEmulator() as emulator:
        with pytest.raises(EmulatorError, match=r"croniter: pip install .postman-async\[emulator"):
            await load_demo(emulator)


async def outcomes(pm: AsyncPostman, *uids: str) -> list[str]:
    """Run the monitors and return their statuses."""
    return [outcome.status for outcome in await pm.run_monitors(uids)]


async def change_script(pm: AsyncPostman, monitor_uid: str, old: str, new: str) -> None:
    """Replace a text in all scripts of the monitor's collection."""
    uid = (await pm.monitors.get(monitor_uid)).collection_uid
    raw = await pm.collections.with_raw_response.get(uid)
    document: Mapping[str, Any] = json.loads(raw.content)["collection"]
    await pm.collections.update(uid, collection=replaced(document, old, new))


def replaced(value: Any, old: str, new: str) -> Any:
    """Replace a text in every string of a document."""
    if isinstance(value, str):
        return value.replace(old, new)
    if isinstance(value, list):
        return [replaced(item, old, new) for item in value]
    if isinstance(value, dict):
        return {key: replaced(item, old, new) for key, item in value.items()}
    return value


async def change_setting(pm: AsyncPostman, monitor_uid: str, key: str, value: str) -> None:
    """Give a variable of the monitor's environment another value."""
    uid = (await pm.monitors.get(monitor_uid)).environment_uid
    assert uid is not None
    environment = await pm.environments.get(uid)
    for variable in environment.values:
        if variable.key == key:
            variable.value = value
    await pm.environments.update(uid, environment=environment)
