"""Whether an answer is of the thing that was asked for: its id is there again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from postman_async.errors import Answer, InvalidResponseError

if TYPE_CHECKING:
    from postman_async.engine.operation import Echo
    from postman_async.engine.response import RawResponse

__all__ = ["check_echo"]


def check_echo(
    echo: Echo, asked: Mapping[str, Any], content: Any, call: str, response: RawResponse[Any]
) -> None:
    """Compare the id in an answer with the one that was asked for; where none is, nothing is said.

    Args:
        echo: where the id is.
        asked: the arguments of the call.
        content: the answer without the key it is wrapped in.
        call: the request's method and path.
        response: the answer.

    Raises:
        InvalidResponseError: they are of different things, so answers and calls are mixed up.

    """
    for key in echo.keys:
        content = content.get(key) if isinstance(content, dict) else None
    wanted = asked[echo.argument]
    if isinstance(content, str) and content != wanted and not _same(content, wanted):
        came = Answer(response.status, response.headers, response.content)
        reason = (
            f"the answer is of {content[:100]!r} and not of what was asked for: something between"
            " here and the service mixes up answers, and the connection was closed"
        )
        raise InvalidResponseError(call, came, reason)


def _same(one: str, other: str) -> bool:
    """Whether two ids name one thing: a uid is an id behind that of its owner and a hyphen."""
    one, other = one.lower(), other.lower()
    return one == other or one.endswith(f"-{other}") or other.endswith(f"-{one}")
