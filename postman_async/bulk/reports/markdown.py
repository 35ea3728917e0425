"""A summary in GitHub's Markdown, for the page of a CI job.

Monitors that did not pass come first, with their failures folded; those that passed are one
folded table.  The whole stays below a number of bytes (GitHub takes 1 MiB for a step), and so
does what is in memory: what does not fit is counted.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator

from attrs import define, field

from postman_async.bulk.outcome import OutcomeStatus
from postman_async.bulk.reports.figures import NOTICEABLE, STATUSES, Figures
from postman_async.bulk.reports.reading import Entry, Tally
from postman_async.bulk.reports.records import shown
from postman_async.bulk.reports.text import label, one_line, shortened

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
_NAME, _MESSAGE, _SHOWN = 200, 500, 20

_SPECIAL = re.compile(r"[&<>\"|\\`*_~\[\]$\u200b]|(?<=\w)\.(?=[^\W\d])")
_REFERENCES = '&<>"|\\`.\u200b'
"""Have a meaning in HTML, in tables or for readers that look for names of hosts, where a backslash
does not take it from them."""

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
"""What GitHub and others make a link or a picture of, or notify someone for.

They look for it in the text of the finished page, where no escape is left.  So, as Dependabot and
Renovate do it, a space without width is put behind what is found here.
"""
_NO_WIDTH = "\u200b"


@define
class _Section:
    """Texts that stay below a number of bytes; those that do not fit are counted."""

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


def escaped(text: str, limit: int = _NAME) -> str:
    """Write a text so that Markdown shows it as it is, in one line, also in a table.

    It begins no heading, list or quotation, is no HTML, and nothing in it becomes a link, calls
    anyone or points to an issue.
    """
    told = _SPECIAL.sub(_harmless, _unlinked(one_line(text, limit)))
    leading = _LEADING.match(told)
    return f"{told[: leading.end() - 1]}\\{told[leading.end() - 1 :]}" if leading else told


def _unlinked(text: str) -> str:
    return _LINKED.sub(rf"\g<0>{_NO_WIDTH}", text)


def markdown(
    entries: Iterable[Entry], title: str = "Monitor runs", max_bytes: int = MAX_BYTES
) -> Iterator[str]:
    """Give the text of the summary piece by piece.

    Args:
        entries: the monitors.
        title: the heading.
        max_bytes: what the whole may not exceed, at least 10,000.

    """
    share = (max_bytes - 5_000) // 10
    bad, failures, good = _Section(3 * share), _Section(5 * share), _Section(2 * share)
    figures = Figures()
    for entry in figures.over(entries):
        if entry.status == "passed":
            good.add(shown(_row, entry))
        else:
            bad.add(shown(_row, entry))
            failures.add("" if failures.full else shown(_failures, entry))
    yield _top(figures, title)
    yield from _table(bad)
    yield from _folded_failures(failures)
    yield from _folded_table(good, figures.counts["passed"])


def _harmless(found: re.Match[str]) -> str:
    return f"&#{ord(found[0])};" if found[0] in _REFERENCES else f"\\{found[0]}"


def _top(figures: Figures, title: str) -> str:
    mark = _MARKS["passed"] if figures.total and not figures.bad else _MARKS["failed"]
    counts = [f"{figures.counts[s]:,} {s}" for s in STATUSES if figures.counts[s]]
    told = [
        *counts,
        f"{_share(figures.assertions)} assertions passed",
        f"{figures.requests.total:,} requests",
        f"{figures.elapsed:.1f} s",
    ]
    if figures.waited >= NOTICEABLE:
        told.append(f"{figures.waited:.1f} s of waiting for the rate limit")
    return f"## {mark} {escaped(title)}: {figures.headline}\n\n{' · '.join(told)}\n\n"


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
        "–" if entry.started_at is None else f"{entry.ran:.1f} s",
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
    problems = list(entry.problems())
    lines = [_line(place, what, message) for place, what, message in problems[:_SHOWN]]
    if len(problems) > _SHOWN:
        lines.append(f"- and {len(problems) - _SHOWN:,} more\n")
    if not lines:
        return ""
    lines += [f"- not shown: {escaped(note)}\n" for note in entry.notes]
    name = html.escape(_unlinked(shortened(label(entry.name), _NAME)))
    summary = f"{_MARKS[entry.status]} {name}: {len(problems):,} {_problems(len(problems))}"
    return f"<details>\n<summary>{summary}</summary>\n\n{''.join(lines)}\n</details>\n\n"


def _problems(number: int) -> str:
    return "problem" if number == 1 else "problems"


def _line(place: str, what: str, message: str) -> str:
    head = f"{escaped(place)} › " if place else ""
    told = escaped(message, _MESSAGE)
    return f"- {head}**{escaped(label(what))}**" + (f": {told}\n" if told else "\n")
