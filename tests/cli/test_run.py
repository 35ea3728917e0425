"""``run`` as a user meets it: what it runs, what it tells, what it writes, and its exit code."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest

from postman_async import AuthenticationError
from postman_async.bulk.journal import read_journal
from postman_async.emulator import PostmanEmulator
from tests.cli.kit import (
    COMMAND,
    Ended,
    Here,
    assert_one_error_line,
    counted,
    environment,
    run,
    runs_of,
)
from tests.support import small_files

# -- the whole way ---------------------------------------------------------------------------


def test_all_monitors_are_run_shown_and_reported(emulator: PostmanEmulator, tmp_path: Path) -> None:
    uids = [emulator.add_monitor(f"checkout {n}") for n in range(3)]
    uids.append(emulator.add_monitor("search", outcome="failed"))
    names = {"junit": "j.xml", "html": "r.html", "json": "r.json", "jsonl": "o.jsonl"}
    files = {**names, "markdown": "m.md", "journal": "runs.jsonl"}
    flags = [f"--{kind}={tmp_path / name}" for kind, name in files.items()]
    page = tmp_path / "summary.md"
    page.write_text("# Before\n", encoding="utf-8")
    ended = run("run", "--all", *flags, env=environment(emulator, GITHUB_STEP_SUMMARY=str(page)))

    assert (ended.code, ended.stderr) == (1, "")
    assert counted(ended) == "3 passed, 1 failed"
    assert "\x1b" not in ended.stdout
    assert len(re.findall(r"^\[\d/4\] passed  checkout \d$", ended.stdout, re.MULTILINE)) == 3
    assert "Status code is 200" in ended.stdout.partition(" s  search\n")[2].splitlines()[0]
    assert runs_of(emulator) == Counter(uids)

    assert [outcome.uid for outcome in read_journal(tmp_path / "runs.jsonl")]
    suites = ElementTree.parse(tmp_path / "j.xml").getroot()
    assert (suites.get("tests"), suites.get("failures")) == ("4", "1")
    told = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert [outcome["uid"] for outcome in told["outcomes"]] == uids
    assert len((tmp_path / "o.jsonl").read_text(encoding="utf-8").splitlines()) == 4
    assert "<html" in (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "search" in (tmp_path / "m.md").read_text(encoding="utf-8")
    assert page.read_text(encoding="utf-8").startswith("# Before\n")
    assert "search" in page.read_text(encoding="utf-8")


def test_reports_of_a_journal_are_those_of_the_run(
    emulator: PostmanEmulator, tmp_path: Path, here: Here
) -> None:
    for n in range(3):
        emulator.add_monitor(f"m {n}", outcome="failed" if n == 1 else "passed")
    journal, first, again = (tmp_path / name for name in ("runs.jsonl", "o.jsonl", "again.jsonl"))
    assert here("run", "--all", "--journal", str(journal), "--jsonl", str(first)).code == 1
    assert here("report", str(journal), "--jsonl", str(again)) == Ended(0, "", "")
    assert sorted(again.read_text().splitlines()) == sorted(first.read_text().splitlines())
    from_report = here("report", str(first), "--markdown", "-", "--title", "The night")
    assert "The night: 1 of 3 monitors" in from_report.stdout


# -- which monitors --------------------------------------------------------------------------


def test_monitors_can_be_chosen_by_all_they_have(emulator: PostmanEmulator, here: Here) -> None:
    uids = [emulator.add_monitor(name) for name in ("checkout-eu", "checkout-us", "search")]
    assert counted(here("run", "--name", "checkout-*", "--active")) == "2 passed"
    assert runs_of(emulator) == Counter(uids[:2])
    where = emulator.default_workspace
    assert counted(here("run", "--workspace", where, "--name", "s*")) == "1 passed"


def test_uids_come_from_arguments_a_file_and_stdin(
    emulator: PostmanEmulator, tmp_path: Path
) -> None:
    one, two, three = (emulator.add_monitor(f"m {n}") for n in range(3))
    file = tmp_path / "uids"
    file.write_text(f"{two}  # two\n", encoding="utf-8")
    env = environment(emulator)
    ended = run("run", one, "-", "--from", str(file), "-c", "1", env=env, stdin=f"{three}\n{one}\n")
    assert (ended.code, counted(ended)) == (0, "4 passed")
    assert runs_of(emulator) == Counter([one, one, two, three])


# -- exit codes ------------------------------------------------------------------------------


def test_the_exit_code_is_0_when_all_passed_and_quiet_says_nothing(
    emulator: PostmanEmulator, here: Here
) -> None:
    emulator.add_monitor("m")
    assert here("run", "--all", "--quiet") == Ended(0, "", "")


def test_the_exit_code_is_1_when_one_failed_whatever_else_went_wrong(
    emulator: PostmanEmulator, here: Here
) -> None:
    uids = [emulator.add_monitor(outcome, outcome=outcome) for outcome in ("failed", "error")]
    ended = here("run", *uids, "1-unknown", "--quiet")
    assert ended.code == 1
    assert {line.split()[0] for line in ended.stdout.splitlines() if line[0] != " "} == {
        "failed",
        "error",
    }


def test_the_exit_code_is_3_for_a_key_that_is_not_accepted_and_the_rest_is_not_tried(
    emulator: PostmanEmulator, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSTMAN_API_KEY", "PMAK-wrong")
    ended = here("run", *(emulator.add_monitor(f"m {n}") for n in range(9)), "-c", "1")
    assert ended.code == 3
    assert AuthenticationError.__name__ in ended.stdout
    assert counted(ended) == "1 error, 8 skipped"
    assert_one_error_line(here("run", "--all"), 3, "401")


def test_the_exit_code_is_4_for_errors_and_for_a_service_out_of_reach(
    emulator: PostmanEmulator, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator.add_monitor("m", outcome="error")
    assert here("run", "--all").code == 4
    assert here("run", "1-unknown").code == 4
    monkeypatch.setenv("POSTMAN_BASE_URL", "http://127.0.0.1:9")
    assert here("run", "1-m", "--retries", "1").code == 4


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--concurrency", "5"], "or --all"),
        (["1-m", "--all"], "not both"),
        (["1-m", "--name", "m*"], "--name, not both"),
        (["1-m 2-m"], "'1-m 2-m' is not a monitor uid"),
        (["--from", "/no/such/file"], "/no/such/file"),
        (["--from", "empty"], "empty names no monitor"),
        (["--all", "--html", "/no/such/folder/r.html"], "no folder /no/such/folder"),
        (["--all", "--html", "folder"], "it is a folder"),
        (["--all", "--html", "x", "--json", "x"], "two reports"),
        (["--all", "--resume", "/no/such/journal"], "--journal begins one"),
        (["--all", "--resume", "a", "--journal", "b"], "leave out --journal"),
        (["--all", "--journal", "folder"], "cannot write folder: it is a folder"),
        pytest.param(
            ["--all", "--journal", "socket"],
            "socket is not a regular file",
            marks=pytest.mark.skipif(sys.platform == "win32", reason="needs a file of no bytes"),
        ),
        (["--all", "--journal", "/no/such/folder/j"], "no folder /no/such/folder"),
        (["--all", "--journal", "new", "--jsonl", "./new"], "new is the journal"),
    ],
)
def test_the_exit_code_is_2_for_wrong_usage_and_nothing_is_sent(
    arguments: list[str],
    words: str,
    emulator: PostmanEmulator,
    here: Here,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty").touch()
    Path("folder").mkdir()
    if "socket" in arguments:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind("socket")
    before = len(emulator.requests)
    assert_one_error_line(here("run", *arguments), 2, words)
    assert len(emulator.requests) == before


@pytest.mark.parametrize(
    "option", [["--deadline", "soon"], ["--max-failures", "0"], ["--keep", "nothing"], ["-c", "x"]]
)
def test_a_wrong_value_of_an_option_is_named(option: list[str], here: Here) -> None:
    ended = here("run", "--all", *option)
    assert ended.code == 2
    assert option[0] in ended.stderr


def test_no_monitor_at_all_is_no_success(emulator: PostmanEmulator, here: Here) -> None:
    assert_one_error_line(here("run", "--name", "nothing*"), 2, "no monitor fits")


# -- how it is run ---------------------------------------------------------------------------


def test_failures_end_a_batch_early(emulator: PostmanEmulator, here: Here) -> None:
    for n in range(6):
        emulator.add_monitor(f"m {n}", outcome="failed" if n % 2 else "passed")
    ended = here("run", "--all", "-c", "1", "--fail-fast")
    assert (ended.code, counted(ended)) == (1, "1 passed, 1 failed, 4 skipped")
    ended = here("run", "--all", "-c", "1", "--max-failures", "2")
    assert (ended.code, counted(ended)) == (1, "2 passed, 2 failed, 2 skipped")


def test_a_deadline_leaves_what_is_not_known_as_unknown(
    emulator: PostmanEmulator, here: Here
) -> None:
    emulator.add_monitor("slow", duration=30)
    ended = here("run", "--all", "--deadline", "0.1s")
    assert (ended.code, counted(ended)) == (4, "1 unknown")
    assert "DeadlineExceeded" in ended.stdout


def test_paced_and_repeated_runs_are_runs(emulator: PostmanEmulator, here: Here) -> None:
    uid = emulator.add_monitor("m")
    ended = here("run", uid, "--rate-limits", "none", "--run-async", "auto", "--repeat", "2")
    assert (ended.code, counted(ended)) == (0, "2 passed")
    assert runs_of(emulator) == Counter({uid: 2})


def test_a_report_on_stdout_has_stdout_for_itself(emulator: PostmanEmulator, here: Here) -> None:
    emulator.add_monitor("m")
    ended = here("run", "--all", "--json", "-")
    assert json.loads(ended.stdout)["outcomes"][0]["name"] == "m"
    assert "1 monitor in" in ended.stderr


def test_a_report_that_cannot_be_written_in_the_end_costs_neither_verdict_nor_the_others(
    emulator: PostmanEmulator, here: Here, tmp_path: Path
) -> None:
    emulator.add_monitor("m")
    page, other = tmp_path / "r.html", tmp_path / "r.json"
    with small_files(10_000):
        ended = here("run", "--all", "--html", str(page), "--json", str(other))
        assert_one_error_line(ended, 4, f"cannot write {page}: File too large")
        assert json.loads(other.read_text())["outcomes"]
        emulator.add_monitor("n", outcome="failed")
        assert here("run", "--all", "--html", str(page)).code == 1
    assert list(tmp_path.iterdir()) == [other]


def test_a_page_of_a_job_that_is_not_there_is_no_reason_to_stop(
    emulator: PostmanEmulator, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "/no/such/folder/page.md")
    emulator.add_monitor("m")
    assert here("run", "--all").code == 0


# -- signals and pipes -----------------------------------------------------------------------


def started(emulator: PostmanEmulator, *arguments: str) -> subprocess.Popen[str]:
    """Start a run; it has begun when its first line comes."""
    return subprocess.Popen(
        [*COMMAND, "run", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(emulator),
    )


def test_ctrl_c_keeps_what_is_known_and_says_how_to_go_on(
    emulator: PostmanEmulator, tmp_path: Path
) -> None:
    quick = emulator.add_monitor("quick")
    slow = [emulator.add_monitor(f"slow {n}", duration=1.0) for n in range(3)]
    journal, report = tmp_path / "runs.jsonl", tmp_path / "junit.xml"
    options = ["-c", "2", "--journal", str(journal), f"--junit={report}"]
    with started(emulator, "--all", *options) as process:
        assert process.stdout is not None
        assert "quick" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=20)
    assert process.returncode == 130
    (line,) = stderr.splitlines()
    assert "1 of 4 outcomes are known" in line
    assert ElementTree.parse(report).getroot().get("tests") == "4"
    assert [outcome.uid for outcome in read_journal(journal)] == [quick]

    _, *arguments = shlex.split(line.partition("go on with: ")[2])
    again = run(*arguments, env=environment(emulator))
    assert (again.code, counted(again)) == (0, "4 passed")
    assert runs_of(emulator) == Counter([quick, *slow])


def test_sigterm_ends_it_in_the_same_way_with_its_own_code(emulator: PostmanEmulator) -> None:
    emulator.add_monitor("quick")
    emulator.add_monitor("slow", duration=30)
    with started(emulator, "--all") as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.terminate()
        _, stderr = process.communicate(timeout=20)
    assert process.returncode == 143
    assert "1 of 2 outcomes are known; there is no journal" in stderr


def test_a_reader_that_leaves_does_not_stop_the_runs(
    emulator: PostmanEmulator, tmp_path: Path
) -> None:
    uids = [emulator.add_monitor(f"m {n}", outcome="failed") for n in range(4)]
    journal = tmp_path / "runs.jsonl"
    with started(emulator, "--all", "-c", "1", "--journal", str(journal)) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 1
    assert [outcome.uid for outcome in read_journal(journal)] == uids


# -- the terminal ----------------------------------------------------------------------------


def on_terminal(emulator: PostmanEmulator, *arguments: str, **more: str) -> str:
    """Run the command on a terminal of its own and return what it wrote there."""
    pty = pytest.importorskip("pty")
    env = environment(emulator, TERM="xterm-256color", COLUMNS="100", LINES="40", **more)
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, "run", *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env=env
    ):
        os.close(theirs)
        written = bytearray()
        while chunk := _read(ours):
            written += chunk
        os.close(ours)
    return written.decode()


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 1 << 16)
    except OSError:  # the other end was closed
        return b""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_terminal_shows_what_is_under_way(emulator: PostmanEmulator) -> None:
    emulator.add_monitor("a quick one")
    emulator.add_monitor("a failing one", outcome="failed")
    emulator.add_monitor("a slow one", duration=0.6)
    shown = on_terminal(emulator, "--all")
    assert re.search(r"2/3  1 passed, 1 failed  1 running", shown)
    assert re.search(r"\d\.\d s  a slow one", shown)
    assert "\x1b[31mfailed" in shown
    assert re.search(r"3 monitors in [\d.]+ s: 2 passed, 1 failed\.", shown)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_no_color_keeps_colours_from_a_terminal(emulator: PostmanEmulator) -> None:
    emulator.add_monitor("a failing one", outcome="failed")
    shown = on_terminal(emulator, "--all", NO_COLOR="1")
    assert "failed" in shown
    assert not re.search(r"\x1b\[(3|4|9|10)\d", shown)
