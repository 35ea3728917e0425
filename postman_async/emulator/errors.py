"""The service's errors: a status and a JSON body, raised by handlers, answered by the app."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

__all__ = [
    "ServiceError",
    "bad_request",
    "forbidden",
    "malformed",
    "missing_parameter",
    "not_found",
    "plain_problem",
    "server_error",
    "unauthorized",
]


class ServiceError(Exception):
    """An answer that is not a success.

    Args:
        status: the HTTP status.
        body: the JSON body, in one of the service's two forms.

    Attributes:
        headers: further headers of the answer.
    """

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(f"{status}: {body}")
        self.status = status
        self.body = body
        self.headers: dict[str, str] = {}


def named(
    status: int, name: str, message: str, details: dict[str, Any] | None = None
) -> ServiceError:
    """Return an error of the usual form, ``{"error": {name, message, details?}}``."""
    error: dict[str, Any] = {"name": name, "message": message}
    if details is not None:
        error["details"] = details
    return ServiceError(status, {"error": error})


def plain_problem(status: int, detail: str) -> ServiceError:
    """Return an error of the second form, ``{type, title, status, detail}``."""
    title = HTTPStatus(status).phrase
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return ServiceError(status, body)


def malformed(message: str) -> ServiceError:
    """400: the body is not JSON, or a field of it is missing or of the wrong type."""
    return named(400, "malformedRequestError", message)


def missing_parameter(param: str) -> ServiceError:
    """400: a top-level parameter is not there."""
    message = f"The request lacks the parameter '{param}'."
    return named(400, "paramMissingError", message, {"param": param})


def bad_request(
    message: str, name: str = "badRequest", details: dict[str, Any] | None = None
) -> ServiceError:
    """400: a value is not one the service accepts."""
    return named(400, name, message, details)


def unauthorized(message: str) -> ServiceError:
    """401: no key, or not the right one."""
    return named(401, "AuthenticationError", message)


def forbidden(message: str) -> ServiceError:
    """403: the caller may not do this."""
    return named(403, "forbiddenError", message)


def not_found(item: str, reference: object) -> ServiceError:
    """404: no such entity; the details name it."""
    message = f"We could not find the {item} you are looking for."
    details = {"item": item, "id": str(reference)}
    return named(404, "instanceNotFoundError", message, details)


def server_error(message: str, status: int = 500) -> ServiceError:
    """500 family: the fault is on this side."""
    return named(status, "serverError", message)
