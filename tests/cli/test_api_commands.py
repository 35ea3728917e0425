"""``me``, ``monitors`` and ``call`` as a user meets them: output for people and for scripts."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from postman_async import Postman
from postman_async.emulator import PostmanEmulator
from postman_async.operations import OPERATIONS
from tests.cli.kit import (
    COMMAND,
    Here,
    assert_one_error_line,
    environment,
    run,
)

COLLECTION = {
    "info": {
        "name": "One",
        "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
    },
    "item": [],
}


@pytest.fixture
def collection(emulator: PostmanEmulator) -> str:
    """The uid of a collection."""
    with Postman(emulator.api_key, base_url=emulator.url) as pm:
        return pm.collections.create(collection=COLLECTION).uid


# -- me --------------------------------------------------------------------------------------


def test_me_shows_the_owner_of_the_key_for_people_and_for_scripts(
    emulator: PostmanEmulator,
) -> None:
    table = run("me", env=environment(emulator))
    assert (table.code, table.stderr) == (0, "")
    assert re.search(r"^username +emulated-user$", table.stdout, re.MULTILINE)
    assert re.search(r"^quota: monitor_request_runs +\d+ of \d+$", table.stdout, re.MULTILINE)
    data = run("me", "--output", "json", env=environment(emulator))
    assert json.loads(data.stdout)["user"]["username"] == "emulated-user"


# -- monitors --------------------------------------------------------------------------------


def test_the_life_of_a_monitor(here: Here, collection: str) -> None:
    cron = ("--cron", "0 4 * * *")
    made = here(
        *("monitors", "create", "--name", "Nightly", "--collection", collection, *cron),
        *("--timezone", "Europe/Berlin", 'retry:={"attempts": 2}'),
    )
    uid = json.loads(made.stdout)["uid"]
    shown = here("monitors", "get", uid)
    assert re.search(r"^schedule +0 4 \* \* \* \(Europe/Berlin\)$", shown.stdout, re.MULTILINE)
    assert here("monitors", "update", uid, "--cron", "0 5 * * *", "--inactive").code == 0
    changed = json.loads(here("monitors", "get", uid, "-o", "json").stdout)
    assert changed["schedule"]["cron"] == "0 5 * * *"
    assert changed["schedule"]["timezone"] == "Europe/Berlin"
    assert (changed["active"], changed["retry"]) == (False, {"attempts": 2})
    assert here("monitors", "delete", uid, "--yes").stdout == f"deleted {uid}\n"
    assert_one_error_line(here("monitors", "get", uid), 4, "404", "could not find")


def test_the_list_is_whole_and_can_be_narrowed(emulator: PostmanEmulator, here: Here) -> None:
    uids = {emulator.add_monitor(f"narrow {n}") for n in range(30)}
    found = json.loads(here("monitors", "list", "--name", "narrow*", "-o", "json").stdout)
    assert {monitor["uid"] for monitor in found} == uids  # more than a page of 25
    table = here("monitors", "list", "--name", "narrow 2?", "--active").stdout
    assert table.splitlines()[0].split() == ["name", "state", "uid"]
    assert len(re.findall(r"^narrow 2\d +active +\S+$", table, re.MULTILINE)) == 10
    assert "narrow" not in here("monitors", "list", "--inactive").stdout


def test_a_name_cannot_steer_the_terminal(emulator: PostmanEmulator, here: Here) -> None:
    emulator.add_monitor("evil\x1b[2J\nname\u202e")
    assert r"evil\x1b[2J\nname\u202e" in here("monitors", "list").stdout
    assert "\x1b" not in here("monitors", "list", "-o", "json").stdout


def test_nothing_is_deleted_without_a_yes(emulator: PostmanEmulator) -> None:
    uid = emulator.add_monitor("kept")
    assert_one_error_line(run("monitors", "delete", uid, env=environment(emulator)), 2, "--yes")
    with Postman(emulator.api_key, base_url=emulator.url) as pm:
        assert pm.monitors.get(uid).name == "kept"


def test_an_update_of_nothing_is_wrong_usage(here: Here) -> None:
    assert_one_error_line(here("monitors", "update", "1-m"), 2, "nothing to change")


# -- call ------------------------------------------------------------------------------------


def test_call_sends_any_operation_and_prints_json(
    emulator: PostmanEmulator, tmp_path: Path
) -> None:
    file = tmp_path / "collection.json"
    file.write_text(json.dumps(COLLECTION), encoding="utf-8")
    made = run("call", "collections.create", f"collection:=@{file}", env=environment(emulator))
    assert (made.code, made.stderr) == (0, "")
    assert json.loads(made.stdout)["name"] == "One"


def test_call_reads_back_the_document_that_was_sent(here: Here, collection: str) -> None:
    document = json.loads(here("call", "collections.get", f"collection_uid={collection}").stdout)
    assert document["info"]["name"] == COLLECTION["info"]["name"]  # type: ignore[index]


def test_call_types_its_values(emulator: PostmanEmulator, here: Here) -> None:
    uid = emulator.add_monitor("typed")
    assert here("call", "monitors.update", f"monitor_uid={uid}", "active:=false").code == 0
    shown = json.loads(here("call", "monitors.get", f"monitor_uid={uid}").stdout)
    assert shown["active"] is False
    wrong = here("call", "monitors.update", f"monitor_uid={uid}", "active=false")
    assert_one_error_line(wrong, 4, "400")


def test_call_tells_of_more_pages_and_gets_them(emulator: PostmanEmulator, here: Here) -> None:
    uids = [emulator.add_monitor(f"paged {n}") for n in range(3)]
    page = here("call", "monitors.list", "limit:=2")
    assert len(json.loads(page.stdout)) == 2
    assert "--all" in page.stderr
    every = here("call", "monitors.list", "limit:=2", "--all")
    assert {*uids} <= {monitor["uid"] for monitor in json.loads(every.stdout)}
    assert every.stderr == ""


def test_raw_prints_status_headers_and_the_bytes_of_the_body(emulator: PostmanEmulator) -> None:
    head, _, body = run("call", "users.me", "--raw", env=environment(emulator)).stdout.partition(
        "\n\n"
    )
    status, *headers = head.splitlines()
    assert status == "HTTP 200 OK"
    assert "Content-Type: application/json; charset=utf-8" in headers
    assert f"Content-Length: {len(body)}" in headers
    assert json.loads(body)["user"]


def test_raw_shows_the_answer_of_an_error_too(here: Here) -> None:
    ended = here("call", "monitors.get", "monitor_uid=1-none", "--raw")
    assert_one_error_line(ended, 4, "404")
    assert ended.stdout.startswith("HTTP 404 Not Found\n")
    assert "instanceNotFoundError" in ended.stdout


def test_the_list_of_operations_is_whole(here: Here) -> None:
    lines = here("call", "--list").stdout.splitlines()[1:]
    assert [line.split()[0] for line in lines] == list(OPERATIONS)
    (line,) = here("call", "--list", "monitors.update").stdout.splitlines()[1:]
    assert line.split()[1:5] == ["PUT", "/monitors/{monitor_uid}", "monitor_uid", "[name]"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--all"], "which operation"),
        (["monitors.gte"], "did you mean monitors.get?"),
        (["monitors.get"], "needs monitor_uid=…"),
        (["monitors.get", "1-m"], "write name=text"),
        (["monitors.get", "monitor_id=1-m"], "did you mean monitor_uid?"),
        (["monitors.get", "monitor_uid=.."], "another path"),
        (["monitors.get", "monitor_uid=1-m", "--all"], "has no pages"),
        (["monitors.list", "--all", "--raw"], "not both"),
        (["collections.create", "collection:=@/no/such/file"], "/no/such/file"),
    ],
)
def test_a_wrong_call_is_one_line_and_nothing_is_sent(
    arguments: list[str], words: str, emulator: PostmanEmulator, here: Here
) -> None:
    before = len(emulator.requests)
    assert_one_error_line(here("call", *arguments), 2, words)
    assert len(emulator.requests) == before


# -- broken pipes ----------------------------------------------------------------------------


def test_a_reader_that_leaves_is_no_error(emulator: PostmanEmulator) -> None:
    with subprocess.Popen(
        [*COMMAND, "call", "--list"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(emulator),
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()  # long before the first line is written
        assert process.stderr.read() == b""
    assert process.returncode == 0
