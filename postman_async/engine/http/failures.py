"""The errors of aiohttp and of the system, translated to ours: was the request sent or not?"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import aiohttp

from postman_async.engine.http.connections import NoConnectionError
from postman_async.errors import (
    CallTimeoutError,
    ConnectError,
    DisconnectedError,
    TransportError,
)

if TYPE_CHECKING:
    from postman_async.engine.http.mask import KeyMask

__all__ = ["no_files", "transport_error"]


def transport_error(
    call: str, error: Exception, mask: KeyMask, *, unwritten: bool
) -> TransportError:
    """Translate an error of aiohttp; only `ConnectError` says that nothing was sent.

    Args:
        call: the request's method and path.
        error: the error of aiohttp.
        mask: removes the client's key from the message.
        unwritten: whether there is no answer and no code of the caller took part, which may raise
            anything at any time.  Then the lack of a file for the socket, and a request that
            aiohttp refuses to write, are certain to come before the request is sent.

    """
    reason = mask.text(_reason(error))
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return ConnectError(call, "no connection within the connect timeout")
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return ConnectError(call, f"the proxy refused: {error.status} {mask.text(error.message)}")
    if isinstance(error, _UNCONNECTED) or (unwritten and _number(error) in _OUT_OF_FILES):
        return ConnectError(call, f"no connection: {reason}{_hint(error)}")
    if isinstance(error, TimeoutError):
        return CallTimeoutError(call, "the service was silent for the read timeout")
    if isinstance(error, aiohttp.ClientResponseError):  # its repr holds the headers sent
        return DisconnectedError(call, f"the answer is not HTTP: {mask.text(error.message)}")
    if unwritten and isinstance(error, ValueError) and not isinstance(error, aiohttp.ClientError):
        failure = TransportError(call, f"the request cannot be sent: {reason}")
        failure.sent = False
        return failure
    return DisconnectedError(call, f"the connection broke: {reason}")


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


def no_files(call: str, error: OSError) -> ConnectError:
    """Make the error of a call that was not sent because a module file could not be read."""
    return ConnectError(call, f"not sent: {_reason(error)}{_hint(error)}")


_UNCONNECTED = (aiohttp.ClientConnectorError, aiohttp.InvalidURL, NoConnectionError)
_OUT_OF_FILES = (errno.EMFILE, errno.ENFILE)


def _number(error: Exception) -> int | None:
    number: int | None = getattr(error, "errno", None)
    return number


def _hint(error: Exception) -> str:
    """Return the next step if there are too many open files.

    If a host has several addresses that failed differently, only the message shows it.
    """
    words = any(os.strerror(number) in str(error) for number in _OUT_OF_FILES)
    if not words and _number(error) not in _OUT_OF_FILES:
        return ""
    return (
        "; each run in flight holds a connection: raise the limit of open files"
        " (ulimit -n) above concurrency + 100, or lower concurrency"
    )
