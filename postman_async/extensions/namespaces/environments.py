"""The bases of the environments namespace, async and sync: operations that take several calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Unpack

from postman_async.errors import TransportError

if TYPE_CHECKING:
    from postman_async.models.common import Ref
    from postman_async.models.environments import Environment
    from postman_async.options import CallOptions

    class _AsyncEnvironments(Protocol):
        async def get(self, uid: str, /, **options: Unpack[CallOptions]) -> Environment: ...
        async def update(
            self, uid: str, /, *, environment: Environment, **options: Unpack[CallOptions]
        ) -> Ref: ...

    class _Environments(Protocol):
        def get(self, uid: str, /, **options: Unpack[CallOptions]) -> Environment: ...
        def update(
            self, uid: str, /, *, environment: Environment, **options: Unpack[CallOptions]
        ) -> Ref: ...


__all__ = ["AsyncEnvironmentMethods", "EnvironmentMethods"]


def _set(environment: Environment, key: str, value: str | None, type: str | None) -> None:
    """Set a variable; an answer without variables must not be completed and sent back."""
    try:
        environment.set(key, value, type=type)
    except (AttributeError, TypeError):
        call = "GET /environments/{environment_uid}"
        raise TransportError(call, "the answer holds no variables") from None


class AsyncEnvironmentMethods:
    """The methods of the async namespace that take several calls."""

    __slots__ = ()

    async def set_variable(
        self: _AsyncEnvironments,
        environment_uid: str,
        key: str,
        value: str | None,
        *,
        type: str | None = None,
        **call_options: Unpack[CallOptions],
    ) -> Ref:
        """Set one variable of an environment, and keep the rest of it.

        ``GET /environments/{environment_uid}``, then ``PUT`` of the same.  The service has no
        operation for one variable, so a change made by others between the two is overwritten.

        Args:
            environment_uid: The uid of the environment.
            key: The key of the variable; one is added where no enabled variable has this key.
            value: The new value; ``None`` is sent as ``null``.
            type: How Postman shows it, ``default`` or ``secret``; unchanged when left out.
            **call_options: What every call takes, see `CallOptions`; used for both calls.

        Returns:
            The names of the environment.

        Raises:
            TransportError: The answer of `get` holds no variables; nothing was changed.
            PostmanError: As `get` and `update` do.

        """
        environment = await self.get(environment_uid, **call_options)
        _set(environment, key, value, type)
        return await self.update(environment_uid, environment=environment, **call_options)


class EnvironmentMethods:
    """The methods of the sync namespace that take several calls."""

    __slots__ = ()

    def set_variable(
        self: _Environments,
        environment_uid: str,
        key: str,
        value: str | None,
        *,
        type: str | None = None,
        **call_options: Unpack[CallOptions],
    ) -> Ref:
        """Set one variable of an environment, and keep the rest of it.

        See `AsyncEnvironmentMethods.set_variable`.
        """
        environment = self.get(environment_uid, **call_options)
        _set(environment, key, value, type)
        return self.update(environment_uid, environment=environment, **call_options)
