"""The command for tests: as a process, as a user meets it, and in this process, for many cases."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence

import pytest
from attrs import frozen

from postman_async.cli import main
from postman_async.emulator import PostmanEmulator

COMMAND = [sys.executable, "-m", "postman_async.cli"]

_OF_THIS_MACHINE = ("GITHUB_STEP_SUMMARY", "NO_COLOR", "FORCE_COLOR", "TTY_INTERACTIVE")


@frozen
class Ended:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str


def environment(emulator: PostmanEmulator | None = None, **more: str) -> dict[str, str]:
    """Return the environment of a process: this one's, the emulator's address and key, more."""
    kept = {name: text for name, text in os.environ.items() if name not in _OF_THIS_MACHINE}
    service = {} if emulator is None else variables(emulator)
    return {**kept, "PYTHONUTF8": "1", **service, **more}


def variables(emulator: PostmanEmulator) -> dict[str, str]:
    """Return the variables that lead a client to the emulator."""
    return {"POSTMAN_BASE_URL": emulator.url, "POSTMAN_API_KEY": emulator.api_key}


def run(*arguments: str, env: Mapping[str, str] | None = None, stdin: str | None = None) -> Ended:
    """Run the command in a process of its own, to its end."""
    ended = subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        input=stdin or "",
        timeout=120,
        check=False,
        env=environment() if env is None else env,
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


def run_here(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: Sequence[str],
) -> Ended:
    """Run the command in this process, which saves its start."""
    monkeypatch.setattr(sys, "argv", ["postman-async", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr()
    return Ended(int(ended.value.code or 0), told.out, told.err)


class Here:
    """Runs the command in this process, with the emulator for its service."""

    def __init__(
        self,
        emulator: PostmanEmulator,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        for name in _OF_THIS_MACHINE:
            monkeypatch.delenv(name, raising=False)
        for name, value in variables(emulator).items():
            monkeypatch.setenv(name, value)
        self._fixtures = capsys, monkeypatch

    def __call__(self, *arguments: str) -> Ended:
        return run_here(*self._fixtures, arguments)


def runs_of(emulator: PostmanEmulator) -> Counter[str]:
    """Count how often each monitor was triggered, as the service saw it."""
    runs = (request for request in emulator.requests if request.operation == "monitors.run")
    return Counter(request.path.split("/")[2] for request in runs)


def counted(ended: Ended) -> str:
    """Return the last line about the outcomes, without the seconds."""
    (line,) = re.findall(r"^\d+ monitors? in [\d.]+ s: (.*)\.$", ended.stdout, re.MULTILINE)
    return str(line)


def assert_one_error_line(ended: Ended, code: int, *words: str) -> None:
    """One line on stderr, the documented code, no traceback."""
    assert ended.code == code, ended.stderr
    assert "Traceback" not in ended.stderr + ended.stdout
    assert len(ended.stderr.splitlines()) == 1, ended.stderr
    for word in words:
        assert word in ended.stderr
