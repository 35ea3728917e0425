"""`PostmanEmulator`: the embedded Postman API as an object that is started and closed."""

from __future__ import annotations

import asyncio
import secrets
import ssl
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar

from postman_async.emulator.app import make_app
from postman_async.emulator.controls import actions
from postman_async.emulator.controls.controls import Controls
from postman_async.emulator.controls.faults.script import CONNECT, Faults
from postman_async.emulator.controls.limiter import Limiter
from postman_async.emulator.controls.limits import Limits
from postman_async.emulator.controls.python_api import PythonApi
from postman_async.emulator.controls.request_log import RequestLog
from postman_async.emulator.exceptions import EmulatorError
from postman_async.emulator.routes import routes
from postman_async.emulator.runs.lifecycle import Runs
from postman_async.emulator.runs.monitor_run import RunLimits
from postman_async.emulator.runtime.protocol import Runtime
from postman_async.emulator.serving.call import Service
from postman_async.emulator.serving.host import Host, check_reach
from postman_async.emulator.serving.listener import Admission
from postman_async.emulator.serving.threads import LoopThread, call_in_loop
from postman_async.emulator.state.ids import Ids, World, within
from postman_async.emulator.state.store import Store

__all__ = ["PostmanEmulator"]

T = TypeVar("T")


class PostmanEmulator(PythonApi):
    """A Postman API on this machine, with a store of its own.

    ::

        async with PostmanEmulator() as emulator:
            uid = emulator.add_monitor("checkout", outcome="passed", duration=0.2)
            ...  # any client of the API: emulator.url, emulator.api_key

    In code that knows no event loop, ``with PostmanEmulator() as emulator:`` runs it in a thread.
    Monitors made over the API run their collections for real, in a Node process that is started
    when the first of them runs.  Those of `add_monitor` follow a script and need no Node.

    `start` and `close` belong to one event loop.  The plain methods may be called from any
    thread, while the emulator runs.

    Args:
        host: the address to listen on; another than this machine's own needs an ``api_key``.
        port: the port to listen on; 0 takes a free one.
        db: the SQLite file to keep everything in, or ``:memory:``.
        api_key: the key to accept; None makes one up.
        engine: what executes collections, which is not closed here; None makes one on demand.
        progress: called with one line of text when the runtime has to be installed.
        hold_limit: seconds after which a run is answered with 202 while it goes on.
        seed: makes the ids the same each time; None makes random ones.
        limits: how often one may call; None means any number. ``Limits()`` is as the service.
        tls: whether to speak https, with a certificate that only `ssl_context` trusts.

    Attributes:
        faults: what goes wrong on purpose, scripted per operation.
        requests: the requests it received.
        clock: its time, to be set, stopped and advanced.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        db: str = ":memory:",
        api_key: str | None = None,
        engine: Runtime | None = None,
        progress: Callable[[str], None] | None = None,
        hold_limit: float = 300.0,
        seed: int | None = None,
        limits: Limits | None = None,
        tls: bool = False,
    ) -> None:
        self._host = Host(host, port, tls=tls)
        self._db = db
        check_reach(host, api_key)
        self._api_key = api_key or f"PMAK-{secrets.token_hex(12)}-{secrets.token_hex(17)}"
        self._given_engine = engine
        self._progress = progress
        self._run_limits = RunLimits(hold=hold_limit)
        self._world = World(ids=Ids(seed))
        self.clock = self._world.clock
        self.faults = Faults(routes)
        self._limiter = Limiter(self.clock, limits)
        self.requests = RequestLog()
        self._controls: Controls | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0

    def __repr__(self) -> str:
        """Show the address; never the key."""
        where = self.url if self._host.is_open else "not running"
        return f"<PostmanEmulator {where}>"

    def __enter__(self) -> PostmanEmulator:
        """Start it in a thread of its own, for callers that have no event loop or many."""
        self._home = LoopThread("postman emulator")
        try:
            self._home.run(self.start())
        except BaseException:
            self._home.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it, and end its thread."""
        try:
            self._home.run(self.close())
        finally:
            self._home.close()

    async def __aenter__(self) -> PostmanEmulator:
        """Start it."""
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it."""
        await self.close()

    # -- its life ---------------------------------------------------------------------------

    async def start(self) -> None:
        """Open the store and listen.

        Raises:
            EmulatorError: it runs already, or the file is not a database of this emulator.
            OSError: the port cannot be had.
        """
        if self._controls is not None:
            raise EmulatorError("the emulator runs already")
        self._loop, self._thread = asyncio.get_running_loop(), threading.get_ident()
        self.clock.bind(self._loop)
        service = self._new_service(Store(self._db, self._world.ids))
        self._controls = Controls(service, self.faults, self._limiter, self.requests)
        self.requests.clear()
        try:
            self._do(actions.settle)
            await self._host.open(make_app(self._controls), self.clock, self._admit)
        except BaseException:
            await self.close()
            raise

    def _new_service(self, store: Store) -> Service:
        runs = Runs(
            store,
            runtime=self._given_engine,
            progress=self._progress,
            limits=self._run_limits,
            clock=self.clock,
        )
        return Service(
            store=store,
            runs=runs,
            api_key=self._api_key,
            world=self._world,
            monthly_limit=lambda: None if self.limits is None else self.limits.month,
        )

    def _admit(self) -> Admission | None:
        fault = self.faults.next(CONNECT)
        return None if fault is None else fault.admission()

    async def close(self) -> None:
        """Abort what runs, stop listening and close the store; nothing is left open.

        An emulator that does not run stays as it is.  It may be started again.
        """
        controls, self._controls = self._controls, None
        if controls is None:
            return
        try:
            await controls.service.runs.close()
        finally:
            await self._host.close()
            controls.service.store.close()

    def reset(self) -> None:
        """Be as after the start: entities, runs (those under way are aborted), requests, faults.

        The clock shows real time, limits are those it was made with, and the ids of a seed begin
        anew; address and key stay.

        Raises:
            EmulatorError: it does not run.
        """
        controls = self._started
        self._do(lambda _: actions.reset(controls))

    def seed(self, seed: int | None) -> None:
        """Take all further ids from a seed; None means random ones.

        Raises:
            EmulatorError: it does not run.
        """
        self._do(lambda service: service.store.seed(seed))

    def snapshot(self) -> bytes:
        """Return all entities and runs, and the position of the ids, for `restore`.

        Raises:
            EmulatorError: it does not run.
        """
        return self._do(lambda service: service.store.snapshot())

    def restore(self, snapshot: bytes) -> None:
        """Hold what a snapshot holds, of this or another emulator; runs under way are aborted.

        Raises:
            EmulatorError: it is not a snapshot of this version, or the emulator does not run.
        """
        self._do(lambda service: actions.restore(service, snapshot))

    @property
    def limits(self) -> Limits | None:
        """How often one may call; set it at any time, and all counting begins anew."""
        return self._limiter.limits

    @limits.setter
    def limits(self, limits: Limits | None) -> None:
        self._limiter.set(limits)

    # -- where it is ------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """The base URL, ``http://127.0.0.1:PORT``; https with TLS."""
        return self._host.url

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._host.port

    @property
    def api_key(self) -> str:
        """The key it accepts."""
        return self._api_key

    @property
    def client_options(self) -> dict[str, Any]:
        """What ``AsyncPostman(**…)`` and ``Postman(**…)`` need to be clients of it."""
        options = {"api_key": self.api_key, "base_url": self.url}
        return {**options, "ssl": self.ssl_context} if self._host.tls else options

    @property
    def ssl_context(self) -> ssl.SSLContext:
        """What makes Python's clients trust its certificate.

        Raises:
            EmulatorError: it speaks plain http, or was never started.
        """
        return self._host.certificates.client

    @property
    def ca_certificate(self) -> bytes:
        """The certificate to trust, as PEM: for ``curl --cacert`` or ``NODE_EXTRA_CA_CERTS``.

        Raises:
            EmulatorError: it speaks plain http, or was never started.
        """
        return self._host.certificates.authority

    @property
    def engine(self) -> Runtime:
        """What executes collections; ``await emulator.engine.start()`` gets it ready early."""
        return self._running.runs.runtime

    @property
    def default_workspace(self) -> str:
        """The id of the workspace that takes what names no other."""
        return self._running.default_workspace

    # -- from any thread --------------------------------------------------------------------

    @property
    def _started(self) -> Controls:
        if self._controls is None:
            raise EmulatorError("the emulator does not run: start it first")
        return self._controls

    @property
    def _running(self) -> Service:
        return self._started.service

    def _do(self, action: Callable[[Service], T]) -> T:
        """Run an action in the emulator's world, and in the thread that owns the store."""
        service = self._running

        def act() -> T:
            with within(self._world):
                return action(service)

        if threading.get_ident() == self._thread:
            return act()
        assert self._loop is not None
        return call_in_loop(self._loop, act)
