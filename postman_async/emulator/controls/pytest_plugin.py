"""The pytest plugin: an emulator for each test, found by pytest through an entry point.

``postman_emulator``
    in the test's own event loop, for asynchronous tests (with pytest-asyncio);
``sync_postman_emulator``
    in a thread of its own, for all other tests;
``session_postman_emulator``
    one in a thread for the whole session, reset before each test that asks for it.

This module is imported at the start of every pytest session, so it imports nothing heavy.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from postman_async.emulator import PostmanEmulator

__all__ = ["postman_emulator", "session_postman_emulator", "sync_postman_emulator"]


def _asynchronous(function: Callable[..., Any]) -> Any:
    """Make a fixture of an async generator, for the strict mode of pytest-asyncio too."""
    try:
        from pytest_asyncio import fixture
    except ImportError:
        return pytest.fixture(function)
    return fixture(function)


@_asynchronous
async def postman_emulator() -> AsyncIterator[PostmanEmulator]:
    """A Postman API of its own for one asynchronous test, in the loop of the test."""
    from postman_async.emulator import PostmanEmulator

    async with PostmanEmulator() as emulator:
        yield emulator


@pytest.fixture
def sync_postman_emulator() -> Iterator[PostmanEmulator]:
    """A Postman API of its own for one test, in a thread beside it."""
    from postman_async.emulator import PostmanEmulator

    with PostmanEmulator() as emulator:
        yield emulator


@pytest.fixture(scope="session")
def _one_postman_emulator() -> Iterator[PostmanEmulator]:
    from postman_async.emulator import PostmanEmulator

    with PostmanEmulator() as emulator:
        yield emulator


@pytest.fixture
def session_postman_emulator(_one_postman_emulator: PostmanEmulator) -> PostmanEmulator:
    """The session's Postman API, in a thread: as new for each test, at the same address."""
    _one_postman_emulator.reset()
    return _one_postman_emulator
