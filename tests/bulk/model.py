"""A model of the service: monitors whose runs, answers and faults are planned, and a true record.

It speaks HTTP over a real socket and lives on the loop's clock, so its runs may take minutes.  Its
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
"""Seconds after our call at which a stranger begins a run that is surely not ours."""

Fault: TypeAlias = Literal[
    "none",
    "cut before",
    "cut after",
    "cut in the answer",
    "429",
    "503 with a wait",
    "503, not begun",
    "503, begun",
    "502, not begun",
    "502, begun",
    "502, begun later",
    "504 after a while",
    "202",
    "not JSON",
    "slow",
    "never, not begun",
    "never, begun",
    "404",
]
NOT_BEGUN: set[Fault] = {
    "cut before",
    "429",
    "503 with a wait",
    "503, not begun",
    "502, not begun",
    "never, not begun",
    "404",
}
NEVER: set[Fault] = {"never, not begun", "never, begun"}
LookFault: TypeAlias = Literal["none", "502", "cut", "not JSON"]


@define
class Run:
    """A run, as it truly was."""

    job: str
    ours: bool
    begins: float
    ends: float
    word: str
    place: int | None = None
    """The place in the batch whose call began it, where the call tells that."""


@define
class Model:
    """One monitor and what is planned for it.

    Attributes:
        seconds: how long its runs take.
        word: how they end.
        faults: what happens to the calls that trigger it, one after the other; then nothing.
        looks: the same for the calls that look at it.
        strangers: who else runs it: before our call, in its seconds, after it.
        runs: what truly happened.
        triggers: how many calls to trigger it came.

    """

    seconds: float = 1.0
    word: str = "success"
    faults: list[Fault] = field(factory=list)
    looks: list[LookFault] = field(factory=list)
    strangers: frozenset[str] = frozenset()
    active: bool = False
    cron: str = "0 4 * * *"
    runs: list[Run] = field(factory=list)
    triggers: int = 0

    @property
    def ours(self) -> list[Run]:
        """The runs that our calls began."""
        return [run for run in self.runs if run.ours]


@define
class Service:
    """The service: its monitors by uid, and how it tells of them.

    Attributes:
        monitors: the monitors.
        skew: seconds by which its clock is ahead of ours.
        lag: seconds by which what it tells of runs is behind.
        ids: whether it tells job ids.
        coarse: whether it tells times in whole seconds.
        late_last_run: whether a run becomes the last run when it ends; else, when it begins.
        calls: how many calls came.
        connections: how many connections are open.

    """

    monitors: dict[str, Model] = field(factory=dict)
    skew: float = 0.0
    lag: float = 0.0
    ids: bool = True
    coarse: bool = False
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
        moment = self.service_time(when)
        moment = moment.replace(microsecond=0) if self.coarse else moment
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    # -- runs ---------------------------------------------------------------------------------

    def begin(
        self, model: Model, *, ours: bool = True, after: float = 0.0, place: int | None = None
    ) -> Run:
        """Begin a run now or later."""
        begins = self.now() + after
        word = model.word if ours else "error"
        run = Run(f"job-{next(self._jobs)}", ours, begins, begins + model.seconds, word, place)
        model.runs.append(run)
        return run

    def shown(self, model: Model) -> list[Run]:
        """Return the runs that the service tells of now, the last one last."""
        seen = self.now() - self.lag
        return sorted((r for r in model.runs if r.begins <= seen), key=lambda r: r.begins)

    def monitor(self, uid: str, model: Model) -> dict[str, Any]:
        """Write a monitor as the service does."""
        told: dict[str, Any] = {
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
            told["jobId"] = runs[-1].job
            if self.late_last_run:
                runs = [run for run in runs if run.ends <= self.now() - self.lag]
        if runs:
            told["lastRun"] = self.last(runs[-1])
        return {"monitor": told}

    def last(self, run: Run) -> dict[str, Any]:
        """Write a last run as the service does."""
        told: dict[str, Any] = {"status": "running", "startedAt": self.iso(run.begins)}
        if self.ids:
            told["jobId"] = run.job
        if run.ends <= self.now() - self.lag:
            told |= {"status": run.word, "finishedAt": self.iso(run.ends), "stats": STATS}
        return told

    def result(self, uid: str, run: Run) -> bytes:
        """Write the whole result of a run."""
        info = {
            "jobId": run.job,
            "monitorId": uid,
            "status": run.word,
            "startedAt": self.iso(run.begins),
            "finishedAt": self.iso(run.ends),
        }
        return self.answer(200, {"run": {"info": info, "stats": STATS, "executions": []}})

    def answer(self, status: int, body: Any, **headers: str) -> bytes:
        """Write an answer, with the date of the service's clock."""
        content = body if isinstance(body, str) else json.dumps(body)
        date = format_datetime(self.service_time(self.now()), usegmt=True)
        return reply(status, content, Date=date, **headers)

    # -- calls --------------------------------------------------------------------------------

    async def trigger(self, uid: str, background: bool, place: int | None) -> bytes | None:
        """Answer a call that triggers a monitor; None closes the connection."""
        model = self.monitors.get(uid)
        if model is None:
            return self.answer(404, {"error": {"name": "instanceNotFoundError", "message": "no"}})
        model.triggers += 1
        fault = model.faults.pop(0) if model.faults else "none"
        if "before" in model.strangers and fault not in ("429", "503 with a wait"):
            self.begin(model, ours=False, after=-4.0)
        if "after" in model.strangers:
            self.begin(model, ours=False, after=AFTER)
        if "within" in model.strangers and fault not in ("429", "503 with a wait"):
            self.begin(model, ours=False, after=0.3)
        if fault in NOT_BEGUN:
            return await self._refusal(fault)
        after = 2.0 if fault in ("slow", "502, begun later") else 0.0
        run = self.begin(model, after=after, place=place)
        return await self._outcome(uid, run, fault, background)

    async def _refusal(self, fault: Fault) -> bytes | None:
        answers: dict[Fault, Callable[[], bytes]] = {
            "429": lambda: self.answer(429, {"error": {"name": "rateLimited"}}, Retry_After="1"),
            "503 with a wait": lambda: self.answer(503, "busy", Retry_After="1"),
            "503, not begun": lambda: self.answer(503, "busy"),
            "502, not begun": lambda: self.answer(502, "<html>bad gateway"),
            "404": lambda: self.answer(404, {"error": {"name": "instanceNotFoundError"}}),
        }
        if fault == "never, not begun":
            await asyncio.sleep(10_000)
        return answers[fault]() if fault in answers else None

    async def _outcome(self, uid: str, run: Run, fault: Fault, background: bool) -> bytes | None:
        if fault == "cut after":
            return None
        if fault in ("502, begun", "502, begun later", "503, begun"):
            return self.answer(int(fault[:3]), "<html>bad gateway")
        if fault == "504 after a while":
            await asyncio.sleep(12)
            return self.answer(504, "<html>timeout")
        if fault == "never, begun":
            await asyncio.sleep(10_000)
        info = {"monitorId": uid, "status": "running"}
        if background:
            info |= {"jobId": run.job} if self.ids else {}
            info["startedAt"] = self.iso(run.begins)
            return self.answer(200, {"run": {"info": info}})
        if fault == "202":
            await asyncio.sleep(3)
            return self.answer(202, {"run": {"info": info}})
        await asyncio.sleep(run.ends - self.now())
        if fault == "not JSON":
            return self.answer(200, "<html>")
        whole = self.result(uid, run)
        return CutShort(whole[: len(whole) - 20]) if fault == "cut in the answer" else whole

    async def look(self, uid: str) -> bytes | None:
        """Answer a call that looks at a monitor; None closes the connection."""
        model = self.monitors[uid]
        fault = model.looks.pop(0) if model.looks else "none"
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
                answer = await self._until(gone, self._answer(method, target, _place(head)))
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

    async def _answer(self, method: str, target: str, place: int | None) -> bytes | None:
        self.calls += 1
        url = urlsplit(target)
        uid = url.path.split("/")[2]
        if method == "POST":
            background = parse_qs(url.query).get("async") == ["true"]
            return await self.trigger(uid, background, place)
        return await self.look(uid)


def _place(head: str) -> int | None:
    """Read the place that a call is of, if it tells it."""
    _, found, rest = head.partition("\r\nX-Place: ")
    return int(rest.partition("\r\n")[0]) if found else None


STATS = {"assertions": {"total": 2, "failed": 0}, "requests": {"total": 1, "failed": 0}}


@asynccontextmanager
async def serving(service: Service) -> AsyncIterator[Service]:
    """Run the service on a free port of this machine."""
    listening = await asyncio.start_server(service.serve, "127.0.0.1", 0)
    service.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    async with listening:
        yield service
