"""Tests keep to the repository, their own temporary folders and ``../shared``.

They are run as root in containers.  There, a fault in what replaces files would replace a device
whose path a test gave away, and break the machine for everyone.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
OUTSIDE = re.compile(r"/(?:bin|boot|dev|etc|home|lib|opt|proc|root|sys|tmp|usr|var)(?:/|\Z)|~/")
HOME = frozenset({"expanduser", "home", "gettempdir"})

ALLOWED = {
    ("support.py", "/dev/full"): "handed on as an open file, never as a path",
    ("emulator/handlers/test_monitors.py", "/etc/passwd"): "a time zone that is refused by name",
    ("emulator/runtime/test_faults.py", "/proc/"): "the system's view of a process of the test",
}
"""What names a place outside all the same, and why it does no harm."""


def outside(source: str) -> Iterator[str]:
    """Find the texts and calls of a test that lead out of the repository."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if OUTSIDE.match(node.value):
                yield node.value
        elif isinstance(node, ast.Attribute) and node.attr in HOME:
            yield node.attr
    for found in re.finditer(r"__file__\)\.parents\[(\d+)\](.*)", source):
        if found[1] == "3" and not found[2].lstrip(")").startswith(' / "shared"'):
            yield found[0]


FILES = sorted({*TESTS.rglob("*.py")} - {Path(__file__)})


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(TESTS)))
def test_no_test_names_a_place_outside(file: Path) -> None:
    name = file.relative_to(TESTS).as_posix()
    found = [place for place in outside(file.read_text("utf-8")) if (name, place) not in ALLOWED]
    assert not found, "use tmp_path, tests.support.full_disk or small_files instead"


def test_what_leads_out_is_found() -> None:
    source = (
        'open("/dev/null"); Path("~/x").expanduser(); f"/proc/{1}"; "/nowhere/x"; "/workspaces"'
    )
    assert sorted(outside(source)) == ["/dev/null", "/proc/", "expanduser", "~/x"]
    assert list(outside('Path(__file__).parents[3] / "shared"')) == []
    assert list(outside("Path(__file__).parents[3] / name"))
