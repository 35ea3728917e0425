"""An emulator that speaks https, connections that meet faults, and who can reach it at all."""

from __future__ import annotations

import asyncio
import json
import ssl
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from postman_async import AsyncPostman, CallTimeoutError, ConnectError, Postman, Timeout
from postman_async.emulator import EmulatorError, PostmanEmulator
from postman_async.emulator.controls.faults import hang_up, ok, reset_connection, slow_tls, stall
from tests.emulator.controls.wire import send


async def test_a_client_with_its_options_speaks_https() -> None:
    async with PostmanEmulator(tls=True) as emulator:
        assert emulator.url.startswith("https://127.0.0.1:")
        uid = emulator.add_monitor("checkout", outcome="failed")
        async with AsyncPostman(**emulator.client_options) as pm:
            report = await pm.run_monitors([uid] * 20)
    assert report.counts == {"failed": 20}


async def test_a_client_that_does_not_know_the_certificate_is_refused() -> None:
    async with PostmanEmulator(tls=True) as emulator:
        async with AsyncPostman(emulator.api_key, base_url=emulator.url, retries=1) as pm:
            with pytest.raises(ConnectError):
                await pm.users.me()
        assert len(emulator.requests) == 0


def test_other_clients_trust_it_by_its_certificate(tmp_path: Path) -> None:
    with PostmanEmulator(tls=True) as emulator:
        file = tmp_path / "ca.pem"
        file.write_bytes(emulator.ca_certificate)
        context = ssl.create_default_context(cafile=str(file))
        request = urllib.request.Request(
            f"{emulator.url}/me", headers={"X-Api-Key": emulator.api_key}
        )
        with urllib.request.urlopen(request, context=context, timeout=10) as answer:
            assert json.load(answer)["user"]["id"]


def test_the_sync_client_too() -> None:
    with (
        PostmanEmulator(tls=True) as emulator,
        Postman(**emulator.client_options) as pm,
    ):
        assert pm.users.me().user.username


async def test_the_certificate_stays_when_it_is_started_again() -> None:
    emulator = PostmanEmulator(tls=True)
    seen = []
    for _ in range(2):
        async with emulator:
            seen.append(emulator.ca_certificate)
    assert seen[0] == seen[1]


@pytest.mark.parametrize("name", ["ssl_context", "ca_certificate"])
async def test_plain_http_has_no_certificate(postman_emulator: PostmanEmulator, name: str) -> None:
    with pytest.raises(EmulatorError, match="tls=True"):
        getattr(postman_emulator, name)


def test_without_trustme_it_says_what_to_install(tmp_path: Path) -> None:
    """A module that cannot be imported stands for one that is not installed."""
    (tmp_path / "trustme.py").write_text("raise ModuleNotFoundError('trustme')")
    code = "from postman_async.emulator import PostmanEmulator as E\nwith E(tls=True): pass"
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{code}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert 'pip install "postman-async[emulator]"' in done.stderr.splitlines()[-1]


# -- connections --------------------------------------------------------------------------------


@pytest.mark.looptime
async def test_a_slow_handshake_is_a_connection_that_cannot_be_made() -> None:
    """In virtual time: 10 s is what the client gives a connection, and it may try again."""
    async with PostmanEmulator(tls=True) as emulator:
        emulator.faults.on("connect", [slow_tls(60), slow_tls(5)])
        options = emulator.client_options
        async with AsyncPostman(**options, timeout=Timeout(connect=10.0)) as pm:
            raw = await pm.users.with_raw_response.me()
            assert raw.attempts == 2
            assert asyncio.get_running_loop().time() >= 10 + 5
        assert emulator.faults.all_met
        assert emulator.faults.met == ["connect: slow_tls(60)", "connect: slow_tls(5)"]


async def test_a_connection_can_be_held_and_never_served() -> None:
    async with PostmanEmulator(tls=True) as emulator:
        emulator.faults.on("connect", slow_tls(3600))
        async with AsyncPostman(**emulator.client_options, retries=1) as pm:
            with pytest.raises((ConnectError, CallTimeoutError)):
                await pm.users.me(timeout=0.1)


@pytest.mark.parametrize(("fault", "end"), [(reset_connection(), "reset"), (hang_up(), "closed")])
async def test_a_connection_ends_before_its_first_byte(
    postman_emulator: PostmanEmulator, fault: Any, end: str
) -> None:
    postman_emulator.faults.on("connect", [ok(), fault])
    assert (await send(postman_emulator)).status == 200
    assert (await send(postman_emulator)) == (b"", end)
    assert postman_emulator.requests.count() == 1


async def test_a_slow_connection_needs_no_tls(postman_emulator: PostmanEmulator) -> None:
    postman_emulator.faults.on("connect", slow_tls(0.01))
    assert (await send(postman_emulator)).status == 200


def test_what_needs_a_request_does_not_happen_to_connections() -> None:
    with pytest.raises(EmulatorError, match="not to connections"):
        PostmanEmulator().faults.on("connect", stall(1))


# -- who can reach it ---------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "example.invalid"])
def test_to_be_reached_by_others_it_needs_a_key_and_warns(host: str) -> None:
    with pytest.raises(EmulatorError, match="api_key"):
        PostmanEmulator(host=host)
    with pytest.warns(UserWarning, match="others can run collections"):
        PostmanEmulator(host=host, api_key="PMAK-chosen")


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "127.0.0.2", "localhost"])
def test_this_machine_s_own_addresses_need_none(host: str) -> None:
    PostmanEmulator(host=host)
