"""A client belongs to the process of its first call: a forked child has copies of its sockets."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

BEGIN = """
import asyncio, json, os, sys, threading, warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from postman_async import AsyncPostman, ConfigurationError, Postman

warnings.simplefilter("ignore", DeprecationWarning)  # os.fork beside the server's thread

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        monitor = self.path.split("/")[2]
        info = {"monitorId": monitor, "status": "success", "name": str(self.client_address[1])}
        body = json.dumps({"run": {"info": info, "stats": {}}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass

server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
OPTIONS = {"api_key": "PMAK-1", "base_url": f"http://127.0.0.1:{server.server_address[1]}"}

def refused(call):
    try:
        call()
    except ConfigurationError as error:
        return "belongs to another process" in str(error) and str(os.getppid()) in str(error)
    return False

def child(job):
    '''Do a job in a forked child, and tell whether it was done.'''
    pid = os.fork()
    if pid == 0:
        done = False
        try:
            done = job()
        finally:
            os._exit(0 if done is True else 1)
    return os.waitpid(pid, 0)[1] == 0
"""


def alone(code: str) -> None:
    """Run code in a process of its own, which may fork."""
    text = BEGIN + textwrap.dedent(code) + "\nos._exit(0)\n"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, timeout=60)
    assert done.stderr.decode() == ""
    assert done.returncode == 0


def test_a_sync_client_is_refused_in_a_forked_child_and_goes_on_in_its_parent() -> None:
    """Whatever the child does with its copy, closing it included, the parent does not notice."""
    alone("""
        pm = Postman(**OPTIONS)
        first = pm.monitors.run("1-a").info.name

        def job():
            calls = [
                lambda: pm.monitors.run("1-b"),
                lambda: pm.call("monitors.run", monitor_uid="1-b"),
                lambda: pm.run_monitors(["1-b"]),
                lambda: list(pm.stream_monitor_runs(["1-b"])),
            ]
            done = all(refused(call) for call in calls)
            pm.close()
            return done

        assert child(job)
        assert pm.monitors.run("1-c").info.name == first, "on the connection it had"
        with pm.monitor_batch(["1-d", "1-e"]) as batch:
            next(batch)
            assert child(lambda: refused(lambda: next(batch)) and refused(batch.pause))
            assert [outcome.status for outcome in batch] == ["passed"]
        pm.close()
    """)


def test_an_async_client_is_refused_in_a_forked_child_in_its_own_loop_too() -> None:
    alone("""
        async def main():
            pm = AsyncPostman(**OPTIONS)
            first = (await pm.monitors.run("1-a")).info.name
            async def job():
                for call in (pm.monitors.run, pm.users.me, lambda: pm.run_monitors(["1-b"])):
                    try:
                        await (call("1-b") if call == pm.monitors.run else call())
                        return False
                    except ConfigurationError as error:
                        assert "another process" in str(error) and error.attempts == 0
                await pm.close()
                return True
            pid = os.fork()
            if pid == 0:
                try:
                    os._exit(0 if await job() is True else 1)
                finally:
                    os._exit(1)
            assert os.waitpid(pid, 0)[1] == 0
            assert (await pm.monitors.run("1-c")).info.name == first
            await pm.close()

        asyncio.run(main())

        pm = AsyncPostman(**OPTIONS)
        runner = asyncio.Runner()
        runner.run(pm.monitors.run("1-a"))
        assert child(lambda: refused(lambda: asyncio.run(pm.run_monitors(["1-b"]))))
        runner.run(pm.close())
    """)


def test_a_client_that_made_no_call_may_be_used_in_a_forked_child() -> None:
    alone("""
        sync, other = Postman(**OPTIONS), AsyncPostman(**OPTIONS)
        assert child(lambda: sync.monitors.run("1-a").info.monitor_id == "1-a")
        assert child(lambda: asyncio.run(other.monitors.run("1-a")).info.monitor_id == "1-a")
        assert sync.monitors.run("1-a").info.monitor_id == "1-a"
    """)


@pytest.mark.parametrize("given", ["session", "connector"])
def test_a_session_or_connector_of_the_caller_is_of_the_process_that_gave_it(given: str) -> None:
    alone(f"""
        import aiohttp

        async def main():
            connector = aiohttp.TCPConnector()
            session = aiohttp.ClientSession(connector=connector)
            pm = AsyncPostman(**OPTIONS, {given}={given})
            pid = os.fork()
            if pid == 0:
                try:
                    await pm.monitors.run("1-b")
                except ConfigurationError as error:
                    os._exit(0 if "another process" in str(error) else 1)
                finally:
                    os._exit(1)
            assert os.waitpid(pid, 0)[1] == 0
            await session.close()

        asyncio.run(main())
    """)
