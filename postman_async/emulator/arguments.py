"""Checks of arguments from outside against the annotations of a function or class.

Python code is checked by its type checker; JSON of the controls under ``/_emulator/`` is not.
"""

from __future__ import annotations

import functools
import inspect
import math
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, ParamSpec, TypeVar, Union, get_args, get_origin, get_type_hints

from postman_async.emulator.exceptions import EmulatorError

__all__ = ["check", "checked", "conforms"]

P = ParamSpec("P")
R = TypeVar("R")

_WORDS: Mapping[Any, str] = {
    int: "a whole number",
    float: "a number",
    str: "a text",
    bool: "true or false",
    type(None): "null",
}
_LONGEST_SHOWN = 100


def checked(function: Callable[P, R]) -> Callable[P, R]:
    """Make a function refuse arguments that are not of its annotated types.

    Raises:
        EmulatorError: by the function made; the message names the argument.
    """

    @functools.wraps(function)
    def called(*args: P.args, **kwargs: P.kwargs) -> R:
        given = signature.bind(*args, **kwargs).arguments
        hints = get_type_hints(function)
        for name, value in given.items():
            check(name, value, hints[name])
        return function(*args, **kwargs)

    signature = inspect.signature(function)
    return called


def check(name: str, value: object, hint: Any) -> None:
    """Raise an EmulatorError that names the argument, unless the value has the type."""
    if not conforms(value, hint):
        shown = repr(value)
        if len(shown) > _LONGEST_SHOWN:
            shown = f"{shown[:_LONGEST_SHOWN]}…"
        raise EmulatorError(f"{name} is {_words(hint)}, not {shown}")


def conforms(value: object, hint: Any) -> bool:
    """Return whether a value has a type: true is not a number, and a number is finite."""
    if hint is Any:
        return True
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return any(conforms(value, each) for each in inner)
    if origin is Literal:
        return isinstance(value, str) and value in inner
    if origin is not None:
        return _contains(value, origin, inner)
    if hint in (int, float):
        return _is_number(value, hint)
    return isinstance(value, hint)


def _is_number(value: object, hint: type[int] | type[float]) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, hint)):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number that no float holds
        return False


def _contains(value: object, origin: type, inner: tuple[Any, ...]) -> bool:
    """Return whether a value is a container of the type, entries included; JSON has no tuples."""
    if isinstance(value, Mapping):
        of = inner or (Any, Any)
        return issubclass(origin, Mapping) and all(
            conforms(key, of[0]) and conforms(entry, of[1]) for key, entry in value.items()
        )
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        return False
    if issubclass(origin, tuple):
        return len(value) == len(inner) and all(map(conforms, value, inner))
    return issubclass(origin, Sequence) and all(conforms(entry, inner[0]) for entry in value)


def _words(hint: Any) -> str:
    """Return the words for a type."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(_words(each) for each in inner))
    if origin is Literal:
        return f"one of {', '.join(inner)}"
    if origin is not None and issubclass(origin, tuple):
        return f"[{', '.join(_words(each) for each in inner)}]"
    if origin is not None and issubclass(origin, Mapping):
        return f"an object with {_words(inner[1])} for each key"
    if origin is not None:
        return f"a list with each entry {_words(inner[0])}"
    return _WORDS.get(hint, "an object")
