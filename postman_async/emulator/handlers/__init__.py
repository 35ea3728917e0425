"""The handlers of the operations, one module for each group."""

from __future__ import annotations

import pkgutil
from importlib import import_module

__all__ = ["load"]


def load() -> None:
    """Import every module of this folder, so that its handlers are registered."""
    for module in pkgutil.iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
