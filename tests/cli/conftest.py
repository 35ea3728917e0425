"""Fixtures of the command's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from postman_async.emulator import PostmanEmulator
from tests.cli.kit import Here
from tests.support import emulator_in_thread


@pytest.fixture(scope="package")
def shared_emulator() -> Iterator[PostmanEmulator]:
    """One emulator for all of them: to start one takes longer than most tests."""
    with emulator_in_thread() as emulator:
        yield emulator


@pytest.fixture
def emulator(shared_emulator: PostmanEmulator) -> PostmanEmulator:
    """That emulator with nothing in it."""
    shared_emulator.reset()
    return shared_emulator


@pytest.fixture
def here(
    emulator: PostmanEmulator,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Here:
    """The command in this process, with the test's emulator for its service."""
    return Here(emulator, capsys, monkeypatch)
