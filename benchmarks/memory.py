"""Measures memory by the number of runs.  ``python benchmarks/memory.py [--runs 100000]``.

A server in a process of its own answers each run at once with the same result of three requests.
The client streams the runs with a journal, and prints its memory on the way.  Then it reads the
journal, and resumes the batch, which runs nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import multiprocessing
import os
import re
import tempfile
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

from postman_async import AsyncPostman, read_journal

UID = "12345678-1e6b6cb1-0000-4000-8000-%012d"

EXECUTION = {
    "id": 1,
    "item": {"id": "b5e8d7dd-909c-4ba7-aef4-8609bc50b586", "name": "Sample request"},
    "request": {"method": "GET", "url": "https://example.com/get", "headers": {"accept": "*/*"}},
    "response": {"code": 200, "responseTime": 26, "responseSize": 298, "headers": {"etag": "x"}},
    "assertions": {"Status code is 200": True},
}
RUN = {
    "info": {"jobId": "job", "monitorId": UID % 0, "status": "success"},
    "stats": {"assertions": {"total": 3, "failed": 0}, "requests": {"total": 3, "failed": 0}},
    "executions": [EXECUTION] * 3,
    "failures": [],
}

FIRST_UID = (UID % 0).encode()
UID_IN_PATH = re.compile(rb"^POST /monitors/(\S+)/run ", re.MULTILINE)


class Server(asyncio.Protocol):
    """Answers every request with the same run, of the monitor that was asked for.

    The client refuses the run of another monitor.
    """

    body = json.dumps({"run": RUN}).encode()
    answer = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer all requests that came."""
        for uid in UID_IN_PATH.findall(data):
            self.transport.write(self.answer.replace(FIRST_UID, uid))


def serve(pipe: Connection) -> None:
    """Listen on a free port, and send its number."""

    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


def resident() -> float:
    """Return the memory of this process in MB, garbage collected."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def uids(count: int) -> Iterator[str]:
    """Yield uids, and hold none of them."""
    for number in range(count):
        yield UID % number


async def stream(pm: AsyncPostman, runs: int, journal: Path, *, resume: bool) -> None:
    """Stream the runs, and print the memory at each tenth of them."""
    began, marks = time.perf_counter(), {runs * n // 10 for n in range(1, 11)} | {runs // 100}
    count = 0
    async for outcome in pm.stream_monitor_runs(
        uids(runs), concurrency=100, journal=journal, resume=resume, keep="summary"
    ):
        assert outcome.status == "passed", outcome.error
        count += 1
        if count in marks:
            seconds = time.perf_counter() - began
            print(f"  {count:>8} outcomes  {resident():7.1f} MB  {seconds:6.1f} s", flush=True)
    assert count == runs


def _forget_end(journal: Path) -> None:
    """Remove the line with the number of uids, so that the batch is not finished."""
    with journal.open("rb+") as file:
        lines = file.read().splitlines(keepends=True)
        end = max(number for number, line in enumerate(lines) if line.startswith(b'{"end"'))
        file.seek(0)
        file.writelines(lines[:end] + lines[end + 1 :])
        file.truncate()


async def main(port: int, runs: int, folder: Path) -> None:
    """Run, read and resume."""
    journal = folder / "runs.jsonl"
    async with AsyncPostman("PMAK-benchmark", base_url=f"http://127.0.0.1:{port}") as pm:
        print(f"before: {resident():.1f} MB\nrunning, with a journal:")
        await stream(pm, runs, journal, resume=False)
        print(f"the journal has {journal.stat().st_size / 1e6:.1f} MB; reading it:")
        count = sum(1 for _ in read_journal(journal))
        print(f"  {count:>8} outcomes  {resident():7.1f} MB\nresuming it, which runs nothing:")
        _forget_end(journal)
        await stream(pm, runs, journal, resume=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100_000)
    given = parser.parse_args()
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    with tempfile.TemporaryDirectory() as name:
        asyncio.run(main(ours.recv(), given.runs, Path(name)))
    server.terminate()
