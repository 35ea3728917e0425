"""newman loads collections and environments from the emulator, with ``--postman-api-key``.

It calls ``https://api.postman.com`` and no other host, so it is given a proxy that brings it to
the emulator, and the emulator's certificate.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from postman_async.emulator import PostmanEmulator
from postman_async.emulator.runtime.node import Node

pytestmark = pytest.mark.clients


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy a stream until its end."""
    with suppress(ConnectionError):
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def proxy_to(port: int, asked: list[str]) -> AsyncIterator[str]:
    """A proxy that connects all clients to a port of this machine."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        asked.append(head.split()[1].decode())
        there, back = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(pump(reader, back), pump(there, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def newman(node: Node, modules: Path, *arguments: str, **environment: str) -> str:
    """Run newman to its end."""
    command = [node.executable, str(modules / "newman" / "bin" / "newman.js"), "run", *arguments]
    process = await asyncio.create_subprocess_exec(
        *command,
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode == 0, output.decode()
    return output.decode()


def documents(echo: str) -> dict[str, list[dict[str, Any]]]:
    """A collection whose script checks a value of an environment."""
    test = "pm.test('is greeted', () => pm.expect(pm.response.json().args.who).to.eql('you'));"
    item = {
        "name": "Greet",
        "request": {"method": "GET", "url": f"{echo}/get?who={{{{who}}}}"},
        "event": [{"listen": "test", "script": {"exec": [test]}}],
    }
    values = [{"key": "who", "value": "you", "enabled": True}]
    return {
        "collections": [{"info": {"name": "Greetings"}, "item": [item]}],
        "environments": [{"name": "Staging", "values": values}],
    }


async def test_uids_are_loaded_with_the_key(node: Node, node_modules: Path, tmp_path: Path) -> None:
    asked: list[str] = []
    async with PostmanEmulator() as echo, PostmanEmulator(tls=True) as emulator:
        collection, environment = emulator.load(documents(f"{echo.url}/_echo"))
        authority = tmp_path / "ca.pem"
        authority.write_bytes(emulator.ca_certificate)
        report = tmp_path / "report.json"
        async with proxy_to(emulator.port, asked) as proxy:
            options = ("--reporters", "json", "--reporter-json-export", str(report))
            await newman(
                *(node, node_modules, collection, "--environment", environment),
                *("--postman-api-key", emulator.api_key, *options),
                NODE_EXTRA_CA_CERTS=str(authority),
                HTTPS_PROXY=proxy,
                NO_PROXY="127.0.0.1",
            )
        assert emulator.requests.count("collections.get") == 1
        assert emulator.requests.count("environments.get") == 1
        assert {request.status for request in emulator.requests} == {200}
    assert set(asked) == {"api.postman.com:443"}
    stats = json.loads(report.read_text())["run"]["stats"]
    assert (stats["assertions"]["total"], stats["assertions"]["failed"]) == (1, 0)


async def test_addresses_are_loaded_with_the_key_in_them(
    postman_emulator: PostmanEmulator, node: Node, node_modules: Path
) -> None:
    """newman sends the key of its option to Postman's hosts only; others get that of the URL."""
    emulator = postman_emulator
    collection, environment = emulator.load(documents(f"{emulator.url}/_echo"))
    key = f"apikey={emulator.api_key}"
    told = await newman(
        *(node, node_modules, f"{emulator.url}/collections/{collection}?{key}"),
        *("--environment", f"{emulator.url}/environments/{environment}?{key}"),
    )
    assert "is greeted" in told
    statuses = {request.status for request in emulator.requests}
    assert statuses == {200}
