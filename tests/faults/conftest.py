"""The room that the cells of a module share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.room import Room, open_room


@pytest.fixture(scope="module")
def room() -> Iterator[Room]:
    """A loop in virtual time, its network, and the server."""
    with open_room() as made:
        yield made
