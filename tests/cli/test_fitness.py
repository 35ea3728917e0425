"""What holds for every command: a quick start, faults told in a line, completion, safe logs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Coroutine
from pkgutil import iter_modules
from typing import Any

import pytest

from postman_async.cli import commands
from postman_async.cli.commands import me
from postman_async.cli.loading import lazy_commands
from postman_async.emulator import PostmanEmulator
from postman_async.operations import OPERATIONS
from tests.cli.kit import COMMAND, Here, assert_one_error_line, environment, run

PACKAGE = commands.__name__
GROUPS = [module.name for module in iter_modules(commands.__path__) if module.ispkg]
COMMANDS = [name for name in lazy_commands(PACKAGE) if name not in GROUPS]
COMMANDS += [f"{group} {name}" for group in GROUPS for name in lazy_commands(f"{PACKAGE}.{group}")]


def test_the_start_of_the_command_loads_nothing_heavy() -> None:
    """What is typed wrong, and help and completion, must not wait for what they do not need."""
    heavy = "{'aiohttp', 'cattrs', 'jinja2', 'yaml', 'postman_async.emulator'}"
    source = f"import sys, postman_async.cli.app; print(sorted({heavy} & sys.modules.keys()))"
    told = subprocess.run([sys.executable, "-c", source], capture_output=True, check=True)
    assert told.stdout.strip() == b"[]"


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_each_command_teaches_by_example(command: str, here: Here) -> None:
    told = here(*command.split(), "--help")
    assert (told.code, told.stderr) == (0, "")
    examples = told.stdout.partition("Examples:\n")[2]
    assert f"postman-async {command}" in examples
    assert "\x08" not in told.stdout
    assert told.stdout.isascii()  # else it could not be shown everywhere


def test_a_fault_of_our_own_is_a_line_and_no_traceback(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(owner: object) -> None:
        raise KeyError("what\nnobody thought of")

    monkeypatch.setattr(me, "_show", broken)
    assert_one_error_line(here("me"), 4, "a fault of postman-async itself: KeyError", "--debug")


def test_ctrl_c_ends_any_command_in_a_line(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(work: Coroutine[Any, Any, Any]) -> None:
        work.close()
        raise KeyboardInterrupt

    monkeypatch.setattr("asyncio.run", interrupted)
    for command in (["me"], ["monitors", "list"], ["call", "users.me"], ["run", "--all"]):
        assert_one_error_line(here(*command), 130, "interrupted")


def test_debug_tells_each_call_and_never_the_key(emulator: PostmanEmulator) -> None:
    ended = run("--debug", "me", env=environment(emulator))
    assert ended.code == 0
    assert "GET /me" in ended.stderr
    assert emulator.api_key not in ended.stderr + ended.stdout


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        (["call", "monitors."], [name for name in OPERATIONS if name.startswith("monitors.")]),
        (["call", "monitors.get", "m"], ["monitor_uid="]),
        (["run", "--fail"], ["--fail-fast"]),
    ],
)
def test_a_shell_completes_operations_arguments_and_options(
    typed: list[str], completed: list[str]
) -> None:
    words = ["postman-async", *typed]
    asked = {
        "COMP_WORDS": " ".join(words),
        "COMP_CWORD": str(len(typed)),
        "_POSTMAN_ASYNC_COMPLETE": "complete_bash",
    }
    # The name of the variable follows from that of the program: here it is a module's.
    source = "import sys; sys.argv[0] = 'postman-async'; from postman_async.cli import main; main()"
    told = subprocess.run(
        [COMMAND[0], "-c", source],
        capture_output=True,
        text=True,
        check=False,
        env=environment() | asked,
    )
    assert told.stdout.split() == completed
