"""What a package index shows of the README: every link and picture leads somewhere there."""

from __future__ import annotations

import runpy
import subprocess
import sys
import zipfile
from collections.abc import Callable
from email import message_from_bytes
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from tests.documents import ROOT, read, targets_of

REPOSITORY = "https://example.org/somebody/postman-async"
README = read("README.md")


@pytest.fixture
def long_description() -> Callable[[str, str | None, str], str]:
    made: Callable[[str, str | None, str], str]
    made = runpy.run_path(str(ROOT / ".ci" / "long_description.py"))["long_description"]
    return made


def elsewhere(target: str) -> bool:
    return target.startswith("https://")


def test_with_a_repository_relative_links_lead_to_the_tag(
    long_description: Callable[[str, str | None, str], str],
) -> None:
    before = list(targets_of(README))
    after = list(targets_of(long_description(README, REPOSITORY + "/", "1.2.3")))
    assert len(before) == len(after)
    for old, new in zip(before, after, strict=True):
        kinds = {old} if elsewhere(old) else {f"{REPOSITORY}/{k}/v1.2.3/{old}" for k in KINDS}
        assert new in kinds
    assert f"{REPOSITORY}/raw/v1.2.3/.github/report.png" in after


KINDS = ("raw", "blob")


def test_without_a_repository_there_are_no_relative_links(
    long_description: Callable[[str, str | None, str], str],
) -> None:
    text = long_description(README, None, "1.2.3")
    assert {t for t in targets_of(README) if elsewhere(t)} == set(targets_of(text))
    assert "All operations, with an example of each" in text
    assert "<img" not in text


def test_code_is_left_as_it_is(
    long_description: Callable[[str, str | None, str], str],
) -> None:
    def code(text: str) -> list[str]:
        return [token.content for token in MarkdownIt().parse(text) if token.type == "fence"]

    assert code(long_description(README, None, "1")) == code(README)


def test_the_wheel_has_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        metadata = message_from_bytes(archive.read(name))
    assert metadata["Description-Content-Type"] == "text/markdown"
    text = metadata.get_payload(decode=True)
    assert isinstance(text, bytes)
    assert "# postman-async" in text.decode()
    assert all(elsewhere(target) for target in targets_of(text.decode()))
