"""The clients that are compared: each makes the same call and reads the same answer.

A peer is an async context manager that gives the function for one call, or, for those without
asyncio, a context manager that gives a function to be called in threads.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, NamedTuple

from benchmarks.bodies import ENVIRONMENT_UID, MONITOR_UID

__all__ = ["ASYNC_PEERS", "SYNC_PEERS", "WORKLOADS", "Workload"]

KEY = "PMAK-0123456789abcdef01234567-0123456789abcdef0123456789abcdef01"
HEADERS = {"X-Api-Key": KEY, "Accept": "application/json"}


class Workload(NamedTuple):
    """One kind of call: where it goes, and what it means in each client's words."""

    name: str
    prefix: str
    method: str
    path: str


WORKLOADS = {
    "small": Workload("small", "", "GET", f"/environments/{ENVIRONMENT_UID}"),
    "r3": Workload("r3", "/r3", "POST", f"/monitors/{MONITOR_UID}/run"),
    "r80": Workload("r80", "/r80", "POST", f"/monitors/{MONITOR_UID}/run"),
}

AsyncCall = Callable[[], Awaitable[object]]
SyncCall = Callable[[], object]


# -- ours -------------------------------------------------------------------------------------


@asynccontextmanager
async def ours(origin: str, work: Workload) -> AsyncIterator[AsyncCall]:
    """``AsyncPostman``, whose caller does not look at the executions."""
    from postman_async import AsyncPostman

    async with AsyncPostman(KEY, base_url=origin + work.prefix) as pm:
        if work.name == "small":
            yield lambda: pm.environments.get(ENVIRONMENT_UID)
        else:
            yield lambda: pm.monitors.run(MONITOR_UID)


@asynccontextmanager
async def ours_read(origin: str, work: Workload) -> AsyncIterator[AsyncCall]:
    """``AsyncPostman``, whose caller reads every execution and each of its parts."""
    async with ours(origin, work) as call:

        async def read() -> int:
            run: Any = await call()
            codes = sum(e.response.code + e.request.body.content_length for e in run.executions)
            assert codes
            return int(codes)

        yield read


@contextmanager
def ours_sync(origin: str, work: Workload) -> Iterator[SyncCall]:
    """``Postman``, the sync facade."""
    from postman_async import Postman

    with Postman(KEY, base_url=origin + work.prefix) as pm:
        if work.name == "small":
            yield lambda: pm.environments.get(ENVIRONMENT_UID)
        else:
            yield lambda: pm.monitors.run(MONITOR_UID)


# -- the floor, and raw aiohttp -----------------------------------------------------------------


class _Bare(asyncio.Protocol):
    """A connection that sends one request after the other and only finds each answer's end."""

    def __init__(self) -> None:
        self.done: asyncio.Future[bytes] | None = None
        self.buffer = b""
        self.whole = 0

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer = self.buffer + data if self.buffer else data
        if not self.whole:
            end = self.buffer.find(b"\r\n\r\n")
            length = self.buffer.find(b"Content-Length: ") + 16
            self.whole = end + 4 + int(self.buffer[length : self.buffer.index(b"\r", length)])
        if len(self.buffer) >= self.whole and self.done is not None:
            answer, self.buffer, self.whole = self.buffer, b"", 0
            self.done.set_result(answer)


@asynccontextmanager
async def floor(origin: str, work: Workload) -> AsyncIterator[AsyncCall]:
    """The physical floor: an asyncio protocol that knows nothing but where an answer ends."""
    loop, idle = asyncio.get_running_loop(), list[_Bare]()
    host, _, port = origin.removeprefix("http://").partition(":")
    lines = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())
    head = f"{work.method} {work.prefix}{work.path} HTTP/1.1\r\nHost: {host}\r\n{lines}"
    request = f"{head}Content-Length: 0\r\n\r\n".encode()

    async def call() -> bytes:
        connection = idle.pop() if idle else None
        if connection is None:
            _, connection = await loop.create_connection(_Bare, host, int(port))
        connection.done = loop.create_future()
        connection.transport.write(request)
        answer = await connection.done
        idle.append(connection)
        return answer

    yield call
    for connection in idle:
        connection.transport.abort()


@asynccontextmanager
async def raw_aiohttp(origin: str, work: Workload) -> AsyncIterator[AsyncCall]:
    """Aiohttp's session, reading the bytes and nothing else."""
    import aiohttp

    url = origin + work.prefix + work.path
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, headers=HEADERS) as session:

        async def call() -> bytes:
            async with session.request(work.method, url) as response:
                return await response.read()

        yield call


@asynccontextmanager
async def aiohttp_parsed(origin: str, work: Workload) -> AsyncIterator[AsyncCall]:
    """Raw aiohttp, and msgspec that makes plain data of the bytes: the least of any client."""
    import msgspec

    decode = msgspec.json.Decoder().decode
    async with raw_aiohttp(origin, work) as call:

        async def parsed() -> object:
            return decode(await call())

        yield parsed


# -- what one would use instead -----------------------------------------------------------------


@asynccontextmanager
async def httpx_pydantic(origin: str, work: Workload) -> AsyncIterator[AsyncCall]:
    """Httpx, its pool as large as need be, into pydantic models equal to ours."""
    import httpx

    from benchmarks.equal_models import answer_model

    model: Any = answer_model("environment" if work.name == "small" else "run")
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    url = origin + work.prefix + work.path
    async with httpx.AsyncClient(headers=HEADERS, limits=limits, timeout=None) as client:

        async def call() -> object:
            response = await client.request(work.method, url)
            return model.model_validate_json(response.content)

        yield call


@asynccontextmanager
async def niquests_json(origin: str, work: Workload) -> AsyncIterator[AsyncCall]:
    """Niquests' async session, parsing the JSON."""
    import niquests

    url = origin + work.prefix + work.path
    async with niquests.AsyncSession(pool_maxsize=64) as session:
        session.headers.update(HEADERS)

        async def call() -> object:
            response: Any = await session.request(work.method, url)
            return response.json()

        yield call


@contextmanager
def requests_json(origin: str, work: Workload) -> Iterator[SyncCall]:
    """Requests' session, parsing the JSON; in threads, with a pool that is large enough."""
    import requests
    from requests.adapters import HTTPAdapter

    url = origin + work.prefix + work.path
    with requests.Session() as session:
        session.headers.update(HEADERS)
        session.mount("http://", HTTPAdapter(pool_connections=64, pool_maxsize=64))
        yield lambda: session.request(work.method, url, timeout=60).json()


@asynccontextmanager
async def postman_api(origin: str, work: Workload) -> AsyncIterator[AsyncCall]:
    """``postman-api`` 3.0.0, its async client: JSON without models."""
    from postman_api.async_client import AsyncPostmanClient
    from postman_api.authenticator import PostmanAuthentication

    client = AsyncPostmanClient(origin + work.prefix, PostmanAuthentication(KEY))
    if work.name == "small":
        yield lambda: client.single_environment(ENVIRONMENT_UID)
    else:
        yield lambda: client.run_a_monitor(MONITOR_UID)
    await client.session.close()


@contextmanager
def sideko(origin: str, work: Workload) -> Iterator[SyncCall]:
    """``sideko-postman-api``: models on requests; in threads."""
    from postman_api.main import SidekoClient

    client = SidekoClient(KEY, base_url=origin + work.prefix)
    if work.name == "small":
        yield lambda: client.single_environment(environment_id=ENVIRONMENT_UID)
    else:
        yield lambda: client.run_a_monitor(monitor_id=MONITOR_UID)


@asynccontextmanager
async def generated(origin: str, work: Workload) -> AsyncIterator[AsyncCall]:
    """The client that openapi-python-client makes of our own description."""
    import httpx
    from postman_generated import AuthenticatedClient
    from postman_generated.api.environments import environments_get
    from postman_generated.api.monitors import monitors_run

    client = AuthenticatedClient(
        base_url=origin + work.prefix,
        token=KEY,
        prefix="",
        auth_header_name="X-Api-Key",
        httpx_args={"limits": httpx.Limits(max_connections=None, max_keepalive_connections=None)},
    )
    async with client:
        if work.name == "small":
            yield lambda: environments_get.asyncio(ENVIRONMENT_UID, client=client)
        else:
            yield lambda: monitors_run.asyncio(MONITOR_UID, client=client)


ASYNC_PEERS: dict[str, Callable[[str, Workload], Any]] = {
    "floor": floor,
    "aiohttp": raw_aiohttp,
    "aiohttp + msgspec": aiohttp_parsed,
    "ours": ours,
    "ours, executions read": ours_read,
    "httpx + pydantic": httpx_pydantic,
    "niquests": niquests_json,
    "postman-api": postman_api,
    "openapi-python-client": generated,
}
SYNC_PEERS: dict[str, Callable[[str, Workload], Any]] = {
    "ours, sync": ours_sync,
    "requests + threads": requests_json,
    "sideko + threads": sideko,
}

if sys.platform == "win32":  # pragma: no cover
    raise SystemExit("the benchmarks pin processes to processors, which Windows has no word for")
