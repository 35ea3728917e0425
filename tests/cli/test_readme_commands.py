"""The command lines of the README do what it says: those of its examples, and those for CI."""

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

from postman_async.emulator import PostmanEmulator
from tests.cli.kit import Ended, environment, runs_of

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SECTION = README.partition("\n## The command line\n")[2].partition("\n## ")[0]
COMMANDS = "".join(re.findall(r"^```sh\n(.*?)^```$", SECTION, re.MULTILINE | re.DOTALL))
JOBS = re.findall(r"^```yaml\n(.*?)^```$", SECTION, re.MULTILINE | re.DOTALL)
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

    told = re.findall(r"^\| (\d+) \|", SECTION, re.MULTILINE)
    assert told == re.findall(r"^  (\d+) +\w", EXAMPLES, re.MULTILINE)


def test_the_picture_is_there_and_small() -> None:
    (name,) = re.findall(r'<img src="([^"]+)"', SECTION)
    picture = (ROOT / name).read_text(encoding="utf-8")
    assert 5_000 < len(picture) < 100_000
    assert not re.search(r"url\([\"']?http|href=.http", picture)  # it needs no network
