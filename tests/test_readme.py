"""The README keeps its word: its scripts run, and its table of operations is complete."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import postman_async
from postman_async import AsyncPostman
from postman_async.emulator import PostmanEmulator
from postman_async.operations import OPERATIONS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SCRIPTS = re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
UIDS = re.compile(r"12345678-1e6b6cb1-[0-9a-f-]+")
ROW = re.compile(r"^\| `(\w+\.\w+)` \| `([A-Z]+) (\S+)` \| `(.+)` \|$", re.MULTILINE)


@pytest.fixture
def emulator(sync_postman_emulator: PostmanEmulator) -> PostmanEmulator:
    """An emulator in a thread of its own: the scripts bring their own event loops."""
    return sync_postman_emulator


def adapted(script: str, emulator: PostmanEmulator) -> str:
    """Replace the sample uids by those of scripted monitors, and make the clients strict.

    Some scripts run what there is, which must be something.
    """
    emulator.add_monitor("checkout-1", outcome="failed")
    for uid in sorted(set(UIDS.findall(script))):
        monitor = emulator.add_monitor(f"monitor {uid[-1]}", outcome="failed")
        script = script.replace(uid, monitor)
    return re.sub(r"Postman\((?=.)", "Postman(strict=True, ", script)


@pytest.mark.parametrize("script", SCRIPTS, ids=[f"script {n}" for n in range(1, len(SCRIPTS) + 1)])
def test_each_script_of_the_readme_runs(
    script: str, emulator: PostmanEmulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)  # some write files
    monkeypatch.setenv("POSTMAN_BASE_URL", emulator.url)
    monkeypatch.setenv("POSTMAN_API_KEY", emulator.api_key)
    exec(compile(adapted(script, emulator), "README.md", "exec"), {"__name__": "readme"})


def test_pictures_are_there_and_small() -> None:
    pictures = re.findall(r'<img src="([^"]+)"', README)
    assert pictures
    for name in pictures:
        assert 10_000 < (ROOT / name).stat().st_size < 150_000


def test_the_tests_of_the_readme_pass_in_a_project_of_their_own(tmp_path: Path) -> None:
    """With the fixtures that pytest finds by itself."""
    tests = [script for script in SCRIPTS if "def test_" in script]
    assert tests
    (tmp_path / "test_readme.py").write_text("\n\n".join(tests))
    settings = "asyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n"
    (tmp_path / "pytest.ini").write_text(f"[pytest]\n{settings}")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_there_are_scripts() -> None:
    """The pattern above still finds what it is to test."""
    assert len(SCRIPTS) >= 8


def test_the_table_names_each_operation_once_with_its_endpoint() -> None:
    told = [(name, method, path) for name, method, path, _ in ROW.findall(README)]
    real = [(o.id, o.method, o.path) for o in OPERATIONS.values()]
    assert sorted(told) == sorted(real)


@pytest.mark.parametrize(("operation", "line"), [(row[0], row[3]) for row in ROW.findall(README)])
def test_the_line_of_each_operation_is_a_call_that_its_method_takes(
    operation: str, line: str
) -> None:
    call = ast.parse(line, mode="eval").body
    assert isinstance(call, ast.Await)
    assert isinstance(call.value, ast.Call)
    assert ast.unparse(call.value.func) == f"pm.{operation}"
    namespace, method = operation.split(".")
    pm = AsyncPostman(api_key="PMAK-readme")
    signature = inspect.signature(getattr(getattr(pm, namespace), method))
    keywords = {str(keyword.arg) for keyword in call.value.keywords}
    assert keywords <= set(signature.parameters)
    signature.bind(*call.value.args, **dict.fromkeys(keywords))


def test_the_errors_drawn_in_the_readme_are_the_public_ones() -> None:
    drawn = set(re.findall(r"^[│├└─ ]*(\w+Error)\b", README, re.MULTILINE))
    public = {name for name in postman_async.__all__ if name.endswith("Error")}
    assert drawn == public
