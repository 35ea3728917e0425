"""Conversions by the engine, failing with the service's errors."""

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
    """Return a new collection of an OpenAPI description."""
    await asyncio.to_thread(check_description, specification)
    found = await _converted(runtime.convert(specification, options))
    return complete_collection(without_new_ids(found, before={}))


async def synchronised(runtime: Runtime, specification: str, collection: Json) -> Json:
    """Return a collection with what is new in an OpenAPI description.

    The collection keeps its name and description, and what the converter does not know.
    """
    await asyncio.to_thread(check_description, specification)
    found = await _converted(runtime.sync(specification, collection))
    merged = {**collection, **found, "info": dict(collection["info"])}
    return complete_collection(without_new_ids(merged, before=collection))


async def upgraded(runtime: Runtime, document: Json) -> Json:
    """Return a collection as format v2.1: converted if it has the format v1 of data dumps."""
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
