"""Removes the client's own key from whatever the service, or a proxy, sends back."""

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
"""The first characters of a key are enough to find it: a truncated answer may end there."""


@define(eq=False, repr=False)
class KeyMask:
    """Replaces the client's keys by ``***``, however it is spelled.

    The key is found percent-encoded, JSON-escaped, as HTML entities, in upper and lower case, in
    UTF-16 and UTF-32, and truncated.
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
        """Return a text without the key."""
        return self._texts.sub(_MASK, text)

    def answer(self, answer: Any) -> Answer:
        """Return a copy of an answer without the key, for an error."""
        content = self._bytes.sub(_MASK.encode(), answer.content)
        return Answer(answer.status, self.headers(answer.headers), content)

    def headers(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        """Return headers without the key; the same ones if none contains it."""
        if not any(self._texts.search(value) for value in headers.values()):
            return headers
        return CIMultiDict([(name, self.text(value)) for name, value in headers.items()])


def _pattern(key: str, between: str = "") -> str:
    """Return a pattern of a key, or of its first characters and as many as follow.

    A short key, which the service never issues, is matched only as a whole word.
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
