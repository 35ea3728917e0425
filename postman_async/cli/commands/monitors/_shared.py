"""What the commands about monitors share: options, fields as ``name=value``, JSON of models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from postman_async.cli.arguments import parse_arguments
from postman_async.cli.errors import report_errors
from postman_async.cli.output.streams import dump_json, write

if TYPE_CHECKING:
    from postman_async import Monitor, MonitorRef, MonitorSummary

__all__ = ["Active", "MoreFields", "Timezone", "Uid", "parse_fields", "state", "write_json"]

_FIELDS = ("options", "notifications", "distribution", "retry", "notification_limit")
"""The fields of a monitor that have no option of their own."""

Uid = Annotated[str, typer.Argument(metavar="UID", help="The monitor's uid.")]

Timezone = Annotated[
    str | None,
    typer.Option(
        "--timezone", metavar="ZONE", help="The time zone of --cron, such as Europe/Berlin."
    ),
]

Active = Annotated[
    bool | None, typer.Option("--active/--inactive", help="Whether it runs by its schedule.")
]

MoreFields = Annotated[
    list[str] | None, typer.Argument(metavar="NAME=VALUE", help="More fields, see below.")
]


def parse_fields(more: Sequence[str] | None, **options: Any) -> dict[str, Any]:
    """Return the fields that were given, as ``name=value`` or by options.

    Raises:
        typer.Exit: a field cannot be read; its error was printed.

    """
    with report_errors():
        fields = parse_arguments(more or [], _FIELDS, "the monitor")
    return fields | {name: value for name, value in options.items() if value is not None}


def state(active: bool | None) -> str:
    """Return the word for a monitor's state; empty where it is not known."""
    return "" if active is None else "active" if active else "inactive"


def write_json(value: Monitor | MonitorRef | list[MonitorSummary]) -> None:
    """Write models to stdout as JSON."""
    from postman_async import to_dict

    write(dump_json(to_dict(value)))
