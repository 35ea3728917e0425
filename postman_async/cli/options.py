"""The options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

import typer

from postman_async.cli.errors import USAGE, complain
from postman_async.cli.output.streams import Format

__all__ = [
    "Active",
    "BaseUrl",
    "Collection",
    "Environment",
    "Html",
    "JUnit",
    "Json",
    "JsonLines",
    "KeepHeaders",
    "KeyFile",
    "Markdown",
    "NamePattern",
    "NoColor",
    "Output",
    "Owner",
    "Plain",
    "RefusedKey",
    "Region",
    "RegionName",
    "Title",
    "Workspace",
    "file_option",
]

RegionName: TypeAlias = Literal["us", "eu"]


def file_option(flag: str, text: str) -> Any:
    """Describe an option that takes the name of a file."""
    return typer.Option(flag, metavar="FILE", help=text)


def _refuse(value: str | None) -> None:
    if value is not None:
        raise complain(
            "--api-key is not taken: the key would show in the process list and in the shell's"
            " history; set POSTMAN_API_KEY, or give --api-key-file FILE",
            USAGE,
        )


KeyFile = Annotated[
    Path | None,
    typer.Option(
        "--api-key-file",
        metavar="FILE",
        help="The file with the API key; else POSTMAN_API_KEY, else the keyring.",
    ),
]

BaseUrl = Annotated[
    str | None,
    typer.Option("--base-url", metavar="URL", help="Where the service is; else POSTMAN_BASE_URL."),
]

Region = Annotated[
    RegionName | None,
    typer.Option("--region", help="The service's region, instead of a base URL."),
]

RefusedKey = Annotated[
    str | None, typer.Option("--api-key", hidden=True, is_eager=True, callback=_refuse)
]

Output = Annotated[
    Format, typer.Option("--output", "-o", help="A table for people, or JSON for scripts.")
]

Plain = Annotated[
    bool, typer.Option("--plain", help="Plain lines; the default when this is no terminal.")
]

NoColor = Annotated[bool, typer.Option("--no-color", help="No colours (NO_COLOR does the same).")]

Workspace = Annotated[
    str | None,
    typer.Option("--workspace", metavar="ID", help="Those of the workspace with this id."),
]

NamePattern = Annotated[
    str | None,
    typer.Option("--name", metavar="PATTERN", help="Those whose name fits: 'checkout-*'."),
]

Owner = Annotated[
    str | None, typer.Option("--owner", metavar="ID", help="Those of the user with this id.")
]

Collection = Annotated[
    str | None,
    typer.Option("--collection", metavar="UID", help="Those of the collection with this uid."),
]

Environment = Annotated[
    str | None,
    typer.Option("--environment", metavar="UID", help="Those with this environment's uid."),
]

Active = Annotated[
    bool | None,
    typer.Option("--active/--inactive", help="Those that run by a schedule, or do not."),
]

JUnit = Annotated[Path | None, file_option("--junit", "Write JUnit XML, for CI; - is stdout.")]
Html = Annotated[Path | None, file_option("--html", "Write an HTML page, for people.")]
Markdown = Annotated[
    Path | None, file_option("--markdown", "Write Markdown, for a job's page; - is stdout.")
]
Json = Annotated[Path | None, file_option("--json", "Write JSON, for programs; - is stdout.")]
JsonLines = Annotated[
    Path | None, file_option("--jsonl", "Write JSON, an outcome a line; - is stdout.")
]

Title = Annotated[str, typer.Option("--title", metavar="TEXT", help="The heading of the reports.")]

KeepHeaders = Annotated[
    bool, typer.Option("--keep-headers", help="Leave secret headers in the reports.")
]
