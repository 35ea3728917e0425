"""What a caller may set, for a whole client or for one call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from attrs import field, frozen
from attrs.validators import ge, instance_of, optional

__all__ = ["CallOptions", "Retries", "Timeout"]

_seconds = optional([instance_of((int, float)), ge(0)])


@frozen(kw_only=True)
class Timeout:
    """How long the parts of one attempt may take, in seconds; ``None`` means no limit.

    Parameters:
        connect: getting a connection: name look-up, TCP and TLS.
        read: silence of the service: no byte for this long.  Not used for ``monitors.run``,
            whose answer comes when the run has ended.
        run: the deadline of one ``monitors.run`` call, from its first attempt to its answer.
        total: the whole call with its retries and waits.  Off by default.

    """

    connect: float | None = field(default=10.0, validator=_seconds)
    read: float | None = field(default=60.0, validator=_seconds)
    run: float | None = field(default=1200.0, validator=_seconds)
    total: float | None = field(default=None, validator=_seconds)


@frozen(kw_only=True)
class Retries:
    """When a call is sent again, and how long it waits before that.

    What may be retried at all is not an option but a safety rule, see
    `postman_async.engine.retry`.

    Parameters:
        attempts: how often a call is sent at most, the first time included.  1 turns retries off.
        backoff: seconds before the second attempt; doubled for each one after it, with jitter.
        max_backoff: seconds a wait of our own never exceeds.
        max_retry_after: seconds we are willing to wait when the service names a time; when it
            asks for more, the error is raised at once.

    """

    attempts: int = field(default=4, validator=[instance_of(int), ge(1)])
    backoff: float = field(default=0.5, validator=[instance_of((int, float)), ge(0)])
    max_backoff: float = field(default=30.0, validator=[instance_of((int, float)), ge(0)])
    max_retry_after: float = field(default=120.0, validator=[instance_of((int, float)), ge(0)])


class CallOptions(TypedDict, total=False):
    """The options that every method takes by keyword.

    Keys:
        timeout: a `Timeout`, or the seconds the whole call may take, retries included.
        extra_headers: headers to send besides our own.
        extra_query: query parameters to send besides those of the method.
        extra_body: keys to add to the JSON body, for what this version does not know yet.
        retries: a `Retries`, or the number of attempts.
    """

    timeout: Timeout | float | None
    extra_headers: Mapping[str, str]
    extra_query: Mapping[str, str]
    extra_body: Mapping[str, Any]
    retries: Retries | int
