"""Which operations of the specification the emulator answers, computed from both."""

from __future__ import annotations

from collections.abc import Iterator

from postman_async import spec
from postman_async.emulator.serving.routing import ROUTES

__all__ = ["coverage"]

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


def coverage() -> dict[str, bool]:
    """Return whether the emulator answers an operation, for all of them, by their ids.

    It does if it has a handler for the operation at the method and path of the specification.
    """
    answered = {(name, route.method, route.path) for name, route in ROUTES.items()}
    return {name: (name, method, path) in answered for name, method, path in _specified()}


def _specified() -> Iterator[tuple[str, str, str]]:
    for document in spec.load().values():
        for path, item in document.get("paths", {}).items():
            for method in _METHODS:
                if method in item:
                    yield item[method]["operationId"], method.upper(), path
