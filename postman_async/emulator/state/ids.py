"""Identifiers and times, in the forms of the service.

Each emulator has a `World`: a clock and a source of ids.  `new_id` and `now` use the world that
`within` sets for the current context, so that several emulators can run in one process.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

from attrs import Factory, define

from postman_async.emulator.state.clock import Clock

__all__ = [
    "OWNER",
    "Ids",
    "World",
    "bare_id",
    "iso",
    "make_uid",
    "new_id",
    "now",
    "same_id",
    "within",
]

OWNER = 20413871
"""The id of the emulator's one user: every entity belongs to it."""

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_REFERENCE = re.compile(rf"(?:(?P<owner>[0-9]{{1,12}})-)?(?P<id>{_UUID})", re.ASCII)


@define
class Ids:
    """A source of UUIDs.

    Attributes:
        seed: the same seed gives the same ids; None gives random ids.
        taken: the number of ids taken from the seed so far.
    """

    seed: int | None = None
    taken: int = 0

    def new(self) -> str:
        """Return the next id."""
        if self.seed is None:
            return str(uuid.uuid4())
        digest = hashlib.blake2b(f"{self.seed}/{self.taken}".encode(), digest_size=16).digest()
        self.taken += 1
        return str(uuid.UUID(bytes=digest, version=4))


@define
class World:
    """The clock and the source of ids of one emulator."""

    clock: Clock = Factory(Clock)
    ids: Ids = Factory(Ids)


_WORLD: ContextVar[World] = ContextVar("world")
_OUTSIDE = World()


@contextmanager
def within(world: World) -> Iterator[None]:
    """Use a world in the block and in the tasks that it starts."""
    token = _WORLD.set(world)
    try:
        yield
    finally:
        _WORLD.reset(token)


def new_id() -> str:
    """Return a new UUID as text."""
    return _WORLD.get(_OUTSIDE).ids.new()


def make_uid(entity_id: str) -> str:
    """Return the uid, ``<ownerId>-<id>``, of an entity of the emulator's user."""
    return f"{OWNER}-{entity_id}"


def bare_id(reference: object) -> str | None:
    """Return the id of a uid or a bare id; None for anything else, and for another owner's uid."""
    if not isinstance(reference, str):
        return None
    found = _REFERENCE.fullmatch(reference.lower())
    if found is None or found["owner"] not in (None, str(OWNER)):
        return None
    return found["id"]


def same_id(reference: object, entity_id: str) -> bool:
    """Return whether a uid (of any owner) or a bare id names this entity."""
    found = _REFERENCE.fullmatch(reference.lower()) if isinstance(reference, str) else None
    return found is not None and found["id"] == entity_id


def now() -> datetime:
    """Return the current moment, in UTC."""
    return _WORLD.get(_OUTSIDE).clock.now()


def iso(moment: datetime) -> str:
    """Return a moment as the service writes it: ISO 8601 in UTC with milliseconds and ``Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
