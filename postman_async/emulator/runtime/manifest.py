"""The manifest of an installation: written after it, and compared before each use."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

__all__ = ["MANIFEST", "find_difference", "write_manifest"]

MANIFEST = "manifest.json"

# The metadata of each folder when its files were last hashed: path, size and times of every file.
# A change of a file changes its times, so files with equal metadata are not hashed again.
_seen: dict[Path, str] = {}


def write_manifest(folder: Path) -> None:
    """Write the digests of all files of a folder to the manifest in it."""
    text = json.dumps(_contents(folder), indent=0)
    (folder / MANIFEST).write_bytes(text.encode())


def find_difference(folder: Path) -> str | None:
    """Compare a folder with its manifest.

    Returns:
        None if no file was changed, removed or added; else the first difference as text.
    """
    try:
        metadata = _metadata(folder)
        if _seen.get(folder) == metadata:
            return None
        recorded = json.loads((folder / MANIFEST).read_bytes())
        found = _contents(folder)
    except FileNotFoundError as error:
        return f"{Path(error.filename).name} is missing"
    except (OSError, ValueError, RecursionError) as error:
        return f"it cannot be read: {error}"
    if recorded == found:
        _seen[folder] = metadata
        return None
    return _first_difference(recorded, found)


def _first_difference(recorded: object, found: dict[str, str]) -> str:
    if not isinstance(recorded, dict):
        return f"{MANIFEST} is damaged"
    paths = sorted(path for path in {*recorded, *found} if recorded.get(path) != found.get(path))
    first = paths[0].encode("ascii", "backslashreplace").decode()[:200]
    state = "missing" if paths[0] not in found else "changed" if paths[0] in recorded else "added"
    more = f", and {len(paths) - 1} more" if len(paths) > 1 else ""
    return f"{first} is {state}{more}"


def _contents(folder: Path) -> dict[str, str]:
    """Return the digest of each file and the target of each link by path."""
    return {
        path: _content(folder / path, found.st_mode)
        for path, found in _files(folder)
        if path != MANIFEST
    }


def _content(path: Path, mode: int) -> str:
    if stat.S_ISLNK(mode):
        return f"-> {path.readlink()}"
    if stat.S_ISREG(mode):
        return hashlib.sha256(path.read_bytes()).hexdigest()
    return "neither file nor link"


def _metadata(folder: Path) -> str:
    """Return a digest of the metadata of all files, without reading them."""
    digest = hashlib.sha256()
    for path, found in sorted(_files(folder), key=lambda entry: entry[0]):
        state = (path, found.st_mode, found.st_ino, found.st_size)
        times = (found.st_mtime_ns, found.st_ctime_ns)
        digest.update(repr((state, times)).encode())
    return digest.hexdigest()


def _files(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Yield path and metadata of all files in a folder, recursively; links are not followed."""
    pending = [str(folder)]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
                else:
                    # Not entry.stat(): on Windows it lacks most fields.
                    yield os.path.relpath(entry.path, folder), os.lstat(entry.path)
