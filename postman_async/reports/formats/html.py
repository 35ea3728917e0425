"""HTML: one file that needs no network, for people.

The template, its style and its script are in ``templates/``.  Each monitor is a row that carries
its own requests as JSON, which the script lays out when the row is opened: that keeps 2,000
monitors quick.  Without scripts the summary, the rows and their failures are there all the same.

The page's content security policy allows the one script and the one style by their hashes and
no connection at all, so that text of a monitor would not run even if its escaping failed.
Rows are kept in temporary files until the totals above them are known.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from importlib.metadata import version
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from postman_async.bulk.outcome import OutcomeStatus
from postman_async.reports.entries import Entry, Step
from postman_async.reports.records import render_entry
from postman_async.reports.text import excerpt, label, one_line
from postman_async.reports.totals import NOTICEABLE, STATUSES, Totals

__all__ = ["html"]

_HOME = "postman_async.reports.formats"
_IN_MEMORY = 2**20
_MAX_TEXT = 5_000
_MAX_PROBLEMS = 50

SIGNS: Mapping[OutcomeStatus, str] = {
    "passed": "✓",
    "failed": "✕",
    "error": "!",
    "unknown": "?",
    "skipped": "–",
}
"""A sign for each outcome, besides its colour and word."""


def html(entries: Iterable[Entry], title: str) -> Iterator[str]:
    """Yield the text of the page piece by piece.

    Args:
        entries: the monitors.
        title: the heading.

    """
    templates, totals = _environment(), Totals()
    row = templates.get_template("row.html.jinja")
    with _temporary_file() as bad, _temporary_file() as good:
        for number, entry in enumerate(totals.counting(entries)):
            file = good if entry.status == "passed" else bad
            file.write(render_entry(functools.partial(_row, row, number), entry))
        bad.seek(0)
        good.seek(0)
        page = templates.get_template("report.html.jinja")
        yield from page.generate(_page(totals, title), bad=bad, good=good)


def _temporary_file() -> tempfile.SpooledTemporaryFile[str]:
    return tempfile.SpooledTemporaryFile(_IN_MEMORY, "w+", encoding="utf-8", newline="\n")


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader(_HOME),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":")}
    environment.filters |= {"seconds": _seconds, "at": _at, "clock": _clock}
    environment.globals |= {"SIGNS": SIGNS, "STATUSES": STATUSES, "NOTICEABLE": NOTICEABLE}
    return environment


def _page(totals: Totals, title: str) -> dict[str, Any]:
    style, script = (_beside(name) for name in ("report.css", "report.js"))
    return {
        "title": label(title),
        "totals": totals,
        "bars": list(_bars(totals)),
        "version": version("postman-async"),
        "style": style,
        "script": script,
        "policy": f"default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; "
        f"style-src '{_hash(style)}'; script-src '{_hash(script)}'",
    }


def _beside(name: str) -> str:
    return files(_HOME).joinpath("templates", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _bars(totals: Totals) -> Iterator[tuple[OutcomeStatus, int, float, float]]:
    """Yield the parts of the bar: outcome, number, start and width in percent."""
    at = 0.0
    for status in STATUSES:
        number = totals.counts[status]
        if number:
            width = 100 * number / totals.total
            yield status, number, at, width
            at += width


def _row(template: Template, number: int, entry: Entry) -> str:
    problems = [
        (one_line(step), label(name), excerpt(message, _MAX_TEXT))
        for step, name, message in entry.all_problems()
    ]
    row = {
        "entry": entry,
        "number": number,
        "name": label(entry.name),
        "uid": one_line(entry.uid),
        "job": one_line(entry.job),
        "problems": problems[:_MAX_PROBLEMS],
        "brief": one_line(problems[0][2], 160) if problems else "",
        "more": len(problems) - _MAX_PROBLEMS,
        "steps": [_step(step) for step in entry.steps],
        "notes": [one_line(note) for note in entry.notes],
    }
    return template.render(row)


def _step(step: Step) -> dict[str, Any]:
    """Write a request for the script; ``ok`` is null where an assertion was skipped."""
    return {
        "name": label(step.name),
        "method": one_line(step.method),
        "url": one_line(step.url, _MAX_TEXT),
        "code": one_line(step.code),
        "ms": step.milliseconds,
        "bytes": step.size,
        "checks": [
            {"name": label(c.name), "ok": c.passed, "why": excerpt(c.message, _MAX_TEXT)}
            for c in step.checks
        ],
        "problems": [[label(p.kind), excerpt(p.message, _MAX_TEXT)] for p in step.problems],
        "sent": [[one_line(name), one_line(value, _MAX_TEXT)] for name, value in step.sent],
        "received": [[one_line(name), one_line(value, _MAX_TEXT)] for name, value in step.received],
    }


def _seconds(value: float) -> str:
    """Write a duration for people, such as ``1 min 05 s``."""
    if value < 0.9995:
        return f"{value * 1000:.0f} ms"
    if value < 99.95:
        return f"{value:.1f} s"
    minutes, seconds = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {seconds:02} s"


def _at(value: datetime) -> str:
    return f"{value:%Y-%m-%d %H:%M:%S} UTC"


def _clock(value: datetime) -> str:
    return f"{value:%H:%M:%S}"
