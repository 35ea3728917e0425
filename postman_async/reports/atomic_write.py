"""Files that are there as a whole or not at all, for readers that do not ask: CI, a browser."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import stat
from collections.abc import Iterable
from pathlib import Path

__all__ = ["write_whole"]


def write_whole(path: str | os.PathLike[str], pieces: Iterable[str]) -> None:
    """Write a text in UTF-8; what was in the file stays until all of the new text is there.

    A device, a pipe or a link is written in place and never replaced, and so is a file in a
    folder that takes no other files.

    Raises:
        OSError: it cannot be written.

    """
    target = Path(path)
    if _in_place(target):
        return _write(target, "w", pieces)
    part = target.with_name(f".{secrets.token_hex(8)}.part")
    try:
        _write(part, "x", pieces)
        if target.exists():
            shutil.copymode(target, part)
        _replace(target, part)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return None


def _replace(target: Path, part: Path) -> None:
    if _is_special(target):  # since it was looked at first: a replaced /dev/null harms everyone
        raise OSError(errno.EINVAL, "it is no plain file, and is not replaced", os.fspath(target))
    try:
        part.replace(target)
    except OSError:  # a mount of its own, as in a container, or in use on Windows
        shutil.copyfile(part, target)
        part.unlink()


def _is_special(target: Path) -> bool:
    """Tell whether something else than a plain file is there."""
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
