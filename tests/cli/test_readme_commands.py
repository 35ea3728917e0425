"""The command lines of the README do what it says: those of its examples."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

from postman_async.emulator import PostmanEmulator
from tests.cli.kit import Ended, environment, runs_of

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SECTION = README.partition("\n## Gate a release\n")[2].partition("\n## ")[0]
COMMANDS = "".join(re.findall(r"^```sh\n(.*?)^```$", SECTION, re.MULTILINE | re.DOTALL))
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


def test_each_command_of_the_readme_runs(emulator: PostmanEmulator, tmp_path: Path) -> None:
    uid = emulator.add_monitor("checkout-1")
    assert len(COMMANDS.splitlines()) >= 9
    ended = shell(COMMANDS.replace(UID, uid), tmp_path, emulator)
    assert (ended.code, ended.stderr) == (0, "")
    assert runs_of(emulator) == Counter({uid: 4})
    assert {file.name for file in tmp_path.iterdir()} == {"runs.jsonl", "report.html", "junit.xml"}


def test_the_exit_codes_of_the_readme_are_those_of_the_help() -> None:
    from postman_async.cli.commands.run import EXAMPLES

    told = re.findall(r"^\| (\d+) \|", SECTION, re.MULTILINE)
    assert told == re.findall(r"^  (\d+) +\w", EXAMPLES, re.MULTILINE)
