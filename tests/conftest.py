"""Fixtures of all tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from postman_async import AsyncPostman, Postman
from postman_async.emulator import PostmanEmulator
from tests.support import emulator_in_thread

# Asked for "the" loop before anyone has set one, asyncio makes one, which pytest-asyncio then
# loses: an unclosed loop that some later test is blamed for.
asyncio.set_event_loop(None)


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the key and host of whoever runs the tests out of them."""
    monkeypatch.delenv("POSTMAN_API_KEY", raising=False)
    monkeypatch.delenv("POSTMAN_BASE_URL", raising=False)


@pytest.fixture
async def local_emulator() -> AsyncIterator[PostmanEmulator]:
    """An emulator in the test's own loop."""
    async with PostmanEmulator() as emulator:
        yield emulator


@pytest.fixture
async def pm(local_emulator: PostmanEmulator) -> AsyncIterator[AsyncPostman]:
    """A strict client of that emulator."""
    key, url = local_emulator.api_key, local_emulator.url
    async with AsyncPostman(key, base_url=url, strict=True) as client:
        yield client


@pytest.fixture
def thread_emulator() -> Iterator[PostmanEmulator]:
    """An emulator in a thread of its own."""
    with emulator_in_thread() as emulator:
        yield emulator


@pytest.fixture
def sync_pm(thread_emulator: PostmanEmulator) -> Iterator[Postman]:
    """A strict sync client of that emulator."""
    key, url = thread_emulator.api_key, thread_emulator.url
    with Postman(key, base_url=url, strict=True) as client:
        yield client
