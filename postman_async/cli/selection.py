"""The monitors a user names: on the command line, in a file, on stdin."""

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
    """Return the uids in the order in which they were named; one named twice stays twice.

    Args:
        named: those of the command line; ``-`` stands for those on stdin.
        file: a file with more, one a line; ``#`` begins a comment.

    Raises:
        UsageError: there is one that is no uid, or a file that cannot be read.

    """
    found = [uid for name in named for uid in _expanded(name)]
    if file is not None:
        found += _stdin() if str(file) == STDIN else _lines(str(file), _read(file))
    return found


def _expanded(name: str) -> Iterable[str]:
    if name == STDIN:
        return _stdin()
    return [_checked(name, "")]


def _stdin() -> Iterator[str]:
    if sys.stdin.isatty():
        sys.stderr.write("uids, one a line; Ctrl-D ends them:\n")
    return _lines("stdin", sys.stdin.read())


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}") from None
    except UnicodeError:
        raise UsageError(f"{file} is no text") from None


def _lines(source: str, text: str) -> Iterator[str]:
    for number, line in enumerate(text.splitlines(), 1):
        uid = line.partition("#")[0].strip()
        if uid:
            yield _checked(uid, f"{source}, line {number}: ")


def _checked(uid: str, where: str) -> str:
    """Refuse what is no uid: most likely it is another column, or a forgotten option."""
    if not _UID.fullmatch(uid) or not uid.strip("."):
        raise UsageError(f"{where}{uid!r} is no monitor uid; one looks like 12345678-1e6b6cb1-…")
    return uid
