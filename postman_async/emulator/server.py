"""`PostmanEmulator`: the embedded Postman API as an object that is started and closed."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from aiohttp import web

from postman_async.emulator import loading, scenarios
from postman_async.emulator.app import LoggedRequest, Service, make_app
from postman_async.emulator.exceptions import EmulatorError
from postman_async.emulator.runs import Engine, RunLimits, Runs
from postman_async.emulator.scripted import Outcome, Script
from postman_async.emulator.store import Store

__all__ = ["PostmanEmulator"]

T = TypeVar("T")

_OTHER_THREAD_SECONDS = 60.0
_SHUTDOWN_SECONDS = 0.1
_BACKLOG = 1024  # hundreds of runs begin at once


class PostmanEmulator:
    """A Postman API on this machine, with a store of its own.

    ::

        async with PostmanEmulator() as emulator:
            uid = emulator.add_monitor("checkout", outcome="passed", duration=0.2)
            ...  # any client of the API: emulator.url, emulator.api_key

    Monitors made over the API run their collections for real, in a Node process that is started
    when the first of them runs.  Those of `add_monitor` follow a script and need no Node.

    `start` and `close` belong to one event loop.  The plain methods may be called from any
    thread, while the emulator runs.

    Args:
        host: the address to listen on.
        port: the port to listen on; 0 takes a free one.
        db: the SQLite file to keep everything in, or ``:memory:``.
        api_key: the key to accept; None makes one up.
        engine: what executes collections, which is not closed here; None makes one on demand.
        progress: told in one line of text when something takes long (the engine's installation).
        hold_limit: seconds after which a run is answered with 202 while it goes on.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        db: str = ":memory:",
        api_key: str | None = None,
        engine: Engine | None = None,
        progress: Callable[[str], None] | None = None,
        hold_limit: float = 300.0,
    ) -> None:
        self._host = host
        self._port = port
        self._db = db
        self._api_key = api_key or f"PMAK-{secrets.token_hex(12)}-{secrets.token_hex(17)}"
        self._given_engine = engine
        self._progress = progress
        self._limits = RunLimits(hold=hold_limit)
        self._service: Service | None = None
        self._runner: web.AppRunner | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0

    def __repr__(self) -> str:
        """Tell where it listens; never the key."""
        where = "not running" if self._runner is None else self.url
        return f"<PostmanEmulator {where}>"

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
            EmulatorError: it runs already, or the file is no database of this emulator.
            OSError: the port cannot be had.
        """
        if self._service is not None:
            raise EmulatorError("the emulator runs already")
        self._loop, self._thread = asyncio.get_running_loop(), threading.get_ident()
        self._service = service = self._new_service(Store(self._db))
        try:
            scenarios.settle(service)
            self._runner = web.AppRunner(
                make_app(service), access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS
            )
            await self._runner.setup()
            await web.TCPSite(self._runner, self._host, self._port, backlog=_BACKLOG).start()
        except BaseException:
            await self.close()
            raise

    def _new_service(self, store: Store) -> Service:
        runs = Runs(store, engine=self._given_engine, progress=self._progress, limits=self._limits)
        return Service(store=store, runs=runs, api_key=self._api_key)

    async def close(self) -> None:
        """Abort what runs, stop listening and close the store; nothing is left open.

        An emulator that does not run stays as it is.  It may be started again.
        """
        service, self._service = self._service, None
        runner, self._runner = self._runner, None
        if service is None:
            return
        try:
            await service.runs.close()
        finally:
            if runner is not None:
                await runner.cleanup()
            service.store.close()

    def reset(self) -> None:
        """Forget everything but the key: entities, runs (those under way are aborted), requests.

        Raises:
            EmulatorError: it does not run.
        """
        self._do(scenarios.reset)

    # -- where it is ------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """The base URL, ``http://127.0.0.1:PORT``."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self.port}"

    @property
    def port(self) -> int:
        """The port it listens on."""
        if self._runner is None or not self._runner.addresses:
            raise EmulatorError("the emulator does not run: start it first")
        port: int = self._runner.addresses[0][1]
        return port

    @property
    def api_key(self) -> str:
        """The key it accepts."""
        return self._api_key

    @property
    def engine(self) -> Engine:
        """What executes collections; ``await emulator.engine.start()`` gets it ready early."""
        return self._running.runs.engine

    @property
    def default_workspace(self) -> str:
        """The id of the workspace that takes what names no other."""
        return self._running.default_workspace

    @property
    def requests(self) -> list[LoggedRequest]:
        """The requests it received, oldest first: method, path, operation id (or None)."""
        return list(self._running.requests)

    # -- what is in it ----------------------------------------------------------------------

    def add_monitor(
        self,
        name: str,
        *,
        outcome: Outcome = "passed",
        duration: float = 0.0,
        requests: int = 1,
        assertions: int = 1,
        workspace: str | None = None,
    ) -> str:
        """Make a monitor whose runs follow a script; no request is sent in them.

        Args:
            name: its name.
            outcome: ``passed``; ``failed`` (an assertion fails); ``error`` (a request gets no
                answer).
            duration: seconds that a run takes.
            requests: how many requests a run has, at least 1.
            assertions: how many assertions a run has.
            workspace: the id of the workspace it is in; None means the default one.

        Returns:
            Its uid.

        Raises:
            EmulatorError: the script contradicts itself, there is no such workspace, or the
                emulator does not run.
        """
        script = Script.planned(outcome, duration, requests, assertions, None)
        return self._do(lambda service: scenarios.add_monitor(service, name, script, workspace))

    def script_run(
        self,
        uid: str,
        run: Mapping[str, Any] | None = None,
        *,
        outcome: Outcome = "passed",
        duration: float = 0.0,
        requests: int = 1,
        assertions: int = 1,
        failed_assertions: int | None = None,
    ) -> None:
        """Script all further runs of a monitor, whoever made it.

        Args:
            uid: the monitor's uid.
            run: a whole result, ``{info, stats, executions, failures}``, to be answered as it is
                (what its ``info`` leaves out is filled in); None composes one of what follows.
            outcome: as for `add_monitor`.
            duration: seconds that a run takes, also with a result of one's own.
            requests: how many requests a run has.
            assertions: how many assertions a run has.
            failed_assertions: how many fail; None means as many as the outcome needs.

        Raises:
            EmulatorError: the script contradicts itself, there is no such monitor, or the
                emulator does not run.
        """
        script = Script.planned(outcome, duration, requests, assertions, failed_assertions)
        if run is not None:
            script = Script(duration=script.duration, run=scenarios.own_result(run))
        self._do(lambda service: scenarios.script_run(service, uid, script))

    def add_server_response(
        self,
        mock_uid: str,
        *,
        status: int = 500,
        headers: Mapping[str, str] | None = None,
        body: str = "",
    ) -> str:
        """Give a mock server an answer with which it can be made to fail.

        It answers everything with it once its ``config.serverResponseId`` (`mocks.update`) is
        the id that this returns.

        Args:
            mock_uid: the mock server's uid.
            status: the status of the answer, 500 to 599.
            headers: the headers of the answer.
            body: the body of the answer.

        Returns:
            The id of the answer.

        Raises:
            EmulatorError: the status is another one, there is no such mock server, or the
                emulator does not run.
        """
        return self._do(
            lambda service: scenarios.add_server_response(
                service, mock_uid, status, headers or {}, body
            )
        )

    def global_variables(self, workspace: str | None = None) -> list[dict[str, Any]]:
        """Return the global variables that imports brought into a workspace.

        Args:
            workspace: its id; None means the default one.

        Raises:
            EmulatorError: there is no such workspace, or the emulator does not run.
        """
        return self._do(lambda service: scenarios.global_variables(service, workspace))

    def load(self, source: Path | str | Mapping[str, Any]) -> list[str]:
        """Put the collections and environments of a file into the default workspace.

        Args:
            source: the path of a JSON file, or its content: a collection (format v2.0 or v2.1)
                or an environment, bare or wrapped as the API sends it, a list of these, or a
                dump ``{"collections": […], "environments": […]}``.

        Returns:
            The uids of what was made, in the order of the file.

        Raises:
            EmulatorError: the file cannot be read, or holds something else; nothing was made.
        """
        name, documents = loading.documents_of(source)
        return self._do(lambda service: scenarios.load(service, name, documents))

    # -- from any thread --------------------------------------------------------------------

    @property
    def _running(self) -> Service:
        if self._service is None:
            raise EmulatorError("the emulator does not run: start it first")
        return self._service

    def _do(self, action: Callable[[Service], T]) -> T:
        """Run an action in the emulator's thread: its store is at home there."""
        service = self._running
        if threading.get_ident() == self._thread:
            return action(service)
        done: Future[T] = Future()

        def act() -> None:
            try:
                done.set_result(action(service))
            except BaseException as error:  # the caller's to handle, in the caller's thread
                done.set_exception(error)

        assert self._loop is not None
        self._loop.call_soon_threadsafe(act)
        return done.result(_OTHER_THREAD_SECONDS)
