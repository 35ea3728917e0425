"""The words of a page that is no JSON, such as a proxy's: found in one pass over its beginning."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["LONGEST_PAGE", "page_words"]

LONGEST_PAGE = 16 * 1024
"""Characters of a page that are looked at; what is of use stands at its beginning."""

_SILENT = "style", "script"
"""The tags whose contents are no words."""


def page_words(page: str) -> str:
    """Return the text of a page without its tags, styles and scripts; plain text as it is."""
    first, *rest = page[:LONGEST_PAGE].split("<")
    return " ".join(" ".join([first, *_texts(rest)]).split())


def _texts(pieces: list[str]) -> Iterator[str]:
    """Yield what follows each tag; a piece is what stands between two ``<``."""
    silent = None
    for piece in pieces:
        tag, closed, text = piece.partition(">")
        if silent is not None:
            if tag.strip().lower() != f"/{silent}":
                continue
            silent = None
        elif not closed or not (piece[0].isalpha() or piece[0] in "/!?>"):
            text = f"<{piece}"  # less than something, or a tag that was cut
        else:
            name = tag.split(None, 1)[0].lower() if tag.strip() else ""
            silent = name if name in _SILENT else None
            if silent:
                continue
        yield text
