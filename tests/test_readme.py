"""The README keeps its word: its order, its first script, and its gates of a release."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from postman_async.emulator import PostmanEmulator
from tests.cli.kit import runs_of
from tests.documents import ROOT, Block, blocks, documents, read, section

README = read("README.md")
HEADINGS = [
    "Try it in a minute",
    "Install",
    "Gate a release",
    "Many monitors",
    "Reports",
    "Test your own code",
    "Sync, notebooks, threads, web services",
    "Errors",
    "Safety",
    "Links",
]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
BIN = str(Path(sys.executable).parent)


def test_the_readme_is_short_and_in_order() -> None:
    assert re.findall(r"^## (.+)$", README, re.MULTILINE) == HEADINGS
    assert len(README.splitlines()) < 320


def test_pictures_are_small_and_need_no_network() -> None:
    pictures = re.findall(r'(?:<img src="|!\[[^\]]*\]\()([^")]+)', README)
    assert len(pictures) == 3
    for name in pictures:
        assert 10_000 < (ROOT / name).stat().st_size < 150_000
        if name.endswith(".svg"):
            text = (ROOT / name).read_text(encoding="utf-8")
            assert not re.search(r"url\([\"']?http|href=.http", text)


# -- try it in a minute ----------------------------------------------------------------------------


@pytest.fixture
def demo() -> Iterator[dict[str, str]]:
    """Run ``postman-async emulator --demo``, and yield the variables that it asks to export."""
    command = [sys.executable, "-m", "postman_async.cli", "emulator", "--demo", "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as own:
        try:
            assert own.stdout is not None
            line = next(line for line in own.stdout if line.startswith("export "))
            yield dict(pair.split("=", 1) for pair in line.split()[1:])
        finally:
            own.terminate()
            own.communicate(timeout=30)


def test_the_first_script_prints_what_the_readme_shows(
    demo: dict[str, str], tmp_path: Path
) -> None:
    part = section("README.md", "Try it in a minute")
    (script,) = re.findall(r"^```python\n(.*?)^```$", part, re.MULTILINE | re.DOTALL)
    (shown,) = re.findall(r"^```text\n(.*?)^```$", part, re.MULTILINE | re.DOTALL)
    (tmp_path / "first.py").write_text(script, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "first.py"],
        cwd=tmp_path,
        env={**os.environ, **demo, "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.stdout, done.stderr) == (shown, "")


# -- install ---------------------------------------------------------------------------------------

WHEEL = re.compile(r"install '?wheels/postman_async-([\d.]+)-py3-none-any\.whl\[([\w,]+)\]'?")


@pytest.mark.parametrize("document", [d for d in documents() if WHEEL.search(read(d))])
def test_the_wheels_to_install_are_of_this_version_and_have_the_extras(document: str) -> None:
    for version, extras in WHEEL.findall(read(document)):
        assert version == PROJECT["version"]
        assert set(extras.split(",")) <= set(PROJECT["optional-dependencies"])


# -- gate a release --------------------------------------------------------------------------------

JOBS = [b for d in documents() for b in blocks(d, "yaml") if "postman-async run" in b.text]


def shell(script: str, folder: Path, emulator: PostmanEmulator) -> int:
    """Run shell lines as CI does: the first that fails is the last."""
    settings = {"POSTMAN_API_KEY": emulator.api_key, "POSTMAN_BASE_URL": emulator.url}
    settings["GITHUB_STEP_SUMMARY"] = str(folder / "summary.md")
    path = os.pathsep.join([BIN, os.environ["PATH"]])
    command = ["bash", "-e", "-o", "pipefail", "-c", script]
    env = {**os.environ, **settings, "PATH": path}
    done = subprocess.run(command, timeout=120, check=False, cwd=folder, env=env)
    return done.returncode


def lines_of(job: str) -> list[str]:
    """Return the shell lines of a job of GitHub or GitLab, but for those that install."""
    document: dict[str, Any] = yaml.safe_load(job)
    (found,) = document.get("jobs", document).values()
    steps = found.get("steps") or [{"run": line} for line in found["script"]]
    runs = [step["run"] for step in steps if "run" in step]
    assert any("install" in line for line in runs)
    return [line for line in runs if "install" not in line]


def kept_by(job: str) -> set[str]:
    """Return the files that a job keeps."""
    document: dict[str, Any] = yaml.safe_load(job)
    (found,) = document.get("jobs", document).values()
    if "steps" in found:
        uploads = [
            s["with"]["path"] for s in found["steps"] if "upload-artifact" in s.get("uses", "")
        ]
        return {file for paths in uploads for file in paths.split()}
    artifacts = found["artifacts"]
    return {*artifacts["paths"], artifacts["reports"]["junit"]}


def test_there_is_a_job_for_github_and_one_for_gitlab() -> None:
    assert [("jobs:" in job.text) for job in JOBS if job.document == "README.md"] == [True, False]


@pytest.mark.parametrize("outcome", ["passed", "failed"])
@pytest.mark.parametrize("job", JOBS, ids=str)
def test_the_jobs_gate_and_keep_their_reports(
    job: Block, outcome: Any, sync_postman_emulator: PostmanEmulator, tmp_path: Path
) -> None:
    uid = sync_postman_emulator.add_monitor("checkout-1", outcome=outcome)
    if "--all" not in job.text:
        sync_postman_emulator.add_monitor("search", outcome="failed")
    code = shell("\n".join(lines_of(job.text)), tmp_path, sync_postman_emulator)
    assert code == (1 if outcome == "failed" else 0)
    assert runs_of(sync_postman_emulator) == Counter([uid])
    assert kept_by(job.text) <= {file.name for file in tmp_path.iterdir()}
    assert failures(tmp_path) == ("1" if outcome == "failed" else "0")
    assert "1" in (tmp_path / "summary.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("outcome", ["passed", "failed"])
def test_the_gate_in_python_gates_too(
    outcome: Any, sync_postman_emulator: PostmanEmulator, tmp_path: Path
) -> None:
    uid = sync_postman_emulator.add_monitor("checkout-1", outcome=outcome)
    sync_postman_emulator.add_monitor("search", outcome="failed")
    (gate,) = (b.text for b in blocks("README.md", "python") if "sys.exit" in b.text)
    (tmp_path / "gate.py").write_text(gate, encoding="utf-8")
    code = shell(f"{sys.executable} gate.py", tmp_path, sync_postman_emulator)
    assert code == (1 if outcome == "failed" else 0)
    assert failures(tmp_path) == ("1" if outcome == "failed" else "0")
    assert runs_of(sync_postman_emulator) == Counter([uid])


def failures(folder: Path) -> str | None:
    """Return how many assertions the JUnit report says have failed."""
    return ElementTree.parse(folder / "junit.xml").getroot().get("failures")


def test_the_command_that_sets_up_is_the_one_that_ci_runs() -> None:
    assert re.search(r"^python3 .*&& \.venv/bin/pytest$", README, re.MULTILINE)
