"""The parts of ``run`` that need no service: the exit code, the way to go on, what is shown."""

from __future__ import annotations

import asyncio
import io
import itertools
import re
import shlex
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from attrs import evolve, mutable
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from postman_async import (
    AuthenticationError,
    BatchProgress,
    ConnectError,
    MonitorOutcome,
    PermissionDeniedError,
    PostmanError,
)
from postman_async.bulk.outcome import OutcomeStatus
from postman_async.cli.batch import exit_code, resume_command
from postman_async.cli.output import display
from postman_async.cli.output.display import Screen, View, note, wait_of
from postman_async.cli.output.summary import Row, row_of
from postman_async.engine.limits.state import RateLimitState
from postman_async.errors import Answer

REFUSAL = PermissionDeniedError("POST /monitors/1-m/run", Answer(403, {}, b""))


def outcome(status: OutcomeStatus, error: PostmanError | None = None) -> MonitorOutcome:
    """Make an outcome."""
    return MonitorOutcome(uid="1-m", status=status, error=error)


# -- the exit code -----------------------------------------------------------------------------

CASES = {
    1: [outcome("failed")],
    3: [
        outcome("error", REFUSAL),
        outcome("error", AuthenticationError("GET /me", Answer(401, {}, b""))),
    ],
    4: [
        outcome("error"),
        outcome("error", ConnectError("GET /me", "no connection")),
        outcome("unknown"),
        outcome("skipped"),
    ],
    0: [outcome("passed")],
}
"""Outcomes by the exit code that each of them alone stands for, the weightiest code first."""


@given(st.lists(st.sampled_from([(c, o) for c, found in CASES.items() for o in found]), min_size=1))
def test_the_weightiest_outcome_gives_the_exit_code(
    chosen: list[tuple[int, MonitorOutcome]],
) -> None:
    codes = {code for code, _ in chosen}
    assert exit_code(outcome for _, outcome in chosen) == next(
        code for code in CASES if code in codes
    )


# -- how to go on ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        ("run --all --journal j", "run --all --resume j"),
        ("run --journal=j --all -q", "run --all -q --resume j"),
        ("run --resume j 1-m", "run 1-m --resume j"),
        ("--debug run --name 'a b*' --journal j", "--debug run --name 'a b*' --resume j"),
    ],
)
def test_the_command_to_go_on_is_the_same_with_the_journal(arguments: str, command: str) -> None:
    told = resume_command(shlex.split(arguments), Path("j"))
    assert told == f"postman-async {command}"


def test_the_command_to_go_on_tells_of_uids_on_stdin() -> None:
    assert "same uids on stdin" in resume_command(["run", "-", "--journal", "j"], Path("j"))


# -- what is shown ---------------------------------------------------------------------------


def progress(**given: object) -> BatchProgress:
    """Make a snapshot of a batch that has just begun, but for what is given."""
    plain = {"total": 9, "done": 0, "running": 0, "waiting": 0, "elapsed": 0.0, "eta": None}
    return BatchProgress(**{**plain, "counts": Counter(), **given})  # type: ignore[arg-type]


@mutable
class Batch:
    """Stands for a batch."""

    progress: BatchProgress
    running: Sequence[tuple[str, float]] = ()


LIMIT = RateLimitState(limit=10, remaining=0, reset=7.2, window=10, waiting=3)


@pytest.mark.parametrize(
    ("snapshot", "wait", "line"),
    [
        (progress(), 0, "0/9  0:00"),
        (progress(total=None, done=3, elapsed=61), 0, "3/?  1:01"),
        (
            progress(running=2, waiting=5, eta=3725.0),
            0,
            "0/9  2 running  5 waiting  0:00  1:02:05 to go",
        ),
        (progress(waiting=5), 7.2, "0/9  5 waiting for the rate limit, 7 s  0:00"),
        (progress(done=3, counts=Counter(passed=2, failed=1)), 0, "3/9  2 passed, 1 failed  0:00"),
    ],
)
def test_a_line_says_how_far_a_batch_is(snapshot: BatchProgress, wait: float, line: str) -> None:
    assert note(snapshot, wait) == line


def test_the_wait_is_that_of_a_limit_that_holds_calls_back() -> None:
    free = RateLimitState(limit=300, remaining=200, reset=60, window=60, waiting=3)
    unused = RateLimitState(limit=10, remaining=0, reset=9, window=10, waiting=0)
    assert wait_of({}) == wait_of({"user": free, "other": unused}) == 0
    assert wait_of({"user": free, "monitors": LIMIT}) == 7.2


def shown(
    monkeypatch: pytest.MonkeyPatch, screen: Screen, *, terminal: bool, width: int = 100
) -> tuple[View, io.StringIO]:
    """Return a view, and where it writes."""
    written = io.StringIO()
    made = Console(file=written, width=width, force_terminal=terminal, color_system=None)
    monkeypatch.setattr(display, "console", lambda **_: made)
    return screen.view(), written


async def test_a_terminal_shows_the_longest_of_what_is_under_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    running = [(f"monitor {n}\x1b[2J", 9.0 - n) for n in range(7)]
    view, written = shown(monkeypatch, Screen(), terminal=True)
    async with view.watch(Batch(progress(running=7), running), {"monitors": LIMIT}):
        pass
    assert r"9.0 s  monitor 0\x1b[2J" in written.getvalue()
    assert "5.0 s  monitor 4" in written.getvalue()
    assert "monitor 5" not in written.getvalue()
    assert "and 2 more" in written.getvalue()


@pytest.mark.looptime
async def test_a_log_hears_from_a_batch_in_which_nothing_happens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    view, written = shown(monkeypatch, Screen(), terminal=False)
    async with view.watch(Batch(progress(running=1)), {}):
        await asyncio.sleep(95)
    assert written.getvalue().splitlines() == ["0/9  1 running  0:00"] * 3


def row(status: OutcomeStatus, number: int = 0) -> Row:
    """Make a row."""
    reasons = [] if status == "passed" else [f"reason {n}" for n in range(5)]
    name = f"{status} {number}"
    return Row(name=name, status=status, assertions="1/1", requests="1", seconds=1, reasons=reasons)


@pytest.mark.parametrize("terminal", [True, False])
def test_a_long_table_shows_what_did_not_pass_and_why(
    terminal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    view, written = shown(monkeypatch, Screen(), terminal=terminal)
    view.table([*(row("passed", n) for n in range(60)), row("failed"), row("skipped")])
    assert "passed" not in written.getvalue()
    assert "skipped" not in written.getvalue()
    assert "failed 0" in written.getvalue()
    assert "reason 2" in written.getvalue()
    assert "and 2 more" in written.getvalue()


def test_a_short_table_shows_all(monkeypatch: pytest.MonkeyPatch) -> None:
    for terminal in (True, False):
        view, written = shown(monkeypatch, Screen(), terminal=terminal)
        view.table([row("passed", n) for n in range(3)])
        assert all(f"passed {n}" in written.getvalue() for n in range(3))


def test_a_narrow_terminal_leaves_the_room_to_the_names(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "Checkout, production EU, once an hour"
    view, written = shown(monkeypatch, Screen(), terminal=True, width=60)
    view.table([evolve(row("passed"), name=name, seconds=12.3)])
    assert re.search(rf"^{name} +passed +12\.30 s$", written.getvalue(), re.MULTILINE)


def test_plain_figures_stand_below_their_headings(monkeypatch: pytest.MonkeyPatch) -> None:
    view, written = shown(monkeypatch, Screen(), terminal=False)
    view.table([evolve(row("passed"), seconds=seconds) for seconds in (0.2, 12.3, 123.4)])
    head, *lines = written.getvalue().splitlines()
    assert {line.index("passed 0") for line in lines} == {head.index("monitor")}
    assert {line.index(" s ") + 2 for line in lines} == {head.index("time") + len("time")}


def test_a_row_says_why_in_words_that_are_safe_to_show() -> None:
    error = ConnectError("POST /x", "gone\x1b[2J\nAuthorization: Bearer abcdefghijkl")
    found = row_of(outcome("error", error), name="na\x07me")
    assert found.name == r"na\x07me"
    assert "abcdefghijkl" not in found.reasons[0]
    assert r"gone\x1b[2J\n" in found.reasons[0]
    assert (found.assertions, found.requests) == ("-", "-")


def test_a_passed_row_has_no_reasons() -> None:
    assert [row_of(outcome(status)).reasons for status in ("passed", "skipped")] == [[], []]


def test_the_views_differ_for_the_same_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Quiet, plain and live are three things, whatever the screen is."""
    kinds = [
        type(shown(monkeypatch, Screen(quiet=quiet, plain=plain), terminal=terminal)[0]).__name__
        for quiet, plain, terminal in itertools.product([False, True], repeat=3)
    ]
    assert kinds == ["_Plain", "_Live", "_Plain", "_Plain", *["_Quiet"] * 4]
