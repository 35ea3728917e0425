"""The client's own key, taken out of whatever the service, or a proxy, says back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from attrs import define
from multidict import CIMultiDict

from postman_async.errors import Answer

__all__ = ["KeyMask"]

_MASK = "***"
_RECOGNISED = 12
"""Characters of the key by which it is known; an answer that is cut may hold no more of it."""


@define(eq=False, repr=False)
class KeyMask:
    """Replaces the client's keys by ``***``, however it is spelled.

    It is found percent-encoded, JSON-escaped, as HTML entities, in any case, in UTF-16 and UTF-32,
    and where only its beginning is left.
    """

    _texts: re.Pattern[str]
    _bytes: re.Pattern[bytes]

    @classmethod
    def of(cls, *keys: str) -> KeyMask:
        """Make the mask of one or more keys."""
        texts = "|".join(_pattern(key) for key in keys)
        in_bytes = "|".join(_pattern(key, r"\x00*") for key in keys).encode()
        return cls(re.compile(texts, re.IGNORECASE), re.compile(in_bytes, re.IGNORECASE))

    def text(self, text: str) -> str:
        """Take the key out of a text."""
        return self._texts.sub(_MASK, text)

    def answer(self, answer: Any) -> Answer:
        """Copy an answer without the key: what errors are made of."""
        content = self._bytes.sub(_MASK.encode(), answer.content)
        return Answer(answer.status, self.headers(answer.headers), content)

    def headers(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        """Copy headers without the key, if it is in any."""
        if not any(self._texts.search(value) for value in headers.values()):
            return headers
        return CIMultiDict([(name, self.text(value)) for name, value in headers.items()])


def _pattern(key: str, between: str = "") -> str:
    """Match a key, or at least the first characters of it and as many as follow.

    A short key, which no service gives, is replaced only where it stands alone.
    """
    spelled = [_spellings(character) + between for character in key]
    if len(key) < _RECOGNISED:
        return rf"(?<!\w){''.join(spelled)}(?!\w)"
    rest = ""
    for character in reversed(spelled[_RECOGNISED:]):
        rest = f"(?:{character}{rest})?"
    return "".join(spelled[:_RECOGNISED]) + rest


def _spellings(character: str) -> str:
    code = ord(character)
    return (
        rf"(?:{re.escape(character)}|%(?:25)*{code:02x}|\\+(?:u00|x){code:02x}"
        rf"|&#(?:0*{code}|x0*{code:x});)"
    )
