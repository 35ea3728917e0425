"""The check that an answer is about the requested resource: the answer repeats its id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from attrs import define

from postman_async.errors import InvalidResponseError

if TYPE_CHECKING:
    from postman_async.engine.http.mask import KeyMask
    from postman_async.engine.http.response import RawResponse
    from postman_async.engine.operation import Echo

__all__ = ["EchoCheck"]


@define
class EchoCheck:
    """Compares the id in an answer with the id in the request.

    Args:
        echo: where the answer repeats the id.
        arguments: the arguments of the call.
        mask: removes the client's key from the error.

    """

    echo: Echo
    arguments: Mapping[str, Any]
    mask: KeyMask

    def check(self, content: Any, call: str, response: RawResponse[Any]) -> None:
        """Compare the ids; an answer without an id passes.

        Args:
            content: the body, without the key that it is wrapped in.
            call: the request's method and path.
            response: the answer.

        Raises:
            InvalidResponseError: the ids differ, so a proxy or the service mixes up answers.

        """
        for key in self.echo.keys:
            content = content.get(key) if isinstance(content, dict) else None
        asked = self.arguments[self.echo.argument]
        if not isinstance(content, str) or asked.endswith(f"-{content}") or _same(content, asked):
            return
        came = self.mask.answer(response)
        other = self.mask.text(content[:100])
        reason = (
            f"the answer is about {other!r} and not about the resource asked for: something between"
            " here and the service mixes up answers, and the connection was closed"
        )
        raise InvalidResponseError(call, came, reason)


def _same(one: str, other: str) -> bool:
    """Return whether two ids name one resource: a uid is the owner's id, a hyphen and the id."""
    one, other = one.lower(), other.lower()
    return one == other or one.endswith(f"-{other}") or other.endswith(f"-{one}")
