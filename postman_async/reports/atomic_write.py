"""Writes a file atomically, so that CI or a browser never reads half of it."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import stat
from collections.abc import Iterable
from pathlib import Path

__all__ = ["write_atomically"]


def write_atomically(path: str | os.PathLike[str], pieces: Iterable[str]) -> None:
    """Write a text in UTF-8; the old content stays until all of the new text is written.

    A device, a pipe or a link is written in place and never replaced, and so is a file in a
    folder that is not writable.

    Raises:
        OSError: the file cannot be written.

    """
    target = Path(path)
    if _in_place(target):
        return _write(target, "w", pieces)
    temporary = target.with_name(f".{secrets.token_hex(8)}.part")
    try:
        _write(temporary, "x", pieces)
        if target.exists():
            shutil.copymode(target, temporary)
        _replace(target, temporary)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return None


def _replace(target: Path, temporary: Path) -> None:
    if _is_special(
        target
    ):  # it may have appeared meanwhile, and a replaced /dev/null breaks the machine
        raise OSError(
            errno.EINVAL, "it is not a regular file, and is not replaced", os.fspath(target)
        )
    try:
        temporary.replace(target)
    except OSError:  # a bind mount, as in a container, or a file in use on Windows
        shutil.copyfile(temporary, target)
        temporary.unlink()


def _is_special(target: Path) -> bool:
    """Return whether the path is something other than a regular file."""
    try:
        return not stat.S_ISREG(target.lstat().st_mode)
    except FileNotFoundError:
        return False


def _in_place(target: Path) -> bool:
    if _is_special(target) or not os.access(target.parent, os.W_OK):
        return True
    return target.exists() and not os.access(target, os.W_OK)


def _write(path: Path, mode: str, pieces: Iterable[str]) -> None:
    with path.open(mode, encoding="utf-8", newline="\n") as file:
        file.writelines(pieces)
