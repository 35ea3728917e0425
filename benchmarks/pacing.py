"""40 monitors under 10 calls in 10 s, over a real socket: the time and the 429s of each client.

    pip install -e . -r benchmarks/requirements.txt
    python -m benchmarks.pacing                 # 10 calls in 10 s, about 2 minutes
    python -m benchmarks.pacing --seconds 1     # 10 calls in 1 s, about 20 seconds

A server in a process of its own answers ``POST /monitors/{uid}/run`` after ``--duration``
seconds, counts in fixed windows that begin with the first call, and answers what is over the
limit with 429 and a Retry-After.  Every client triggers all monitors at once.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import math
import multiprocessing
import os
import platform
import time
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from typing import Any

from aiohttp import web
from attrs import define, frozen

KEY = "PMAK-benchmark"


@frozen
class Load:
    """The work: ``runs`` of ``duration`` seconds each, at most ``calls`` in ``seconds``."""

    runs: int
    calls: int
    seconds: float
    duration: float

    @property
    def optimum(self) -> float:
        """The least possible time in seconds: full windows back to back."""
        return (math.ceil(self.runs / self.calls) - 1) * self.seconds + self.duration

    @property
    def uids(self) -> list[str]:
        """The monitors."""
        return [f"1-{number:08d}" for number in range(self.runs)]


# -- the server ----------------------------------------------------------------------------------


@define
class Service:
    """Counts the calls of the current window."""

    load: Load
    posts: int = 0
    refused: int = 0
    began: float = float("-inf")
    used: int = 0

    async def run(self, request: web.Request) -> web.Response:
        """Answer a run when it has ended, or refuse it."""
        now = time.monotonic()
        self.posts += 1
        if now >= self.began + self.load.seconds:
            self.began, self.used = now, 0
        if self.used >= self.load.calls:
            self.refused += 1
            wait = math.ceil(self.began + self.load.seconds - now)
            error = {"error": {"name": "rateLimited", "message": "too many calls"}}
            return web.json_response(error, status=429, headers={"Retry-After": str(wait)})
        self.used += 1
        await asyncio.sleep(self.load.duration)
        info = {"monitorId": request.match_info["uid"], "name": "m", "status": "success"}
        return web.json_response({"run": {"info": info}})

    async def counts(self, _: web.Request) -> web.Response:
        """Return the counts, and reset them."""
        counts = {"posts": self.posts, "refused": self.refused}
        self.posts = self.refused = self.used = 0
        self.began = float("-inf")
        return web.json_response(counts)


def serve(load: Load, pipe: Connection) -> None:
    """Serve until the process is ended."""

    async def forever() -> None:
        service, app = Service(load), web.Application()
        app.add_routes(
            [web.post("/monitors/{uid}/run", service.run), web.get("/counts", service.counts)]
        )
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        pipe.send(runner.addresses[0][1])
        await asyncio.Event().wait()

    asyncio.run(forever())


# -- the clients: each returns how many runs it finished ----------------------------------------


def postman_async(url: str, load: Load) -> int:
    """Run them with this package; the limit is given, as there is none published for this host."""
    from postman_async import AsyncPostman, RateLimitRule

    rules = [RateLimitRule(calls=load.calls, seconds=load.seconds, bucket="monitors")]

    async def run() -> int:
        async with AsyncPostman(KEY, base_url=url, rate_limits=rules) as pm:
            report = await pm.run_monitors(load.uids, concurrency=load.runs)
        return report.counts["passed"]

    return asyncio.run(run())


def _requests(url: str, load: Load, retry: Any) -> int:
    import requests
    from requests.adapters import HTTPAdapter

    session = requests.Session()
    session.mount("http://", HTTPAdapter(pool_maxsize=load.runs, max_retries=retry))

    def one(uid: str) -> bool:
        try:
            answer = session.post(f"{url}/monitors/{uid}/run", headers={"X-Api-Key": KEY})
        except requests.RequestException:
            return False
        return answer.ok

    with session, ThreadPoolExecutor(load.runs) as pool:
        return sum(pool.map(one, load.uids))


def requests_and_threads(url: str, load: Load) -> int:
    """Run them with a thread each."""
    return _requests(url, load, 0)


def requests_with_retries(url: str, load: Load) -> int:
    """Run them with a thread each, and urllib3's retries, which obey Retry-After."""
    from urllib3 import Retry

    return _requests(url, load, Retry(total=3, status_forcelist=[429], allowed_methods=None))


def postman_api(url: str, load: Load) -> int:
    """Run them with postman-api's async client."""
    from postman_api import AsyncPostmanClient
    from postman_api.authenticator import PostmanAuthentication

    async def run() -> int:
        client = AsyncPostmanClient(url, PostmanAuthentication(KEY))
        calls = [client.run_a_monitor(uid) for uid in load.uids]
        done = await asyncio.gather(*calls, return_exceptions=True)
        await client.session.close()
        return sum(not isinstance(answer, BaseException) for answer in done)

    return asyncio.run(run())


CLIENTS: dict[str, tuple[str, Callable[[str, Load], int]]] = {
    "postman_async": ("postman_async.client", postman_async),
    "requests + threads": ("requests", requests_and_threads),
    "requests + threads + urllib3 Retry(3)": ("requests", requests_with_retries),
    "postman-api 3.0.0 (async)": ("postman_api", postman_api),
}
"""The clients, each with the module that is imported before the clock starts."""

# -- measuring -----------------------------------------------------------------------------------


def measure(url: str, load: Load, name: str) -> str:
    """Measure one client, and return its row of the table."""
    module, work = CLIENTS[name]
    try:
        importlib.import_module(module)
    except ModuleNotFoundError as error:
        return f"| {name} | not installed: {error.name} | | | | |"
    began = time.monotonic()
    finished = work(url, load)
    wall = time.monotonic() - began
    with urllib.request.urlopen(f"{url}/counts") as answer:
        counts = json.load(answer)
    figures = f"{finished} of {load.runs} | {counts['posts']} | {counts['refused']}"
    return f"| {name} | {figures} | {wall:.2f} | {wall / load.optimum:.3f} |"


def main() -> None:
    """Measure every client and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--calls", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--duration", type=float, default=0.2)
    given = parser.parse_args()
    load = Load(given.runs, given.calls, given.seconds, given.duration)
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(load, theirs), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{ours.recv()}"
    machine = f"{platform.python_implementation()} {platform.python_version()}"
    print(f"python -m benchmarks.pacing --runs {load.runs} --calls {load.calls}", end=" ")
    print(f"--seconds {load.seconds:g} --duration {load.duration:g}")
    print(f"{machine}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores\n")
    print(f"Optimum: {load.optimum:.1f} s\n")
    print("| client | finished | POSTs | 429s | seconds | x optimum |")
    print("|---|---|---|---|---|---|")
    for name in CLIENTS:
        print(measure(url, load, name), flush=True)
        time.sleep(load.seconds)
    server.terminate()


if __name__ == "__main__":
    main()
