"""The aiohttp session: made at the first call, owned by the process and event loop of that call."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import aiohttp
from attrs import define, evolve, field, frozen

from postman_async.engine.http.connections import Connector, never_repeat, uses_proxy
from postman_async.errors import ConfigurationError

if TYPE_CHECKING:
    import ssl as ssl_module

    from yarl import URL

__all__ = ["SessionHolder", "SessionOptions", "leave_alone", "refuse_other_process"]


_CONNECTING = 256
"""How many connections are made at the same time.

Otherwise thousands of runs that start together would all connect before the first request leaves.
"""


@frozen(kw_only=True)
class SessionOptions:
    """The options of a client that go to aiohttp."""

    session: aiohttp.ClientSession | None = None
    connector: aiohttp.BaseConnector | None = None
    proxy: str | URL | None = None
    ssl: ssl_module.SSLContext | aiohttp.Fingerprint | bool | None = None
    trust_env: bool = False
    trace_configs: Sequence[aiohttp.TraceConfig] = ()
    middlewares: Sequence[aiohttp.ClientMiddlewareType] = ()

    def without_proxy(self) -> SessionOptions:
        """Return options that use no proxy, not even one of the environment.

        A proxy could read the key in a plain-http call.

        Raises:
            ConfigurationError: a proxy was given explicitly.

        """
        if self.proxy is not None or (self.session is not None and uses_proxy(self.session)):
            raise ConfigurationError(
                "a proxy could read the API key, because base_url is plain http: leave out proxy="
                " (and trust_env or the proxy of your own session), or use an https base_url"
            )
        return evolve(self, trust_env=False)

    def per_request(self) -> Mapping[str, Any]:
        """Return the arguments of each request: a session of the caller has none of these."""
        given: dict[str, Any] = {}
        if self.ssl is not None:
            given["ssl"] = self.ssl
        if self.proxy is not None:
            given["proxy"] = self.proxy
        if self.session is not None and self.middlewares:
            given["middlewares"] = tuple(self.middlewares)
        return given


_left_alone: list[Any] = []


def leave_alone(belonging: Any) -> None:
    """Keep an object of the parent process alive until this process ends.

    A copied event loop or connection that is closed, or collected, removes its sockets from the
    selector that the two processes share: the parent's calls would never end.
    """
    _left_alone.append(belonging)


def refuse_other_process(owner: int | None) -> None:
    """Refuse to use the connections of another process.

    A forked child has copies of its parent's sockets: each would read answers meant for the other.

    Args:
        owner: the id of the process that opened the connections, or None.

    Raises:
        ConfigurationError: another process opened them.

    """
    if owner is not None and owner != os.getpid():
        raise ConfigurationError(
            f"this client belongs to another process ({owner}, the one of its first call; this is"
            f" {os.getpid()}, forked from it), and two processes must not share its connections;"
            " make one client in each process, after the fork"
        )


@define
class SessionHolder:
    """Makes the session, guards its process and event loop, and closes only what it has made.

    Attributes:
        process: the id of the process that owns the connections, once there is one.

    """

    options: SessionOptions
    per_request: Mapping[str, Any] = field(init=False, repr=False)
    """The arguments of each request."""
    process: int | None = field(default=None, init=False)
    _session: aiohttp.ClientSession | None = field(default=None, init=False, repr=False)
    _loop: asyncio.AbstractEventLoop | None = field(default=None, init=False, repr=False)
    _closed: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        self.per_request = self.options.per_request()
        if self.options.session is not None or self.options.connector is not None:
            self.process = os.getpid()

    @property
    def observed(self) -> bool:
        """Whether code of the caller takes part in a call; it may raise any error at any time."""
        given = self.options
        return given.session is not None or bool(given.middlewares or given.trace_configs)

    def claim(self) -> None:
        """Make this process the owner of the connections.

        Raises:
            ConfigurationError: the client belongs to another process.

        """
        refuse_other_process(self.process)
        self.process = os.getpid()

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
        connector = self.options.connector
        session = aiohttp.ClientSession(
            connector=connector or Connector(_CONNECTING),
            connector_owner=connector is None,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=self.options.trust_env,
            trace_configs=list(self.options.trace_configs) or None,
            middlewares=tuple(self.options.middlewares),
        )
        never_repeat(session)
        return session

    async def close(self) -> None:
        """Close the session if this class made it; repeated calls do nothing."""
        session, self._session, self._closed = self._session, None, True
        if self.process not in (None, os.getpid()):
            leave_alone(session)
        elif session is not None and session is not self.options.session:
            await session.close()
