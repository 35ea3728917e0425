"""One budget of calls among several clients: what a store for it has to do."""

from __future__ import annotations

from typing import Protocol

__all__ = ["SharedBudget"]


class SharedBudget(Protocol):
    """A budget that several clients of one key share, for instance in a store on the network.

    The limiter asks the budget after the client's own windows have let a call start.
    """

    async def take(self, bucket: str, calls: int, seconds: float) -> float:
        """Take one of the calls that a bucket allows in a window.

        Args:
            bucket: the name of the bucket.
            calls: how many calls may start in the window.
            seconds: the length of the window.

        Returns:
            0 if the call may start, else the seconds after which to ask again.

        """
        ...
