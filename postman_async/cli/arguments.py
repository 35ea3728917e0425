"""Arguments as ``name=value``, as HTTPie has them.

=================  ==================================================
``name=text``      the text
``name:=JSON``     a number, true, null, a list, an object
``name=@file``     the content of the file: text, or bytes if it is not UTF-8
``name:=@file``    the JSON in the file
=================  ==================================================
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from postman_async.cli.errors import UsageError

__all__ = ["parse_arguments"]

_PAIR = re.compile(r"([A-Za-z_]\w*)(:?=)(.*)", re.ASCII | re.DOTALL)


def parse_arguments(pairs: Iterable[str], names: Collection[str], owner: str) -> dict[str, Any]:
    """Parse arguments.

    Args:
        pairs: the arguments.
        names: the names that are known.
        owner: the operation or object in messages.

    Raises:
        UsageError: an argument cannot be read, is not known, or is given twice.

    """
    values: dict[str, Any] = {}
    for pair in pairs:
        name, value = _parse(pair)
        if name not in names:
            raise UsageError(_unknown(name, names, owner))
        if name in values:
            raise UsageError(f"{name} is given twice")
        values[name] = value
    return values


def _parse(pair: str) -> tuple[str, Any]:
    match = _PAIR.fullmatch(pair)
    if match is None:
        raise UsageError(f"{pair!r} is not an argument: write name=text, name:=JSON or name=@file")
    name, sign, value = match.groups()
    content = _read(name, Path(value[1:])) if value.startswith("@") else value
    return name, _json(name, content) if sign == ":=" else content


def _read(name: str, file: Path) -> str | bytes:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UsageError(f"{name}: cannot read {file}: {error.strerror}") from None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content


def _json(name: str, text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        hint = f"; for a text write {name}=…"
        raise UsageError(f"{name}: the text after := is not JSON: {error}{hint}") from None


def _unknown(name: str, names: Collection[str], owner: str) -> str:
    similar = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {similar[0]}?" if similar else f"it has: {', '.join(names) or 'none'}"
    return f"{owner} has no argument {name}; {hint}"
