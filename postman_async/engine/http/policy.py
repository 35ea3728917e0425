"""How one call is to be sent: its times, its retries, and who observes its attempts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from attrs import frozen

if TYPE_CHECKING:
    from postman_async.engine.operation import Operation
    from postman_async.options import Retries, Timeout

__all__ = ["AttemptObserver", "CallPolicy"]


class AttemptObserver(Protocol):
    """Is notified of the attempts of a call, to know whether the service may have received it."""

    def sending(self) -> None:
        """Note that an attempt follows at once: no wait is left before it."""

    def refused(self) -> None:
        """Note that the service certainly did not take the last attempt."""


@frozen(kw_only=True)
class CallPolicy:
    """How one call is to be sent.

    Args:
        idempotent: whether the call may be sent again after an ambiguous failure.
        connect: seconds for making a connection.
        read: seconds of silence allowed.
        total: seconds for the whole call, waits included.
        active: seconds from the first attempt to the answer, without those for the body.
        retries: how often and after what waits the call is sent again.
        operation: the id of the operation.
        bucket: the bucket that the call counts in, besides that of every call.
        observer: is notified of the attempts.
        redirects: the statuses from 300 to 399 that are answers like 2xx ones.

    """

    idempotent: bool
    connect: float | None
    read: float | None
    total: float | None
    active: float | None
    retries: Retries
    operation: str
    bucket: str | None
    observer: AttemptObserver | None = None
    redirects: tuple[int, ...] = ()

    @classmethod
    def of(
        cls,
        operation: Operation,
        timeout: Timeout,
        retries: Retries,
        observer: AttemptObserver | None = None,
    ) -> CallPolicy:
        """Choose the times: a long poll has a deadline of its own instead of a read timeout.

        Every other call has a deadline because an answer that comes drop by drop is never silent.
        """
        other = timeout.call if timeout.total is None else None
        return cls(
            idempotent=operation.idempotent,
            connect=timeout.connect,
            read=None if operation.long_poll else timeout.read,
            total=timeout.total,
            active=timeout.run if operation.long_poll else other,
            retries=retries,
            operation=operation.id,
            bucket=operation.bucket,
            observer=observer,
            redirects=operation.redirects,
        )
