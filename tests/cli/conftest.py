"""Fixtures of the command's tests."""

from __future__ import annotations

import pytest

from postman_async.emulator import PostmanEmulator
from tests.cli.kit import Here


@pytest.fixture
def emulator(session_postman_emulator: PostmanEmulator) -> PostmanEmulator:
    """The session's emulator with nothing in it: to start one takes longer than most tests."""
    return session_postman_emulator


@pytest.fixture
def here(
    emulator: PostmanEmulator,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Here:
    """The command in this process, with the test's emulator for its service."""
    return Here(emulator, capsys, monkeypatch)
