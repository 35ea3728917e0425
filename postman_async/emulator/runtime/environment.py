"""The environment variables that child processes of the runtime get."""

from __future__ import annotations

import os
import sys

__all__ = ["tool_environment", "worker_environment"]

_WORKER = ("PATH", "TZ", "SYSTEMROOT") if sys.platform == "win32" else ("PATH", "TZ")
_KEY = "POSTMAN_API_KEY"
_KEY_START = "PMAK-"
_KEY_LENGTH = 8  # a shorter text is not a key, and occurs in many values


def worker_environment() -> dict[str, str]:
    """Return the environment of a process that runs scripts (Windows needs SYSTEMROOT)."""
    return {name: os.environ[name] for name in _WORKER if name in os.environ}


def tool_environment() -> dict[str, str]:
    """Return the environment of this process without API keys, for Node's tools.

    npm needs the proxy, the certificates and its own settings and tokens.
    """
    key = os.environ.get(_KEY, "").strip()
    return {name: value for name, value in os.environ.items() if not _is_secret(name, value, key)}


def _is_secret(name: str, value: str, key: str) -> bool:
    """Return whether a variable may contain the API key, by its name or its value."""
    if name.upper().startswith("POSTMAN") or _KEY_START in value:
        return True
    return len(key) >= _KEY_LENGTH and key in value
