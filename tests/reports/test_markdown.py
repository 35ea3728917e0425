"""Markdown: a parser reads from it what was meant, and it never grows beyond its bounds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from postman_async.bulk.record import to_record
from postman_async.reports.entries import entry_of
from postman_async.reports.formats.markdown import MAX_BYTES, escaped, markdown
from postman_async.reports.text import label, one_line
from tests.reports.support import HOSTILE, execution, hostile, one_of_each, rendered, run
from tests.reports.support import outcome as made

PARSER = MarkdownIt("gfm-like")
"""GitHub's Markdown, and with its addresses that become links all by themselves."""

NO_WIDTH = "\u200b"
PIECES = (
    *(
        "#",
        "##",
        "-",
        "+",
        "1.",
        "2)",
        "=",
        " ",
        "\n",
        "\t",
        "|",
        "\\",
        "`",
        "*",
        "_",
        "~",
        "[",
        "]",
    ),
    *("(", ")", "!", "<", ">", "&", "&amp;", "&#64;", "$", "^", "%", "?", "'", '"', ".", ",", "é"),
    *("@", "bob", "http", "https", "ftp", "mailto", "xmpp", "www", ":", "/", "//", "localhost"),
    *("example", "com", "example.com", "ю.рф", "x@y.zz", "12", "GH-", "owner/repo", "smile", "::"),
)
"""What Markdown, and who finds links in it, have an eye on."""

MADE_A_LINK = re.compile(r"(?:^|\W)@\w|#\d|\bGH-\d|\bwww\.\S|\w:(?=//)|:smile:", re.IGNORECASE)
"""What GitHub looks for in the text of the finished page."""

texts = st.lists(st.sampled_from(PIECES), max_size=12).map("".join) | st.text(
    st.characters(codec=None, exclude_categories=())
)
OURS = re.compile(r"</?details>|<summary>[^<]*</summary>|\s")


def parsed(text: str) -> Iterator[Token]:
    """Give all tokens of a document, those within a line too."""
    for token in PARSER.parse(text):
        yield token
        yield from token.children or []


def cells(text: str) -> list[list[str]]:
    """Read the tables of a document: its rows, their cells as text."""
    rows: list[list[str]] = []
    for token in PARSER.parse(text):
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline" and rows and len(rows[-1]) < 7:
            content = "".join(child.content for child in token.children or [])
            rows[-1].append(content.replace(NO_WIDTH, ""))
    return rows


def test_a_table_tells_of_each_monitor_and_bad_ones_come_first() -> None:
    assert cells(rendered(one_of_each(), "markdown")) == [
        ["Outcome", "Monitor", "Assertions", "Requests", "Latency", "Time", "Waited"],
        ["❌ failed", "Search", "1/2", "1", "250 ms", "1.5 s", "0.5 s"],
        ["💥 error", "Login", "1/1", "2", "250 ms", "1.5 s", "–"],
        ["💥 error", "Gone", "–", "–", "–", "1.5 s", "–"],
        ["❔ unknown", "Late", "–", "–", "–", "1.5 s", "–"],
        ["⏭️ skipped", "1-monitor-5", "–", "–", "–", "–", "–"],
        ["Outcome", "Monitor", "Assertions", "Requests", "Latency", "Time", "Waited"],
        ["✅ passed", "Checkout", "1/1", "2", "250 ms", "1.5 s", "–"],
    ]


def test_the_top_says_how_it_went() -> None:
    told = rendered(one_of_each(), "markdown", title="Nightly").splitlines()
    assert told[0] == "## ❌ Nightly: 5 of 6 monitors did not pass"
    assert told[2] == (
        "1 passed · 1 failed · 2 error · 1 unknown · 1 skipped · 3/4 assertions passed"
        " · 5 requests · 5.5 s · 0.5 s of waiting for the rate limit"
    )


def test_failures_are_folded_with_their_messages() -> None:
    told = rendered(one_of_each()[1:2], "markdown")
    assert "<summary>❌ Search: 1 problem</summary>" in told
    assert "- Request 1 › **Status code is 201**: expected 200 to equal 201\n" in told


def test_good_news_are_short() -> None:
    told = rendered(one_of_each()[:1], "markdown")
    assert told.startswith("## ✅ Monitor runs: The monitor passed\n")
    assert "problem" not in told
    assert rendered([], "markdown").startswith("## ❌ Monitor runs: No monitors were run\n")


@given(texts)
@settings(max_examples=200)
def test_an_escaped_text_is_read_as_it_was(text: str) -> None:
    """But for the spaces without width that keep it from becoming a link."""
    line = one_line(text, 200).replace(NO_WIDTH, "")
    table = f"|a|b|\n|-|-|\n|x|{escaped(text)}|\n"
    assert cells(table) == [["a", "b"], ["x", line]]
    inline = PARSER.parse(f"- **{escaped(f'.{text}.')}**: {escaped(f'.{text}.')}\n")[3]
    kinds = {token.type for token in inline.children or []}
    assert kinds <= {"text", "text_special", "strong_open", "strong_close"}


@given(texts)
@settings(max_examples=200)
def test_nothing_foreign_becomes_more_than_text(text: str) -> None:
    """Not at the begin of a line, in a list, in a table, in bold; nor does it call anyone."""
    told = escaped(text)
    page = f"- {told} › **{escaped(label(text))}**: {told}\n\n|a|b|\n|-|-|\n|{told}|b|\n\n{told}\n"
    ours = {"text", "text_special", "inline", "strong", "list_item", "bullet_list", "paragraph"}
    ours |= {"table", "thead", "tbody", "tr", "th", "td"}
    found = list(parsed(page))
    assert {re.sub("_(open|close)$", "", token.type) for token in found} <= ours
    assert not [t for t in found if t.type == "text" and MADE_A_LINK.search(t.content)]


@pytest.mark.parametrize(
    "text",
    [
        *("# x", "## #", "- x", "+ x", "1. x", "12) y", "===", "---", "- - -", "* * *", "> x"),
        *("[ ] to do", "@alice", "cc @org/team.", "me@example.com", "mailto:me@example.com"),
        *("http://example.com/a", "HTTPS://EXAMPLE.COM", "www.example.com", "example.com/path"),
        *("//example.com", "//localhost/", "ftp://example.com", "#12", "GH-12", "owner/repo#1"),
        *(":smile:", "<b>x</b>", "<!-- x", "a | b", "`x`", "![x](https://example.com/x.png)"),
    ],
)
def test_what_means_something_in_markdown_means_nothing(text: str) -> None:
    told = escaped(text)
    (paragraph,) = [t for t in PARSER.parse(told) if t.type == "inline"]
    assert {t.type for t in paragraph.children or []} == {"text"}
    shown = "".join(t.content for t in paragraph.children or [])
    assert shown.replace(NO_WIDTH, "") == text
    assert PARSER.parse(told)[0].type == "paragraph_open"
    assert not MADE_A_LINK.search(shown)


def test_a_name_in_a_summary_calls_nobody_either() -> None:
    told = rendered([made("failed", run("failed"), name="@bob #12 <b> GH-3")], "markdown")
    (summary,) = re.findall("<summary>(.*)</summary>", told)
    assert summary == "❌ @\u200bbob #\u200b12 &lt;b&gt; GH-\u200b3: 1 problem"


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_texts_do_no_harm(text: str) -> None:
    told = rendered(
        [hostile(text), made("passed", run("success"), name=text)], "markdown", title=text
    )
    assert told.encode("utf-8").decode("utf-8") == told
    found = list(parsed(told))
    assert "".join(OURS.sub("", t.content) for t in found if t.type.startswith("html")) == ""
    assert not {t.type for t in found} & {"link_open", "image", "code_inline", "fence", "s_open"}
    assert [len(row) for row in cells(told)] == [7] * 4


def test_the_size_is_bounded_and_what_is_left_out_is_counted() -> None:
    """150 monitors with 30 failures of 20 kB each would be 90 MB."""
    checks = {f"check {n}": False for n in range(30)}
    failures: list[Any] = [
        {"executionId": 1, "message": "é" * 10_000, "assertion": {name: False}} for name in checks
    ]
    bad = made("failed", run("failed", execution(assertions=checks), failures=failures))
    entry, good = entry_of(to_record(bad)), entry_of(to_record(one_of_each()[0]))
    told = "".join(markdown((entry, good)[n % 2] for n in range(300)))
    assert MAX_BYTES // 3 < len(told.encode()) < MAX_BYTES
    assert "and 10 more" in told
    left = [int(n.replace(",", "")) for n in re.findall(r"\*([\d,]+) more monitors", told)]
    shown = told.count("<summary>❌")
    assert left == [150 - shown]
    assert "150 of 300 monitors did not pass" in told


def test_a_smaller_bound_is_held_too() -> None:
    entries = [entry_of(to_record(o)) for o in one_of_each() * 500]
    told = "".join(markdown(entries, "Nightly", max_bytes=20_000))
    assert len(told.encode()) < 20_000
    assert told.count("not shown here") == 3
