"""`UNSET`: the value of a parameter that is not to be sent.

``None`` means JSON ``null``; leaving a parameter out means not sending it.  Only parameters
know the difference by this sentinel: models remember it by themselves.
"""

from __future__ import annotations

from enum import Enum
from typing import Final, Literal, TypeAlias

__all__ = ["UNSET", "Unset"]


class _Unset(Enum):
    """An enum of one member, so that type checkers can narrow on ``is UNSET``."""

    UNSET = b"UNSET"  # of no JSON type: a writer that knows enums must not send it

    def __repr__(self) -> str:
        return "UNSET"

    def __bool__(self) -> Literal[False]:
        return False


UNSET: Final = _Unset.UNSET
"""Do not send this parameter (the default of every optional one)."""

Unset: TypeAlias = Literal[_Unset.UNSET]
"""The type of `UNSET`."""
