"""What the cells of a module share: a loop in virtual time, its network, the server, the keys."""

from __future__ import annotations

import asyncio
import gc
import logging
import ssl
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar

import looptime
import trustme
from attrs import define, field

from postman_async import AsyncPostman, Retries
from tests.bulk.kit import virtual_clocks
from tests.faults.fault import Fault, Stage
from tests.faults.network import Network
from tests.faults.server import FaultServer
from tests.faults.service import Service

__all__ = ["ATTEMPTS", "KEY", "Room", "open_room"]

T = TypeVar("T")

KEY = "PMAK-7hq2xw9vkz4mjr8ntb6cgd3s-q5yfp1uea0l7oixw2hk9vzm4rj8tnb6cg"

ATTEMPTS = 2
"""How often a call may be sent: one more time is enough to see whether it is."""

_CYCLES = 8
"""How often the loop looks for bytes on its sockets before it lets time pass.

All are of this process, so what was sent is there at once: the 42 of looptime only take time.
"""


@define
class Room:
    """Where cells are checked, one after the other.

    Attributes:
        noted: what was logged, and what the loop had to complain of.

    """

    runner: asyncio.Runner
    network: Network
    server: FaultServer
    trust: ssl.SSLContext
    noted: list[str] = field(factory=list)
    complaints: list[str] = field(factory=list)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run it in the room's virtual time."""
        return self.runner.run(coroutine)

    def client(self, fault: Fault) -> AsyncPostman:
        """Make a client that meets the fault on its way."""
        options: Any = {"retries": Retries(attempts=ATTEMPTS)}
        if fault.stage is Stage.TLS or fault.certificate is not None:
            url = f"https://127.0.0.1:{self.server.tls_port}"
            return AsyncPostman(KEY, base_url=url, ssl=self.trust, **options)
        host = "localhost" if fault.stage is Stage.LOOKUP else "127.0.0.1"
        return AsyncPostman(KEY, base_url=f"http://{host}:{self.server.plain_port}", **options)

    def forget(self) -> None:
        """Begin a cell with nothing of the one before."""
        self.server.requests.clear()
        self.server.connections = 0
        self.server.service.forget()
        self.network.failures = 0
        self.noted.clear()
        self.complaints.clear()


@contextmanager
def open_room() -> Iterator[Room]:
    """Make a room, and see that nothing is left in it."""

    def make() -> asyncio.AbstractEventLoop:
        return looptime.new_event_loop(start=0, noop_cycles=_CYCLES, _enabled=True)

    with asyncio.Runner(loop_factory=make) as runner:
        loop = runner.get_loop()
        contexts, trust = _certificates()
        server = FaultServer(Service(), contexts)
        room = Room(runner, Network(loop), server, trust)
        room.network.install()
        loop.set_exception_handler(lambda _, context: room.complaints.append(_described(context)))
        with virtual_clocks(loop), _listening_to_logs(room):
            runner.run(server.start())
            yield room
            runner.run(server.stop())
        gc.collect()
        assert not room.complaints


def _described(context: dict[str, Any]) -> str:
    return f"{context.get('message')}: {context.get('exception')!r}"


@contextmanager
def _listening_to_logs(room: Room) -> Iterator[None]:
    """Listen to all that the SDK logs, which goes no further, and to what others warn of."""
    handler, root, ours = _Listening(room), logging.getLogger(), logging.getLogger("postman_async")
    level = ours.level
    ours.setLevel(logging.DEBUG)
    ours.propagate = False
    for logger in (root, ours):
        logger.addHandler(handler)
    try:
        yield
    finally:
        for logger in (root, ours):
            logger.removeHandler(handler)
        ours.propagate = True
        ours.setLevel(level)


class _Listening(logging.Handler):
    def __init__(self, room: Room) -> None:
        super().__init__()
        self._room = room

    def emit(self, record: logging.LogRecord) -> None:
        text = self.format(record)
        self._room.noted.append(text)
        if record.levelno >= logging.WARNING and record.name != "postman_async":
            self._room.complaints.append(text)


@cache
def _certificates() -> tuple[dict[str, ssl.SSLContext], ssl.SSLContext]:
    """Return what the server may show, and what a client trusts."""
    ours, other = trustme.CA(), trustme.CA()
    issued = {
        "good": ours.issue_cert("127.0.0.1"),
        "of another host": ours.issue_cert("elsewhere.example"),
        "of a stranger": other.issue_cert("127.0.0.1"),
        "expired": ours.issue_cert("127.0.0.1", not_after=datetime(2021, 1, 1, tzinfo=UTC)),
    }
    contexts = {}
    for name, certificate in issued.items():
        contexts[name] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(contexts[name])
    trust = ssl.create_default_context()
    ours.configure_trust(trust)
    return contexts, trust
