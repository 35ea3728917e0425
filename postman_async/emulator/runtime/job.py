"""What one run of a collection needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import Factory, frozen

__all__ = ["RunJob"]


@frozen
class RunJob:
    """One run of one collection.

    `collection` is a collection document of format v2.1; `environment` and `globals` are
    documents with a list of ``values``.  `options` are a monitor's: ``strictSSL``,
    ``followRedirects``, ``requestTimeout`` (milliseconds, None for no limit of its own) and
    ``requestDelay`` (milliseconds between two requests).  `run_timeout` (seconds) ends the whole
    run, `script_timeout` (seconds) one script.
    """

    collection: Mapping[str, Any]
    environment: Mapping[str, Any] | None = None
    globals: Mapping[str, Any] | None = None
    options: Mapping[str, Any] = Factory(dict)
    run_timeout: float = 300.0
    script_timeout: float = 10.0

    def message(self) -> dict[str, Any]:
        """Return the job as the worker takes it; its times are milliseconds."""
        limits = {
            "runTimeout": round(self.run_timeout * 1000),
            "scriptTimeout": round(self.script_timeout * 1000),
        }
        return {
            "collection": self.collection,
            "environment": self.environment,
            "globals": self.globals,
            "options": {**self.options, **limits},
        }
