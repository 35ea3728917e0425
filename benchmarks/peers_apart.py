"""Peers that need folders of their own: two share an import name, one is generated first."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from pathlib import Path

from tests.contract.bundle import bundle

__all__ = ["path_of"]

CACHE = Path(__file__).parents[1] / ".benchmarks"
_PACKAGES = {
    "postman-api": ["postman-api==3.0.0", "aiohttp", "requests", "pydantic"],
    "sideko + threads": ["sideko-postman-api==1.0.0"],
}


@functools.cache
def path_of(peer: str) -> str | None:
    """Return the folder to import a peer from, made when it is first asked for; or None."""
    if peer in _PACKAGES:
        return str(_installed(peer))
    if peer == "openapi-python-client":
        return str(_generated())
    return None


def _installed(peer: str) -> Path:
    folder = CACHE / peer.replace(" + threads", "")
    if not folder.exists():
        _call("-m", "pip", "install", "--quiet", "--target", str(folder), *_PACKAGES[peer])
    return folder


def _generated() -> Path:
    folder = CACHE / "openapi-python-client"
    if not folder.exists():
        folder.mkdir(parents=True)
        (folder / "openapi.json").write_text(json.dumps(bundle()))
        config = {"project_name_override": "postman-generated"}
        (folder / "config.yaml").write_text(json.dumps(config))
        tool = Path(sys.executable).with_name("openapi-python-client")
        arguments = ["--path", "openapi.json", "--config", "config.yaml", "--meta", "none"]
        command = [str(tool), "generate", *arguments, "--output-path", "postman_generated"]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return folder


def _call(*arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], check=True)
