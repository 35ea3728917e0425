"""The installation of the runtime's JavaScript and npm packages in the user's cache."""

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

__all__ = ["CACHE_VARIABLE", "install", "runtime_directory"]

CACHE_VARIABLE = "POSTMAN_ASYNC_CACHE"
"""The environment variable that names the cache folder to use instead of the user's."""

_SOURCES = Path(__file__).parent / "js"
_PARTIAL = ".partial-"
_STALE_SECONDS = 24 * 3600.0
_TAIL_LINES = 12
_MISSING = "it does not exist yet"
# One early retry: without a network npm would otherwise retry for minutes.
_NPM_ARGUMENTS = (
    *("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"),
    *("--loglevel=error", "--fetch-retries=1", "--fetch-retry-mintimeout=1000"),
)


def runtime_directory() -> Path:
    """Return the folder of the installation; its name contains a digest of the source files."""
    digest = hashlib.sha256()
    for path in _source_files():
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    cache = os.environ.get(CACHE_VARIABLE) or user_cache_dir("postman-async", appauthor=False)
    return Path(cache).resolve() / f"runtime-{digest.hexdigest()[:16]}"


async def install(node: Node, progress: Callable[[str], None]) -> Path:
    """Return the folder of the installation; install the runtime if necessary.

    The packages are installed in a temporary folder, which is renamed when it is complete: of
    several concurrent installers one wins.  An existing installation is compared with its
    manifest, and replaced if it differs.

    Args:
        node: the Node with the npm to use.
        progress: called with a line of text before and after an installation.

    Raises:
        EngineUnavailable: npm is missing or fails (the message has the end of its output), or the
            folder belongs to another user.
    """
    target = runtime_directory()
    problem = await asyncio.to_thread(_problem, target)
    if problem is None:
        return target
    if node.npm is None:
        raise EngineUnavailable(
            f"The collection runtime has to be installed in {target} ({problem}), and npm, which "
            'does it, was not found. Install npm, or run: pip install "postman-async[emulator]"'
        )
    started = time.monotonic()
    reason = "" if problem == _MISSING else f": in {target}, {problem}"
    progress(f"Installing the collection runtime (about 70 MB, once){reason} …")
    with _partial_folder(target) as partial:
        await _run_npm(node.npm, partial)
        await asyncio.to_thread(write_manifest, partial)
        await asyncio.to_thread(_publish, partial, target)
    progress(f"Installed the collection runtime in {time.monotonic() - started:.0f} s")
    return target


def _problem(target: Path) -> str | None:
    """Return why an installation cannot be used, or None.

    Other users must not be able to change the code that runs: a folder of another user is
    refused, and the mode of an own folder excludes others.
    """
    try:
        found = target.lstat()
    except OSError:  # also if the parent is not a folder: the installation reports that
        return _MISSING
    if not stat.S_ISDIR(found.st_mode):
        return "it is not a folder"
    if sys.platform != "win32":
        if found.st_uid != os.geteuid():
            raise EngineUnavailable(
                f"The collection runtime in {target} belongs to another user, who could change "
                f"the code. Remove it, or name another folder in {CACHE_VARIABLE}."
            )
        target.chmod(0o700)
    return find_difference(target)


def _source_files() -> list[Path]:
    return sorted(path for path in _SOURCES.iterdir() if path.suffix in {".js", ".json"})


@contextmanager
def _partial_folder(target: Path) -> Iterator[Path]:
    """Create a temporary folder beside `target` with the source files; remove it at the end."""
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _remove_stale(target.parent)
        partial = Path(tempfile.mkdtemp(prefix=target.name + _PARTIAL, dir=target.parent))
    except OSError as error:
        raise EngineUnavailable(
            f"The collection runtime cannot be installed in {target.parent}: {error}. "
            f"Name another folder in the environment variable {CACHE_VARIABLE}."
        ) from error
    try:
        for path in _source_files():
            shutil.copy(path, partial)
        yield partial
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _remove_stale(cache: Path) -> None:
    """Remove the old temporary folders of killed installers."""
    oldest = time.time() - _STALE_SECONDS
    for folder in cache.glob(f"runtime-*{_PARTIAL}*"):
        with contextlib.suppress(OSError):
            if folder.stat().st_mtime < oldest:
                shutil.rmtree(folder, ignore_errors=True)


def _publish(partial: Path, target: Path) -> None:
    """Rename the complete folder, unless another installer was faster."""
    problem = _problem(target)
    if problem is None:
        return
    if problem != _MISSING:
        _remove(target)
    try:
        partial.rename(target)
    except OSError:
        if _problem(target) is not None:
            raise


def _remove(target: Path) -> None:
    """Remove an invalid installation; its name is available at once."""
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
        "The collection runtime could not be installed: npm failed. It fetches packages from the "
        "npm registry once, so check the network, the proxy and npm's settings, then try again. "
        f"npm said:\n{cause}"
    )


def _kill(process: Process) -> None:
    """Kill npm and its child processes."""
    with contextlib.suppress(ProcessLookupError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
