"""Put the engine's JavaScript and its npm packages into the user's cache, once."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import shutil
import signal
import sys
import tempfile
import time
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from platformdirs import user_cache_dir

from postman_async.emulator.exceptions import EngineUnavailable
from postman_async.emulator.runtime.node import Node

__all__ = ["CACHE_VARIABLE", "engine_directory", "install"]

CACHE_VARIABLE = "POSTMAN_ASYNC_CACHE"
"""The environment variable that names the cache folder to use instead of the user's."""

_SOURCES = Path(__file__).parent / "js"
_PARTIAL = ".partial-"
_STALE_SECONDS = 24 * 3600.0
_TAIL_LINES = 12
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
    complete: whoever sees that name can use it, and of several installers one wins.

    Raises `EngineUnavailable` with the last words of npm when it fails.
    """
    target = engine_directory()
    if target.is_dir():
        return target
    if node.npm is None:
        raise EngineUnavailable(
            "The collection engine is not installed yet, and npm, which installs it, was not "
            'found. Install npm, or run: pip install "postman-async[emulator]"'
        )
    started = time.monotonic()
    progress("Installing the collection engine (about 70 MB, once) …")
    with _partial_folder(target) as partial:
        await _run_npm(node.npm, partial)
        _publish(partial, target)
    progress(f"Installed the collection engine in {time.monotonic() - started:.0f} s")
    return target


def _source_files() -> list[Path]:
    return sorted(path for path in _SOURCES.iterdir() if path.suffix in {".js", ".json"})


@contextmanager
def _partial_folder(target: Path) -> Iterator[Path]:
    """Make a folder beside `target` with the engine's own files; what is left of it goes away."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
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
    try:
        partial.rename(target)
    except OSError:
        if not target.is_dir():
            raise


async def _run_npm(npm: tuple[str, ...], folder: Path) -> None:
    try:
        process = await asyncio.create_subprocess_exec(
            *npm,
            *_NPM_ARGUMENTS,
            cwd=folder,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=STDOUT,
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
