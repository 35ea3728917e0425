"""No regular expression of the package is worse than linear, whatever text it is given.

Each is tried with texts made of its own parts: a beginning that fits, and then one character or
the beginning itself, over and over.  A text four times as long may take about four times as long;
for an expression that backtracks it would be sixteen times, or far more.  Processor time is
compared, not told, and a doubtful figure is taken again.
"""

from __future__ import annotations

import ast
import importlib
import re
import time
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import pytest

import postman_async

ROOT = Path(postman_async.__file__).parent
METHODS = {"match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer"}
SHORT, FACTOR, WORST = 1_500, 4, 11.0
"""The length of a text, how much longer the other is, and how much longer that may take."""
NOTICED = 0.0003
"""Seconds; what is done sooner need not be compared, for a quadratic one takes a hundred times."""


def used_on() -> Iterator[tuple[str, str, str, re.Pattern[Any]]]:
    """Yield each use of an expression: its file, its name or text, the method and itself."""
    named: dict[str, set[str]] = defaultdict(set)
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                owner, method = node.func.value, node.func.attr
                if isinstance(owner, ast.Name) and owner.id == "re" and method in METHODS:
                    yield where(path), *inline(node, method)
            if isinstance(node, ast.Attribute) and node.attr in METHODS:
                name = ast.unparse(node.value).rpartition(".")[2]
                named[f"{where(path)} {name}" if name.startswith("_") else name].add(node.attr)
    for path in sources():
        module = importlib.import_module(".".join(path.relative_to(ROOT.parent).parts)[:-3])
        for name, value in vars(module).items():
            if isinstance(value, re.Pattern):
                for method in sorted(
                    named[f"{where(path)} {name}" if name.startswith("_") else name]
                ):
                    yield where(path), name, method, value


def sources() -> list[Path]:
    """Leave out the generator, which reads our own specification only, and what has no module."""
    found = (p for p in sorted(ROOT.rglob("*.py")) if "codegen" not in p.parts)
    return [p for p in found if "re." in p.read_text("utf-8") and p.stem != "__main__"]


def where(path: Path) -> str:
    return str(path.relative_to(ROOT))


def inline(node: ast.Call, method: str) -> tuple[str, str, re.Pattern[Any]]:
    """Read the expression of ``re.search(r"…", text)``, which has to stand there as a text."""
    text = ast.literal_eval(node.args[0])
    words = [w for w in ("ASCII", "IGNORECASE", "DOTALL") if f"re.{w}" in ast.unparse(node)]
    return str(text), method, re.compile(text, sum(getattr(re, word) for word in words))


def sample(parsed: Any) -> str:
    """Make a text that fits, or nearly: each part once, of alternatives the first."""
    return "".join(piece for item in parsed for piece in one(*item))


def one(kind: Any, value: Any) -> Iterator[str]:
    if kind is sre.LITERAL:
        yield chr(value)
    elif kind is sre.NOT_LITERAL or kind is sre.ANY:
        yield "x"
    elif kind is sre.IN:
        yield next(iter(chosen(value)), "x")
    elif kind in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
        yield sample(value[2]) * max(1, min(value[0], 40))
    elif kind is sre.BRANCH:
        yield sample(value[1][0])
    elif kind is sre.SUBPATTERN:
        yield sample(value[3])
    elif kind is sre.ATOMIC_GROUP:
        yield sample(value)


CATEGORIES = {sre.CATEGORY_DIGIT: "0", sre.CATEGORY_SPACE: " ", sre.CATEGORY_WORD: "a"}


def chosen(items: Any) -> Iterator[str]:
    """Yield a character for each part of a class; of one that excludes, what it lets through."""
    if items and items[0][0] is sre.NEGATE:
        excluded = {ord(c) for kind, v in items[1:] for c in part(kind, v)}
        yield from (c for c in "x0 <" if ord(c) not in excluded)
        return
    for kind, value in items:
        yield from part(kind, value)


def part(kind: Any, value: Any) -> Iterator[str]:
    if kind is sre.LITERAL:
        yield chr(value)
    elif kind is sre.RANGE:
        yield chr(value[0])
    elif kind is sre.CATEGORY and value in CATEGORIES:
        yield CATEGORIES[value]


def characters(parsed: Any) -> set[str]:
    """Collect a character of each class and literal within."""
    found: set[str] = set()
    waiting = [parsed]
    while waiting:
        for kind, value in waiting.pop():
            if kind in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
                waiting.append(value[2])
            elif kind is sre.SUBPATTERN:
                waiting.append(value[3])
            elif kind is sre.BRANCH:
                waiting += value[1]
            elif kind in (sre.ASSERT, sre.ASSERT_NOT):
                waiting.append(value[1])
            elif kind is sre.ATOMIC_GROUP:
                waiting.append(value)
            elif kind is sre.IN:
                found.update([*chosen(value)][:6])
            else:
                found.update(one(kind, value))
    return found


def attacks(pattern: re.Pattern[Any], size: int) -> Iterator[str]:
    parsed = parser.parse(pattern.pattern, pattern.flags & ~re.UNICODE)
    whole = sample(parsed)
    beginnings = {whole[:n] for n in range(min(len(whole), 24) + 1)}
    letters = sorted(characters(parsed) | {" ", "x"})
    for beginning in sorted(beginnings):
        if beginning:
            yield (beginning * (size // len(beginning) + 1))[:size]
        for letter in letters:
            yield beginning + letter * (size - len(beginning))


def seconds(pattern: re.Pattern[Any], method: str, text: str) -> float:
    given: Any = text.encode() if isinstance(pattern.pattern, bytes) else text
    began = time.thread_time()
    if method in {"sub", "subn"}:
        pattern.sub(type(given)(), given)
    else:
        found = getattr(pattern, method)(given)
        if method == "finditer":
            deque(found, 0)
    return time.thread_time() - began


def growth(pattern: re.Pattern[Any], method: str, attack: int) -> float:
    """Compare the times of one attack of both lengths; the least of several tells the truth."""
    short, long = (next(islice(attacks(pattern, n), attack, None)) for n in (SHORT, SHORT * FACTOR))
    least = min(seconds(pattern, method, short) for _ in range(3))
    return seconds(pattern, method, long) / least


def is_linear(pattern: re.Pattern[Any], method: str) -> bool:
    for index, text in enumerate(attacks(pattern, SHORT)):
        slow = seconds(pattern, method, text) > NOTICED
        if slow and all(growth(pattern, method, index) > WORST for _ in range(3)):
            return False
    return True


USES: Mapping[str, tuple[str, re.Pattern[Any]]] = {
    f"{file} {name}.{method}": (method, pattern) for file, name, method, pattern in used_on()
}


@pytest.mark.parametrize("use", USES)
def test_no_expression_is_worse_than_linear(use: str) -> None:
    method, pattern = USES[use]
    assert is_linear(pattern, method), f"{pattern.pattern!r}: cut the text first, or rewrite it"


@pytest.mark.parametrize(
    "bad",
    [r"<[^>]*>", r"(\w+)\s*=", r"(\d+)\s*;\s*w=", r"<(style|script).*?</\1>|<[^>]*>"],
)
def test_what_is_worse_than_linear_is_found(bad: str) -> None:
    assert not is_linear(re.compile(bad, re.DOTALL), "sub")
