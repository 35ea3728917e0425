"""The client of a command: made from its options, used once, closed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from attrs import frozen

from postman_async.cli.errors import reported
from postman_async.cli.keys import find_key
from postman_async.cli.options import RegionName

if TYPE_CHECKING:
    from postman_async import AsyncPostman

__all__ = ["Service"]

T = TypeVar("T")


@frozen
class Service:
    """Which service to call, and with which key.

    Args:
        key_file: the file with the key, or None for the environment or the keyring.
        base_url: its address, or None for that of the environment or the region.
        region: ``us`` or ``eu``, or None.
        rate_limits: which limits the calls are paced by.

    """

    key_file: Path | None
    base_url: str | None
    region: RegionName | None
    rate_limits: Literal["auto", "postman"] | None = "auto"

    def client(self) -> AsyncPostman:
        """Make the client.

        Raises:
            UsageError: there is no key.
            ConfigurationError: the key may not be sent to that address.

        """
        from postman_async import AsyncPostman

        return AsyncPostman(
            find_key(self.key_file),
            base_url=self.base_url,
            region=self.region,
            rate_limits=self.rate_limits,
        )

    def ask(self, job: Callable[[AsyncPostman], Awaitable[T]]) -> T:
        """Do the job with a client, and report what goes wrong.

        Raises:
            typer.Exit: it went wrong; the user has been told.

        """

        async def do() -> T:
            async with self.client() as pm:
                return await job(pm)

        with reported():
            return asyncio.run(do())
