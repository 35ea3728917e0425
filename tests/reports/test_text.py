"""Texts that are made fit to be shown: nothing hidden stays, nothing else changes."""

from __future__ import annotations

import unicodedata
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postman_async.reports.text import one_line, shortened, visible
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
