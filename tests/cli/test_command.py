"""The command as a user meets it: a process, its output and its exit code."""

from __future__ import annotations

import re
import signal
import socket
import ssl
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.cli.kit import COMMAND, assert_one_error_line, environment, run


@contextmanager
def running(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run ``emulator`` until the block ends; gives the process and what it announced."""
    command = [*COMMAND, "emulator", "--port", "0", *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process, _announcement(process)
        finally:
            process.kill()


def _announcement(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    lines = iter(process.stdout.readline, "")
    told = ""
    for line in lines:
        told += line
        if line.startswith("Ctrl-C"):
            break
    return told


def exported(announcement: str) -> dict[str, str]:
    """Read the variables of the export line."""
    (line,) = re.findall(r"^export (.*)$", announcement, re.MULTILINE)
    return dict(pair.split("=", 1) for pair in line.split(" ", 1))


def get(url: str, key: str) -> str:
    """Call the emulator as any HTTP client does."""
    request = urllib.request.Request(url, headers={"X-Api-Key": key})
    with urllib.request.urlopen(request, timeout=10) as answer:
        text: str = answer.read().decode()
        return text


def test_version_is_the_installed_one() -> None:
    result = run("--version")
    assert result.code == 0
    assert result.stdout.split() == ["postman-async", version("postman-async")]


def test_an_unknown_option_is_wrong_usage() -> None:
    result = run("demo", "--no-such-option")
    assert result.code == 2
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_the_emulator_serves_until_a_signal_ends_it_with_success(stop: signal.Signals) -> None:
    with running() as (process, announcement):
        variables = exported(announcement)
        body = get(f"{variables['POSTMAN_BASE_URL']}/me", variables["POSTMAN_API_KEY"])
        assert '"user"' in body
        process.send_signal(stop)
        _, stderr = process.communicate(timeout=10)
    assert process.returncode == 0
    assert "Traceback" not in stderr


def test_the_emulator_loads_files_and_the_demo(tmp_path: Path) -> None:
    file = tmp_path / "one.json"
    file.write_text(
        '{"info": {"name": "Loaded from a file", "schema": "https://schema.getpostman.com'
        '/json/collection/v2.1.0/collection.json"}, "item": []}'
    )
    with running("--load", str(file), "--demo") as (_, announcement):
        variables = exported(announcement)
        base, key = variables["POSTMAN_BASE_URL"], variables["POSTMAN_API_KEY"]
        assert "Loaded from a file" in get(f"{base}/collections", key)
        assert "Checkout, staging" in get(f"{base}/monitors", key)


def test_a_key_from_a_file_is_used_and_not_printed(tmp_path: Path) -> None:
    file = tmp_path / "a key"
    file.write_text("PMAK-from-a-file\n")
    with running("--api-key-file", str(file)) as (process, announcement):
        variables = exported(announcement)
        assert get(f"{variables['POSTMAN_BASE_URL']}/me", "PMAK-from-a-file")
        process.terminate()
        _, stderr = process.communicate(timeout=10)
    assert "PMAK" not in announcement + stderr
    assert variables["POSTMAN_API_KEY"] == f"\"$(cat '{file}')\""


def test_a_key_file_is_made_for_this_user_only(tmp_path: Path) -> None:
    file = tmp_path / "new-key"
    with running("--api-key-file", str(file)) as (_, announcement):
        key = file.read_text().strip()
        assert get(f"{exported(announcement)['POSTMAN_BASE_URL']}/me", key)
    assert key.startswith("PMAK-")
    assert file.stat().st_mode & 0o077 == 0


def put(url: str, key: str, body: str) -> str:
    """Tell the emulator something as any HTTP client does."""
    request = urllib.request.Request(url, body.encode(), {"X-Api-Key": key}, method="PUT")
    with urllib.request.urlopen(request, timeout=10) as answer:
        text: str = answer.read().decode()
        return text


def test_ids_time_and_limits_are_those_asked_for() -> None:
    told = []
    for _ in range(2):
        with running("--seed", "7", "--clock", "2026-03-01T12:00:00", "--limits") as (_, text):
            variables = exported(text)
            base, key = variables["POSTMAN_BASE_URL"], variables["POSTMAN_API_KEY"]
            told.append(get(f"{base}/workspaces", key))
            assert '"user":[300,60.0]' in get(f"{base}/_emulator/limits", key)
            moved = put(f"{base}/_emulator/clock", key, '{"advance": 60}')
            assert moved == '{"now":"2026-03-01T12:01:00.000Z","frozen":true}'
    assert told[0] == told[1]
    assert "2026-03-01T12:00:00.000Z" in told[0]


def test_it_speaks_https_to_those_who_take_its_certificate(tmp_path: Path) -> None:
    file = tmp_path / "the ca.pem"
    with running("--tls", str(file)) as (_, announcement):
        base, key = re.findall(r"_BASE_URL=(\S+) POSTMAN_API_KEY=(\S+) ", announcement)[0]
        assert f"SSL_CERT_FILE='{file}'" in announcement
        context = ssl.create_default_context(cafile=str(file))
        request = urllib.request.Request(f"{base}/me", headers={"X-Api-Key": key})
        with urllib.request.urlopen(request, context=context, timeout=10) as answer:
            assert answer.status == 200


def test_others_are_let_in_only_with_a_key_that_was_chosen(tmp_path: Path) -> None:
    refused = run("emulator", "--host", "0.0.0.0", "--port", "0")
    assert_one_error_line(refused, 2, "0.0.0.0", "--api-key-file")
    file = tmp_path / "key"
    with running("--host", "0.0.0.0", "--api-key-file", str(file)) as (process, _):
        process.terminate()
        _, stderr = process.communicate(timeout=10)
    assert "others can run collections" in stderr
    assert process.returncode == 0


def test_a_port_in_use_is_one_clear_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert_one_error_line(run("emulator", "--port", port), 4, port, "in use", "--port")


def test_a_missing_file_is_one_clear_line(tmp_path: Path) -> None:
    result = run("emulator", "--port", "0", "--load", str(tmp_path / "nothing.json"))
    assert_one_error_line(result, 2, "nothing.json", "No such file")


def test_a_file_that_is_no_document_is_one_clear_line(tmp_path: Path) -> None:
    file = tmp_path / "broken.json"
    file.write_text('{"info": ')
    assert_one_error_line(run("emulator", "--port", "0", "--load", str(file)), 2, "broken.json")


def test_without_its_extra_the_command_says_what_to_install(tmp_path: Path) -> None:
    """A typer that cannot be imported stands for one that is not installed."""
    stub = "raise ModuleNotFoundError(\"No module named 'typer'\", name='typer')"
    (tmp_path / "typer.py").write_text(stub)
    result = run("--version", env=environment(PYTHONPATH=str(tmp_path)))
    assert_one_error_line(result, 2, "typer", "pip install 'postman-async[cli]'")


def test_the_coverage_of_the_emulator_is_listed() -> None:
    result = run("emulator", "--coverage")
    *lines, count = result.stdout.splitlines()
    assert (result.code, result.stderr) == (0, "")
    assert count == f"{len(lines)} of {len(lines)}"
    assert [line.split()[1] for line in lines] == ["yes"] * len(lines)
    assert "monitors.run" in {line.split()[0] for line in lines}
