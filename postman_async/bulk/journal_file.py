"""The file of a journal: had by one process at a time, read line by line, and set aside when done.

A journal holds what the service answered, so only its owner may read it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path as FilePath
from typing import IO, Any, TypeAlias, TypeVar

from postman_async.errors import JournalError, PostmanError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

__all__ = ["Path", "applied", "cut_torn_line", "events", "open_alone", "set_aside"]

Path: TypeAlias = "str | os.PathLike[str]"
T = TypeVar("T")

_OWN = 0o600
_START = b'{"journal":'


def open_alone(path: Path, mode: int = _OWN, *, new: bool = False) -> IO[bytes]:
    """Open a file to read and append, and keep other processes out (except on Windows).

    Two that go on with one batch would run its monitors twice.

    Args:
        path: the file.
        mode: who may do what with a file that is made; one that is there keeps its own.
        new: there must be none.

    Raises:
        JournalError: another process has it.
        OSError: it cannot be opened.

    """
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
    try:
        number = os.open(path, flags | (os.O_EXCL if new else 0), mode & _OWN)
    except FileExistsError:
        raise _in_use(path) from None
    file = os.fdopen(number, "a+b")
    try:
        _lock(file, path)
    except BaseException:
        file.close()
        raise
    return file


def _lock(file: IO[bytes], path: Path) -> None:
    if fcntl is None:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.path.samestat(os.fstat(file.fileno()), os.stat(path)):
            raise _in_use(path)  # since it was opened, it was set aside
    except OSError:
        raise _in_use(path) from None


def _in_use(path: Path) -> JournalError:
    return JournalError(f"{path} is in use by another batch")


def set_aside(file: IO[bytes], path: Path, begun: str | None) -> FilePath:
    """Give the file of a finished batch a dated name, and return it.

    Args:
        file: the open file; it is closed.
        path: its name until now.
        begun: when its batch began, in ISO 8601; None takes the time of its last line.

    Raises:
        OSError: it cannot be renamed.

    """
    kept = _dated(FilePath(path), _moment(begun, file))
    if fcntl is None:  # an open file cannot be renamed on Windows
        file.close()
    os.rename(path, kept)
    file.close()
    return kept


def _moment(begun: str | None, file: IO[bytes]) -> datetime:
    with suppress(ValueError, OverflowError):
        if begun is not None:
            return datetime.fromisoformat(begun).astimezone(UTC)
    return datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)


def _dated(path: FilePath, moment: datetime) -> FilePath:
    """Find a name that no file has: ``runs.20260131-120000.jsonl``, or with a number behind."""
    stem = f"{path.stem}.{moment:%Y%m%d-%H%M%S}"
    kept, number = path.with_name(f"{stem}{path.suffix}"), 2
    while kept.exists():
        kept, number = path.with_name(f"{stem}-{number}{path.suffix}"), number + 1
    return kept


# -- lines -----------------------------------------------------------------------------------


def events(file: IO[bytes], path: Path) -> Iterator[tuple[dict[str, Any], int]]:
    """Yield each whole line and where it ends; a last line without its end is none.

    Raises:
        JournalError: a line is damaged.

    """
    end = 0
    for number, line in enumerate(file, 1):
        if not line.endswith(b"\n"):
            return
        end += len(line)
        try:
            event = _parsed(line)
        except (ValueError, RecursionError):
            event = None
        if not isinstance(event, dict):
            raise JournalError(f"{path}: line {number} is damaged")
        yield event, end


def _parsed(line: bytes) -> Any:
    """Parse a line; what nests deeply is parsed in a thread, whose stack is empty.

    It was written when the stack had room for it, which it may have no more for the reader.
    """
    try:
        return json.loads(line)
    except RecursionError:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(json.loads, line).result()


def cut_torn_line(file: IO[bytes], path: Path, length: int) -> None:
    """Cut off what follows the last whole line.

    Raises:
        JournalError: there is no line, and what there is did not begin as one of a journal.

    """
    file.seek(length)
    torn = file.read(len(_START))
    if length == 0 and not _START.startswith(torn):
        raise JournalError(f"{path} is no journal")
    file.truncate(length)


_SENSELESS = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)
"""What code raises that is given other data than it was written for."""


def applied(
    function: Callable[[Mapping[str, Any]], T], event: Mapping[str, Any], path: Path, number: int
) -> T:
    """Do something with an event; what it does not take is damage of the journal.

    Raises:
        JournalError: the event makes no sense.

    """
    try:
        return function(event)
    except (*_SENSELESS, PostmanError) as error:
        raise JournalError(f"{path}: line {number} makes no sense: {error}") from None
