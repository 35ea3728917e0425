"""The Markdown files of the repository: their code blocks, links and pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from attrs import frozen
from markdown_it import MarkdownIt
from markdown_it.token import Token

__all__ = [
    "ROOT",
    "Block",
    "anchors",
    "blocks",
    "documents",
    "read",
    "section",
    "targets",
    "targets_of",
]

ROOT = Path(__file__).parents[1]
_PATTERNS = (
    "*.md",
    ".github/**/*.md",
    "benchmarks/**/*.md",
    "postman_async/**/README.md",
    "tests/**/README.md",
)
_NOT_RUN = re.compile(r"<!-- not run: (.+) -->")


@frozen
class Block:
    """A fenced block of code.

    Args:
        document: the path of its document, from the root.
        line: the line of the fence, from 1.
        language: the first word behind the fence.
        text: the code.
        not_run: why it is not run: ``<!-- not run: REASON -->`` stands above it.

    """

    document: str
    line: int
    language: str
    text: str
    not_run: str | None = None

    def __str__(self) -> str:
        return f"{self.document}:{self.line}"


def documents() -> list[str]:
    """Return the paths of all documents, from the root."""
    found = {path for pattern in _PATTERNS for path in ROOT.glob(pattern)}
    return sorted(p.relative_to(ROOT).as_posix() for p in found if "node_modules" not in p.parts)


@cache
def read(document: str) -> str:
    """Return the text of a document."""
    return (ROOT / document).read_text(encoding="utf-8")


def section(document: str, heading: str) -> str:
    """Return the text below a heading of the second level."""
    _, found, rest = read(document).partition(f"\n## {heading}\n")
    assert found, f"{document} has no section {heading!r}"
    return rest.partition("\n## ")[0]


def blocks(document: str, *languages: str) -> Iterator[Block]:
    """Yield the code blocks in these languages."""
    reason = None
    for token in _tokens(document):
        if token.type == "fence" and token.info.split(" ")[0] in languages:
            line = (token.map or [0])[0] + 1
            yield Block(document, line, token.info.split(" ")[0], token.content, reason)
        note = _NOT_RUN.match(token.content) if token.type == "html_block" else None
        reason = note[1] if note else None


def targets(document: str) -> Iterator[str]:
    """Yield where the links and pictures of a document lead, outside of code."""
    yield from targets_of(read(document))


def targets_of(text: str) -> Iterator[str]:
    """Yield where the links and pictures of a Markdown text lead."""
    for token in _flat(_parser().parse(text)):
        if token.type in {"html_block", "html_inline"}:
            yield from re.findall(r'(?:src|href)="([^"]+)"', token.content)
        for name in ("href", "src"):
            if name in token.attrs:
                yield str(token.attrs[name])


def anchors(document: str) -> set[str]:
    """Return the names that the headings of a document have as targets, as GitHub makes them."""
    tokens = _tokens(document)
    titles = [b.content for a, b in pairwise(tokens) if a.type == "heading_open"]
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@cache
def _tokens(document: str) -> list[Token]:
    tokens: list[Token] = _parser().parse(read(document))
    return tokens


def _parser() -> Any:
    return MarkdownIt("commonmark").enable("table")


def _flat(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _flat(token.children or [])
