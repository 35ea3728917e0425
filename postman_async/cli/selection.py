"""The uids of monitors from the command line, a file or stdin."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from postman_async.cli.errors import UsageError

__all__ = ["STDIN", "read_uids"]

STDIN = "-"
"""Stands for stdin, as a uid and as a file."""

_UID = re.compile(r"[\w.~:-]+", re.ASCII)


def read_uids(named: Sequence[str], file: Path | None) -> list[str]:
    """Return the uids in the order in which they are given; a uid given twice is kept twice.

    Args:
        named: the uids of the command line; ``-`` stands for those on stdin.
        file: a file with more uids, one a line; ``#`` begins a comment.

    Raises:
        UsageError: a uid is malformed, or the file cannot be read.

    """
    uids = [uid for name in named for uid in _expand(name)]
    if file is not None:
        uids += _stdin() if str(file) == STDIN else _parse_lines(str(file), _read(file))
    return uids


def _expand(name: str) -> Iterable[str]:
    if name == STDIN:
        return _stdin()
    return [_check_uid(name, "")]


def _stdin() -> Iterator[str]:
    if sys.stdin.isatty():
        sys.stderr.write("uids, one a line; Ctrl-D ends them:\n")
    return _parse_lines("stdin", sys.stdin.read())


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}") from None
    except UnicodeError:
        raise UsageError(f"{file} is not UTF-8 text") from None


def _parse_lines(source: str, text: str) -> Iterator[str]:
    for number, line in enumerate(text.splitlines(), 1):
        uid = line.partition("#")[0].strip()
        if uid:
            yield _check_uid(uid, f"{source}, line {number}: ")


def _check_uid(uid: str, location: str) -> str:
    """Refuse a malformed uid, such as another column of a table or a misplaced option."""
    if not _UID.fullmatch(uid) or not uid.strip("."):
        raise UsageError(
            f"{location}{uid!r} is not a monitor uid; one looks like 12345678-1e6b6cb1-…"
        )
    return uid
