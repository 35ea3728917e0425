"""Put the engine's JavaScript and its npm packages into the user's cache, once."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import shutil
import signal
import stat
import sys
import tempfile
import time
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from platformdirs import user_cache_dir

from postman_async.emulator.exceptions import EngineUnavailable
from postman_async.emulator.runtime.environment import tool_environment
from postman_async.emulator.runtime.manifest import find_difference, write_manifest
from postman_async.emulator.runtime.node import Node

__all__ = ["CACHE_VARIABLE", "engine_directory", "install"]

CACHE_VARIABLE = "POSTMAN_ASYNC_CACHE"
"""The environment variable that names the cache folder to use instead of the user's."""

_SOURCES = Path(__file__).parent / "js"
_PARTIAL = ".partial-"
_STALE_SECONDS = 24 * 3600.0
_TAIL_LINES = 12
_NOT_THERE = "it is not there yet"
# One retry, soon: without a network npm would otherwise try for minutes.
_NPM_ARGUMENTS = (
    *("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"),
    *("--loglevel=error", "--fetch-retries=1", "--fetch-retry-mintimeout=1000"),
)


def engine_directory() -> Path:
    """Return where the engine is installed; another version of its files has another place."""
    digest = hashlib.sha256()
    for path in _source_files():
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    cache = os.environ.get(CACHE_VARIABLE) or user_cache_dir("postman-async", appauthor=False)
    return Path(cache).resolve() / f"engine-{digest.hexdigest()[:16]}"


async def install(node: Node, progress: Callable[[str], None]) -> Path:
    """Return the folder of the installed engine, after installing it if that was not done before.

    The packages are installed in a folder beside it, which takes the final name only when it is
    complete: of several installers one wins.  An installation that is there is compared with
    what was noted when it was made, and made anew if it is not the same.

    Raises `EngineUnavailable` with the last words of npm when it fails, or if the folder belongs
    to another user.
    """
    target = engine_directory()
    problem = await asyncio.to_thread(_problem, target)
    if problem is None:
        return target
    if node.npm is None:
        raise EngineUnavailable(
            f"The collection engine has to be installed in {target} ({problem}), and npm, which "
            'does it, was not found. Install npm, or run: pip install "postman-async[emulator]"'
        )
    started = time.monotonic()
    reason = "" if problem == _NOT_THERE else f": in {target}, {problem}"
    progress(f"Installing the collection engine (about 70 MB, once){reason} …")
    with _partial_folder(target) as partial:
        await _run_npm(node.npm, partial)
        await asyncio.to_thread(write_manifest, partial)
        await asyncio.to_thread(_publish, partial, target)
    progress(f"Installed the collection engine in {time.monotonic() - started:.0f} s")
    return target


def _problem(target: Path) -> str | None:
    """Return why an installation cannot be used as it is, or None.

    What others may have changed is nothing to run: a folder of another user is refused, and
    nobody else may write to one's own.
    """
    try:
        found = target.lstat()
    except OSError:  # or its parent is no folder: making it tells why
        return _NOT_THERE
    if not stat.S_ISDIR(found.st_mode):
        return "it is not a folder"
    if sys.platform != "win32":
        if found.st_uid != os.geteuid():
            raise EngineUnavailable(
                f"The collection engine in {target} belongs to another user, who could change "
                f"what runs here. Remove it, or name another folder in {CACHE_VARIABLE}."
            )
        target.chmod(0o700)
    return find_difference(target)


def _source_files() -> list[Path]:
    return sorted(path for path in _SOURCES.iterdir() if path.suffix in {".js", ".json"})


@contextmanager
def _partial_folder(target: Path) -> Iterator[Path]:
    """Make a folder beside `target` with the engine's own files; what is left of it goes away."""
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _remove_stale(target.parent)
        partial = Path(tempfile.mkdtemp(prefix=target.name + _PARTIAL, dir=target.parent))
    except OSError as error:
        raise EngineUnavailable(
            f"The collection engine cannot be installed in {target.parent}: {error}. "
            f"Name another folder in the environment variable {CACHE_VARIABLE}."
        ) from error
    try:
        for path in _source_files():
            shutil.copy(path, partial)
        yield partial
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _remove_stale(cache: Path) -> None:
    """Remove what installers that were killed left behind."""
    oldest = time.time() - _STALE_SECONDS
    for folder in cache.glob(f"engine-*{_PARTIAL}*"):
        with contextlib.suppress(OSError):
            if folder.stat().st_mtime < oldest:
                shutil.rmtree(folder, ignore_errors=True)


def _publish(partial: Path, target: Path) -> None:
    """Give the complete folder its name, unless another installer was faster."""
    problem = _problem(target)
    if problem is None:
        return
    if problem != _NOT_THERE:
        _remove(target)
    try:
        partial.rename(target)
    except OSError:
        if _problem(target) is not None:
            raise


def _remove(target: Path) -> None:
    """Remove what has the name of an installation and is none; its name is free at once."""
    aside = Path(tempfile.mkdtemp(prefix=target.name + _PARTIAL, dir=target.parent))
    with contextlib.suppress(FileNotFoundError):  # another installer was faster
        target.rename(aside / target.name)
    shutil.rmtree(aside, ignore_errors=True)


async def _run_npm(npm: tuple[str, ...], folder: Path) -> None:
    try:
        process = await asyncio.create_subprocess_exec(
            *npm,
            *_NPM_ARGUMENTS,
            cwd=folder,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=STDOUT,
            env=tool_environment(),
            start_new_session=True,
        )
    except OSError as error:
        raise _npm_failed(str(error)) from error
    try:
        output, _ = await process.communicate()
    except asyncio.CancelledError:
        _kill(process)
        await process.communicate()
        raise
    if process.returncode:
        lines = output.decode(errors="replace").strip().splitlines()
        raise _npm_failed("\n".join(lines[-_TAIL_LINES:]) or f"exit code {process.returncode}")


def _npm_failed(cause: str) -> EngineUnavailable:
    return EngineUnavailable(
        "The collection engine could not be installed: npm failed. It fetches packages from the "
        "npm registry once, so check the network, the proxy and npm's settings, then try again. "
        f"npm said:\n{cause}"
    )


def _kill(process: Process) -> None:
    """Kill npm and whatever it started."""
    with contextlib.suppress(ProcessLookupError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
