"""The text of a page that is not JSON, such as that of a proxy, in one pass over its start."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["MAX_PAGE", "page_text"]

MAX_PAGE = 16 * 1024
"""The characters of a page that are read; what is useful stands at its start."""

_SILENT = "style", "script"
"""The tags whose content is not text."""


def page_text(page: str) -> str:
    """Return the text of a page without its tags, styles and scripts; plain text as it is."""
    first, *rest = page[:MAX_PAGE].split("<")
    return " ".join(" ".join([first, *_texts(rest)]).split())


def _texts(pieces: list[str]) -> Iterator[str]:
    """Yield the text after each tag; a piece is what stands between two ``<``."""
    silent = None
    for piece in pieces:
        tag, closed, text = piece.partition(">")
        if silent is not None:
            if tag.strip().lower() != f"/{silent}":
                continue
            silent = None
        elif not closed or not (piece[0].isalpha() or piece[0] in "/!?>"):
            text = f"<{piece}"  # a less-than sign, or a tag that was cut
        else:
            name = tag.split(None, 1)[0].lower() if tag.strip() else ""
            silent = name if name in _SILENT else None
            if silent:
                continue
        yield text
