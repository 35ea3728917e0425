"""`UNSET`: the default of every optional parameter, which is not sent.

``None`` means JSON ``null``; a parameter that is left out is not sent.  Only parameters need this
sentinel: models keep the difference themselves.
"""

from __future__ import annotations

from enum import Enum
from typing import Final, Literal, TypeAlias

__all__ = ["UNSET", "Unset"]


class _Unset(Enum):
    """An enum of one member, so that type checkers can narrow on ``is UNSET``."""

    UNSET = b"UNSET"  # not a JSON type: a writer that knows enums must not send it

    def __repr__(self) -> str:
        return "UNSET"

    def __bool__(self) -> Literal[False]:
        return False


UNSET: Final = _Unset.UNSET
"""Do not send this parameter."""

Unset: TypeAlias = Literal[_Unset.UNSET]
"""The type of `UNSET`."""
