"""Reports as users make them: from a batch, by the file's name, with and without the libraries."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from postman_async import (
    AsyncPostman,
    ConfigurationError,
    InvalidArgumentError,
    MonitorOutcome,
    render_report,
    write_report,
)
from postman_async.emulator import PostmanEmulator
from postman_async.reports import FORMATS
from postman_async.reports.atomic_write import write_atomically
from tests.reports.support import execution, one_of_each, rendered, run
from tests.reports.support import outcome as made
from tests.test_package import python

NAMES = {
    "junit": ["r.xml"],
    "html": ["r.html", "r.HTM"],
    "markdown": ["r.md"],
    "json": ["r.json"],
    "jsonl": ["r.jsonl", "r.ndjson"],
}


@pytest.mark.parametrize("format", FORMATS)
def test_the_name_of_the_file_says_the_format(format: Any, tmp_path: Path) -> None:
    for name in NAMES[format]:
        write_report(one_of_each(), tmp_path / name, title="Nightly")
        assert (tmp_path / name).read_text("utf-8") == rendered(
            one_of_each(), format, title="Nightly"
        )
    write_report(one_of_each(), str(tmp_path / "any"), format)
    assert (tmp_path / "any").stat().st_size > 1000


def test_a_format_that_is_not_known_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match=r"no format follows from the name .*r\.pdf"):
        write_report([], tmp_path / "r.pdf")
    with pytest.raises(InvalidArgumentError, match="one of junit, html, markdown, json, jsonl"):
        write_report([], tmp_path / "r.html", "pdf")  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_a_report_that_breaks_off_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    def broken() -> Iterator[MonitorOutcome]:
        yield from one_of_each()
        raise KeyboardInterrupt

    for name in ("r.json", "r.html"):
        (tmp_path / name).write_text("before", "utf-8")
        with pytest.raises(KeyboardInterrupt):
            write_report(broken(), tmp_path / name)
    assert {file.name: file.read_text("utf-8") for file in tmp_path.iterdir()} == {
        "r.json": "before",
        "r.html": "before",
    }


def test_a_file_that_cannot_be_replaced_is_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as one that is mounted into a container by itself."""

    def busy(self: Path, target: Path) -> Path:
        raise OSError(errno.EBUSY, "Device or resource busy", str(target))

    monkeypatch.setattr(Path, "replace", busy)
    file = tmp_path / "r.md"
    file.write_text("before", "utf-8")
    write_report([], file)
    assert "No monitors were run" in file.read_text("utf-8")
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.skipif(sys.platform == "win32", reason="needs modes, links and pipes")
def test_what_is_no_plain_file_is_written_in_place(tmp_path: Path) -> None:
    kept, link = tmp_path / "kept.md", tmp_path / "link.md"
    kept.touch(mode=0o640)
    link.symlink_to(kept)
    write_report([], link)
    assert link.is_symlink()
    assert (kept.stat().st_size > 0, kept.stat().st_mode & 0o777) == (True, 0o640)
    kept.write_text("", "utf-8")
    write_report([], kept)
    assert (kept.stat().st_size > 0, kept.stat().st_mode & 0o777) == (True, 0o640)
    os.mkfifo(tmp_path / "pipe.md")
    reader = os.open(tmp_path / "pipe.md", os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_report([], tmp_path / "pipe.md")
        assert b"No monitors were run" in os.read(reader, 10_000)
    finally:
        os.close(reader)
    assert (tmp_path / "pipe.md").is_fifo()


@pytest.mark.skipif(sys.platform == "win32", reason="needs pipes")
def test_what_is_no_plain_file_is_never_replaced(tmp_path: Path) -> None:
    """Even where it came to be there while the report was written; a pipe stands for a device."""
    pipe = tmp_path / "pipe.md"

    def coming() -> Iterator[str]:
        os.mkfifo(pipe)
        yield "text"

    with pytest.raises(OSError, match="not a regular file, and is not replaced"):
        write_atomically(pipe, coming())
    assert list(tmp_path.iterdir()) == [pipe]
    assert pipe.is_fifo()


async def test_a_batch_of_the_emulator_is_reported_in_all_formats(
    local_emulator: PostmanEmulator, pm: AsyncPostman, tmp_path: Path
) -> None:
    uids = [local_emulator.add_monitor("good", requests=2, assertions=3)]
    uids += [local_emulator.add_monitor("bad", outcome="failed"), "1-unknown"]
    report = await pm.run_monitors(uids)
    for format in FORMATS:
        write_report(report, tmp_path / format, format)
    suites = ElementTree.parse(tmp_path / "junit").getroot()
    assert [(s.get("failures"), s.get("errors")) for s in suites] == [
        ("0", "0"),
        ("1", "0"),
        ("0", "1"),
    ]
    summary = json.loads((tmp_path / "json").read_text())["summary"]
    assert summary["assertions"] == {"total": 4, "failed": 1}
    assert "2 of 3 monitors did not pass" in (tmp_path / "html").read_text("utf-8")
    assert "2 of 3 monitors did not pass" in (tmp_path / "markdown").read_text("utf-8")
    assert len((tmp_path / "jsonl").read_text().splitlines()) == 3


@pytest.mark.parametrize(("format", "library"), [("html", "jinja2"), ("junit", "junitparser")])
def test_a_missing_library_is_told_with_what_to_do(
    format: Any, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [n for n in sys.modules if n.startswith("postman_async.reports.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ConfigurationError, match=r"pip install 'postman-async\[reports\]'"):
        render_report([], format)


def test_other_formats_need_no_library() -> None:
    blocked = "import sys; sys.modules.update(dict.fromkeys(['jinja2', 'junitparser', 'lxml']));"
    code = f"{blocked} from postman_async import render_report as r;"
    code += "print(*(''.join(r([], f))[:1] for f in ('markdown', 'json')), *r([], 'jsonl'))"
    done: subprocess.CompletedProcess[str] = python("-c", code)
    assert (done.stdout, done.stderr) == ("# {\n", "")


@pytest.mark.parametrize("format", ["json", "jsonl"])
def test_data_is_written_while_outcomes_still_come(format: Any) -> None:
    taken = 0

    def coming() -> Iterator[MonitorOutcome]:
        nonlocal taken
        for outcome in one_of_each():
            taken += 1
            yield outcome

    pieces = render_report(coming(), format)
    while '"uid": "1-monitor-0"' not in next(pieces):
        pass
    assert taken == 1


@pytest.mark.parametrize("format", FORMATS)
def test_memory_does_not_grow_with_the_number_of_outcomes(format: Any) -> None:
    """150 outcomes of 50 kB each are 7.5 MB; no format needs a third of that."""
    fault = [{"name": "Error", "message": "x" * 50_000}]

    def many() -> Iterator[MonitorOutcome]:
        for index in range(150):
            yield made("error", run("error", execution(errors=fault)), index=index)

    rendered(one_of_each(), format)  # what is loaded only once does not count
    tracemalloc.start()
    try:
        size = sum(map(len, render_report(many(), format)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size > 100_000
    assert peak < 2_000_000
