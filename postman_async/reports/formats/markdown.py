"""A summary in GitHub's Markdown, for the page of a CI job.

Monitors that did not pass come first, with their failures folded; those that passed are one
folded table.  The text, and so the memory, stays below a number of bytes (GitHub takes 1 MiB for a
step); monitors that do not fit are counted.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator

from attrs import define, field

from postman_async.bulk.outcome import OutcomeStatus
from postman_async.reports.entries import Entry, Tally
from postman_async.reports.records import render_entry
from postman_async.reports.text import label, one_line, shortened
from postman_async.reports.totals import NOTICEABLE, STATUSES, Totals

__all__ = ["MAX_BYTES", "escaped", "markdown"]

MAX_BYTES = 1_000_000
"""A little below the 1 MiB that GitHub takes as the summary of a step."""

_MARKS: dict[OutcomeStatus, str] = {
    "passed": "✅",
    "failed": "❌",
    "error": "💥",
    "unknown": "❔",
    "skipped": "⏭️",
}
_HEAD = "| Outcome | Monitor | Assertions | Requests | Latency | Time | Waited |\n"
_RULE = "|---|---|--:|--:|--:|--:|--:|\n"
_MAX_NAME, _MAX_MESSAGE, _MAX_PROBLEMS = 200, 500, 20

_SPECIAL = re.compile(r"[&<>\"|\\`*_~\[\]$\u200b]|(?<=\w)\.(?=[^\W\d])")
_REFERENCES = '&<>"|\\`.\u200b'
"""Characters with a meaning in HTML, in tables or in names of hosts, which no backslash escapes."""

_LEADING = re.compile(r"#+|[-+=]|\d{1,9}[.)](?!\S)")
_LINKED = re.compile(
    r"""@(?=\S)                                 # someone, or the address of a mail
    |\#(?=\d)                                  # an issue, also of another repository
    |(?<![^\W_])GH-(?=\d)
    |(?:https?|ftp|mailto|xmpp):(?=\S)
    |www(?=\.)
    |(?<![:/])//(?=[^\s/])                     # what has the page's own scheme
    |:(?!\d\d?:)(?=[\w+-]{1,40}:)             # an emoji
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""What GitHub and others turn into a link, a picture or a notification.

They search the text of the finished page, where no escape is left.  So a zero-width space is put
behind each match, as Dependabot and Renovate do.
"""
_NO_WIDTH = "\u200b"


@define
class _Section:
    """Texts below a number of bytes in all; those that do not fit are counted."""

    room: int
    texts: list[str] = field(factory=list)
    left_out: int = 0

    def add(self, text: str) -> None:
        size = len(text.encode("utf-8"))
        if self.full or size > self.room:
            self.left_out += 1
            return
        self.room -= size
        self.texts.append(text)

    @property
    def full(self) -> bool:
        return self.left_out > 0


def escaped(text: str, limit: int = _MAX_NAME) -> str:
    """Escape a text so that Markdown shows it unchanged, in one line, also in a table.

    The text starts no heading, list or quotation, is not HTML, and nothing in it becomes a link,
    a mention or a reference to an issue.
    """
    line = _SPECIAL.sub(_harmless, _unlinked(one_line(text, limit)))
    leading = _LEADING.match(line)
    return f"{line[: leading.end() - 1]}\\{line[leading.end() - 1 :]}" if leading else line


def _unlinked(text: str) -> str:
    return _LINKED.sub(rf"\g<0>{_NO_WIDTH}", text)


def markdown(
    entries: Iterable[Entry], title: str = "Monitor runs", max_bytes: int = MAX_BYTES
) -> Iterator[str]:
    """Yield the text of the summary piece by piece.

    Args:
        entries: the monitors.
        title: the heading.
        max_bytes: the largest size of the text, at least 10,000.

    """
    share = (max_bytes - 5_000) // 10
    bad, failures, good = _Section(3 * share), _Section(5 * share), _Section(2 * share)
    totals = Totals()
    for entry in totals.counting(entries):
        if entry.status == "passed":
            good.add(render_entry(_row, entry))
        else:
            bad.add(render_entry(_row, entry))
            failures.add("" if failures.full else render_entry(_failures, entry))
    yield _top(totals, title)
    yield from _table(bad)
    yield from _folded_failures(failures)
    yield from _folded_table(good, totals.counts["passed"])


def _harmless(found: re.Match[str]) -> str:
    return f"&#{ord(found[0])};" if found[0] in _REFERENCES else f"\\{found[0]}"


def _top(totals: Totals, title: str) -> str:
    mark = _MARKS["passed"] if totals.total and not totals.bad else _MARKS["failed"]
    counts = [f"{totals.counts[s]:,} {s}" for s in STATUSES if totals.counts[s]]
    parts = [
        *counts,
        f"{_share(totals.assertions)} assertions passed",
        f"{totals.requests.total:,} requests",
        f"{totals.elapsed:.1f} s",
    ]
    if totals.waited >= NOTICEABLE:
        parts.append(f"{totals.waited:.1f} s of waiting for the rate limit")
    return f"## {mark} {escaped(title)}: {totals.headline}\n\n{' · '.join(parts)}\n\n"


def _table(section: _Section) -> Iterator[str]:
    if section.texts:
        yield f"{_HEAD}{_RULE}"
        yield from section.texts
        yield "\n"
    yield _left_out(section, "monitors that did not pass")


def _folded_failures(section: _Section) -> Iterator[str]:
    yield from section.texts
    yield _left_out(section, "monitors whose failures are")


def _folded_table(section: _Section, passed: int) -> Iterator[str]:
    if passed:
        yield f"<details>\n<summary>{passed:,} passed</summary>\n\n"
        yield from _table(section)
        yield "</details>\n"


def _left_out(section: _Section, what: str) -> str:
    if not section.left_out:
        return ""
    return f"*{section.left_out:,} more {what} not shown here: the summary would be too long.*\n\n"


def _row(entry: Entry) -> str:
    cells = (
        f"{_MARKS[entry.status]} {entry.status}",
        escaped(entry.name) + _notes(entry),
        _share(entry.assertions),
        f"{entry.requests.total:,}" if entry.requests.total else "–",
        "–" if entry.latency is None else f"{entry.latency:,.0f} ms",
        "–" if entry.started_at is None else f"{entry.run_time:.1f} s",
        f"{entry.waited:.1f} s" if entry.waited >= NOTICEABLE else "–",
    )
    return f"| {' | '.join(cells)} |\n"


def _notes(entry: Entry) -> str:
    if not entry.notes:
        return ""
    first, *others = entry.notes
    more = f" and {len(others)} more" if others else ""
    return f" (not shown: {escaped(first)}{more})"


def _share(tally: Tally) -> str:
    return f"{tally.total - tally.failed:,}/{tally.total:,}" if tally.total else "–"


def _failures(entry: Entry) -> str:
    problems = list(entry.all_problems())
    lines = [_line(step, name, message) for step, name, message in problems[:_MAX_PROBLEMS]]
    if len(problems) > _MAX_PROBLEMS:
        lines.append(f"- and {len(problems) - _MAX_PROBLEMS:,} more\n")
    if not lines:
        return ""
    lines += [f"- not shown: {escaped(note)}\n" for note in entry.notes]
    name = html.escape(_unlinked(shortened(label(entry.name), _MAX_NAME)))
    summary = f"{_MARKS[entry.status]} {name}: {len(problems):,} {_problems(len(problems))}"
    return f"<details>\n<summary>{summary}</summary>\n\n{''.join(lines)}\n</details>\n\n"


def _problems(number: int) -> str:
    return "problem" if number == 1 else "problems"


def _line(step: str, name: str, message: str) -> str:
    head = f"{escaped(step)} › " if step else ""
    text = escaped(message, _MAX_MESSAGE)
    return f"- {head}**{escaped(label(name))}**" + (f": {text}\n" if text else "\n")
