"""The sync twins of `postman_async.api.methods`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Unpack

from postman_async.api.methods import set_variable

if TYPE_CHECKING:
    from postman_async.models.common import Ref
    from postman_async.models.environments import Environment
    from postman_async.options import CallOptions

    class _Environments(Protocol):
        def get(self, uid: str, /, **options: Unpack[CallOptions]) -> Environment: ...
        def update(
            self, uid: str, /, *, environment: Environment, **options: Unpack[CallOptions]
        ) -> Ref: ...


__all__ = ["EnvironmentMethods"]


class EnvironmentMethods:
    """What takes several calls with environments."""

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
        """Give one variable of an environment a value, and leave the rest of it as it is.

        See `AsyncEnvironmentMethods.set_variable`.
        """
        environment = self.get(environment_uid, **call_options)
        set_variable(environment, key, value, type)
        return self.update(environment_uid, environment=environment, **call_options)
