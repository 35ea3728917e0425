"""Published collections: each is returned as it was stored."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.emulator.conftest import Api

FOLDER = Path(__file__).parents[4] / "shared" / "collections"
FILES = sorted(FOLDER.glob("*.json"))
MISSING = pytest.param(None, marks=pytest.mark.skip("../shared/collections is not here"))


def comparable(given: Any, found: Any) -> Any:
    """Return a found value without the keys that the service added."""
    if isinstance(given, dict) and isinstance(found, dict):
        added = {"id", "uid"} - given.keys()
        return {
            key: comparable(given.get(key), value)
            for key, value in found.items()
            if key not in added
        }
    if isinstance(given, list) and isinstance(found, list):
        return [comparable(*pair) for pair in zip(given, found, strict=True)]
    return found


def document_of(file: Path) -> Any:
    """Read a collection from a file, where it may be wrapped."""
    document = json.loads(file.read_bytes())
    return document.get("collection", document)


@pytest.mark.parametrize("file", FILES or [MISSING], ids=[file.stem for file in FILES] or None)
async def test_a_published_collection_is_read_back_without_a_loss(api: Api, file: Path) -> None:
    given = document_of(file)
    (uid,) = api.emulator.load(file)
    found = comparable(given, await api.ok("GET", f"/collections/{uid}"))
    own = {"_postman_id", "uid", "createdAt", "updatedAt", "lastUpdatedBy", "fork"}
    for document in (given, found):
        document["info"] = {k: v for k, v in document["info"].items() if k not in own}
    assert json.dumps(found, sort_keys=True) == json.dumps(given, sort_keys=True)
