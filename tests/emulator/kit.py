"""Documents for tests that execute collections."""

from __future__ import annotations

from typing import Any, TypeAlias

from postman_async.emulator.runtime import RunJob

Json: TypeAlias = dict[str, Any]

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"


def item(name: str, url: str, test: str = "", *, before: str = "", **request: Any) -> Json:
    """Return a request with its scripts."""
    scripts = {"prerequest": before, "test": test}
    return {
        "name": name,
        "request": {"method": "GET", "url": url, **request},
        "event": [
            {"listen": listen, "script": {"exec": code.splitlines()}}
            for listen, code in scripts.items()
            if code
        ],
    }


def collection(*items: Json, **more: Any) -> Json:
    """Return a collection of these requests."""
    return {"info": {"name": "Shop", "schema": SCHEMA}, "item": list(items), **more}


def values(**pairs: str) -> list[Json]:
    """Return variables in the form of collections and environments."""
    return [{"key": key, "value": value} for key, value in pairs.items()]


def job(*items: Json, **fields: Any) -> RunJob:
    """Return a run of a collection of these requests."""
    return RunJob(collection=collection(*items), **fields)


def failed(result: Json) -> list[str]:
    """Return the messages of a result's failures."""
    return [failure["message"] for failure in result["failures"]]


class QuickRuntime:
    """A substitute for the runtime that converts anything at once."""

    async def start(self) -> None:
        pass

    async def run(self, job: Any) -> Json:
        raise AssertionError("the monitors of these tests follow a script")

    async def convert(self, specification: str, options: Any = None) -> Json:
        return {"info": {"name": specification[:9] or "a"}, "item": []}

    async def sync(self, specification: str, collection: Any) -> Json:
        return dict(collection)

    async def upgrade(self, collection: Any) -> Json:
        return {"info": {"name": collection.get("name")}, "item": collection["requests"]}

    async def close(self) -> None:
        pass
