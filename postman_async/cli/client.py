"""The client of a command: made from its options, used once, closed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar

from attrs import frozen

from postman_async.cli.errors import report_errors
from postman_async.cli.keys import find_key

if TYPE_CHECKING:
    from postman_async import AsyncPostman

__all__ = ["ClientSettings", "RegionName"]

T = TypeVar("T")

RegionName: TypeAlias = Literal["us", "eu"]


@frozen
class ClientSettings:
    """Which host a command calls, and with which key.

    Attributes:
        key_file: the file with the key, or None for the environment or the keyring.
        base_url: the URL of the service, or None for that of the environment or the region.
        region: ``us`` or ``eu``, or None.
        rate_limits: the limits that pace the calls.

    """

    key_file: Path | None
    base_url: str | None
    region: RegionName | None
    rate_limits: Literal["auto", "postman"] | None = "auto"

    def client(self) -> AsyncPostman:
        """Make the client.

        Raises:
            UsageError: there is no key.
            ConfigurationError: the key may not be sent to that URL.

        """
        from postman_async import AsyncPostman

        return AsyncPostman(
            find_key(self.key_file),
            base_url=self.base_url,
            region=self.region,
            rate_limits=self.rate_limits,
        )

    def run(self, job: Callable[[AsyncPostman], Awaitable[T]]) -> T:
        """Run a job with a client, and return its result.

        Raises:
            typer.Exit: the job failed; its error was printed.

        """

        async def with_client() -> T:
            async with self.client() as pm:
                return await job(pm)

        with report_errors():
            return asyncio.run(with_client())
