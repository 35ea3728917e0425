"""The demo workspace: six small collections, five environments, 26 monitors.

The documents are in ``data``.  No outcome is scripted: a monitor fails because a test in its
collection fails.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

from postman_async.emulator.exceptions import EmulatorError

if TYPE_CHECKING:
    from postman_async.emulator.server import PostmanEmulator

__all__ = ["load_demo"]

_DATA = Path(__file__).with_name("data")
_SCHEDULE = {"cron": "0 6 * * *", "timezone": "UTC"}


async def load_demo(emulator: PostmanEmulator) -> list[str]:
    """Create the demo's collections, environments and monitors over the emulator's API.

    Args:
        emulator: a running emulator; its default workspace is used.

    Returns:
        The uids of the 26 monitors, in the order of ``data/demo.json``.

    Raises:
        EmulatorError: the emulator refuses a document, for instance because a package is missing.
        aiohttp.ClientError: the emulator does not answer.
    """
    headers = {"X-Api-Key": emulator.api_key}
    async with aiohttp.ClientSession(headers=headers) as session:
        return await _Loader(session, emulator.url).load(_read("demo.json"))


class _Loader:
    """Sends the documents of a manifest, and keeps the uids of the entities."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url
        self._uids: dict[str, str] = {}

    async def load(self, manifest: Mapping[str, Any]) -> list[str]:
        """Create the entities of the manifest, and return the uids of the monitors."""
        for name in manifest["collections"]:
            self._uids[name] = await self._create("collection", _read(f"{name}.collection.json"))
        for entry in manifest["environments"]:
            self._uids[entry["file"]] = await self._create("environment", self._environment(entry))
        return [await self._create("monitor", self._monitor(m)) for m in manifest["monitors"]]

    def _environment(self, entry: Mapping[str, str]) -> dict[str, Any]:
        document = _read(f"{entry['file']}.environment.json")
        target = self._url if entry["baseUrl"] == "emulator" else _closed_url()
        for value in document["values"]:
            if value["key"] == "baseUrl":
                value["value"] = target
        return document

    def _monitor(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        uids = {kind: self._uids[entry[kind]] for kind in ("collection", "environment")}
        return {"schedule": _SCHEDULE, **entry, **uids}

    async def _create(self, kind: str, document: Mapping[str, Any]) -> str:
        async with self._session.post(f"{self._url}/{kind}s", json={kind: document}) as answer:
            body = await answer.json()
        if answer.status != 200:
            raise EmulatorError(f"the demo cannot be loaded: {body['error']['message']}")
        uid: str = body[kind]["uid"]
        return uid


def _read(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((_DATA / name).read_text(encoding="utf-8"))
    return document


def _closed_url() -> str:
    """Return the URL of a port without a server: the system has just released the port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return f"http://127.0.0.1:{port}"
