"""The registry of report formats: one row each, and one module each beside this file.

`FORMATS` is the only list of formats.  What writes a report, the options of the command line,
the table of the README and the message about a missing library are made from it.  A module is
loaded when its format is used, so that a library one format needs is not needed by the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from os import PathLike, fspath
from pathlib import Path
from typing import Any, Literal, TypeAlias

from attrs import frozen

from postman_async.errors import ConfigurationError, InvalidArgumentError

__all__ = ["FORMATS", "Format", "ReportFormat", "find_format", "format_of_path"]

ReportFormat: TypeAlias = Literal["junit", "html", "markdown", "json", "jsonl"]
"""The names of the formats, for type checkers: those of `FORMATS`."""

Record: TypeAlias = Mapping[str, Any]
Render: TypeAlias = Callable[[Iterator[Any], str], Iterator[str]]


@frozen(kw_only=True)
class Format:
    """A row of the registry.

    Attributes:
        label: the name in messages.
        suffixes: the file name suffixes that stand for the format, in lower case.
        render: the render function, as ``module:function``.  It takes the monitors and the title,
            and yields the text of the report piece by piece.
        reads: what the render function takes for a monitor: an `Entry`, or the record itself.
        help: the help of the command line option; ASCII, a sentence without its full stop.
        purpose: the README's words on who reads it, in Markdown.
        extra: the extra of the package that brings the libraries of the format, or None.

    """

    label: str
    suffixes: tuple[str, ...]
    render: str
    reads: Literal["entries", "records"] = "entries"
    help: str
    purpose: str
    extra: str | None = None

    def load(self) -> Render:
        """Import the render function.

        Raises:
            ConfigurationError: a library of the format's extra is not installed.

        """
        module, _, function = self.render.partition(":")
        try:
            render: Render = getattr(import_module(module), function)
        except ModuleNotFoundError as error:
            if self.extra is None or (error.name or "").startswith("postman_async"):
                raise
            raise ConfigurationError(
                f"{self.label} reports need {error.name}: pip install 'postman-async[{self.extra}]'"
            ) from None
        return render


FORMATS: dict[ReportFormat, Format] = {
    "junit": Format(
        label="JUnit",
        suffixes=(".xml",),
        render="postman_async.reports.formats.junit:junit",
        help="Write JUnit XML, for CI",
        purpose="Jenkins, GitLab and GitHub: a suite for each monitor, a case for each assertion",
        extra="reports",
    ),
    "html": Format(
        label="HTML",
        suffixes=(".html", ".htm"),
        render="postman_async.reports.formats.html:html",
        help="Write an HTML page, for people",
        purpose=(
            "people: one file that needs no network, light and dark, for phones, keyboards and"
            " screen readers too; search, filters, each request and its assertions"
        ),
        extra="reports",
    ),
    "markdown": Format(
        label="Markdown",
        suffixes=(".md",),
        render="postman_async.reports.formats.markdown:markdown",
        help="Write Markdown, for a job's page",
        purpose="the page of a CI job, below GitHub's 1 MiB",
    ),
    "json": Format(
        label="JSON",
        suffixes=(".json",),
        render="postman_async.reports.formats.json:json_report",
        reads="records",
        help="Write JSON, for programs",
        purpose="programs; [the schema](report.schema.json) comes along",
    ),
    "jsonl": Format(
        label="JSON Lines",
        suffixes=(".jsonl", ".ndjson"),
        render="postman_async.reports.formats.jsonl:json_lines",
        reads="records",
        help="Write JSON, an outcome a line",
        purpose="programs: one outcome a line",
    ),
}
"""All formats by their names."""


def find_format(name: str) -> Format:
    """Return the row of a format.

    Raises:
        InvalidArgumentError: there is no format of that name.

    """
    for known, format in FORMATS.items():
        if name == known:
            return format
    raise InvalidArgumentError(f"the format is one of {', '.join(FORMATS)}, not {name!r}")


def format_of_path(path: str | PathLike[str]) -> ReportFormat:
    """Return the name of the format that the suffix of a file name stands for.

    Raises:
        InvalidArgumentError: the suffix stands for no format.

    """
    suffix = Path(path).suffix.lower()
    for name, format in FORMATS.items():
        if suffix in format.suffixes:
            return name
    raise InvalidArgumentError(f"no format follows from the name {fspath(path)!r}")
