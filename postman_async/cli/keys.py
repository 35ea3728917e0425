"""Finds the API key in a file, the environment or the keyring; never in an argument."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

from postman_async.cli.errors import UsageError

__all__ = ["ENTRY", "SERVICE", "find_key"]

SERVICE = "postman-async"
"""The service name of the keyring's entry."""

ENTRY = "api-key"
"""The user name of the keyring's entry."""

_NO_KEY = (
    "no API key: set the environment variable POSTMAN_API_KEY, give --api-key-file FILE, or put it"
    f" into the keyring (pip install 'postman-async[keyring]'; keyring set {SERVICE} {ENTRY})"
)


def find_key(file: Path | None) -> str:
    """Return the key from the file, else from ``POSTMAN_API_KEY``, else from the keyring.

    Raises:
        UsageError: no key was found; the message has no part of a key.

    """
    if file is not None:
        return _from_file(file)
    if os.environ.get("POSTMAN_API_KEY", "").strip():
        return os.environ["POSTMAN_API_KEY"]
    return _from_keyring()


def _from_file(file: Path) -> str:
    try:
        key = file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise UsageError(f"cannot read the key file {file}: {error.strerror}") from None
    except UnicodeError:
        raise UsageError(f"the key file {file} is not UTF-8 text") from None
    if not key:
        raise UsageError(f"the key file {file} is empty")
    if len(key.split()) > 1:
        raise UsageError(f"the key file {file} holds more than the key alone")
    return key


def _from_keyring() -> str:
    if find_spec("keyring") is None:
        raise UsageError(_NO_KEY)
    import keyring
    from keyring.errors import NoKeyringError

    try:
        key = keyring.get_password(SERVICE, ENTRY)
    except NoKeyringError:
        key = None
    except Exception as error:  # each backend raises errors of its own
        raise UsageError(f"{_NO_KEY}; the keyring said: {error or type(error).__name__}") from None
    if not key or not key.strip():
        raise UsageError(_NO_KEY)
    return key
