"""The emulator as a process of its own, until a signal ends it."""

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

__all__ = ["Settings", "print_coverage", "serve"]


@frozen(kw_only=True)
class Settings:
    """The options of the command line.

    Attributes:
        host: the address to listen on.
        port: the port to listen on; 0 takes a free one.
        db: the file to keep everything in, or None for memory.
        api_key_file: the file with the key to accept, or None for a new key.
        files: the documents to load.
        demo: whether to load the demo workspace too.
        limits: whether to enforce the service's limits.
        seed: the seed of the ids, or None for random ones.
        clock: the moment at which the clock stops, or None.
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
        EmulatorError: the emulator cannot be started, or a file cannot be loaded.
        OSError: the port cannot be opened.

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
    _print_message("stopped")


def print_coverage() -> None:
    """Print each operation of the specification, and whether the emulator answers it."""
    answered = coverage()
    lines = [f"{name:<40}{'yes' if there else 'no'}" for name, there in answered.items()]
    lines.append(f"{sum(answered.values())} of {len(answered)}")
    sys.stdout.write("\n".join(lines) + "\n")


def _emulator(settings: Settings) -> PostmanEmulator:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        emulator = _create(settings)
    for warning in caught:
        _print_message(f"warning: {warning.message}")
    if settings.clock is not None:
        emulator.clock.freeze(settings.clock)
    return emulator


def _create(settings: Settings) -> PostmanEmulator:
    try:
        return PostmanEmulator(
            host=settings.host,
            port=settings.port,
            db=str(settings.db or ":memory:"),
            api_key=_key(settings.api_key_file),
            progress=_print_message,
            seed=settings.seed,
            limits=Limits() if settings.limits else None,
            tls=settings.tls is not None,
        )
    except EmulatorError as error:
        raise UsageError(f"{error} (--api-key-file)") from None


def _end_by_signal() -> asyncio.Event:
    """Return an event that SIGINT and SIGTERM set, so that the emulator is closed in order."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(name, ended.set)
        except NotImplementedError:  # Windows: Ctrl-C is a KeyboardInterrupt there
            break
    return ended


def _check(files: list[Path]) -> None:
    """Refuse files that cannot be read before anything is started."""
    for file in files:
        try:
            with file.open("rb"):
                pass
        except OSError as error:
            raise UsageError(f"cannot read {file}: {error.strerror}") from None


def _key(file: Path | None) -> str | None:
    """Read the key from its file; a missing file is made, with a new key, for this user only."""
    if file is None:
        return None
    try:
        if not file.exists():
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(descriptor, "w", encoding="utf-8") as stream:
                stream.write(f"PMAK-{secrets.token_hex(12)}-{secrets.token_hex(17)}\n")
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
        _print_message(f"loaded the demo workspace with {len(monitors)} monitors")


def _load(emulator: PostmanEmulator, file: Path) -> None:
    try:
        emulator.load(file)
    except (EmulatorError, OSError, ValueError) as error:
        raise UsageError(f"cannot load {file}: {error}") from None
    _print_message(f"loaded {file}")


def _announce(emulator: PostmanEmulator, settings: Settings) -> None:
    """Print what a client needs, but no key that was read from a file: it may be a real one."""
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


def _print_message(message: str) -> None:
    sys.stderr.write(f"{message}\n")
    sys.stderr.flush()
