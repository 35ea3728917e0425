"""Postman's unmodified MCP server works with the emulator, for the tools of its operations."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from attrs import define

from postman_async.emulator import PostmanEmulator
from postman_async.emulator.routes import routes
from postman_async.emulator.runtime.node import Node

pytestmark = pytest.mark.clients

USED = {"collections", "environments", "mocks", "monitors", "users", "workspaces"}
SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
ITEM = "1e6b6cb1-0000-4000-8000-000000000001"
SCHEDULE = {"cron": "0 4 * * *", "timezone": "UTC"}


@define
class Mcp:
    """A JSON-RPC client over the pipes of a process."""

    process: asyncio.subprocess.Process
    number: int = 0

    async def call(self, method: str, params: dict[str, Any]) -> Any:
        """Send a request, and return the result."""
        self.number += 1
        self.say({"id": self.number, "method": method, "params": params})
        assert self.process.stdout is not None
        async with asyncio.timeout(60):
            while line := await self.process.stdout.readline():
                answer = json.loads(line)
                if answer.get("id") == self.number:
                    assert "error" not in answer, answer
                    return answer["result"]
        raise AssertionError("the MCP server has ended")

    def say(self, message: dict[str, Any]) -> None:
        """Send a message."""
        assert self.process.stdin is not None
        line = json.dumps({"jsonrpc": "2.0", **message})
        self.process.stdin.write(line.encode() + b"\n")

    async def tool(self, name: str, **arguments: Any) -> str:
        """Call a tool, and return the text of its answer."""
        result = await self.call("tools/call", {"name": name, "arguments": arguments})
        text: str = result["content"][0]["text"]
        assert not result.get("isError"), text
        return text


@asynccontextmanager
async def mcp_server(
    node: Node, modules: Path, emulator: PostmanEmulator, home: Path
) -> AsyncIterator[Mcp]:
    """Run the server with all of its tools; its base URL is an environment variable."""
    program = modules / "@postman" / "postman-mcp-server" / "dist" / "src" / "index.js"
    settings = {
        "POSTMAN_API_KEY": emulator.api_key,
        "POSTMAN_API_BASE_URL": emulator.url,
        "HOME": str(home),
    }
    process = await asyncio.create_subprocess_exec(
        *(node.executable, str(program), "--full"),
        env={**os.environ, **settings},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        limit=2**24,
    )
    try:
        mcp = Mcp(process)
        about = {"clientInfo": {"name": "test", "version": "1"}, "capabilities": {}}
        await mcp.call("initialize", {"protocolVersion": "2025-03-26", **about})
        mcp.say({"method": "notifications/initialized"})
        yield mcp
    finally:
        process.kill()
        await process.communicate()


async def test_the_tools_for_what_the_emulator_answers(
    postman_emulator: PostmanEmulator, node: Node, node_modules: Path, tmp_path: Path
) -> None:
    """Every tool for an operation of these namespaces, from creation to deletion."""
    emulator = postman_emulator
    async with mcp_server(node, node_modules, emulator, tmp_path) as mcp:
        assert "emulated-user" in await mcp.tool("getAuthenticatedUser")
        await use_workspaces(mcp)
        collection = await use_collections(mcp, emulator)
        environment = await use_environments(mcp, emulator)
        await use_monitors(mcp, emulator, collection, environment)
        await use_mocks(mcp, emulator, collection, environment)
        told = await mcp.tool("runCollection", collectionId=collection, environmentId=environment)
        assert "is greeted" in told
        await mcp.tool("deleteEnvironment", environmentId=environment)
        await mcp.tool("deleteCollection", collectionId=collection)
    answers = {(r.operation, r.status) for r in emulator.requests if r.operation is not None}
    assert {status for _, status in answers} == {200}
    missing = {name for name in routes() if name.partition(".")[0] in USED} - dict(answers).keys()
    assert missing == set()


async def use_workspaces(mcp: Mcp) -> None:
    workspace = id_in(await mcp.tool("createWorkspace", workspace={"name": "T", "type": "team"}))
    assert workspace in await mcp.tool("getWorkspaces")
    assert '"T"' in await mcp.tool("getWorkspace", workspaceId=workspace)
    renamed = {"name": "T 2", "type": "team"}
    assert workspace in await mcp.tool("updateWorkspace", workspaceId=workspace, workspace=renamed)
    await mcp.tool("deleteWorkspace", workspaceId=workspace)


async def use_collections(mcp: Mcp, emulator: PostmanEmulator) -> str:
    home = emulator.default_workspace
    test = "pm.test('is greeted', () => pm.expect(pm.response.json().args.who).to.eql('you'));"
    item = {
        "name": "Greet",
        "request": {"method": "GET", "url": f"{emulator.url}/_echo/get?who={{{{who}}}}"},
        "event": [{"listen": "test", "script": {"type": "text/javascript", "exec": [test]}}],
    }
    document: dict[str, Any] = {"info": {"name": "Greetings", "schema": SCHEMA}, "item": [item]}
    made = await mcp.tool("createCollection", workspace=home, collection=document)
    collection = uid_in(made)
    assert collection in await mcp.tool("getCollections", workspace=home)
    assert "Greet" in await mcp.tool("getCollection", collectionId=collection, model="full")
    document["item"] = [{**item, "id": ITEM, "response": []}]  # this tool requires them
    await mcp.tool("putCollection", collectionId=collection, collection=document)
    fork = uid_in(
        await mcp.tool("createCollectionFork", collectionId=collection, workspace=home, label="t")
    )
    merge = {"source": fork, "destination": collection, "strategy": "deleteSource"}
    await mcp.tool("mergeCollectionFork", **merge)
    return collection


async def use_environments(mcp: Mcp, emulator: PostmanEmulator) -> str:
    home = emulator.default_workspace
    values = [{"key": "who", "value": "you", "enabled": True, "type": "default"}]
    document = {"name": "Staging", "values": values}
    made = await mcp.tool("createEnvironment", workspace=home, environment=document)
    environment = uid_in(made)
    assert environment in await mcp.tool("getEnvironments", workspace=home)
    await mcp.tool("putEnvironment", environmentId=environment, environment=document)
    assert "who" in await mcp.tool("getEnvironment", environmentId=environment)
    return environment


async def use_monitors(
    mcp: Mcp, emulator: PostmanEmulator, collection: str, environment: str
) -> None:
    home = emulator.default_workspace
    plan = {"name": "Nightly", "collection": collection, "environment": environment}
    made = await mcp.tool("createMonitor", workspace=home, monitor={**plan, "schedule": SCHEDULE})
    monitor = uid_in(made)
    assert monitor in await mcp.tool("getMonitors", workspace=home)
    assert "0 4 * * *" in await mcp.tool("getMonitor", monitorId=monitor)
    await mcp.tool("updateMonitor", monitorId=monitor, monitor={"name": "Hourly"})
    assert "success" in await mcp.tool("runMonitor", monitorId=monitor)
    await mcp.tool("deleteMonitor", monitorId=monitor)


async def use_mocks(mcp: Mcp, emulator: PostmanEmulator, collection: str, environment: str) -> None:
    home = emulator.default_workspace
    plan: dict[str, Any] = {"name": "Stand-in", "collection": collection}
    plan |= {"environment": environment, "private": True}
    mock = uid_in(await mcp.tool("createMock", workspace=home, mock=plan))
    assert mock in await mcp.tool("getMocks", workspace=home)
    assert "Stand-in" in await mcp.tool("getMock", mockId=mock)
    await mcp.tool("updateMock", mockId=mock, mock={**plan, "name": "Stand-in 2"})
    await mcp.tool("publishMock", mockId=mock)
    await mcp.tool("unpublishMock", mockId=mock)
    await mcp.tool("deleteMock", mockId=mock)


def uid_in(text: str) -> str:
    """Return the first uid of an answer."""
    found = re.search(r"\d+-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", text)
    assert found is not None, text
    return found[0]


def id_in(text: str) -> str:
    """Return the first id of an answer."""
    found = re.search(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", text)
    assert found is not None, text
    return found[0]
