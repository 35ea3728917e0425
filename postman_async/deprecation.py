"""The mark of a method that the service keeps for old programs only."""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

__all__ = ["deprecated"]

if TYPE_CHECKING:  # type checkers know this one, and strike through its uses
    from typing_extensions import deprecated
else:

    def deprecated(message: str) -> Callable[[Any], Any]:
        """Let each call give a `DeprecationWarning`; Python has this from 3.13 on."""

        def mark(function: Callable[..., Any]) -> Callable[..., Any]:
            @functools.wraps(function)
            def marked(*args: Any, **kwargs: Any) -> Any:
                warnings.warn(message, DeprecationWarning, stacklevel=2)
                return function(*args, **kwargs)

            if inspect.iscoroutinefunction(function) and hasattr(inspect, "markcoroutinefunction"):
                inspect.markcoroutinefunction(marked)
            marked.__deprecated__ = message
            return marked

        return mark
