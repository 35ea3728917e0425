"""A model of the service: monitors whose runs, answers and faults are planned, and a true record.

It speaks HTTP over a real socket and uses the loop's clock, so its runs may take minutes.  Its
own clock may be hours off.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Literal, TypeAlias
from urllib.parse import parse_qs, urlsplit

from attrs import define, field

from tests.support import CutShort, reply

START = datetime(2026, 3, 1, 11, 59, 7, 321000, tzinfo=UTC)
AFTER = 25.0
"""Seconds after our call at which another client starts a run that is certainly not ours."""

Fault: TypeAlias = Literal[
    "none",
    "cut before",
    "cut after",
    "cut in the answer",
    "429",
    "503 with a wait",
    "503, not started",
    "503, started",
    "502, not started",
    "502, started",
    "502, started late",
    "504 after a while",
    "202",
    "not JSON",
    "slow",
    "never, not started",
    "never, started",
    "404",
]
NOT_STARTED: set[Fault] = {
    "cut before",
    "429",
    "503 with a wait",
    "503, not started",
    "502, not started",
    "never, not started",
    "404",
}
NEVER: set[Fault] = {"never, not started", "never, started"}
PollFault: TypeAlias = Literal["none", "502", "cut", "not JSON"]


@define
class Run:
    """A run, as it was."""

    job: str
    ours: bool
    starts_at: float
    ends_at: float
    word: str
    index: int | None = None
    """The index in the batch of the call that started it, if the call has that header."""


@define
class Model:
    """One monitor and what is planned for it.

    Attributes:
        seconds: how long its runs take.
        word: how they end.
        faults: what happens to the calls that trigger it, one after the other.
        poll_faults: the same for the polls.
        other_clients: when others run it: before our call, in its seconds, after it.
        runs: the runs, as they were.
        triggers: how many calls that trigger it came.

    """

    seconds: float = 1.0
    word: str = "success"
    faults: list[Fault] = field(factory=list)
    poll_faults: list[PollFault] = field(factory=list)
    other_clients: frozenset[str] = frozenset()
    active: bool = False
    cron: str = "0 4 * * *"
    runs: list[Run] = field(factory=list)
    triggers: int = 0

    @property
    def ours(self) -> list[Run]:
        """The runs that our calls started."""
        return [run for run in self.runs if run.ours]


@define
class Service:
    """The service: its monitors by uid, and how it reports them.

    Attributes:
        monitors: the monitors.
        skew: seconds by which its clock is ahead of ours.
        lag: seconds after which it reports a run.
        ids: whether it reports job ids.
        whole_seconds: whether it reports times in whole seconds.
        late_last_run: whether a run becomes the last run when it ends; otherwise when it starts.
        calls: how many calls came.
        connections: how many connections are open.

    """

    monitors: dict[str, Model] = field(factory=dict)
    skew: float = 0.0
    lag: float = 0.0
    ids: bool = True
    whole_seconds: bool = False
    late_last_run: bool = False
    url: str = ""
    calls: int = 0
    connections: int = 0
    _jobs: Any = field(factory=itertools.count)

    def now(self) -> float:
        """Return the time on the loop's clock."""
        return asyncio.get_running_loop().time()

    def service_time(self, when: float) -> datetime:
        """Return what the service's clock shows at that time."""
        return START + timedelta(seconds=self.skew + when)

    def iso(self, when: float) -> str:
        """Write a time as the service does."""
        time = self.service_time(when)
        time = time.replace(microsecond=0) if self.whole_seconds else time
        return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    # -- runs ---------------------------------------------------------------------------------

    def start_run(
        self, model: Model, *, ours: bool = True, after: float = 0.0, index: int | None = None
    ) -> Run:
        """Start a run now or later."""
        starts_at = self.now() + after
        word = model.word if ours else "error"
        run = Run(
            f"job-{next(self._jobs)}", ours, starts_at, starts_at + model.seconds, word, index
        )
        model.runs.append(run)
        return run

    def shown(self, model: Model) -> list[Run]:
        """Return the runs that the service reports now, the last one last."""
        seen = self.now() - self.lag
        return sorted((r for r in model.runs if r.starts_at <= seen), key=lambda r: r.starts_at)

    def monitor(self, uid: str, model: Model) -> dict[str, Any]:
        """Write a monitor as the service does."""
        document: dict[str, Any] = {
            "id": uid,
            "uid": uid,
            "name": f"monitor {uid}",
            "owner": 1,
            "collectionUid": "1-c",
            "active": model.active,
            "schedule": {"cron": model.cron, "timezone": "UTC"},
            "options": {},
            "notifications": {},
            "distribution": [],
        }
        runs = self.shown(model)
        if runs and self.ids:  # of the latest run, also when it has ended
            document["jobId"] = runs[-1].job
            if self.late_last_run:
                runs = [run for run in runs if run.ends_at <= self.now() - self.lag]
        if runs:
            document["lastRun"] = self.last(runs[-1])
        return {"monitor": document}

    def last(self, run: Run) -> dict[str, Any]:
        """Write a last run as the service does."""
        document: dict[str, Any] = {"status": "running", "startedAt": self.iso(run.starts_at)}
        if self.ids:
            document["jobId"] = run.job
        if run.ends_at <= self.now() - self.lag:
            document |= {"status": run.word, "finishedAt": self.iso(run.ends_at), "stats": STATS}
        return document

    def result(self, uid: str, run: Run) -> bytes:
        """Write the whole result of a run."""
        info = {
            "jobId": run.job,
            "monitorId": uid,
            "status": run.word,
            "startedAt": self.iso(run.starts_at),
            "finishedAt": self.iso(run.ends_at),
        }
        return self.answer(200, {"run": {"info": info, "stats": STATS, "executions": []}})

    def answer(self, status: int, body: Any, **headers: str) -> bytes:
        """Write an answer, with the date of the service's clock."""
        content = body if isinstance(body, str) else json.dumps(body)
        date = format_datetime(self.service_time(self.now()), usegmt=True)
        return reply(status, content, Date=date, **headers)

    # -- calls --------------------------------------------------------------------------------

    async def trigger(self, uid: str, background: bool, index: int | None) -> bytes | None:
        """Answer a call that triggers a monitor; None closes the connection."""
        model = self.monitors.get(uid)
        if model is None:
            return self.answer(404, {"error": {"name": "instanceNotFoundError", "message": "no"}})
        model.triggers += 1
        fault = model.faults.pop(0) if model.faults else "none"
        if "before" in model.other_clients and fault not in ("429", "503 with a wait"):
            self.start_run(model, ours=False, after=-4.0)
        if "after" in model.other_clients:
            self.start_run(model, ours=False, after=AFTER)
        if "within" in model.other_clients and fault not in ("429", "503 with a wait"):
            self.start_run(model, ours=False, after=0.3)
        if fault in NOT_STARTED:
            return await self._refusal(fault)
        after = 2.0 if fault in ("slow", "502, started late") else 0.0
        run = self.start_run(model, after=after, index=index)
        return await self._outcome(uid, run, fault, background)

    async def _refusal(self, fault: Fault) -> bytes | None:
        answers: dict[Fault, Callable[[], bytes]] = {
            "429": lambda: self.answer(429, {"error": {"name": "rateLimited"}}, Retry_After="1"),
            "503 with a wait": lambda: self.answer(503, "busy", Retry_After="1"),
            "503, not started": lambda: self.answer(503, "busy"),
            "502, not started": lambda: self.answer(502, "<html>bad gateway"),
            "404": lambda: self.answer(404, {"error": {"name": "instanceNotFoundError"}}),
        }
        if fault == "never, not started":
            await asyncio.sleep(10_000)
        return answers[fault]() if fault in answers else None

    async def _outcome(self, uid: str, run: Run, fault: Fault, background: bool) -> bytes | None:
        if fault == "cut after":
            return None
        if fault in ("502, started", "502, started late", "503, started"):
            return self.answer(int(fault[:3]), "<html>bad gateway")
        if fault == "504 after a while":
            await asyncio.sleep(12)
            return self.answer(504, "<html>timeout")
        if fault == "never, started":
            await asyncio.sleep(10_000)
        info = {"monitorId": uid, "status": "running"}
        if background:
            info |= {"jobId": run.job} if self.ids else {}
            info["startedAt"] = self.iso(run.starts_at)
            return self.answer(200, {"run": {"info": info}})
        if fault == "202":
            await asyncio.sleep(3)
            return self.answer(202, {"run": {"info": info}})
        await asyncio.sleep(run.ends_at - self.now())
        if fault == "not JSON":
            return self.answer(200, "<html>")
        whole = self.result(uid, run)
        return CutShort(whole[: len(whole) - 20]) if fault == "cut in the answer" else whole

    async def observe(self, uid: str) -> bytes | None:
        """Answer a poll of a monitor; None closes the connection."""
        model = self.monitors[uid]
        fault = model.poll_faults.pop(0) if model.poll_faults else "none"
        if fault == "502":
            return self.answer(502, "<html>bad gateway")
        if fault == "not JSON":
            return self.answer(200, "<html>")
        return None if fault == "cut" else self.answer(200, self.monitor(uid, model))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the calls of one connection until it closes."""
        self.connections += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                method, target, _ = head.split("\r\n", 1)[0].split(" ")
                gone = asyncio.create_task(reader.read(1))
                answer = await self._until(gone, self._answer(method, target, _index(head)))
                if answer is None:
                    break
                gone.cancel()
                await asyncio.gather(gone, return_exceptions=True)
                writer.write(answer)
                await writer.drain()
                if isinstance(answer, CutShort):
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.connections -= 1
            writer.close()

    async def _until(self, gone: asyncio.Task[bytes], answer: Awaitable[Any]) -> bytes | None:
        """Wait for the answer, or until the client has gone."""
        task = asyncio.ensure_future(answer)
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            task.cancel()
            return None
        result: bytes | None = task.result()
        return result

    async def _answer(self, method: str, target: str, index: int | None) -> bytes | None:
        self.calls += 1
        url = urlsplit(target)
        uid = url.path.split("/")[2]
        if method == "POST":
            background = parse_qs(url.query).get("async") == ["true"]
            return await self.trigger(uid, background, index)
        return await self.observe(uid)


def _index(head: str) -> int | None:
    """Return the index in a call's header, if it has one."""
    _, found, rest = head.partition("\r\nX-Index: ")
    return int(rest.partition("\r\n")[0]) if found else None


STATS = {"assertions": {"total": 2, "failed": 0}, "requests": {"total": 1, "failed": 0}}


@asynccontextmanager
async def serving(service: Service) -> AsyncIterator[Service]:
    """Run the service on a free port of this machine."""
    listening = await asyncio.start_server(service.serve, "127.0.0.1", 0)
    service.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    async with listening:
        yield service
