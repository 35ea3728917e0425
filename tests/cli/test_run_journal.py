"""``run`` with a journal: the same command line goes on, and a mixed-up one is refused."""

from __future__ import annotations

import io
import os
import re
import shlex
import sys
from collections import Counter
from pathlib import Path

import pytest

from postman_async import MonitorOutcome
from postman_async.bulk.journal import Journal
from postman_async.emulator import PostmanEmulator
from tests.cli.kit import (
    Ended,
    Here,
    assert_one_error_line,
    counted,
    runs_of,
)
from tests.support import full_disk


def test_a_journal_is_not_mixed_with_another_batch(
    emulator: PostmanEmulator, here: Here, tmp_path: Path
) -> None:
    uid, journal = emulator.add_monitor("m"), str(tmp_path / "runs.jsonl")
    assert here("run", uid, "--journal", journal).code == 0
    other = emulator.add_monitor("other")
    assert_one_error_line(here("run", other, "--resume", journal), 2, "another batch")
    assert runs_of(emulator) == Counter({uid: 1})


def cut(journal: Path, lines: int) -> None:
    """Leave so many lines of a journal, as if the process had ended there."""
    kept = journal.read_bytes().splitlines(keepends=True)[:lines]
    journal.write_bytes(b"".join(kept))


@pytest.mark.parametrize("way", ["same", "same with --resume", "--resume alone"])
@pytest.mark.parametrize("kind", ["uids", "file", "stdin", "selection"])
def test_one_command_line_can_be_repeated_until_it_succeeds(
    emulator: PostmanEmulator,
    here: Here,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    way: str,
    kind: str,
) -> None:
    """It goes on, says so, and begins anew when all is known; the journal alone is enough."""
    journal, file = tmp_path / "runs.jsonl", tmp_path / "uids"
    uids = [emulator.add_monitor(f"m {n}") for n in range(4)]
    file.write_text("\n".join(uids), encoding="utf-8")
    ways = {"uids": uids, "file": ["--from", str(file)], "stdin": ["-"], "selection": ["--all"]}

    def run_again(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join(uids)))
        return here("run", *arguments, "-c", "1")

    assert run_again(*ways[kind], "--journal", str(journal)).code == 0
    cut(journal, 5)  # a head, and two lines for each run
    again = {
        "same": [*ways[kind], "--journal", str(journal)],
        "same with --resume": [*ways[kind], "--resume", str(journal)],
        "--resume alone": ["--resume", str(journal)],
    }[way]
    ended = run_again(*again)
    assert (ended.code, ended.stderr, counted(ended)) == (0, "", "4 passed")
    assert "goes on with the batch of" in ended.stdout
    assert ": 2 known, 2 to run\n" in ended.stdout
    assert sorted(runs_of(emulator).values()) == [1, 1, 2, 2]
    ended = run_again(*again)
    assert (ended.code, counted(ended)) == (0, "4 passed")
    assert "a new batch, 4 to run; the finished one is kept as " in ended.stdout
    assert sorted(runs_of(emulator).values()) == [2, 2, 3, 3]


def test_the_unfinished_batch_of_another_selection_is_refused(
    emulator: PostmanEmulator, here: Here, tmp_path: Path
) -> None:
    """Before, ``--resume`` ran all of the old batch, whatever was selected."""
    journal = tmp_path / "runs.jsonl"
    for n in range(3):
        emulator.add_monitor(f"m {n}")
    assert here("run", "--all", "--journal", str(journal)).code == 0
    cut(journal, 3)
    ran = runs_of(emulator)
    for option in ("--resume", "--journal"):
        told = "it runs all monitors, and this batch name='m 1'"
        assert_one_error_line(here("run", "--name", "m 1", option, str(journal)), 2, told)
    assert_one_error_line(here("run", "--resume", str(journal), "--repeat", "2"), 2, "repeats")
    assert runs_of(emulator) == ran


def test_a_key_that_is_refused_says_nothing_of_the_monitors(
    emulator: PostmanEmulator, here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same command with the right key runs all of them."""
    uids = [emulator.add_monitor(f"m {n}") for n in range(3)]
    command = ["run", *uids, "-c", "1", "--journal", str(tmp_path / "runs.jsonl")]
    with monkeypatch.context() as patched:
        patched.setenv("POSTMAN_API_KEY", "PMAK-wrong")
        assert here(*command).code == 3
    ended = here(*command)
    assert (ended.code, counted(ended)) == (0, "3 passed")
    assert ": 0 known, 3 to run" in ended.stdout


def test_a_journal_on_a_full_disk_costs_nothing_that_is_known(
    emulator: PostmanEmulator, here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table of what is known, why it ended, and the way to go on."""
    for n in range(4):
        emulator.add_monitor(f"m {n}")
    journal, report = tmp_path / "runs.jsonl", tmp_path / "r.json"
    ended_as_it_was = Journal.record_outcome

    def ended_and_full(self: Journal, outcome: MonitorOutcome) -> None:
        ended_as_it_was(self, outcome)
        if outcome.index == 1:
            os.dup2(full.fileno(), self._file.fileno())

    with full_disk() as full, monkeypatch.context() as patched:
        patched.setattr(Journal, "record_outcome", ended_and_full)
        told = here("run", "--all", "-c", "1", "--journal", str(journal), "--json", str(report))
    assert_one_error_line(
        told, 4, f"{journal}: No space left on device", "2 of 4 outcomes are known"
    )
    assert counted(told) == "2 passed"
    assert len(re.findall(r"^passed .* s  m \d$", told.stdout, re.MULTILINE)) == 2
    assert not report.exists()
    assert "no report was written" in told.stderr

    _, *arguments = shlex.split(told.stderr.partition("go on with: ")[2])
    again = here(*arguments)
    assert (again.code, counted(again)) == (0, "4 passed")
    assert max(runs_of(emulator).values()) == 1


def test_no_monitor_is_allowed_where_that_is_said(
    emulator: PostmanEmulator, here: Here, tmp_path: Path
) -> None:
    emulator.add_monitor("checkout")
    told = here("run", "--name", "Checkout")
    assert_one_error_line(told, 2, "no monitor fits name='Checkout'", "looked at: 1", "'checkout'")
    (tmp_path / "uids").touch()
    for which in (["--name", "Checkout"], ["--from", str(tmp_path / "uids")]):
        ended = here("run", *which, "--allow-empty")
        assert (ended.code, counted(ended)) == (0, "nothing was run")
