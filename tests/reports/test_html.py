"""The HTML report as text: hostile texts stay text, the policy fits, the colours can be read."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postman_async.reports.formats.html import _beside
from tests.reports.support import HOSTILE, hostile, one_of_each, rendered
from tests.reports.support import outcome as made

CSS = _beside("report.css")
SHORT = "a harmless text"


class Page(HTMLParser):
    """The elements of a page with their attributes, and what is in its scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, ...]] = []
        self.attributes: list[dict[str, str | None]] = []
        self.contents: dict[str, list[str]] = {"script": [], "style": []}
        self.open = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open = tag
        self.tags.append((tag, *sorted(name for name, _ in attrs)))
        self.attributes.append(dict(attrs))
        if tag in self.contents:
            self.contents[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        self.open = ""

    def handle_data(self, data: str) -> None:
        if self.open in self.contents:
            self.contents[self.open][-1] += data


def page(text: str) -> Page:
    report = rendered([hostile(text), made("passed", name=text)], "html", title=text)
    report.encode("utf-8")
    return Page(report)


@pytest.mark.parametrize("text", [t for t in HOSTILE.values() if t.strip()])
def test_hostile_texts_make_no_element_and_no_attribute(text: str) -> None:
    assert page(text).tags == page(SHORT).tags


@given(st.text(st.characters(codec=None, exclude_categories=()), min_size=1))
@settings(max_examples=30)
def test_any_text_leaves_the_page_what_it_is(text: str) -> None:
    found = page(f".{text}")
    assert found.tags == page(SHORT).tags
    assert json.loads(found.contents["script"][0])[0]["checks"][0]["ok"] is False


def test_the_policy_allows_the_one_script_and_the_one_style_and_nothing_else() -> None:
    found = Page(rendered(one_of_each(), "html"))
    policy = next(a["content"] for a in found.attributes if "http-equiv" in a) or ""
    assert policy.startswith("default-src 'none'; base-uri 'none'; form-action 'none'; ")
    for kind, directive in (("script", "script-src"), ("style", "style-src")):
        digest = hashlib.sha256(found.contents[kind][-1].encode()).digest()
        assert f"{directive} 'sha256-{base64.b64encode(digest).decode()}'" in policy
    assert "unsafe" not in policy


def test_the_page_names_no_other_place() -> None:
    report = rendered(one_of_each(), "html")
    places = {a[name] for a in Page(report).attributes for name in ("src", "href") if name in a}
    assert {place for place in places if not str(place).startswith("#")} == {"data:,"}
    assert not re.search(r"@import|url\(", CSS)


def test_failures_are_there_without_scripts() -> None:
    report = rendered(one_of_each(), "html")
    assert "expected 200 to equal 201</pre>" in report
    assert report.index('class="row failed"') < report.index('class="row passed"')


def test_without_its_style_nothing_is_drawn_and_words_stay_apart() -> None:
    """So does Jenkins show it, whose policy forbids styles within a page."""
    report = rendered(one_of_each(), "html")
    assert re.search(r'<svg [^>]*fill="none"', report)
    assert "1/1 assertions 2 requests" in " ".join(re.sub(r"<[^>]+>", "", report).split())


def test_figures_are_told() -> None:
    report = re.sub(r"<[^>]+>", "", rendered(one_of_each(), "html", title="Nightly"))
    for told in ("Nightly", "5 of 6 monitors did not pass", "3 of 4", "2026-01-31 12:00:00 UTC"):
        assert told in report


@pytest.mark.parametrize(("waited", "told"), [(0.0004, False), (0.5, True)])
def test_a_wait_is_told_when_it_is_worth_a_word(waited: float, told: bool) -> None:
    report = rendered([made("passed", waited=waited)], "html")
    assert ("waiting for the limit</li>" in report) is told
    assert (report.count("Waited for the limit") == 2) is told
    assert ("<dd>never</dd>" in report) is not told


def colours(scheme: str) -> dict[str, str]:
    """Read the colours of a scheme, ``light`` or ``dark``, from the style."""
    light, dark = CSS.split("@media (prefers-color-scheme: dark)")
    return dict(re.findall(r"--([\w-]+): (#\w{6})", light if scheme == "light" else dark))


def contrast(one: str, other: str) -> float:
    """Compute the contrast of two colours as WCAG 2 defines it."""

    def luminance(colour: str) -> float:
        parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    lower, upper = sorted((luminance(one), luminance(other)))
    return (upper + 0.05) / (lower + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_can_be_read(scheme: str) -> None:
    """WCAG AA: 4.5 to 1 for texts, 3 to 1 for what is drawn."""
    found = colours(scheme)
    tones = ("passed", "failed", "error", "unknown", "skipped")
    pairs = [*product(("ink", "soft", "link", *tones), ("paper", "ground", "sunk"))]
    pairs += [pair for tone in tones for pair in ((tone, f"{tone}-tint"), ("ink", f"{tone}-tint"))]
    low = {pair: contrast(found[pair[0]], found[pair[1]]) for pair in pairs}
    assert not {pair: ratio for pair, ratio in low.items() if ratio < 4.5}
    assert all(contrast(found[drawn], found["paper"]) >= 3 for drawn in ("calm", "wait"))
