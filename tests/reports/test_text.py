"""Texts that are made fit to be shown: nothing hidden stays, nothing else changes."""

from __future__ import annotations

import json
import unicodedata
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postman_async.reports.text import Names, clean, excerpt, one_line, shortened, visible
from tests.reports.support import HOSTILE

anything = st.text(st.characters(codec=None, exclude_categories=()), max_size=50)


@given(anything)
def test_what_is_visible_can_be_encoded_and_stand_in_xml(text: str) -> None:
    shown = visible(text)
    element = ElementTree.Element("a", {"b": shown})
    read = ElementTree.fromstring(ElementTree.tostring(element, "utf-8"))
    assert read.get("b") == shown
    assert visible(shown) == shown


@given(anything)
def test_no_control_and_no_direction_is_left(text: str) -> None:
    for char in visible(text):
        assert unicodedata.category(char) not in ("Cc", "Cs") or char in "\n\t"
        assert unicodedata.bidirectional(char) not in ("LRE", "RLE", "PDF", "LRO", "RLO")


@given(st.text(st.characters(codec="ascii", min_codepoint=32, max_codepoint=126)))
def test_plain_text_is_left_alone(text: str) -> None:
    assert visible(text) == text


def test_what_was_hidden_is_told() -> None:
    assert visible("a\0b\ud800\u202e\U0001fffe\r\nc") == "a\\x00b\\ud800\\u202e\\U0001fffe\nc"
    assert visible(HOSTILE["many writings"]) == HOSTILE["many writings"].replace(
        "\u200f", "\\u200f"
    )


@given(anything, st.integers(1, 60))
def test_a_line_is_one_line_and_bounded(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert "\n" not in line
    assert len(line) <= limit + len("… (1000 more characters)")


@pytest.mark.parametrize(("text", "told"), [("abc", "abc"), ("abcde", "abc… (2 more characters)")])
def test_what_is_cut_off_is_counted(text: str, told: str) -> None:
    assert shortened(text, 3) == told


@given(anything)
def test_a_clean_text_can_be_encoded_and_differs_in_nothing_else(text: str) -> None:
    told = clean(text)
    assert told.encode().decode() == told
    assert clean(told) == told
    assert told == json.loads(json.dumps(text)) or "\ufffd" in told


def test_halves_of_pairs_are_replaced_and_pairs_are_joined() -> None:
    assert clean("a\ud83d b\ude00 c\ud83d\ude00 \ud83d") == "a\ufffd b\ufffd c\U0001f600 \ufffd"


def test_what_is_cut_off_is_not_looked_at() -> None:
    assert excerpt("ab\0c" + "x" * 10, 4) == "ab\\x00c… (10 more characters)"
    assert excerpt("abcd", 4) == "abcd"
    assert one_line("a b" * 1000, 3) == "a b… (2997 more characters)"


@given(st.lists(st.sampled_from(["a", "a (2)", "a (2) (2)", "b", ""])))
def test_names_stay_apart_and_the_first_of_each_is_as_it_was(given: list[str]) -> None:
    names = Names()
    told = [names.unique(name) for name in given]
    assert len(set(told)) == len(told)
    assert all(one.startswith(name) for one, name in zip(told, given, strict=True))
    assert told[:1] == given[:1]
