"""Fixtures of all tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from postman_async import AsyncPostman, Postman
from postman_async.emulator import PostmanEmulator

# Asked for "the" loop before anyone has set one, asyncio makes one, which pytest-asyncio then
# loses: an unclosed loop that some later test is blamed for.
asyncio.set_event_loop(None)


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the key and host of whoever runs the tests out of them."""
    monkeypatch.delenv("POSTMAN_API_KEY", raising=False)
    monkeypatch.delenv("POSTMAN_BASE_URL", raising=False)


@pytest.fixture
def local_emulator(postman_emulator: PostmanEmulator) -> PostmanEmulator:
    """An emulator in the test's own loop: the public fixture."""
    return postman_emulator


@pytest.fixture
async def pm(postman_emulator: PostmanEmulator) -> AsyncIterator[AsyncPostman]:
    """A strict client of that emulator."""
    async with AsyncPostman(**postman_emulator.client_options, strict=True) as client:
        yield client


@pytest.fixture
def thread_emulator(sync_postman_emulator: PostmanEmulator) -> PostmanEmulator:
    """An emulator in a thread of its own: the public fixture."""
    return sync_postman_emulator


@pytest.fixture
def sync_pm(sync_postman_emulator: PostmanEmulator) -> Iterator[Postman]:
    """A strict sync client of that emulator."""
    with Postman(**sync_postman_emulator.client_options, strict=True) as client:
        yield client
