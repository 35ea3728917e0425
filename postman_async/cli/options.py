"""The options that several commands share, one by one and in groups."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import Parameter
from pathlib import Path
from typing import Annotated, Any

import typer

from postman_async.cli.client import ClientSettings, RegionName
from postman_async.cli.command import option_group
from postman_async.cli.errors import USAGE, exit_with_error
from postman_async.cli.output.streams import Format
from postman_async.cli.reports import Reports, requested_reports
from postman_async.reports.formats import FORMATS

__all__ = [
    "NoColor",
    "Output",
    "Plain",
    "client_options",
    "file_option",
    "report_options",
    "selection_options",
]


def file_option(flag: str, text: str) -> Any:
    """Describe an option that takes the name of a file."""
    return typer.Option(flag, metavar="FILE", help=text)


# -- single options --------------------------------------------------------------------------

Output = Annotated[
    Format, typer.Option("--output", "-o", help="A table for people, or JSON for scripts.")
]

Plain = Annotated[
    bool,
    typer.Option("--plain", help="Plain lines; the default when stdout is not a terminal."),
]

NoColor = Annotated[bool, typer.Option("--no-color", help="No colours (NO_COLOR does the same).")]

# -- the client ------------------------------------------------------------------------------


def _refuse(value: str | None) -> None:
    if value is not None:
        raise exit_with_error(
            "--api-key is not taken: the key would show in the process list and in the shell's"
            " history; set POSTMAN_API_KEY, or give --api-key-file FILE",
            USAGE,
        )


KeyFile = Annotated[
    Path | None,
    file_option(
        "--api-key-file", "The file with the API key; else POSTMAN_API_KEY, else the keyring."
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


def _client(
    api_key_file: KeyFile = None,
    base_url: BaseUrl = None,
    region: Region = None,
    _api_key: RefusedKey = None,
) -> ClientSettings:
    return ClientSettings(api_key_file, base_url, region)


client_options = option_group("client", _client)
"""The options of a command with the parameter ``client``, a `ClientSettings`."""

# -- the monitors ----------------------------------------------------------------------------

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


def _conditions(
    workspace: Workspace = None,
    name: NamePattern = None,
    owner: Owner = None,
    collection: Collection = None,
    environment: Environment = None,
    active: Active = None,
) -> Mapping[str, Any]:
    conditions = {
        "workspace": workspace,
        "name": name,
        "owner": owner,
        "collection": collection,
        "environment": environment,
        "active": active,
    }
    return {name: value for name, value in conditions.items() if value is not None}


selection_options = option_group("conditions", _conditions)
"""The options of a command with the parameter ``conditions``: those that were given, by name."""

# -- reports ---------------------------------------------------------------------------------

Title = Annotated[str, typer.Option("--title", metavar="TEXT", help="The heading of the reports.")]

KeepHeaders = Annotated[
    bool, typer.Option("--keep-headers", help="Leave secret headers in the reports.")
]


_FILE = "report_"
"""Before the name of a format, so that its parameter is none that a command has already."""


def _report_options() -> list[Parameter]:
    """Make an option for each format of the registry, and those that all formats share."""
    options: dict[str, tuple[Any, Any]] = {
        f"{_FILE}{name}": (_report_file(f"--{name}", format.help), None)
        for name, format in FORMATS.items()
    }
    options |= {"title": (Title, "Monitor runs"), "keep_headers": (KeepHeaders, False)}
    return [
        Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, (annotation, default) in options.items()
    ]


def _report_file(flag: str, text: str) -> Any:
    return Annotated[Path | None, file_option(flag, f"{text}; - is stdout.")]


def _reports(*, title: str, keep_headers: bool, **files: Path | None) -> Reports:
    by_format = {name.removeprefix(_FILE): file for name, file in files.items()}
    return requested_reports(by_format, title=title, keep_headers=keep_headers)


report_options = option_group("reports", _reports, _report_options())
"""The options of a command with the parameter ``reports``, a `Reports`."""
