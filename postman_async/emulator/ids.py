"""Identifiers and times, in the forms the service uses."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime

__all__ = ["OWNER", "bare_id", "iso", "make_uid", "new_id", "now", "same_id"]

OWNER = 20413871
"""The id of the emulator's one user: every entity belongs to it."""

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_REFERENCE = re.compile(rf"(?:(?P<owner>[0-9]{{1,12}})-)?(?P<id>{_UUID})", re.ASCII)


def new_id() -> str:
    """Return a fresh UUID as text."""
    return str(uuid.uuid4())


def make_uid(entity_id: str) -> str:
    """Return the uid, ``<ownerId>-<id>``, of an entity of the emulator's user."""
    return f"{OWNER}-{entity_id}"


def bare_id(reference: object) -> str | None:
    """Return the id in a uid or in a bare id; None for anything else, other owners included."""
    if not isinstance(reference, str):
        return None
    found = _REFERENCE.fullmatch(reference.lower())
    if found is None or found["owner"] not in (None, str(OWNER)):
        return None
    return found["id"]


def same_id(reference: object, entity_id: str) -> bool:
    """Tell whether a uid or bare id, whoever its owner is, names this entity."""
    found = _REFERENCE.fullmatch(reference.lower()) if isinstance(reference, str) else None
    return found is not None and found["id"] == entity_id


def now() -> datetime:
    """Return the present moment, in UTC."""
    return datetime.now(UTC)


def iso(moment: datetime) -> str:
    """Return a UTC moment as the service writes it: ISO 8601, milliseconds, ``Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
