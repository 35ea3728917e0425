"""Conversions by the runtime, for handlers: failures are errors of the service."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from postman_async.emulator.errors import malformed, server_error
from postman_async.emulator.exceptions import ConversionError, EmulatorError
from postman_async.emulator.runtime.descriptions import check_description
from postman_async.emulator.runtime.protocol import Runtime
from postman_async.emulator.state.documents import complete_collection, without_new_ids
from postman_async.emulator.state.store import Json

__all__ = ["collection_of", "synchronised", "upgraded"]


async def collection_of(runtime: Runtime, specification: str, options: Json | None = None) -> Json:
    """Generate a collection from an OpenAPI description."""
    await asyncio.to_thread(check_description, specification)
    found = await _converted(runtime.convert(specification, options))
    return complete_collection(without_new_ids(found, before={}))


async def synchronised(runtime: Runtime, specification: str, collection: Json) -> Json:
    """Update a collection to an OpenAPI description.

    The collection keeps its name, its description and all fields that the converter ignores.
    """
    await asyncio.to_thread(check_description, specification)
    found = await _converted(runtime.sync(specification, collection))
    merged = {**collection, **found, "info": dict(collection["info"])}
    return complete_collection(without_new_ids(merged, before=collection))


async def upgraded(runtime: Runtime, document: Json) -> Json:
    """Convert a collection of format v1, as in old data dumps, to format v2.1."""
    if "info" in document or "requests" not in document:
        return document
    return await _converted(runtime.upgrade(document))


async def _converted(pending: Awaitable[Json]) -> Json:
    try:
        return await pending
    except ConversionError as reason:
        raise malformed(str(reason)) from None
    except EmulatorError as reason:
        raise server_error(str(reason), 503) from None
