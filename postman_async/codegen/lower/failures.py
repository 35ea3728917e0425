"""The errors of a call: classes, the service's names, and which every call can raise."""

from __future__ import annotations

from postman_async.codegen.ir import Failure
from postman_async.codegen.lower.source import Source

__all__ = ["ERRORS", "failures"]

ERRORS = {
    "400": "BadRequestError",
    "401": "AuthenticationError",
    "403": "PermissionDeniedError",
    "404": "NotFoundError",
    "409": "ConflictError",
    "411": "LengthRequiredError",
    "413": "BadRequestError",
    "415": "BadRequestError",
    "422": "BadRequestError",
    "423": "ConflictError",
    "429": "RateLimitError",
    "500": "ServerError",
    "503": "ServerError",
}
"""The class of the engine that stands for each status."""

_COMMON = frozenset({"401", "429", "500", "503"})
"""The statuses that every call can be answered; the errors module documents them."""


def failures(source: Source) -> tuple[Failure, ...]:
    """Make the errors that are special to an operation, one for each class."""
    docs: dict[str, list[str]] = {}
    names: dict[str, list[str]] = {}
    for status, node in sorted(source.word("responses", {}).items()):
        if status.startswith(("2", "3")):
            continue
        if status not in ERRORS:
            raise source.error(f"answers {status}, which stands for no error class")
        response = source.resolve(source.part.at(node)).node
        if status not in _COMMON:
            docs.setdefault(ERRORS[status], []).append(response["description"])
            names.setdefault(ERRORS[status], []).extend(response.get("x-error-names", ()))
    return tuple(
        Failure(error, " ".join(dict.fromkeys(found)), tuple(dict.fromkeys(names[error])))
        for error, found in docs.items()
    )
