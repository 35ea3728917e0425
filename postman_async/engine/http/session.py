"""The aiohttp session: made at the first call, owned by the loop that made it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

from postman_async.engine.http.deadlines import Deadline, Deadlines
from postman_async.errors import ConfigurationError

if TYPE_CHECKING:
    import ssl as ssl_module

    import aiohttp
    from yarl import URL

__all__ = ["SessionHolder", "SessionOptions"]


_CONNECTING = 256
"""How many connections are made at the same time.

Thousands of runs that start at once would else all connect before the first request leaves.
"""


def _connector() -> aiohttp.TCPConnector:
    import aiohttp

    turns, deadlines = asyncio.Semaphore(_CONNECTING), Deadlines()
    untimed = aiohttp.ClientTimeout(total=None)

    class Connector(aiohttp.TCPConnector):
        """Makes so many connections at a time, each within its time, the look-up included."""

        # The method that aiohttp's own connectors have for this; a test holds that it is called.
        async def _create_connection(
            self,
            req: Any,
            traces: Any,
            timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109
        ) -> Any:
            async with turns:
                with Deadline(deadlines) as deadline:
                    if timeout.sock_connect is not None:
                        deadline.begin(timeout.sock_connect)
                    return await super()._create_connection(req, traces, untimed)

    # No limit: parallel runs are bounded by `concurrency`, and each holds a connection.
    return Connector(limit=0)


@frozen(kw_only=True)
class SessionOptions:
    """What the caller gave for aiohttp, as aiohttp takes it."""

    session: aiohttp.ClientSession | None = None
    connector: aiohttp.BaseConnector | None = None
    proxy: str | URL | None = None
    ssl: ssl_module.SSLContext | aiohttp.Fingerprint | bool | None = None
    trust_env: bool = False
    trace_configs: Sequence[aiohttp.TraceConfig] = ()
    middlewares: Sequence[aiohttp.ClientMiddlewareType] = ()

    def per_request(self) -> Mapping[str, Any]:
        """Return what goes with each request: a session that was given does not know of it."""
        given: dict[str, Any] = {}
        if self.ssl is not None:
            given["ssl"] = self.ssl
        if self.proxy is not None:
            given["proxy"] = self.proxy
        if self.session is not None and self.middlewares:
            given["middlewares"] = tuple(self.middlewares)
        return given


@define
class SessionHolder:
    """Makes the session, guards its loop, and closes what it made (never what was given)."""

    options: SessionOptions
    per_request: Mapping[str, Any] = field(init=False, repr=False)
    """What goes with each request."""
    _session: aiohttp.ClientSession | None = field(default=None, init=False, repr=False)
    _loop: asyncio.AbstractEventLoop | None = field(default=None, init=False, repr=False)
    _closed: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        self.per_request = self.options.per_request()

    def get(self) -> aiohttp.ClientSession:
        """Return the session; the first call makes it.

        Raises:
            ConfigurationError: the client is closed, or belongs to another event loop.

        """
        loop = asyncio.get_running_loop()
        if self._closed:
            raise ConfigurationError("this client is closed; make a new one")
        if self._session is None:
            self._session, self._loop = self._make(), loop
        elif self._loop is not loop:
            raise ConfigurationError(
                "this client belongs to another event loop (the one of its first call);"
                " make one client in each loop, for example inside the function you give"
                " to asyncio.run()"
            )
        return self._session

    def _make(self) -> aiohttp.ClientSession:
        if self.options.session is not None:
            return self.options.session
        import aiohttp

        connector = self.options.connector
        session = aiohttp.ClientSession(
            connector=connector or _connector(),
            connector_owner=connector is None,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=self.options.trust_env,
            trace_configs=list(self.options.trace_configs) or None,
            middlewares=tuple(self.options.middlewares),
        )
        # aiohttp would repeat a lost GET, PUT or DELETE once by itself: that is our decision, and
        # counted.  There is no public switch; a test holds that this one works.
        session._retry_connection = False
        return session

    async def close(self) -> None:
        """Close the session if it is ours; more than once is harmless."""
        session, self._session, self._closed = self._session, None, True
        if session is not None and session is not self.options.session:
            await session.close()
