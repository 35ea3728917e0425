"""Forms with files (``multipart/form-data``), read from a whole body."""

from __future__ import annotations

from email import message_from_bytes
from email.utils import collapse_rfc2231_value
from typing import NamedTuple

__all__ = ["Part", "is_form", "parts_of"]


class Part(NamedTuple):
    """One field of a form; `filename` is None unless it is a file."""

    name: str
    filename: str | None
    content: bytes

    @property
    def text(self) -> str:
        """The content as text; bytes that are not UTF-8 are replaced."""
        return self.content.decode(errors="replace")


def is_form(content_type: str) -> bool:
    """Return whether a ``Content-Type`` header announces such a form."""
    return content_type.partition(";")[0].strip().lower() == "multipart/form-data"


def parts_of(content_type: str, raw: bytes) -> list[Part]:
    """Return the fields of a form in order; an empty list if the body is not a form."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode(errors="surrogateescape")
    found = []
    for part in message_from_bytes(head + raw).walk():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if name is not None and isinstance(content, bytes):
            found.append(Part(collapse_rfc2231_value(name), part.get_filename(), content))
    return found
