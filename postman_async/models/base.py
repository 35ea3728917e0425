"""What every model shares: the keys it did not know, and the nulls it was given."""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import define, field, fields

__all__ = ["Model"]


@define(kw_only=True, repr=False)
class Model:
    """The base of all models.

    A field that is ``None`` is left out when the model is written, unless it was read as (or is
    listed in `nulls` as) an explicit ``null``.  Keys that the model does not know are kept in
    `extra`.
    """

    wire_names: ClassVar[dict[str, str]] = {}
    """Python name to name on the wire, for the fields where the two differ."""

    open_ended: ClassVar[bool] = False
    """Whether unknown keys are part of the format, so that even strict reading accepts them."""

    _extra: dict[str, Any] | None = field(
        default=None, alias="extra", eq=lambda value: value or None
    )
    _nulls: set[str] | None = field(default=None, init=False, eq=lambda value: value or None)

    @property
    def extra(self) -> dict[str, Any]:
        """The keys of the document that the model has no field for; written back as they are."""
        if self._extra is None:
            self._extra = {}
        return self._extra

    @property
    def nulls(self) -> set[str]:
        """The names of the fields that are written as ``null`` (not left out) while ``None``."""
        if self._nulls is None:
            self._nulls = set()
        return self._nulls

    def __repr__(self) -> str:
        """Show the fields that hold something."""
        names = [a.name for a in fields(type(self)) if not a.name.startswith("_")]
        values = {name: getattr(self, name) for name in names}
        shown = [f"{name}={value!r}" for name, value in values.items() if value is not None]
        if self._extra:
            shown.append(f"extra={self._extra!r}")
        return f"{type(self).__name__}({', '.join(shown)})"
