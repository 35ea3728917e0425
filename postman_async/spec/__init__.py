"""The OpenAPI 3.1 description of the service: the single source of truth, one file per group.

The words that it has besides the standard's are explained in its ``README.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["files", "load"]

_FOLDER = Path(__file__).parent


def files() -> list[Path]:
    """Return the files of the description, in the order of their names."""
    return sorted(_FOLDER.rglob("*.yaml"))


def load() -> Mapping[str, Mapping[str, Any]]:
    """Read all files: the parsed document of each, by its path in the folder.

    Raises:
        ModuleNotFoundError: PyYAML is missing; the extras ``[emulator]`` and ``[dev]`` bring it.

    """
    import yaml

    names = {path.relative_to(_FOLDER).as_posix(): path for path in files()}
    return {name: yaml.safe_load(path.read_text("utf-8")) for name, path in names.items()}
