"""Third-party clients, each installed in a folder of its own.

They need the package registries and some time, so that these tests run in CI only:
``pytest -m clients``.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from postman_async.emulator.runtime.node import Node, find_node

FOLDER = Path(__file__).parent


@pytest.fixture(scope="session")
def python_client(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """Install packages, run a script of this folder with them, and return its output."""

    def run(script: str, *arguments: str, packages: tuple[str, ...]) -> Any:
        folder = tmp_path_factory.mktemp("venv")
        venv.create(folder, with_pip=True)
        python = str(folder / "bin" / "python")
        subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)
        command = [python, str(FOLDER / script), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture(scope="session")
def node() -> Node:
    """The Node that the emulator itself would use."""
    return asyncio.run(find_node())


@pytest.fixture(scope="session")
def node_modules(tmp_path_factory: pytest.TempPathFactory, node: Node) -> Path:
    """The folder with Postman's own clients from npm."""
    folder = tmp_path_factory.mktemp("npm")
    assert node.npm is not None
    packages = ("newman@6.2.2", "@postman/postman-mcp-server@2.13.0")
    quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    command = [*node.npm, "install", "--prefix", str(folder), *quiet, *packages]
    subprocess.run(command, check=True, cwd=folder)
    return folder / "node_modules"
