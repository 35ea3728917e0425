"""The base of all models: the document, equality, copies and lazy fields."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from attrs import define, evolve, field, fields

from postman_async.engine.data.convert import nulls_of, reader, to_dict, unknown_of
from postman_async.engine.data.depth import flattened, is_deep, same, unflattened
from postman_async.engine.data.plan import names_of, plan_of, raw_value
from postman_async.errors import PostmanError

__all__ = ["Model", "models_in"]

T = TypeVar("T")

_PICKLED = 100
"""Levels that pickle can recurse through, from any depth of the stack."""


@define(kw_only=True, repr=False, eq=False)
class Model:
    """The base of all models.

    A field that is ``None`` is left out when the model is written, unless it was read as an
    explicit ``null`` or is listed in `nulls`.  Keys without a field are kept in `extra`.  The
    order of the keys is kept.

    Two models are equal if they have the same class and are written as equal documents.
    """

    wire_names: ClassVar[dict[str, str]] = {}
    """Python name to JSON key, for the fields where the two differ."""

    stand_ins: ClassVar[dict[str, str]] = {}
    """JSON key of a required field to the key that may replace it."""

    lazy_fields: ClassVar[tuple[str, ...]] = ()
    """The fields that are read from the document at their first access."""

    open_ended: ClassVar[bool] = False
    """Whether unknown keys are part of the format, so that even strict reading accepts them."""

    # Each is an argument, so that `attrs.evolve` copies them.
    _extra: dict[str, Any] | None = field(default=None, alias="extra")
    _nulls: set[str] | None = field(default=None, alias="nulls")
    _source: dict[str, Any] | None = field(default=None, alias="_source")

    @property
    def extra(self) -> dict[str, Any]:
        """The keys of the document that the model has no field for; written back as they are."""
        if self._extra is None:
            self._extra = unknown_of(self)
        return self._extra

    @property
    def nulls(self) -> set[str]:
        """The names of the fields that are written as ``null`` (not left out) while ``None``."""
        if self._nulls is None:
            self._nulls = nulls_of(self)
        return self._nulls

    if not TYPE_CHECKING:  # type checkers would accept any name as a field

        def __getattr__(self, name: str) -> Any:
            """Fill the empty slot of a field: read a lazy field, reset a deleted one."""
            plan = plan_of(type(self))
            if name in plan.lazy:
                lazy = plan.lazy[name]
                value = lazy.read(raw_value(self, lazy.wire))
                setattr(self, name, value)
                return value
            if name not in names_of(type(self)):
                kind = type(self).__name__
                raise AttributeError(f"{kind!r} object has no attribute {name!r}")
            return _leave_out(self, name)

    @classmethod
    def __attrs_init_subclass__(cls) -> None:
        """Make lazy fields deletable before they are read; attrs calls this for each class."""
        for name in cls.__dict__.get("lazy_fields", ()):
            slot = cls.__dict__[name]
            delete = functools.partial(_leave_out, name=name)
            setattr(cls, name, property(slot.__get__, slot.__set__, delete))

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return same(to_dict(self), to_dict(other))

    __hash__: ClassVar[None]  # type: ignore[assignment]

    def __copy__(self) -> Self:
        return evolve(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return _read(type(self), to_dict(self))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the document; a deep one in parts, because pickle recurses."""
        document = to_dict(self)
        if is_deep(document, _PICKLED):
            return _read_parts, (type(self), *flattened(document))
        return _read, (type(self), document)

    def __repr__(self) -> str:
        """Show the fields that are not None, without raw values that cannot be read."""
        names = [a.name for a in fields(type(self)) if _can_be_shown(self, a.name)]
        values = {name: getattr(self, name) for name in names}
        shown = [f"{name}={_shown(v)}" for name, v in values.items() if v is not None]
        if self.extra:
            shown.append(f"extra={_shown(self.extra)}")
        return f"{type(self).__name__}({', '.join(shown)})"


def _leave_out(model: Any, name: str) -> None:
    """Set a field to ``None``, and leave it out when the model is written."""
    setattr(model, name, None)
    model.nulls.discard(name)


def models_in(values: Any) -> list[Any]:
    """Return the models of a list; without those items, or for a value, of another type."""
    return [v for v in values if isinstance(v, Model)] if isinstance(values, list) else []


def _can_be_shown(model: Model, name: str) -> bool:
    """Whether a field is public and can be read: a repr must not raise."""
    if name.startswith("_"):
        return False
    try:
        getattr(model, name)
    except PostmanError:
        return False
    return True


def _read(cls: type[T], document: dict[str, Any]) -> T:
    made: T = reader(cls)(document)
    return made


def _read_parts(cls: type[T], parts: list[Any], links: list[Any]) -> T:
    return _read(cls, unflattened(parts, links))


def _shown(value: Any) -> str:
    """Show a value; an ellipsis for one that is nested too deeply for Python's repr."""
    try:
        return repr(value)
    except RecursionError:
        return "..."
