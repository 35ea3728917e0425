"""The base of the generated ``Environment`` model: variables by their names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postman_async.engine.data.convert import read_field
from postman_async.extensions.model import Model, models_in

if TYPE_CHECKING:
    from postman_async.models.environments import EnvironmentValue

__all__ = ["EnvironmentMethods"]


class EnvironmentMethods(Model):
    """The methods of an environment; a change reaches the service when the environment is sent.

    Several variables may share a key.  As in the scripts of a collection, the last enabled one
    is the effective one.
    """

    __slots__ = ()

    if TYPE_CHECKING:
        values: list[EnvironmentValue]

    def has(self, key: str) -> bool:
        """Whether an enabled variable has this key."""
        return self._effective(key) is not None

    def get(self, key: str, default: str | None = None) -> str | None:
        """Return the value of the effective variable.

        Args:
            key: the key of the variable.
            default: the value to return where no enabled variable has this key.

        """
        found = self._effective(key)
        return default if found is None else found.value

    def set(self, key: str, value: str | None, *, type: str | None = None) -> None:
        """Set the value of the effective variable; without one, enable or add a variable.

        Args:
            key: the key of the variable.
            value: the new value; ``None`` is sent as ``null``.
            type: how Postman shows it, ``default`` or ``secret``; unchanged when left out.

        Raises:
            TypeError: the ``values`` of this environment are not a list.

        """
        found = self._effective(key) or self._last(key) or self._added(key, value)
        found.value = value
        if value is None:
            found.nulls.add("value")
        if type is not None:
            found.type = type
        if found.enabled is False:
            found.enabled = True

    def unset(self, key: str) -> None:
        """Remove all variables with this key."""
        for variable in self._named(key):
            self.values.remove(variable)

    def _named(self, key: str) -> list[EnvironmentValue]:
        return [variable for variable in models_in(self.values) if variable.key == key]

    def _effective(self, key: str) -> EnvironmentValue | None:
        enabled = [variable for variable in self._named(key) if variable.enabled is not False]
        return enabled[-1] if enabled else None

    def _last(self, key: str) -> EnvironmentValue | None:
        named = self._named(key)
        return named[-1] if named else None

    def _added(self, key: str, value: str | None) -> EnvironmentValue:
        if self.values is None:
            setattr(self, "values", [])  # noqa: B010 - the slot belongs to the generated class
        if not isinstance(self.values, list):
            raise TypeError("the values of this environment are no list")
        data = {"key": key, "value": value, "enabled": True, "type": "default"}
        self.values += read_field(self, "values", [data])
        return self.values[-1]
