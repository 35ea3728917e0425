"""What is written where it cannot be, or in an encoding that does not fit, costs nothing else."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import IO
from xml.etree import ElementTree

import pytest

from postman_async.emulator import PostmanEmulator
from tests.cli.kit import COMMAND, Here, assert_one_error_line, environment, run
from tests.support import full_disk


def onto(target: IO[bytes] | None, *arguments: str, emulator: PostmanEmulator) -> tuple[int, str]:
    """Run the command with a file for its stdout, or with none; return its code and stderr."""
    without = ["sh", "-c", '"$@" 1>&-', "sh"] if target is None else []
    ended = subprocess.run(
        [*without, *COMMAND, *arguments],
        stdout=target,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        env=environment(emulator),
    )
    return ended.returncode, ended.stderr


# -- a stdout that takes nothing -------------------------------------------------------------


@pytest.mark.parametrize("outcome", ["passed", "failed"])
def test_a_full_disk_costs_neither_the_verdict_nor_the_reports(
    outcome: str, emulator: PostmanEmulator, tmp_path: Path
) -> None:
    emulator.add_monitor("m", outcome=outcome)  # type: ignore[arg-type]
    junit = tmp_path / "junit.xml"
    with full_disk() as full:
        code, told = onto(full, "run", "--all", "--junit", str(junit), emulator=emulator)
    assert code == (1 if outcome == "failed" else 4)
    assert told == "postman-async: cannot write to stdout: No space left on device\n"
    assert ElementTree.parse(junit).getroot().get("tests") == "1"


@pytest.mark.parametrize("command", ["me", "monitors list", "call users.me --raw", "--help"])
def test_no_command_takes_a_full_disk_for_success(command: str, emulator: PostmanEmulator) -> None:
    with full_disk() as full:
        code, told = onto(full, *command.split(), emulator=emulator)
    assert code == 4
    assert "No space left" in told
    assert len(told.splitlines()) == 1


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")
def test_a_closed_stdout_is_nobody_listening(emulator: PostmanEmulator, tmp_path: Path) -> None:
    emulator.add_monitor("m", outcome="failed")
    report = tmp_path / "r.json"
    assert onto(None, "run", "--all", "--json", str(report), emulator=emulator) == (1, "")
    assert json.loads(report.read_text())["summary"]["outcomes"]["failed"] == 1


# -- encodings -------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_reports_on_stdout_are_utf8_whatever_the_screen_takes(
    encoding: str, emulator: PostmanEmulator
) -> None:
    emulator.add_monitor("Prüfung 漢字")
    env = environment(emulator, PYTHONIOENCODING=encoding)
    command = [*COMMAND, "run", "--all", "--junit", "-"]
    ended = subprocess.run(command, capture_output=True, check=False, env=env)
    assert ended.returncode == 0, ended.stderr
    (suite,) = ElementTree.fromstring(ended.stdout)
    assert suite.get("name") == "Prüfung 漢字"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_json_stays_json_in_every_encoding(encoding: str, emulator: PostmanEmulator) -> None:
    emulator.add_monitor("Prüfung 👍")
    env = environment(emulator, PYTHONIOENCODING=encoding)
    ended = run("monitors", "list", "--output", "json", env=env)
    assert [monitor["name"] for monitor in json.loads(ended.stdout)] == ["Prüfung 👍"]


def test_a_text_that_stdout_cannot_take_is_written_out(emulator: PostmanEmulator) -> None:
    emulator.add_monitor("Prüfung 👍")
    ended = run("monitors", "list", env=environment(emulator, PYTHONIOENCODING="ascii"))
    assert (ended.code, ended.stderr) == (0, "")
    assert r"Pr\xfcfung \U0001f44d" in ended.stdout


# -- reports of what is no journal -----------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is neither a journal nor a report of --jsonl"),
        (b"\xff\x00\xfe", "is neither a journal"),
        (b"PMAK-1\n", "is neither a journal"),
        (b'["uid"]\n', "is neither a journal"),
        (b'{"version": 1, "generator": "postman-async"}\n', "is neither a journal"),
        (b'{"journal": 99}\n', "no journal of version 1"),
        (b'{"version": 9, "uid": "1-m"}\n', "line 1: not an outcome record"),
        (b'{"journal":1,"monitors":null}\nhalf\n', "line 2 is damaged"),
    ],
)
def test_what_is_no_journal_is_refused_and_nothing_is_written(
    content: bytes, words: str, here: Here, tmp_path: Path
) -> None:
    journal, report = tmp_path / "runs.jsonl", tmp_path / "r.html"
    journal.write_bytes(content)
    report.write_text("before")
    assert_one_error_line(here("report", str(journal), "--html", str(report)), 2, words)
    assert here("report", str(journal), "--json", "-").stdout == ""
    assert report.read_text() == "before"


def test_a_report_does_not_take_the_place_of_its_journal(here: Here, tmp_path: Path) -> None:
    journal, other = tmp_path / "runs.jsonl", tmp_path / "link.jsonl"
    journal.write_text('{"journal":1,"monitors":null}\n')
    other.symlink_to(journal)
    for path in (journal, other):
        ended = here("report", str(journal), "--jsonl", str(path))
        assert_one_error_line(ended, 2, "is the journal", "jsonl")
    assert journal.read_text() == '{"journal":1,"monitors":null}\n'
