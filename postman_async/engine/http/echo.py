"""Whether an answer is of the thing that was asked for: its id is there again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from attrs import define

from postman_async.errors import InvalidResponseError

if TYPE_CHECKING:
    from postman_async.engine.http.mask import KeyMask
    from postman_async.engine.http.response import RawResponse
    from postman_async.engine.operation import Echo

__all__ = ["Asked"]


@define
class Asked:
    """What a call asked for, to compare its answer with.

    Args:
        echo: where the answer repeats the id.
        arguments: those of the call.
        mask: takes the client's key out of an error.

    """

    echo: Echo
    arguments: Mapping[str, Any]
    mask: KeyMask

    def check(self, content: Any, call: str, response: RawResponse[Any]) -> None:
        """Compare the ids; where the answer has none, nothing is said.

        Args:
            content: the answer without the key it is wrapped in.
            call: the request's method and path.
            response: the answer.

        Raises:
            InvalidResponseError: they are of different things, so answers are mixed up.

        """
        for key in self.echo.keys:
            content = content.get(key) if isinstance(content, dict) else None
        asked = self.arguments[self.echo.argument]
        if not isinstance(content, str) or asked.endswith(f"-{content}") or _same(content, asked):
            return
        came = self.mask.answer(response)
        other = self.mask.text(content[:100])
        reason = (
            f"the answer is of {other!r} and not of what was asked for: something between here and"
            " the service mixes up answers, and the connection was closed"
        )
        raise InvalidResponseError(call, came, reason)


def _same(one: str, other: str) -> bool:
    """Whether two ids name one thing: a uid is an id behind that of its owner and a hyphen."""
    one, other = one.lower(), other.lower()
    return one == other or one.endswith(f"-{other}") or other.endswith(f"-{one}")
