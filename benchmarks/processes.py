"""What whole processes cost: imports, the first call, and the package with ten times the spec."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.bodies import MONITOR_UID

__all__ = ["first_call", "import_times", "ten_times"]

_IMPORT = """
import sys, time
sys.path[:0] = {path!r}
started = time.perf_counter()
import {module}
print((time.perf_counter() - started) * 1e3)
import resource
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""

_FIRST_OURS = """
import asyncio, time
from postman_async import AsyncPostman
async def main():
    async with AsyncPostman("PMAK-1", base_url={origin!r} + "/r3") as pm:
        times = []
        for _ in range(2):
            started = time.perf_counter()
            run = await pm.monitors.run({uid!r})
            run.executions[0].response.code
            times.append(time.perf_counter() - started)
    print((times[0] - times[1]) * 1e3)
import aiohttp, cattrs
asyncio.run(main())
"""

_FIRST_AIOHTTP = """
import asyncio, time, aiohttp
async def main():
    async with aiohttp.ClientSession() as session:
        times = []
        for _ in range(2):
            started = time.perf_counter()
            async with session.post({origin!r} + "/r3/monitors/1-m/run") as response:
                await response.read()
            times.append(time.perf_counter() - started)
    print((times[0] - times[1]) * 1e3)
asyncio.run(main())
"""


def import_times(rounds: int) -> tuple[list[float], list[float]]:
    """Return the milliseconds of importing us and of importing aiohttp, in turn."""
    ours, aiohttp = [], []
    for _ in range(rounds):
        ours.append(_python(_IMPORT.format(path=[], module="postman_async"))[0])
        aiohttp.append(_python(_IMPORT.format(path=[], module="aiohttp"))[0])
    return ours, aiohttp


def first_call(origin: str, rounds: int) -> list[float]:
    """Return the milliseconds that our first call costs above aiohttp's first."""
    return [
        _python(_FIRST_OURS.format(origin=origin, uid=MONITOR_UID))[0]
        - _python(_FIRST_AIOHTTP.format(origin=origin))[0]
        for _ in range(rounds)
    ]


def ten_times(rounds: int) -> tuple[list[float], list[float]]:
    """Return the ratios of import time and of memory with a spec ten times as large."""
    with tempfile.TemporaryDirectory() as name:
        folders = Path(name, "plain"), Path(name, "grown")
        for folder in folders:
            _copied(folder)
        _grow(folders[1])
        programs = [_IMPORT.format(path=[str(f)], module="postman_async") for f in folders]
        for program in programs:
            _python(program)  # writes the bytecode
        found = [[_python(program) for program in programs] for _ in range(rounds)]
    return (
        [grown[0] / plain[0] for plain, grown in found],
        [grown[1] / plain[1] for plain, grown in found],
    )


def _copied(folder: Path) -> None:
    root = Path(__file__).parents[1]
    shutil.copytree(root / "postman_async", folder / "postman_async")
    shutil.copy(root / "pyproject.toml", folder)  # how generated code is laid out


def _grow(folder: Path) -> None:
    """Write nine more specs like its own into a copy of the package, and generate it."""
    originals = sorted((folder / "postman_async" / "spec").glob("*.yaml"))
    for number in range(2, 11):
        for path in originals:
            if path.stem != "common":
                _copy_spec(path, number)
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    command = [sys.executable, "-m", "postman_async.codegen"]
    subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)


def _copy_spec(path: Path, number: int) -> None:
    """Give the namespace, its paths and its models a number, so that they are new ones."""
    import yaml

    stem = path.stem
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    document["paths"] = {f"/v{number}{key}": item for key, item in document["paths"].items()}
    for tag in document["tags"]:
        tag["name"] = f"{tag['name']}{number}"
    for item in document["paths"].values():
        for operation in item.values():
            if isinstance(operation, dict) and "operationId" in operation:
                namespace, _, name = operation["operationId"].partition(".")
                operation["operationId"] = f"{namespace}{number}.{name}"
                operation["tags"] = [f"{tag}{number}" for tag in operation["tags"]]
    names = list(document.get("components", {}).get("schemas", {}))
    text = yaml.safe_dump(document, sort_keys=False)
    for name in names:
        text = text.replace(f"schemas/{name}'", f"schemas/{name}{number}'")
        text = text.replace(f"schemas/{name}\n", f"schemas/{name}{number}\n")
        text = text.replace(f"\n    {name}:\n", f"\n    {name}{number}:\n")
    path.with_name(f"{stem}{number}.yaml").write_text(
        text.replace(f"{stem}.yaml#", f"{stem}{number}.yaml#"), encoding="utf-8"
    )


def _python(program: str) -> list[float]:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"a process failed:\n{done.stderr[-2000:]}")
    return [float(line) for line in done.stdout.split()]
