"""The documents keep their word: their scripts run, and their links lead somewhere."""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
import subprocess
import sys
import tomllib
from collections.abc import MutableMapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

import postman_async
from postman_async import AsyncPostman, PostmanError, errors
from postman_async.emulator import PostmanEmulator
from postman_async.operations import OPERATIONS
from tests.documents import ROOT, Block, anchors, blocks, documents, read, targets

DOCUMENTS = documents()
BLOCKS = [block for document in DOCUMENTS for block in blocks(document, "python", "py")]
SCRIPTS = [b for b in BLOCKS if b.not_run is None and "def test_" not in b.text]
TESTS = [b for b in BLOCKS if b.not_run is None and "def test_" in b.text]
UIDS = re.compile(r"12345678-1e6b6cb1-[0-9a-f-]+")
TABLE = "postman_async/api/README.md"
ROW = re.compile(r"^\| `(\w+(?:\.\w+){1,2})` \| `([A-Z]+) (\S+)` \| `(.+)` \|$", re.MULTILINE)


# -- code ----------------------------------------------------------------------------------------


def adapted(script: str, emulator: PostmanEmulator) -> str:
    """Replace the sample uids by those of scripted monitors, and make the clients strict.

    Some scripts run the monitors there are, so there is one.
    """
    emulator.add_monitor("checkout-1", outcome="failed")
    for uid in sorted(set(UIDS.findall(script))):
        monitor = emulator.add_monitor(f"monitor {uid[-1]}", outcome="failed")
        script = script.replace(uid, monitor)
    return (
        script
        if "strict=" in script
        else re.sub(r"Postman\((?=.)", "Postman(strict=True, ", script)
    )


def run(script: str, name: str) -> dict[str, Any]:
    """Run a script as Python does, or as a notebook does where it awaits at the top."""
    names: dict[str, Any] = {"__name__": "readme"}
    code = compile(script, name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    with suppress(SystemExit):  # a gate ends so
        if code.co_flags & inspect.CO_COROUTINE:
            asyncio.run(eval(code, names))
        else:
            exec(code, names)
    return names


@pytest.mark.parametrize("block", SCRIPTS, ids=str)
def test_each_script_runs(
    block: Block,
    sync_postman_emulator: PostmanEmulator,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """The emulator is in a thread of its own: the scripts bring their own event loops."""
    monkeypatch.chdir(tmp_path)  # some write files
    monkeypatch.setenv("POSTMAN_BASE_URL", sync_postman_emulator.url)
    monkeypatch.setenv("POSTMAN_API_KEY", sync_postman_emulator.api_key)
    names = run(adapted(block.text, sync_postman_emulator), str(block))
    if "app" in names:
        asyncio.run(served(names["app"]))


async def served(app: Any) -> None:
    """Start a web service, post to its last address, and end it, as an ASGI server does."""
    incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    outgoing: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
    life = asyncio.create_task(app({"type": "lifespan", "state": {}}, incoming.get, outgoing.put))
    incoming.put_nowait({"type": "lifespan.startup"})
    assert (await outgoing.get())["type"] == "lifespan.startup.complete"
    assert await _posted(app, app.routes[-1].path) in {200, 202}
    incoming.put_nowait({"type": "lifespan.shutdown"})
    await life
    assert (await outgoing.get())["type"] == "lifespan.shutdown.complete"


async def _posted(app: Any, path: str) -> int:
    incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    outgoing: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": []}
    incoming.put_nowait({"type": "http.request", "body": b"", "more_body": False})
    await app(scope, incoming.get, outgoing.put)
    status: int = outgoing.get_nowait()["status"]
    return status


def test_the_tests_pass_in_a_project_of_their_own(tmp_path: Path) -> None:
    """With the fixtures that pytest finds by itself, and the settings of the README."""
    for number, block in enumerate(TESTS):
        (tmp_path / f"test_{number}.py").write_text(f"# {block}\n{block.text}", encoding="utf-8")
    (settings,) = (b.text for b in blocks("README.md", "toml") if "pytest" in b.text)
    (tmp_path / "pyproject.toml").write_text(settings, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert f"{sum(b.text.count('def test_') for b in TESTS)} passed" in done.stdout


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.not_run], ids=str)
def test_what_is_not_run_is_python_all_the_same(block: Block) -> None:
    compile(block.text, str(block), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def test_there_are_scripts_and_tests() -> None:
    """The patterns above still find what they are to test."""
    assert len(SCRIPTS) >= 8
    assert TESTS


# -- links ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_and_pictures_lead_somewhere(document: str) -> None:
    missing = [target for target in targets(document) if not _leads_somewhere(document, target)]
    assert not missing


def _leads_somewhere(document: str, target: str) -> bool:
    """Look for the file and the heading; what is elsewhere on the net is believed."""
    if re.match(r"[a-z]+:", target):
        return target.startswith(("https://", "mailto:"))
    path, _, anchor = unquote(target).partition("#")
    file = (ROOT / document).parent / path if path else ROOT / document
    if not file.exists() or not file.resolve().is_relative_to(ROOT):
        return False
    return not anchor or anchor in anchors(file.resolve().relative_to(ROOT).as_posix())


def test_each_room_has_its_page() -> None:
    rooms = [path.parent for path in (ROOT / "postman_async").glob("*/__init__.py")]
    without = {room.name for room in rooms if not (room / "README.md").exists()}
    assert without <= {"models", "operations"}  # generated, and described in api/README.md


def test_the_map_draws_the_rooms_in_the_order_that_the_contract_holds() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = (
        contract
        for contract in project["tool"]["importlinter"]["contracts"]
        if contract.get("containers") == ["postman_async"]
    )
    (drawing,) = (b.text for b in blocks("postman_async/README.md", "text"))
    drawn = {room: n for n, line in enumerate(drawing.splitlines()) for room in line.split(" | ")}
    held = [layer.split(" | ") for layer in contract["layers"]]
    levels = [{drawn[room] for room in rooms} for rooms in held]
    assert all(len(level) == 1 for level in levels)
    assert sorted(map(max, levels)) == list(map(max, levels))


# -- the table of operations ---------------------------------------------------------------------


def test_the_table_names_each_operation_once_with_its_endpoint() -> None:
    drawn = [(name, method, path) for name, method, path, _ in ROW.findall(read(TABLE))]
    real = [(o.id, o.method, o.path) for o in OPERATIONS.values()]
    assert sorted(drawn) == sorted(real)


@pytest.mark.parametrize(
    ("operation", "line"), [(row[0], row[3]) for row in ROW.findall(read(TABLE))]
)
def test_the_line_of_each_operation_is_a_call_that_its_method_takes(
    operation: str, line: str
) -> None:
    call = ast.parse(line, mode="eval").body
    assert isinstance(call, ast.Await)
    assert isinstance(call.value, ast.Call)
    assert ast.unparse(call.value.func) == f"pm.{operation}"
    method: Any = AsyncPostman(api_key="PMAK-readme")
    for name in operation.split("."):
        method = getattr(method, name)
    signature = inspect.signature(method)
    keywords = {str(keyword.arg) for keyword in call.value.keywords}
    assert keywords <= set(signature.parameters)
    signature.bind(*call.value.args, **dict.fromkeys(keywords))


# -- the errors ----------------------------------------------------------------------------------

TREE = re.compile(r"^ *[│├└─ ]*[├└]── (\w+)", re.MULTILINE)
DRAWN = {"postman_async/errors.py": str(errors.__doc__)}
DRAWN |= {document: read(document) for document in DOCUMENTS if "── ApiError" in read(document)}


@pytest.mark.parametrize("text", DRAWN.values(), ids=list(DRAWN))
def test_the_errors_that_are_drawn_are_the_public_ones(text: str) -> None:
    public = {name for name in postman_async.__all__ if _is_error(name)}
    assert {"PostmanError", *TREE.findall(text)} == public


def _is_error(name: str) -> bool:
    found = getattr(postman_async, name)
    return isinstance(found, type) and issubclass(found, PostmanError)
