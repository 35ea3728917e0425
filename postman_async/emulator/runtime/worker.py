"""One Node process with its pending calls."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from postman_async.emulator.exceptions import EngineCrashed
from postman_async.emulator.runtime.environment import worker_environment
from postman_async.emulator.runtime.node import Node

__all__ = ["Worker"]

_START_SECONDS = 60.0
_CLOSE_SECONDS = 3.0
_LINE_BYTES = 2**27  # a result holds up to thousands of executions
_TAIL_LINES = 3
_WORN_SHARE = 0.6  # of the memory it may have
_OUT_OF_MEMORY = ("heap out of memory", "Last few GCs")  # messages of V8


class Worker:
    """A Node process that reads one JSON message per line and answers in any order.

    Created by `spawn`.  When the process ends, all pending calls raise `EngineCrashed`.  A worker
    is not restarted; the pool starts another.
    """

    def __init__(self, process: Process, config: Mapping[str, Any]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        self.started_at = asyncio.get_running_loop().time()
        self._process = process
        self._input, self._output, self._log = process.stdin, process.stdout, process.stderr
        self._numbers = itertools.count(1)
        self._pending: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._ready: asyncio.Future[dict[str, Any]]
        self._ready = asyncio.get_running_loop().create_future()
        self._tail: deque[str] = deque(maxlen=_TAIL_LINES)
        self._config = config
        self._memory_mb = 0.0
        self._ran_out = False
        self._crash: EngineCrashed | None = None
        self._watcher = asyncio.create_task(self._watch(), name="collection runtime")

    @classmethod
    async def spawn(cls, node: Node, directory: Path, config: Mapping[str, Any]) -> Worker:
        """Start a worker from the installation in `directory`, and wait until it is ready.

        Raises:
            EngineCrashed: the worker did not start.
        """
        # Never --max-old-space-size: it would lift the limits of the sandboxes' own heaps.
        arguments = [*node.confinement(directory), str(directory / "worker.js")]
        process = await asyncio.create_subprocess_exec(
            node.executable,
            *arguments,
            json.dumps(config),
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            limit=_LINE_BYTES,
            cwd=directory,
            env=worker_environment(),
            start_new_session=True,  # Ctrl-C is for Python, which then closes the worker
        )
        worker = cls(process, config)
        try:
            await asyncio.wait_for(asyncio.shield(worker._ready), _START_SECONDS)
        except TimeoutError:
            await worker.close()
            raise EngineCrashed("The collection runtime did not start in time.") from None
        except BaseException:
            await worker.close()
            raise
        return worker

    @property
    def alive(self) -> bool:
        """Whether the worker accepts jobs."""
        return self._crash is None and self._process.returncode is None

    @property
    def worn(self) -> bool:
        """Whether the last job left a memory use that could make the next job reach the limit."""
        return self._memory_mb > _WORN_SHARE * float(self._config["memoryMb"])

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    async def call(self, operation: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Send a job, and return the answer: ``ok``, and ``result`` or ``error``.

        Cancelling the call aborts the job in the worker.

        Raises:
            EngineCrashed: the process ended.
        """
        if self._crash is not None:
            raise self._crash
        number = next(self._numbers)
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._pending[number] = future
        try:
            self._send({"op": operation, "id": number, **fields})
            # A broken pipe means that the process ended: the watcher raises the reason.
            with contextlib.suppress(ConnectionError):
                await self._input.drain()
            return await future
        except asyncio.CancelledError:
            self._send({"op": "abort", "id": number})
            raise
        finally:
            self._pending.pop(number, None)

    async def close(self) -> None:
        """End the process, and wait for its end."""
        self._input.close()  # the worker exits when its input ends
        try:
            await asyncio.wait_for(asyncio.shield(self._watcher), _CLOSE_SECONDS)
        except TimeoutError:
            self._kill()
            await self._watcher
        except asyncio.CancelledError:
            self._kill()
            raise

    async def end(self) -> None:
        """Kill the process, and wait for its end."""
        self._kill()
        await asyncio.shield(self._watcher)

    def _send(self, message: Mapping[str, Any]) -> None:
        if not self._input.is_closing():
            text = json.dumps(message, separators=(",", ":"), default=dict)
            self._input.write(text.encode() + b"\n")

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def _watch(self) -> None:
        """Read the output of the process until it ends, then fail the pending calls."""
        await asyncio.gather(self._read_answers(), self._read_log())
        code = await self._process.wait()
        self._input.close()
        with contextlib.suppress(ConnectionError):
            await self._input.wait_closed()
        self._fail(EngineCrashed(self._last_words(code)))

    async def _read_answers(self) -> None:
        try:
            while line := await self._output.readline():
                self._answer(json.loads(line))
        except ValueError:  # not JSON, or longer than any result: the output is unusable
            self._tail.append("the runtime's output could not be read")
            self._kill()

    def _answer(self, message: dict[str, Any]) -> None:
        self._memory_mb = message.get("memoryMb", self._memory_mb)
        future = self._ready if "ready" in message else self._pending.get(message["id"])
        if future is not None and not future.done():
            future.set_result(message)

    async def _read_log(self) -> None:
        while chunk := await self._log.read(2**16):
            lines = chunk.decode(errors="replace").splitlines()
            self._ran_out = self._ran_out or any(
                sign in line for line in lines for sign in _OUT_OF_MEMORY
            )
            self._tail.extend(line.strip()[:300] for line in lines if line.strip())

    def _last_words(self, code: int) -> str:
        cause = f"signal {-code}" if code < 0 else f"exit code {code}"
        if self._ran_out:
            script, whole = self._config["heapMb"], self._config["memoryMb"]
            limits = f"a script may have {script} MB, its process {whole} MB"
            return f"The run's process ran out of memory ({cause}): {limits}"
        said = f": {' / '.join(self._tail)}" if self._tail else ""
        return f"The collection runtime ended ({cause}){said}"

    def _fail(self, crash: EngineCrashed) -> None:
        self._crash = crash
        if not self._ready.done():
            self._ready.set_exception(crash)
            self._ready.exception()  # retrieved, since the waiting caller may have been cancelled
        for future in self._pending.values():
            if not future.done():
                future.set_exception(EngineCrashed(str(crash)))
