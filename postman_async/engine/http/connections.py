"""How connections are made, reused and dropped; the only user of aiohttp's private members.

aiohttp has no public way to limit the connections being made, to check an idle connection before it
is reused, to close the connection of an answer that was read, or to turn off its own retries.
``tests/client/test_connections.py`` tests every private member that is used.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import aiohttp

from postman_async.engine.http.deadlines import Deadline, Deadlines

if TYPE_CHECKING:
    from aiohttp.connector import Connection

__all__ = ["Connector", "NoConnectionError", "drop_connection", "never_repeat", "uses_proxy"]

_UNTIMED = aiohttp.ClientTimeout(total=None)


_OTHER_FAILURES = (
    aiohttp.ClientError,
    OSError,  # too many open files
    RuntimeError,  # no thread for the name look-up
    ValueError,  # an invalid host name
    LookupError,  # the codec for it could not be imported
    ImportError,
)


class NoConnectionError(aiohttp.ClientConnectionError):
    """Making a connection failed with an error that aiohttp does not translate.

    Attributes:
        errno: the number of the system's error, or None.

    """

    def __init__(self, cause: Exception) -> None:
        """Keep the message of the error."""
        super().__init__(str(cause) or type(cause).__name__)
        self.errno: int | None = getattr(cause, "errno", None)


class Connector(aiohttp.TCPConnector):
    """Limits the connections being made, times each of them, and reuses only silent ones."""

    def __init__(self, connecting: int) -> None:
        """Set no limit on open connections: `concurrency` bounds the runs, which hold one each."""
        super().__init__(limit=0)
        self._connecting, self._deadlines = asyncio.Semaphore(connecting), Deadlines()

    async def _create_connection(
        self,
        req: Any,
        traces: Any,
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109
    ) -> Any:
        """Make a connection; the timeout includes the look-up of the host."""
        async with self._connecting:
            with Deadline(self._deadlines) as deadline:
                if timeout.sock_connect is not None:
                    deadline.start(timeout.sock_connect)
                return await self._connected(req, traces)

    async def _connected(self, req: Any, traces: Any) -> Any:
        """Turn every failure into one of connecting: nothing of the request was sent yet."""
        try:
            return await super()._create_connection(req, traces, _UNTIMED)
        except (aiohttp.ClientConnectorError, aiohttp.ClientHttpProxyError, TimeoutError):
            raise
        except _OTHER_FAILURES as error:
            raise NoConnectionError(error) from None

    async def _get(self, key: Any, traces: Any) -> Connection | None:
        """Take an idle connection that has received nothing since its last answer.

        Unrequested bytes would be read as the answer to the next request.
        """
        while (found := await super()._get(key, traces)) is not None:
            if found.protocol is not None and not found.protocol.should_close:
                return found
            found.close()
        return None


def drop_connection(response: aiohttp.ClientResponse) -> None:
    """Close the connection of an answer, even if reading it returned the connection to the pool."""
    response.close()
    protocol = response._protocol
    if protocol is not None:
        protocol.close()


def never_repeat(session: aiohttp.ClientSession) -> None:
    """Turn off aiohttp's retries of GET, PUT and DELETE: `retry` decides on them."""
    session._retry_connection = False


def uses_proxy(session: aiohttp.ClientSession) -> bool:
    """Return whether a session has a proxy, or takes one from the environment."""
    return bool(session.trust_env or session._default_proxy)
