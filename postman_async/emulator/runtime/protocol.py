"""The interface of a collection runtime, which the rest of the emulator is written against."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from postman_async.emulator.runtime.job import RunJob

__all__ = ["Runtime"]


class Runtime(Protocol):
    """Executes and converts collections: `CollectionEngine`, or a substitute in a test."""

    async def start(self) -> None:
        """Start the runtime; repeated and concurrent calls are allowed."""

    async def run(self, job: RunJob) -> dict[str, Any]:
        """Execute a collection and return ``status``, ``stats``, ``executions``, ``failures``."""
        ...

    async def convert(
        self, specification: str, options: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Convert an OpenAPI description to a collection."""
        ...

    async def sync(self, specification: str, collection: Mapping[str, Any]) -> dict[str, Any]:
        """Update a collection to an OpenAPI description."""
        ...

    async def upgrade(self, collection: Mapping[str, Any]) -> dict[str, Any]:
        """Convert a collection of format v1 to format v2.1."""
        ...

    async def close(self) -> None:
        """Stop the runtime and release its processes."""
