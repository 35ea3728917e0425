"""What a call costs, counted in the functions of ours that it enters: times vary, these do not.

A bound that is passed is no fault by itself: look at what was added, and raise it if it is worth
that.  ``python -m benchmarks`` tells what it costs in time.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, SimpleNamespace
from typing import Any
from unittest.mock import Mock

import aiohttp
import pytest

import postman_async
from postman_async import AsyncPostman, MonitorRun
from postman_async.engine.data import codec
from postman_async.engine.data.convert import reader
from postman_async.engine.http.transport import Transport
from tests.support import KEY

OURS = str(Path(postman_async.__file__).parent)
EXECUTION = {
    "id": 1,
    "item": {"id": "i", "name": "n"},
    "request": {"method": "GET", "url": "u", "body": {"contentLength": 1}},
    "response": {"code": 200, "body": {"contentLength": 1}},
}
HEADERS = {"Content-Type": "application/json"}
RUN = {
    "info": {"monitorId": "m", "status": "success"},
    "stats": {"assertions": {"total": 1, "failed": 0}, "requests": {"total": 1, "failed": 0}},
    "executions": [EXECUTION] * 10,
}


def readers_in(entered: list[str]) -> int:
    """Count the functions that make one model each."""
    return sum(name.startswith("read_") and "list_of" not in name for name in entered)


@contextmanager
def counted() -> Iterator[list[str]]:
    """Note each function of ours that is entered in the block."""
    entered: list[str] = []

    def note(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(OURS):
            entered.append(code.co_qualname)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield entered
    finally:
        sys.setprofile(before)


async def entered_by_a_call(monkeypatch: pytest.MonkeyPatch, call: Callable[..., Any]) -> list[str]:
    """Count the second call: what is made once is made then.  Nothing goes over a network."""
    content = json.dumps({"run": RUN}).encode()

    async def open_(*_: Any) -> Any:
        stream = aiohttp.StreamReader(Mock(), 2**16, loop=asyncio.get_running_loop())
        stream.feed_data(content)
        stream.feed_eof()
        return SimpleNamespace(status=200, headers=HEADERS, content=stream)

    monkeypatch.setattr(Transport, "_open", open_)
    async with AsyncPostman(KEY, base_url="http://127.0.0.1:1") as pm:
        await call(pm)
        with counted() as entered:
            await call(pm)
    return entered


async def test_a_call_enters_few_functions(monkeypatch: pytest.MonkeyPatch) -> None:
    methods: list[Callable[..., Any]] = []

    def call(pm: AsyncPostman) -> Any:
        methods.append(methods[0] if methods else pm.monitors.with_raw_response.run)
        return methods[0]("1-m")

    entered = await entered_by_a_call(monkeypatch, call)
    assert 20 < len(entered) <= 42, entered


async def test_a_run_that_may_have_to_be_followed_enters_some_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is noted of the call tells its run from others, should the service answer early."""
    entered = await entered_by_a_call(monkeypatch, lambda pm: pm.monitors.run("1-m"))
    assert 20 < len(entered) <= 72, entered


def test_a_run_is_read_with_few_functions() -> None:
    """One for each model, and what nobody looks at costs nothing."""
    read = reader(MonitorRun)
    assert read(RUN).executions[9].response.code == 200
    with counted() as entered:
        run = read(RUN)
    assert readers_in(entered) == 5  # the run, its info, its stats and two tallies
    with counted() as entered:
        assert len(run.executions) == 10
    assert readers_in(entered) == 10 * 6
    assert len(entered) <= 10 * 6 + 5, entered


def test_an_unchanged_run_is_written_with_one_function_for_each_model() -> None:
    run = reader(MonitorRun)(RUN)
    assert run.executions is not None
    codec.dumps(run)
    with counted() as entered:
        codec.dumps(run)
    assert len(entered) <= 5 + 10 * 6 + 10, entered
