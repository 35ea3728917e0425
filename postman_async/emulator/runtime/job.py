"""The input of one run of a collection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import Factory, frozen

__all__ = ["RunJob"]


@frozen
class RunJob:
    """One run of one collection.

    Attributes:
        collection: the collection, in format v2.1.
        environment: a document with a list of ``values``, or None.
        globals: a document with a list of ``values``, or None.
        options: the options of a monitor: ``strictSSL``, ``followRedirects``, ``requestTimeout``
            (milliseconds, None for no limit) and ``requestDelay`` (milliseconds between two
            requests).
        run_timeout: seconds after which the run is aborted.
        script_timeout: seconds after which a script is aborted.
    """

    collection: Mapping[str, Any]
    environment: Mapping[str, Any] | None = None
    globals: Mapping[str, Any] | None = None
    options: Mapping[str, Any] = Factory(dict)
    run_timeout: float = 300.0
    script_timeout: float = 10.0

    def message(self) -> dict[str, Any]:
        """Return the job as a message to a worker, with times in milliseconds."""
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
