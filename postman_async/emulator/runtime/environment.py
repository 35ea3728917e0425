"""What the programs that the engine starts may know of this process's environment."""

from __future__ import annotations

import os
import sys

__all__ = ["tool_environment", "worker_environment"]

_WORKER = ("PATH", "TZ", "SYSTEMROOT") if sys.platform == "win32" else ("PATH", "TZ")
_KEY = "POSTMAN_API_KEY"
_KEY_START = "PMAK-"
_KEY_LENGTH = 8  # a shorter text is no key, and occurs in many values


def worker_environment() -> dict[str, str]:
    """Return the environment of a process that runs foreign code (Windows needs its root)."""
    return {name: os.environ[name] for name in _WORKER if name in os.environ}


def tool_environment() -> dict[str, str]:
    """Return the environment of Node's tools: this process's, without keys of the service.

    npm needs much of it: the proxy, the certificates, its own settings and tokens.
    """
    key = os.environ.get(_KEY, "").strip()
    return {name: value for name, value in os.environ.items() if not _is_secret(name, value, key)}


def _is_secret(name: str, value: str, key: str) -> bool:
    """Tell whether a variable is about the service's key, by its name or by what it holds."""
    if name.upper().startswith("POSTMAN") or _KEY_START in value:
        return True
    return len(key) >= _KEY_LENGTH and key in value
