"""A small model of the service: it answers each operation well, and knows which runs it began."""

from __future__ import annotations

import asyncio
import itertools
import json
from datetime import timedelta
from email.utils import format_datetime
from functools import lru_cache
from typing import Any

from attrs import define, field, frozen

from postman_async.engine.operation import Operation, Result
from postman_async.operations import OPERATIONS
from tests.bulk.model import START
from tests.faults.fault import Good

__all__ = ["FOREIGN", "Run", "Service"]

FOREIGN = "token-of-another-call"
"""What an answer holds that belongs to another call."""


@frozen
class Run:
    """A run that the service began: its job id, and when on the loop's clock."""

    job: str
    began: float


@define
class Service:
    """What the service knows.

    Attributes:
        runs: the runs of each monitor, by its uid.
        tokens: the token of each answer, by the order in which they were made.

    """

    runs: dict[str, list[Run]] = field(factory=dict)
    tokens: list[str] = field(factory=list)
    _numbers: Any = field(factory=itertools.count)

    def forget(self) -> None:
        """Forget all of it."""
        self.runs.clear()
        self.tokens.clear()

    def good(self, operation: Operation, path: str, *, begins: bool = True) -> Good:
        """Make the answer to a request; a run begins where it asks for one."""
        token = f"token-{next(self._numbers)}"
        self.tokens.append(token)
        document = self._document(operation, path, token, begins)
        body = json.dumps(document, ensure_ascii=False).encode()
        date = format_datetime(START + timedelta(seconds=_now()), usegmt=True)
        return Good(operation.id, document, body, date)

    def _document(self, operation: Operation, path: str, token: str, begins: bool) -> Any:
        uid = path.split("/")[2] if path.count("/") > 1 else ""
        if operation.id == "monitors.run":
            if begins:
                self.runs.setdefault(uid, []).append(Run(token, _now()))
            return {"run": run_of(uid, token, _iso(_now()))}
        if operation.id == "monitors.get":
            return {"monitor": self._monitor(uid, token)}
        return _in_its_place(operation.result, {"id": token, "uid": f"1-{token}", "name": "ünï"})

    def _monitor(self, uid: str, token: str) -> dict[str, Any]:
        """Write a monitor as the service does; its token is its collection."""
        shown: dict[str, Any] = {
            "id": plain_id(uid),
            "uid": uid,
            "name": f"monitor {uid}",
            "owner": 12345678,
            "collectionUid": f"1-{token}",
            "active": False,
            "schedule": {"cron": "0 4 * * *", "timezone": "UTC"},
            "options": {},
            "notifications": {},
            "distribution": [],
        }
        if runs := self.runs.get(uid):
            shown["lastRun"] = _last(runs[-1])
            shown["jobId"] = runs[-1].job
        return shown


@lru_cache(1_000)
def find(method: str, path: str) -> Operation | None:
    """Find the operation that a request calls: of two that fit, the one with more fixed parts."""
    parts = path.split("/")
    fitting = [
        (sum(not own.startswith("{") for own in pattern), operation)
        for operation in OPERATIONS.values()
        if operation.method == method
        and len(pattern := operation.path.split("/")) == len(parts)
        and all(
            own == part or own.startswith("{") for own, part in zip(pattern, parts, strict=True)
        )
    ]
    return max(fitting, key=lambda found: found[0])[1] if fitting else None


def plain_id(uid: str) -> str:
    """Return a uid without its owner, as answers show the id of a monitor."""
    return uid.partition("-")[2]


def run_of(uid: str, job: str, at: str) -> dict[str, Any]:
    """Write the result of a run that took no time, large enough that parts of it are read late."""
    return {
        "info": {
            "jobId": job,
            "monitorId": plain_id(uid),
            "name": f"monitör {uid}",
            "collectionUid": "12345678-c",
            "environmentUid": "12345678-e",
            "status": "success",
            "startedAt": at,
            "finishedAt": at,
        },
        "stats": {
            "assertions": {"total": 3, "failed": 0},
            "requests": {"total": 3, "failed": 0},
            "runCount": 1,
            "responseLatency": 12.5,
        },
        "executions": [_execution(number) for number in range(1, 4)],
        "failures": [],
    }


def _execution(number: int) -> dict[str, Any]:
    headers = {f"x-header-{n}": "of no interest " * 3 for n in range(6)}
    return {
        "id": number,
        "item": {"name": f"request {number}", "id": f"item-{number}"},
        "request": {"method": "GET", "url": "https://echo.example/get", "headers": headers},
        "response": {"code": 200, "responseTime": 12, "responseSize": 345, "headers": headers},
        "assertions": {"is well": True},
    }


def _in_its_place(result: Result, model: dict[str, Any]) -> Any:
    content: Any = model
    for depth in range(result.maps):
        content = {f"map-{depth}": content}
    content = [content] if result.many else content
    return content if result.key is None else {result.key: content}


def _last(run: Run) -> dict[str, Any]:
    tally = {"total": 3, "failed": 0}
    return {
        "jobId": run.job,
        "status": "success",
        "startedAt": _iso(run.began),
        "finishedAt": _iso(run.began),
        "stats": {"assertions": tally, "requests": tally},
    }


def _now() -> float:
    return asyncio.get_running_loop().time()


def _iso(when: float) -> str:
    moment = START + timedelta(seconds=when)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
