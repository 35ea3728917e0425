"""``postman-async emulator``: the emulator on its own, until somebody ends it."""

from __future__ import annotations

import asyncio
import errno
import os
import secrets
import shlex
import signal
import sys
import warnings
from datetime import datetime
from pathlib import Path

from attrs import frozen

from postman_async.cli.errors import UsageError
from postman_async.emulator import EmulatorError, Limits, PostmanEmulator
from postman_async.emulator.demo import load_demo
from postman_async.emulator.routes import coverage

__all__ = ["Settings", "serve", "show_coverage"]


@frozen(kw_only=True)
class Settings:
    """What the command line asks for.

    Args:
        host: the address to listen on.
        port: the port to listen on; 0 takes a free one.
        db: the file to keep everything in, or None for memory.
        api_key_file: the file with the key to accept, or None for a new key.
        files: documents to load.
        demo: whether to load the demo workspace too.
        limits: whether to hold the service's limits.
        seed: makes the ids the same each time.
        clock: the moment at which time stands still.
        tls: the file for the certificate to trust, or None for plain http.

    """

    host: str
    port: int
    db: Path | None
    api_key_file: Path | None
    files: list[Path]
    demo: bool
    limits: bool
    seed: int | None
    clock: datetime | None
    tls: Path | None


async def serve(settings: Settings) -> None:
    """Run the emulator until SIGINT or SIGTERM, then close everything it opened.

    Raises:
        UsageError: a file cannot be read.
        EmulatorError: the emulator cannot be started, or a file is not what it can load.
        OSError: the port cannot be had.

    """
    ended = _end_by_signal()
    _check(settings.files)
    emulator = _emulator(settings)
    try:
        await _start(emulator, settings)
        await _fill(emulator, settings)
        _announce(emulator, settings)
        await ended.wait()
    finally:
        await emulator.close()
    _say("stopped")


def show_coverage() -> None:
    """Print each operation of the specification, and whether the emulator answers it."""
    answered = coverage()
    lines = [f"{name:<40}{'yes' if there else 'no'}" for name, there in answered.items()]
    lines.append(f"{sum(answered.values())} of {len(answered)}")
    sys.stdout.write("\n".join(lines) + "\n")


def _emulator(settings: Settings) -> PostmanEmulator:
    with warnings.catch_warnings(record=True) as noticed:
        warnings.simplefilter("always")
        emulator = _made(settings)
    for each in noticed:
        _say(f"warning: {each.message}")
    if settings.clock is not None:
        emulator.clock.freeze(settings.clock)
    return emulator


def _made(settings: Settings) -> PostmanEmulator:
    try:
        return PostmanEmulator(
            host=settings.host,
            port=settings.port,
            db=str(settings.db or ":memory:"),
            api_key=_key(settings.api_key_file),
            progress=_say,
            seed=settings.seed,
            limits=Limits() if settings.limits else None,
            tls=settings.tls is not None,
        )
    except EmulatorError as error:
        raise UsageError(f"{error} (--api-key-file)") from None


def _end_by_signal() -> asyncio.Event:
    """Return an event that the usual signals set, so that ending is no accident but a step."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(name, ended.set)
        except NotImplementedError:  # Windows: Ctrl-C is a KeyboardInterrupt there
            break
    return ended


def _check(files: list[Path]) -> None:
    """Look at the files before anything is started."""
    for file in files:
        try:
            with file.open("rb"):
                pass
        except OSError as error:
            raise UsageError(f"cannot read {file}: {error.strerror}") from None


def _key(file: Path | None) -> str | None:
    """Read the key from its file, which is made, for this user only, when it is not there."""
    if file is None:
        return None
    try:
        if not file.exists():
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(descriptor, "w", encoding="utf-8") as made:
                made.write(f"PMAK-{secrets.token_hex(12)}-{secrets.token_hex(17)}\n")
        key = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeError) as error:
        raise UsageError(f"cannot use the key file {file}: {error}") from None
    if not key:
        raise UsageError(f"the key file {file} is empty")
    return key


async def _start(emulator: PostmanEmulator, settings: Settings) -> None:
    try:
        await emulator.start()
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise EmulatorError(
            f"port {settings.port} of {settings.host} is in use; choose another one with --port"
        ) from None
    if settings.tls is not None:
        _write(settings.tls, emulator.ca_certificate)


def _write(file: Path, content: bytes) -> None:
    try:
        file.write_bytes(content)
    except OSError as error:
        raise UsageError(f"cannot write {file}: {error.strerror}") from None


async def _fill(emulator: PostmanEmulator, settings: Settings) -> None:
    for file in settings.files:
        _load(emulator, file)
    if settings.demo:
        monitors = await load_demo(emulator)
        _say(f"loaded the demo workspace with {len(monitors)} monitors")


def _load(emulator: PostmanEmulator, file: Path) -> None:
    try:
        emulator.load(file)
    except (EmulatorError, OSError, ValueError) as error:
        raise UsageError(f"cannot load {file}: {error}") from None
    _say(f"loaded {file}")


def _announce(emulator: PostmanEmulator, settings: Settings) -> None:
    """Print what a client needs.  A key out of a file stays there: it may be a real one."""
    file, tls = settings.api_key_file, settings.tls
    key = emulator.api_key if file is None else f'"$(cat {shlex.quote(str(file))})"'
    trust = "" if tls is None else f" SSL_CERT_FILE={shlex.quote(str(tls.resolve()))}"
    lines = [
        f"Postman API emulator: {emulator.url}",
        f"key: {key if file is None else f'the one in {file}'}",
        f"export POSTMAN_BASE_URL={emulator.url} POSTMAN_API_KEY={key}{trust}",
        "Ctrl-C ends it.",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _say(message: str) -> None:
    sys.stderr.write(f"{message}\n")
    sys.stderr.flush()
