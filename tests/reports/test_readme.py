"""The README of the reports: its table is that of the registry, and its recipe works."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from typing import cast

import pytest

from postman_async import reports, write_report
from postman_async.reports.formats import FORMATS, Format
from tests.reports.support import one_of_each

README = (Path(reports.__file__).parent / "README.md").read_text(encoding="utf-8")
RECIPE = README.partition("\n## Add a format\n")[2]
ROWS = cast("dict[str, Format]", FORMATS)


def line(name: str, format: Format) -> str:
    """Write the line of a format."""
    suffixes = ", ".join(f"`{suffix}`" for suffix in format.suffixes)
    extra = f"`[{format.extra}]` " if format.extra else ""
    return f"| {suffixes} | `{name}` | {extra}| {format.purpose} |"


def test_the_table_is_that_of_the_registry() -> None:
    table = README.partition("<!-- formats -->\n")[2].partition("\n\n")[0].splitlines()
    assert table[2:] == [line(name, format) for name, format in ROWS.items()]


def test_the_recipe_takes_one_file_and_one_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (module,) = re.findall(r"^```python\n(.*?)^```$", RECIPE, re.MULTILINE | re.DOTALL)
    (row,) = re.findall(r"^```diff\n(.*?)^```$", RECIPE, re.MULTILINE | re.DOTALL)
    (tmp_path / "csv.py").write_text(module, encoding="utf-8")
    monkeypatch.setattr("postman_async.reports.formats.__path__", [str(tmp_path)])
    added = ast.parse(f"{{{re.sub('^[+]', '', row, flags=re.MULTILINE)}}}", mode="eval")
    ((name, format),) = eval(compile(added, "README.md", "eval"), {"Format": Format}).items()
    monkeypatch.setitem(ROWS, name, format)

    outcomes = one_of_each()
    try:
        write_report(outcomes, tmp_path / "r.csv")
    finally:
        sys.modules.pop("postman_async.reports.formats.csv", None)
    lines = (tmp_path / "r.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "1-monitor-0,Checkout,passed,1.5"
    assert len(lines) == len(outcomes)
