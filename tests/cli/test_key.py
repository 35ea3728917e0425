"""The key's ways into the command, and that none of them leads out again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from postman_async.cli.client import ClientSettings
from postman_async.cli.errors import UsageError
from postman_async.cli.keys import ENTRY, SERVICE, find_key
from postman_async.emulator import PostmanEmulator
from tests.cli.kit import assert_one_error_line, environment, run, run_here
from tests.support import KEY

BACKEND = '''
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

class Filled(KeyringBackend):
    """A keyring with one entry."""

    priority = 1

    def get_password(self, service, username):
        return {entry!r}.get((service, username))

    def set_password(self, service, username, password):
        raise NotImplementedError

    def delete_password(self, service, username):
        raise NotImplementedError

class Locked(Filled):
    """A keyring that nobody opens."""

    def get_password(self, service, username):
        raise KeyringLocked("the keyring is locked")
'''


@pytest.fixture(scope="module")
def emulator() -> Iterator[PostmanEmulator]:
    """An emulator that accepts `KEY`."""
    with PostmanEmulator(api_key=KEY) as emulator:
        yield emulator


@pytest.fixture
def backend(tmp_path: Path) -> Path:
    """A folder with a module of keyrings, of which one holds the key."""
    source = BACKEND.replace("{entry!r}", repr({(SERVICE, ENTRY): KEY}))
    (tmp_path / "test_keyrings.py").write_text(source, encoding="utf-8")
    return tmp_path


def without_key(emulator: PostmanEmulator, **more: str) -> dict[str, str]:
    """Return an environment that has the service and no key."""
    return environment(emulator, **more) | {"POSTMAN_API_KEY": ""}


def test_the_key_comes_from_a_file_before_the_environment(
    emulator: PostmanEmulator, tmp_path: Path
) -> None:
    file = tmp_path / "key"
    file.write_text(f"{KEY}\n", encoding="utf-8")
    wrong = environment(emulator, POSTMAN_API_KEY="PMAK-wrong")
    assert run("me", "--api-key-file", str(file), env=wrong).code == 0
    assert_one_error_line(run("me", env=wrong), 3, "401")


def test_the_key_comes_from_the_keyring_last(emulator: PostmanEmulator, backend: Path) -> None:
    chosen = {"PYTHONPATH": str(backend), "PYTHON_KEYRING_BACKEND": "test_keyrings.Filled"}
    assert run("me", env=without_key(emulator, **chosen)).code == 0


def test_a_keyring_that_does_not_answer_is_told_with_the_other_ways(
    emulator: PostmanEmulator, backend: Path
) -> None:
    chosen = {"PYTHONPATH": str(backend), "PYTHON_KEYRING_BACKEND": "test_keyrings.Locked"}
    ended = run("me", env=without_key(emulator, **chosen))
    assert_one_error_line(ended, 2, "POSTMAN_API_KEY", "--api-key-file", "the keyring is locked")


def test_without_keyring_the_complaint_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("postman_async.cli.keys.find_spec", lambda name: None)
    with pytest.raises(UsageError, match="pip install 'postman-async\\[keyring\\]'"):
        find_key(None)


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "is empty"), (b"\xff", "is not UTF-8 text"), (b"PMAK-1\nPMAK-2", "more than the key")],
)
def test_a_wrong_key_file_is_named_and_not_shown(
    content: bytes, words: str, tmp_path: Path
) -> None:
    file = tmp_path / "key"
    file.write_bytes(content)
    with pytest.raises(UsageError, match=words) as error:
        find_key(file)
    assert str(file) in str(error.value)
    assert "PMAK" not in str(error.value)


def test_a_missing_key_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing: No such file"):
        find_key(tmp_path / "nothing")


@pytest.mark.parametrize("given", [["--api-key", KEY], [f"--api-key={KEY}"]])
@pytest.mark.parametrize("command", [["me"], ["monitors", "list"], ["call", "users.me"]])
def test_a_key_on_the_command_line_is_refused_and_not_repeated(
    command: list[str],
    given: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended = run_here(capsys, monkeypatch, [*command, *given])
    assert_one_error_line(ended, 2, "process list", "--api-key-file")
    assert KEY not in ended.stderr + ended.stdout


def test_a_key_is_never_sent_in_the_clear(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSTMAN_API_KEY", KEY)
    ended = run_here(capsys, monkeypatch, ["me", "--base-url", "http://example.com"])
    assert_one_error_line(ended, 2, "https")
    assert KEY not in ended.stderr


def test_a_service_that_cannot_be_reached_is_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSTMAN_API_KEY", KEY)
    sleep = asyncio.sleep
    monkeypatch.setattr(asyncio, "sleep", lambda _seconds: sleep(0))  # between its attempts
    ended = run_here(capsys, monkeypatch, ["me", "--base-url", "http://127.0.0.1:9"])
    assert_one_error_line(ended, 4, "no connection")


def test_base_url_and_region_together_are_wrong_usage(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSTMAN_API_KEY", KEY)
    arguments = ["me", "--region", "eu", "--base-url", "https://api.eu.postman.com"]
    assert_one_error_line(run_here(capsys, monkeypatch, arguments), 2, "not both")


def test_a_region_is_where_the_calls_go(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("PMAK-1")
    assert (
        ClientSettings(tmp_path / "key", None, "eu").client().base_url
        == "https://api.eu.postman.com"
    )
