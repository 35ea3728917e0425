"""``python -m postman_async.codegen [--check]``: write the generated files, or compare them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from postman_async.codegen.emulator_table import emulator_table
from postman_async.codegen.lower import lower
from postman_async.codegen.read import SpecError, read
from postman_async.codegen.render import HEADER, formatted, render

_PACKAGE = Path(__file__).parents[1]
_FOLDERS = ("api", "models")
"""What holds generated files, and may hold some that are not generated any more."""


def main() -> int:
    """Generate; 1 when ``--check`` finds a stale file or the spec is not understood."""
    parser = argparse.ArgumentParser(prog="python -m postman_async.codegen", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when stale")
    check = parser.parse_args().check
    try:
        texts = {**render(lower(read())), **emulator_table()}
    except SpecError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if not check:  # whatever is there now, a half-merged file too, is written anew
        _write(texts)
        return 0
    stale = _stale(texts)
    if stale:
        names = "\n  ".join(stale)
        sys.stderr.write(f"stale, run python -m postman_async.codegen:\n  {names}\n")
    return 1 if stale else 0


def _stale(texts: Mapping[str, str]) -> list[str]:
    """Compare regardless of layout, which another version of the formatter may see otherwise."""
    present = {name: (_PACKAGE / name).read_text("utf-8") for name in _present(texts)}
    laid_out = formatted(present)
    return sorted(name for name in {*texts, *present} if texts.get(name) != laid_out.get(name))


def _present(texts: Mapping[str, str]) -> set[str]:
    return {name for name in texts if (_PACKAGE / name).is_file()} | set(_generated())


def _generated() -> list[str]:
    paths = (path for folder in _FOLDERS for path in (_PACKAGE / folder).rglob("*.py"))
    marked = (path for path in paths if path.read_text("utf-8").startswith(HEADER))
    return [path.relative_to(_PACKAGE).as_posix() for path in marked]


def _write(texts: Mapping[str, str]) -> None:
    for name in set(_generated()) - set(texts):
        (_PACKAGE / name).unlink()
    for name, text in texts.items():
        path = _PACKAGE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
