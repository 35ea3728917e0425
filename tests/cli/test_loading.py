"""Commands are files: one that is there is listed, and none is imported before it is used."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.cli.kit import COMMAND, Ended, assert_one_error_line, environment
from tests.cli.test_fitness import COMMANDS, GROUPS

HELLO = '''
"""Greet a person.

This line is not part of the list of commands.
"""

from typing import Annotated

import typer

from postman_async.cli import options
from postman_async.cli.client import ClientSettings
from postman_async.cli.command import command
from postman_async.cli.output.streams import write

@command(examples="Examples:\\n  postman-async say-hello Ada")
@options.client_options
def say_hello_command(
    *, name: Annotated[str, typer.Argument(metavar="NAME")], client: ClientSettings
) -> None:
    """Greet a person by name."""
    write(f"hello {name} of {client.region}")
'''

LOADED = """
import sys
from postman_async.cli import main
try:
    main()
finally:
    prefix = "postman_async.cli.commands."
    names = [name.removeprefix(prefix) for name in sys.modules if name.startswith(prefix)]
    print("loaded:", *sorted(names), file=sys.stderr)
"""


def python(source: str, *arguments: str, **variables: str) -> Ended:
    """Run Python source in a process of its own, as the command with these arguments."""
    script = f"import sys; sys.argv[0] = 'postman-async'\n{source}"
    ended = subprocess.run(
        [COMMAND[0], "-c", script, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environment() | variables,
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


def loaded(*arguments: str, **variables: str) -> list[str]:
    """Return the modules of commands that the command line imports."""
    return python(LOADED, *arguments, **variables).stderr.partition("loaded:")[2].split()


def listed(help: str) -> dict[str, str]:
    """Return the commands that a help lists, and the first word about each."""
    lines = help.partition("Commands:\n")[2].partition("\n\n")[0].splitlines()
    return {line.split()[0]: line.split()[1] for line in lines if line.startswith("  ")}


def test_the_help_lists_all_commands_and_imports_none() -> None:
    told = python(LOADED, "--help")
    names = {command.split()[0] for command in COMMANDS}
    assert names <= listed(told.stdout).keys()
    assert told.stderr.split() == ["loaded:"]


def test_the_help_of_a_group_lists_its_commands_and_imports_none() -> None:
    for group in GROUPS:
        told = python(LOADED, group, "--help")
        names = {name.split()[1] for name in COMMANDS if name.startswith(f"{group} ")}
        assert names <= listed(told.stdout).keys()
        assert told.stderr.split() == ["loaded:", group]


def test_a_command_imports_itself_alone() -> None:
    assert loaded("me", "--help") == ["me"]
    assert loaded("monitors", "get", "--help") == ["monitors", "monitors._shared", "monitors.get"]


def test_completing_the_name_of_a_command_imports_none() -> None:
    asked = {
        "COMP_WORDS": "postman-async m",
        "COMP_CWORD": "1",
        "_POSTMAN_ASYNC_COMPLETE": "complete_bash",
    }
    told = python(LOADED, **asked)
    assert told.stdout.split() == ["me", "monitors"]
    assert told.stderr.split() == ["loaded:"]


def test_a_command_is_added_by_one_file(tmp_path: Path) -> None:
    (tmp_path / "say_hello.py").write_text(HELLO.lstrip(), encoding="utf-8")
    (tmp_path / "_private.py").write_text("raise AssertionError", encoding="utf-8")
    found = f"commands.__path__.append({str(tmp_path)!r})"
    source = f"from postman_async.cli import commands, main; {found}; main()"
    told = python(source, "--help").stdout
    assert "  say-hello  Greet a person.\n" in told
    assert "private" not in told
    assert python(source, "say-hello", "Ada", "--region", "eu").stdout == "hello Ada of eu\n"
    help = python(source, "say-hello", "--help").stdout
    assert "Greet a person by name." in help
    assert "postman-async say-hello Ada" in help
    assert_one_error_line(python(source, "say-hello", "Ada", "--api-key", "x"), 2, "--api-key-file")


def test_a_format_of_the_registry_is_an_option_of_the_commands_that_report(tmp_path: Path) -> None:
    (tmp_path / "uids.py").write_text(
        "def uids(entries, title):\n    yield ' '.join([title, *(e.uid for e in entries)])\n"
    )
    (tmp_path / "runs.jsonl").write_text('{"journal":1,"monitors":null}\n')
    source = """
from postman_async.cli import main
from postman_async.reports.formats import FORMATS, Format
FORMATS["uids"] = Format(
    label="Uids", suffixes=(".uids",), render="uids:uids", help="Write uids", purpose="tests"
)
main()
"""
    path = {"PYTHONPATH": str(tmp_path)}
    for command in ("run", "report"):
        help = python(source, command, "--help", **path).stdout
        assert "--uids FILE" in help
        assert "Write uids; - is stdout." in " ".join(help.split())
    journal = str(tmp_path / "runs.jsonl")
    told = python(source, "report", journal, "--uids", "-", "--title", "Night", **path)
    assert (told.code, told.stdout) == (0, "Night")
    bare = python(source, "report", journal, **path)
    assert_one_error_line(bare, 2, "--jsonl, --uids")
