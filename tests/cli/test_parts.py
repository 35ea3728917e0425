"""The parts of the command that need no process: durations, values, uids, text for terminals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from postman_async.cli.arguments import parse_arguments
from postman_async.cli.durations import parse_duration
from postman_async.cli.errors import UsageError
from postman_async.cli.output.streams import attribute, clean, dump_json
from postman_async.cli.selection import read_uids

# -- durations -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("20m", 1200), ("1h30m", 5400), ("1.5h", 5400), (" 2M ", 120)],
)
def test_a_duration_is_read_with_its_units(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "m", "5 m", "-5", "0", "0s", "5d", "1m x", "nan", "inf", "٣s"]
)
def test_what_is_no_duration_is_named(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="20m"):
        parse_duration(text)


@given(hours=st.integers(0, 99), minutes=st.integers(0, 99), seconds=st.integers(1, 99))
def test_the_parts_of_a_duration_add_up(hours: int, minutes: int, seconds: int) -> None:
    assert parse_duration(f"{hours}h{minutes}m{seconds}s") == hours * 3600 + minutes * 60 + seconds


# -- name=value ------------------------------------------------------------------------------


def test_values_are_text_json_or_files(tmp_path: Path) -> None:
    text, data, document = tmp_path / "t", tmp_path / "b", tmp_path / "d"
    text.write_text("größe", encoding="utf-8")
    data.write_bytes(b"\xff\x00")
    document.write_text('{"a": [1]}', encoding="utf-8")
    pairs = ["a=1", "b:=1", "c=x=y", "d=", f"e=@{text}", f"f=@{data}", f"g:=@{document}", 'h:="@"']
    assert parse_arguments(pairs, "abcdefgh", "it") == {
        "a": "1",
        "b": 1,
        "c": "x=y",
        "d": "",
        "e": "größe",
        "f": b"\xff\x00",
        "g": {"a": [1]},
        "h": "@",
    }


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        ("value", "name=text"),
        ("=value", "name=text"),
        ("limit:=many", "limit=…"),
        ("limt=1", "did you mean limit"),
        ("other=1", "it has: limit"),
        ("limit=@/no/such/file", "/no/such/file"),
    ],
)
def test_a_wrong_value_is_named_with_what_to_do(pair: str, words: str) -> None:
    with pytest.raises(UsageError) as error:
        parse_arguments([pair], ["limit"], "it")
    assert words in str(error.value)


def test_a_name_given_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="twice"):
        parse_arguments(["limit=1", "limit:=2"], ["limit"], "it")


# -- uids ------------------------------------------------------------------------------------


def test_uids_of_a_file_follow_those_that_were_named(tmp_path: Path) -> None:
    file = tmp_path / "uids"
    file.write_text("1-b  # the second\n\n# nothing\n  1-a\n", encoding="utf-8")
    assert read_uids(["1-a"], file) == ["1-a", "1-b", "1-a"]


@pytest.mark.parametrize("uid", ["1-a 1-b", "..", "a/b", "monitor?", "1-a,1-b"])
def test_what_is_no_uid_is_named_with_its_place(uid: str, tmp_path: Path) -> None:
    file = tmp_path / "uids"
    file.write_text(f"1-a\n{uid}\n", encoding="utf-8")
    with pytest.raises(UsageError, match="line 2"):
        read_uids([], file)
    with pytest.raises(UsageError, match="is not a monitor uid"):
        read_uids([uid], None)


def test_a_file_of_uids_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing: No such file"):
        read_uids([], tmp_path / "nothing")
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff")
    with pytest.raises(UsageError, match="is not UTF-8 text"):
        read_uids([], binary)


# -- text ------------------------------------------------------------------------------------


def test_nothing_in_a_text_can_steer_a_terminal() -> None:
    assert clean("a\x1b[2Jb\r\n\x9bc\u202ed") == r"a\x1b[2Jb\r\n\x9bc\u202ed"
    assert clean("Prüfung 漢字 👍") == "Prüfung 漢字 👍"


@given(st.text())
def test_json_is_the_same_value_and_cannot_steer_a_terminal(text: str) -> None:
    written = dump_json([text])
    assert json.loads(written) == [text]
    assert clean(written.replace("\n", "")) == written.replace("\n", "")


def test_attributes_are_followed_as_far_as_they_go() -> None:
    assert attribute(Path("a/b"), "parent", "name") == "a"
    assert attribute(Path("a/b"), "nothing", "name") is None
