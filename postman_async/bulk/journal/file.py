"""The file of a journal: locked by one process at a time, read by lines, archived when finished.

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

__all__ = ["Path", "archive", "open_locked", "read_events", "truncate_torn_line", "use_event"]

Path: TypeAlias = "str | os.PathLike[str]"
T = TypeVar("T")

_OWNER_ONLY = 0o600
_START = b'{"journal":'


def open_locked(path: Path, mode: int = _OWNER_ONLY, *, new: bool = False) -> IO[bytes]:
    """Open a file to read and append, and lock it against other processes (except on Windows).

    Two processes that resume one batch would run its monitors twice.

    Args:
        path: the file.
        mode: the permissions of a file that is made; an existing one keeps its own.
        new: the file must not exist.

    Raises:
        JournalError: another process has locked it.
        OSError: it cannot be opened.

    """
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
    try:
        number = os.open(path, flags | (os.O_EXCL if new else 0), mode & _OWNER_ONLY)
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
            raise _in_use(path)  # it was archived after it was opened
    except OSError:
        raise _in_use(path) from None


def _in_use(path: Path) -> JournalError:
    return JournalError(f"{path} is in use by another batch")


def archive(file: IO[bytes], path: Path, started: str | None) -> FilePath:
    """Rename the file of a finished batch after its date.

    Args:
        file: the open file; it is closed.
        path: its name until now.
        started: when its batch started, in ISO 8601; None takes the time of its last line.

    Returns:
        The new name.

    Raises:
        OSError: it cannot be renamed.

    """
    archived = _dated_name(FilePath(path), _date(started, file))
    if fcntl is None:  # an open file cannot be renamed on Windows
        file.close()
    os.rename(path, archived)
    file.close()
    return archived


def _date(started: str | None, file: IO[bytes]) -> datetime:
    with suppress(ValueError, OverflowError):
        if started is not None:
            return datetime.fromisoformat(started).astimezone(UTC)
    return datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)


def _dated_name(path: FilePath, date: datetime) -> FilePath:
    """Return a name that no file has: ``runs.20260131-120000.jsonl``, or ``…-120000-2.jsonl``."""
    stem = f"{path.stem}.{date:%Y%m%d-%H%M%S}"
    name, number = path.with_name(f"{stem}{path.suffix}"), 2
    while name.exists():
        name, number = path.with_name(f"{stem}-{number}{path.suffix}"), number + 1
    return name


# -- lines -----------------------------------------------------------------------------------


def read_events(file: IO[bytes], path: Path) -> Iterator[tuple[dict[str, Any], int]]:
    """Yield the event of each whole line, and the offset of the line's end in bytes.

    A last line without a newline was torn, and is not read.

    Raises:
        JournalError: a line is damaged.

    """
    end = 0
    for number, line in enumerate(file, 1):
        if not line.endswith(b"\n"):
            return
        end += len(line)
        try:
            event = _parse(line)
        except (ValueError, RecursionError):
            event = None
        if not isinstance(event, dict):
            raise JournalError(f"{path}: line {number} is damaged")
        yield event, end


def _parse(line: bytes) -> Any:
    """Parse a line; a deeply nested one is parsed in a thread, whose stack is empty.

    The stack had room for it when it was written, which the reader's may not have.
    """
    try:
        return json.loads(line)
    except RecursionError:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(json.loads, line).result()


def truncate_torn_line(file: IO[bytes], path: Path, length: int) -> None:
    """Remove what follows the last whole line.

    Args:
        file: the open file.
        path: its name.
        length: the offset of the end of the last whole line, in bytes.

    Raises:
        JournalError: there is no whole line, and the file does not start as a journal does.

    """
    file.seek(length)
    torn = file.read(len(_START))
    if length == 0 and not _START.startswith(torn):
        raise JournalError(f"{path} is no journal")
    file.truncate(length)


_BAD_DATA = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)
"""What code raises for data of another shape than it expects."""


def use_event(
    function: Callable[[Mapping[str, Any]], T], event: Mapping[str, Any], path: Path, number: int
) -> T:
    """Call a function with the event of a line; its errors become a `JournalError`.

    Args:
        function: takes the event.
        event: the event.
        path: the file, for the error.
        number: the number of the line, for the error.

    Raises:
        JournalError: the function does not accept the event.

    """
    try:
        return function(event)
    except (*_BAD_DATA, PostmanError) as error:
        raise JournalError(f"{path}: line {number} makes no sense: {error}") from None
