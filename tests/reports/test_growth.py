"""The work of a report grows with what it is of, not with its square.

Steps are counted, not timed; expressions, which have no steps to count, are timed against
themselves, in the time that this thread alone took.
"""

from __future__ import annotations

import itertools
import sys
import time
from collections import UserDict
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from postman_async import reports
from postman_async.reports import FORMATS
from postman_async.reports.formats.markdown import escaped
from postman_async.reports.redact import redacted, redacted_text
from postman_async.reports.text import Names, excerpt, one_line
from tests.reports.support import execution, rendered, run
from tests.reports.support import outcome as made

HERE = str(Path(reports.__file__).parent)


def steps_of(work: Callable[[], Any]) -> int:
    """Count the lines of the reports that are run."""
    steps = 0

    def line(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal steps
        steps += event == "line"
        return line

    def call(frame: FrameType, event: str, argument: Any) -> Any:
        return line if frame.f_code.co_filename.startswith(HERE) else None

    before = sys.gettrace()
    sys.settrace(call)
    try:
        work()
    finally:
        sys.settrace(before)
    return steps


def assert_linear(work: Callable[[int], Any], number: int = 150) -> None:
    """Four times as much costs little more than four times the steps; squares cost sixteen."""
    work(1)  # what is loaded only once does not count
    once, fourfold = (steps_of(lambda n=n: work(n)) for n in (number, 4 * number))  # type: ignore[misc]
    assert fourfold < 4.5 * once


@pytest.mark.parametrize("format", FORMATS)
def test_many_runs_of_one_monitor(format: Any) -> None:
    """8,000 of them took JUnit 6.4 s."""
    assert_linear(lambda n: rendered([made("passed")] * n, format))


@pytest.mark.parametrize("format", FORMATS)
def test_many_assertions_of_one_name(format: Any) -> None:
    def work(number: int) -> str:
        checks = [{"name": "ok", "passed": True}] * number
        return rendered([made("passed", run("success", execution(assertions=checks)))], format)

    assert_linear(work, 200)


def test_many_keys_that_become_alike_when_they_are_redacted() -> None:
    def work(number: int) -> Any:
        return redacted({"assertions": {f"token={n}": True for n in range(number)}})

    assert_linear(work, 300)


def test_names_that_take_each_others_numbers() -> None:
    class Counted(UserDict[str, int]):
        asked = 0

        def __contains__(self, key: object) -> bool:
            Counted.asked += 1
            return super().__contains__(key)

    names = Names(Counted())  # type: ignore[arg-type]
    given = [f"a ({n})" for n in range(1_000)] + ["a"] * 2_000 + ["a (7)"] * 1_000
    told = [names.unique(name) for name in given]
    assert len(set(told)) == len(given)
    assert Counted.asked <= 2 * len(given)


PIECES = (
    *(
        "eyJ-",
        "-eyJaaaa",
        "eyJaaaa.",
        "a=",
        "a:",
        "key:",
        "token:",
        "token: ",
        "token",
        "a ",
        "a  =",
    ),
    *("bearer ", "basic ", "Basic aB", "x://", "x://a@", "@", "a:a@", "authorization:", "cookie "),
    *("%3D", "%253D", "a%3D", "token%3D", "%3Ftoken%3D", "%26a", "%3F", "-----BEGIN "),
    *("-----BEGIN PRIVATE KEY", "ghp_", "sk-", "sk_live_", "xoxb-", "AKIA", "AIza", "PMAK-"),
    *('"', "'", 'a="', "token='", "key: [", "\n", "aB", "1", "=", ":", "a.%[]-"),
    *("www", ".", "#", "#1", "GH-", "http:", "//", ":a", "&", "\\", "\u200b", "\x00"),
)
"""What the expressions of redaction and Markdown begin with, or look for."""

ALL_MARKS = "eyJ @ bearer basic authorization %3D = : private key ghp_ sk- "
"""So that no rule is left out."""


def seconds_of(work: Callable[[], Any]) -> float:
    def once() -> float:
        began = time.thread_time()
        work()
        return time.thread_time() - began

    return min(once() for _ in range(2))


@pytest.mark.parametrize("function", [redacted_text, escaped, one_line, lambda t: excerpt(t, 500)])
def test_no_expression_over_foreign_text_is_worse_than_linear(
    function: Callable[[str], str],
) -> None:
    """Repeated, each piece would make a square of an expression that is tried again and again."""
    slow = {}
    for first, second in itertools.chain(
        ((piece, "") for piece in PIECES), zip(PIECES, PIECES[7:], strict=False)
    ):
        piece = first + second
        texts = [f"{ALL_MARKS}{piece * (size // len(piece))} " for size in (5_000, 40_000)]
        short, long = (seconds_of(lambda text=text: function(text)) for text in texts)  # type: ignore[misc]
        if long > 20 * max(short, 0.001):  # linear is 8, square is 64
            slow[piece] = (short, long)
    assert slow == {}
