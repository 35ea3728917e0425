"""The command lines of the READMEs do what they say, and the recipe of the room works."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from postman_async import cli
from postman_async.cli import commands
from postman_async.emulator import PostmanEmulator
from postman_async.reports import FORMATS
from tests.cli.kit import Ended, Here, environment, runs_of

ROOT = Path(__file__).parents[2]
FOLDER = Path(cli.__file__).parent
README = (FOLDER / "README.md").read_text(encoding="utf-8")
GATE = (ROOT / "README.md").read_text(encoding="utf-8").partition("\n## Gate a release\n")[2]
RECIPE = README.partition("\n## Add a command\n")[2]
UID = "12345678-1e6b6cb1-0000-4000-8000-000000000001"


def shell(script: str, folder: Path, emulator: PostmanEmulator, **more: str) -> Ended:
    """Run shell lines as CI does: the first that fails is the last."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    ended = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", script],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
        cwd=folder,
        env=environment(emulator, PATH=path, **more),
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


def commands_of(page: str) -> str:
    return "".join(re.findall(r"^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize("page", [README, GATE.partition("\n## ")[0]], ids=["of the room", "root"])
def test_each_command_of_the_readme_runs(
    page: str, emulator: PostmanEmulator, tmp_path: Path
) -> None:
    uid, lines = emulator.add_monitor("checkout-1"), commands_of(page)
    assert len(lines.splitlines()) >= 9
    ended = shell(lines.replace(UID, uid), tmp_path, emulator)
    assert (ended.code, ended.stderr) == (0, "")
    assert runs_of(emulator) == Counter({uid: 4})
    assert {file.name for file in tmp_path.iterdir()} == {"runs.jsonl", "report.html", "junit.xml"}


def test_the_exit_codes_of_the_readme_are_those_of_the_help() -> None:
    from postman_async.cli.commands.run import EXAMPLES

    told = re.findall(r"^\| (\d+) \|", README, re.MULTILINE)
    assert told == re.findall(r"^  (\d+) +\w", EXAMPLES, re.MULTILINE)


def test_the_picture_is_there_and_small() -> None:
    (name,) = re.findall(r'<img src="([^"]+)"', README)
    picture = (FOLDER / name).read_text(encoding="utf-8")
    assert 5_000 < len(picture) < 100_000
    assert not re.search(r"url\([\"']?http|href=.http", picture)  # it needs no network


def test_the_formats_of_the_readme_are_those_of_the_registry() -> None:
    (told,) = re.findall(r"^\*\*Reports\*\*: (.*?) write ", README, re.MULTILINE)
    assert re.findall(r"`--(\w+)`", told) == list(FORMATS)


def test_the_recipe_takes_one_file(
    emulator: PostmanEmulator, here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (source,) = re.findall(r"^```python\n(.*?)^```$", RECIPE, re.MULTILINE | re.DOTALL)
    (tmp_path / "whose.py").write_text(source, encoding="utf-8")
    found = [*commands.__path__, str(tmp_path)]
    monkeypatch.setattr("postman_async.cli.commands.__path__", found)
    uid = emulator.add_monitor("checkout-1")
    try:
        assert "  whose     Show who owns a monitor.\n" in here("--help").stdout
        assert "postman-async whose 1234" in here("whose", "--help").stdout
        told = here("whose", uid)
    finally:
        sys.modules.pop("postman_async.cli.commands.whose", None)
    assert (told.code, told.stderr) == (0, "")
    assert told.stdout.strip().isdigit()
