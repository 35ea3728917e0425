"""Where the API key comes from: a file, the environment or the keyring; never an argument."""

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

_HOW = (
    "no API key: set the environment variable POSTMAN_API_KEY, give --api-key-file FILE, or put it"
    f" into the keyring (pip install 'postman-async[keyring]'; keyring set {SERVICE} {ENTRY})"
)


def find_key(file: Path | None) -> str:
    """Return the key of the file, or else of ``POSTMAN_API_KEY``, or else of the keyring.

    Raises:
        UsageError: there is none; no part of a key is in the message.

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
        raise UsageError(f"the key file {file} is no text") from None
    if not key:
        raise UsageError(f"the key file {file} is empty")
    if len(key.split()) > 1:
        raise UsageError(f"the key file {file} holds more than the key alone")
    return key


def _from_keyring() -> str:
    if find_spec("keyring") is None:
        raise UsageError(_HOW)
    import keyring
    from keyring.errors import NoKeyringError

    try:
        key = keyring.get_password(SERVICE, ENTRY)
    except NoKeyringError:
        key = None
    except Exception as error:  # whatever the system behind it raises
        raise UsageError(f"{_HOW}; the keyring said: {error or type(error).__name__}") from None
    if not key or not key.strip():
        raise UsageError(_HOW)
    return key
