"""How connections are made, reused and dropped, and every member of aiohttp that is not public.

aiohttp has no public way to bound the connections that are being made, to look at an idle one
before it is used again, to close that of an answer which was read, or to turn its own repetition
off.  Whatever of aiohttp is used without being documented is used in this file and nowhere else;
``tests/client/test_connections.py`` holds each of them.
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
    OSError,  # no file left for the socket
    RuntimeError,  # no thread for the look-up
    ValueError,  # a host that is no name
    LookupError,  # the codec for it could not be imported
    ImportError,
)


class NoConnectionError(aiohttp.ClientConnectionError):
    """Making a connection failed with an error that aiohttp hands on as it came.

    Attributes:
        errno: the number of the system's error, where it was one.

    """

    def __init__(self, cause: Exception) -> None:
        """Keep the words of the error."""
        super().__init__(str(cause) or type(cause).__name__)
        self.errno: int | None = getattr(cause, "errno", None)


class Connector(aiohttp.TCPConnector):
    """Makes so many connections at a time, each within its time, and reuses only silent ones."""

    def __init__(self, at_a_time: int) -> None:
        """Set no limit: parallel runs are bounded by `concurrency`, and each holds a connection."""
        super().__init__(limit=0)
        self._turns, self._deadlines = asyncio.Semaphore(at_a_time), Deadlines()

    async def _create_connection(
        self,
        req: Any,
        traces: Any,
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109
    ) -> Any:
        """Make a connection; the time for it includes the look-up of the host."""
        async with self._turns:
            with Deadline(self._deadlines) as deadline:
                if timeout.sock_connect is not None:
                    deadline.start(timeout.sock_connect)
                return await self._connected(req, traces)

    async def _connected(self, req: Any, traces: Any) -> Any:
        """Have every failure be one of connecting: nothing of the request was sent yet."""
        try:
            return await super()._create_connection(req, traces, _UNTIMED)
        except (aiohttp.ClientConnectorError, aiohttp.ClientHttpProxyError, TimeoutError):
            raise
        except _OTHER_FAILURES as error:
            raise NoConnectionError(error) from None

    async def _get(self, key: Any, traces: Any) -> Connection | None:
        """Take an idle connection on which nothing was said since it was put back.

        What came unasked would be taken for the answer to the next request.
        """
        while (found := await super()._get(key, traces)) is not None:
            if found.protocol is not None and not found.protocol.should_close:
                return found
            found.close()
        return None


def drop_connection(response: aiohttp.ClientResponse) -> None:
    """Close the connection of an answer, also where it was read and gave the connection back."""
    response.close()
    protocol = response._protocol
    if protocol is not None:
        protocol.close()


def never_repeat(session: aiohttp.ClientSession) -> None:
    """Have a lost GET, PUT or DELETE raised: to repeat it is our decision, and counted."""
    session._retry_connection = False


def uses_proxy(session: aiohttp.ClientSession) -> bool:
    """Whether a session has a proxy of its own, or takes one from the environment."""
    return bool(session.trust_env or session._default_proxy)
