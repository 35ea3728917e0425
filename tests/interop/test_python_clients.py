"""The other Python clients of the API, unmodified, work with the emulator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from postman_async.emulator import PostmanEmulator
from postman_async.emulator.routes import routes

pytestmark = pytest.mark.clients

USED = {"collections", "environments", "monitors", "users", "workspaces"}


def not_asked_for(emulator: PostmanEmulator) -> set[str]:
    """The operations of these namespaces that the client did not call successfully."""
    asked = {request.operation for request in emulator.requests if request.status == 200}
    return {name for name in routes() if name.partition(".")[0] in USED} - asked


def test_postman_api(
    sync_postman_emulator: PostmanEmulator, python_client: Callable[..., Any]
) -> None:
    """The package does not declare its dependencies: they are installed beside it."""
    emulator = sync_postman_emulator
    quick = emulator.add_monitor("quick", outcome="failed")
    packages = ("postman-api==3.0.0", "aiohttp", "pydantic", "requests")
    seen = python_client(
        "drive_postman_api.py", emulator.url, emulator.api_key, quick, packages=packages
    )
    assert seen == {
        "user": "emulated-user",
        "collections": ["Scripted monitors", "Shop 2"],
        "merged": True,
        "environment": "Staging 2",
        "environments": 1,
        "monitor": "Hourly",
        "monitors": 2,
        "run": "failed",
        "workspace": "Team 2",
        "gone": "instanceNotFoundError",
        "async": "failed",
    }
    assert not_asked_for(emulator) == set()


def test_sideko_postman_api(
    sync_postman_emulator: PostmanEmulator, python_client: Callable[..., Any]
) -> None:
    """The client cannot read a list of monitors: it requires the owner as text, not a number."""
    emulator = sync_postman_emulator
    quick = emulator.add_monitor("quick", outcome="failed")
    packages = ("sideko-postman-api==1.0.0",)
    seen = python_client(
        "drive_sideko.py", emulator.url, emulator.api_key, quick, packages=packages
    )
    assert seen == {
        "user": "emulated-user",
        "collection": "Shop",
        "collections": 2,
        "merged": True,
        "environment": "Staging",
        "environments": 1,
        "monitor": "Nightly",
        "monitors": "AssertionError",
        "run": "failed",
        "workspace": "Team 2",
        "gone": "instanceNotFoundError",
    }
    assert not_asked_for(emulator) == set()
