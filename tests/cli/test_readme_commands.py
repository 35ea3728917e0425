"""The README of the command line: its examples and its jobs for CI run, and its recipe works."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from postman_async import cli
from postman_async.cli import commands
from postman_async.emulator import PostmanEmulator
from postman_async.reports import FORMATS
from tests.cli.kit import Ended, Here, environment, runs_of

ROOT = Path(__file__).parents[2]
FOLDER = Path(cli.__file__).parent
README = (FOLDER / "README.md").read_text(encoding="utf-8")
COMMANDS = "".join(re.findall(r"^```sh\n(.*?)^```$", README, re.MULTILINE | re.DOTALL))
JOBS = re.findall(r"^```yaml\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
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


def lines_of(job: str) -> list[str]:
    """Return the shell lines of a job of GitHub or GitLab."""
    document: dict[str, Any] = yaml.safe_load(job)
    if "jobs" in document:
        (found,) = document["jobs"].values()
        return [step["run"] for step in found["steps"] if "run" in step]
    (found,) = document.values()
    return list(found["script"])


def kept_by(job: str) -> set[str]:
    """Return the files that a job keeps."""
    document: dict[str, Any] = yaml.safe_load(job)
    if "jobs" in document:
        (found,) = document["jobs"].values()
        return set(found["steps"][-1]["with"]["path"].split())
    (found,) = document.values()
    return {*found["artifacts"]["paths"], found["artifacts"]["reports"]["junit"]}


def test_each_command_of_the_readme_runs(emulator: PostmanEmulator, tmp_path: Path) -> None:
    uid = emulator.add_monitor("checkout-1")
    assert len(COMMANDS.splitlines()) >= 9
    ended = shell(COMMANDS.replace(UID, uid), tmp_path, emulator)
    assert (ended.code, ended.stderr) == (0, "")
    assert runs_of(emulator) == Counter({uid: 4})
    assert {file.name for file in tmp_path.iterdir()} == {"runs.jsonl", "report.html", "junit.xml"}


@pytest.mark.parametrize("job", JOBS, ids=["GitHub", "GitLab"])
def test_the_jobs_install_what_there_is(job: str) -> None:
    """The package itself is here already; that the extra exists is what can be wrong."""
    line = lines_of(job)[0]
    (extra,) = re.findall(r"^pip install 'postman-async\[(\w+)\]'$", line)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert extra in project["optional-dependencies"]


@pytest.mark.parametrize("outcome", ["passed", "failed"])
@pytest.mark.parametrize("job", JOBS, ids=["GitHub", "GitLab"])
def test_the_jobs_gate_and_keep_their_reports(
    job: str, outcome: Any, emulator: PostmanEmulator, tmp_path: Path
) -> None:
    uid = emulator.add_monitor("checkout-1", outcome=outcome)
    emulator.add_monitor("search", outcome="failed")
    page = tmp_path / "summary.md"
    script = "\n".join(line for line in lines_of(job) if not line.startswith("pip "))
    ended = shell(script, tmp_path, emulator, GITHUB_STEP_SUMMARY=str(page))
    assert ended.code == (1 if outcome == "failed" else 0)
    assert runs_of(emulator) == Counter([uid])
    assert kept_by(job) <= {file.name for file in tmp_path.iterdir()}
    failures = ElementTree.parse(tmp_path / "junit.xml").getroot().get("failures")
    assert failures == ("1" if outcome == "failed" else "0")
    assert "1" in page.read_text(encoding="utf-8")


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
