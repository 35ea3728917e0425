"""The registry of formats: everything about a format follows from its row and its file."""

from __future__ import annotations

import sys
from itertools import chain
from pathlib import Path
from typing import Any, cast, get_args

import pytest

from postman_async import ConfigurationError, InvalidArgumentError, render_report, write_report
from postman_async.reports import FORMATS, ReportFormat
from postman_async.reports import formats as registry
from postman_async.reports.formats import Format
from tests.reports.support import one_of_each

ROWS = cast("dict[str, Format]", FORMATS)
CSV = '''
"""CSV: a line for each monitor."""

def csv(entries, title):
    yield f"{title}\\n"
    for entry in entries:
        yield f"{entry.uid},{entry.status}\\n"
'''


def row(render: str, **settings: Any) -> Format:
    """Make the row of a format for tests."""
    return Format(
        label="CSV", suffixes=(".csv",), render=render, help="CSV", purpose="CSV", **settings
    )


def test_type_checkers_know_the_formats_of_the_registry() -> None:
    assert get_args(ReportFormat) == tuple(FORMATS)


def test_no_suffix_stands_for_two_formats() -> None:
    suffixes = list(chain.from_iterable(format.suffixes for format in FORMATS.values()))
    assert len(suffixes) == len(set(suffixes))
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in suffixes)


@pytest.mark.parametrize("name", ROWS)
def test_each_format_is_a_file_of_its_name(name: str) -> None:
    module, _, function = ROWS[name].render.partition(":")
    assert module == f"{registry.__name__}.{name}"
    assert callable(ROWS[name].load())
    assert ROWS[name].load().__name__ == function


def test_a_format_is_added_by_one_file_and_one_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "csv_of_a_test.py").write_text(CSV, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(ROWS, "csv", row("csv_of_a_test:csv"))
    outcomes = one_of_each()
    write_report(outcomes, tmp_path / "r.csv", title="Nightly")
    lines = (tmp_path / "r.csv").read_text(encoding="utf-8").splitlines()
    assert lines == ["Nightly", *(f"{outcome.uid},{outcome.status}" for outcome in outcomes)]
    assert "".join(render_report(outcomes, "csv", title="Nightly")).splitlines() == lines  # type: ignore[arg-type]
    with pytest.raises(InvalidArgumentError, match="jsonl, csv, not 'pdf'"):
        render_report([], "pdf")  # type: ignore[arg-type]


def test_the_message_about_a_missing_library_names_the_extra_of_the_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "needy_format.py").write_text("import a_library_that_is_missing\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(ROWS, "csv", row("needy_format:csv", extra="spreadsheets"))
    message = r"CSV reports need a_library_that_is_missing: .*postman-async\[spreadsheets\]"
    with pytest.raises(ConfigurationError, match=message):
        render_report([], "csv")  # type: ignore[arg-type]
    assert "needy_format" not in sys.modules


def test_a_fault_of_our_own_is_not_taken_for_a_missing_library(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(ROWS, "csv", row("postman_async.reports.formats.csv:csv", extra="x"))
    with pytest.raises(ModuleNotFoundError):
        render_report([], "csv")  # type: ignore[arg-type]
