"""Whether and when a call is sent again: pure decisions.

The safety rule stands above all options.  A call that may have changed something is sent again
only if it is certain that the service did not take it:

==============================================  ==========================  ==================
what happened                                   GET, PUT, DELETE            POST, PATCH
==============================================  ==========================  ==================
no connection was made                          again                       again
429, except ``serviceLimitExhausted``           again                       again
503 with a Retry-After                          again                       again
500, 502, 504, 503 without one                  again                       never
the connection broke, or silence for too long   again                       never
anything else                                   never                       never
==============================================  ==========================  ==================

A POST that the specification calls safe, because it only reads, is treated as a GET.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from postman_async.engine.limits.headers import LONGEST_WAIT
from postman_async.errors import (
    ApiError,
    CallTimeoutError,
    ConnectError,
    DisconnectedError,
    RateLimitError,
    ServerError,
    UsageLimitError,
)

if TYPE_CHECKING:
    from postman_async.errors import PostmanError
    from postman_async.options import Retries

__all__ = ["may_retry", "not_taken", "retry_wait"]

_TRANSIENT = frozenset({500, 502, 503, 504})


def may_retry(error: PostmanError, *, idempotent: bool) -> bool:
    """Return whether it is safe and useful to send the call again after this error."""
    if not_taken(error):
        return True
    if isinstance(error, UsageLimitError):
        return False
    if not idempotent:
        return False
    if isinstance(error, ServerError):
        return error.status in _TRANSIENT
    return isinstance(error, DisconnectedError | CallTimeoutError)


def not_taken(error: PostmanError) -> bool:
    """Return whether the service certainly did not act on the call."""
    if isinstance(error, ConnectError | RateLimitError):
        return True
    return isinstance(error, ServerError) and error.status == 503 and stated_wait(error) is not None


def retry_wait(error: PostmanError, attempt: int, retries: Retries, jitter: float) -> float | None:
    """Return the seconds to wait before the next attempt.

    Args:
        error: the error of the last attempt.
        attempt: the number of the last attempt, from 1.
        retries: the option of the caller.
        jitter: a random number from 0 to 1, so that many calls do not return at the same time.

    Returns:
        The seconds, or None to give up.

    """
    if attempt >= retries.attempts:
        return None
    stated = stated_wait(error)
    if stated is None:
        ceiling: float = min(retries.backoff * 2 ** min(attempt - 1, 30), retries.max_backoff)
        return ceiling * (0.5 + jitter / 2)
    if stated > min(retries.max_retry_after, LONGEST_WAIT):
        return None
    return min(stated + jitter * min(1.0, 0.1 + stated / 10), LONGEST_WAIT)


def stated_wait(error: PostmanError) -> float | None:
    """Return the seconds that the answer asks to wait, or None."""
    if not isinstance(error, ApiError) or error.rate_limit is None:
        return None
    if error.rate_limit.retry_after is not None or not isinstance(error, RateLimitError):
        return error.rate_limit.retry_after
    return error.rate_limit.reset
