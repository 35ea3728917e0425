"""What aiohttp and the system raise, as our errors: above all, was the request surely not sent?"""

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
    """Translate what aiohttp raised; only the connect family is certain not to have been sent.

    Args:
        call: the request's method and path.
        error: what was raised.
        mask: takes the client's key out of its words.
        unwritten: there is no answer, and no code of the caller took part, which may raise
            anything at any time: then no file left, and what aiohttp refuses to write, come before
            the request is sent.  Of an answer aiohttp raises errors of its own.

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
        failure = TransportError(call, f"it cannot be sent: {reason}")
        failure.sent = False
        return failure
    return DisconnectedError(call, f"the connection broke: {reason}")


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


def no_files(call: str, error: OSError) -> ConnectError:
    """Make the error of a call for which a file could not be read, before it was sent."""
    return ConnectError(call, f"not sent: {_reason(error)}{_hint(error)}")


_UNCONNECTED = (aiohttp.ClientConnectorError, aiohttp.InvalidURL, NoConnectionError)
_OUT_OF_FILES = (errno.EMFILE, errno.ENFILE)


def _number(error: Exception) -> int | None:
    number: int | None = getattr(error, "errno", None)
    return number


def _hint(error: Exception) -> str:
    """Say what to do where no file was left for a socket.

    Where a host has several addresses that failed differently, only the words tell.
    """
    words = any(os.strerror(number) in str(error) for number in _OUT_OF_FILES)
    if not words and _number(error) not in _OUT_OF_FILES:
        return ""
    return (
        "; each run under way holds a connection: raise the limit of open files"
        " (ulimit -n) above concurrency + 100, or lower concurrency"
    )
