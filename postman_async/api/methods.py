"""What some namespaces can do beside the service's own operations: hand-written bases.

The spec names the base of a namespace (``x-python-base``), so that what takes several calls stands
where people look for it, beside the calls themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Unpack

from postman_async.errors import TransportError

if TYPE_CHECKING:
    from postman_async.models.common import Ref
    from postman_async.models.environments import Environment
    from postman_async.options import CallOptions

    class _Environments(Protocol):
        async def get(self, uid: str, /, **options: Unpack[CallOptions]) -> Environment: ...
        async def update(
            self, uid: str, /, *, environment: Environment, **options: Unpack[CallOptions]
        ) -> Ref: ...


__all__ = ["AsyncEnvironmentMethods"]


def set_variable(environment: Environment, key: str, value: str | None, type: str | None) -> None:
    """Give a variable a value; an answer without variables is no reason to send any."""
    try:
        environment.set(key, value, type=type)
    except (AttributeError, TypeError):
        call = "GET /environments/{environment_uid}"
        raise TransportError(call, "the answer holds no variables") from None


class AsyncEnvironmentMethods:
    """What takes several calls with environments."""

    __slots__ = ()

    async def set_variable(
        self: _Environments,
        environment_uid: str,
        key: str,
        value: str | None,
        *,
        type: str | None = None,
        **call_options: Unpack[CallOptions],
    ) -> Ref:
        """Give one variable of an environment a value, and leave the rest of it as it is.

        ``GET /environments/{environment_uid}``, then ``PUT`` of the same.  The service knows no
        other way, so what someone else changes between the two is overwritten.

        Args:
            environment_uid: The uid of the environment.
            key: The name of the variable; where there is none that counts, one is added.
            value: Its value; ``None`` is sent as ``null``.
            type: How it is shown, ``default`` or ``secret``; as it was when left out.
            **call_options: What every call takes, see `CallOptions`; for each of the two.

        Returns:
            The names of the environment.

        Raises:
            TransportError: The answer of `get` holds no variables; nothing was changed.
            PostmanError: As `get` and `update` do.

        """
        environment = await self.get(environment_uid, **call_options)
        set_variable(environment, key, value, type)
        return await self.update(environment_uid, environment=environment, **call_options)
