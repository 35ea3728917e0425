"""Make a monitor of a collection, and show its names as JSON."""

from __future__ import annotations

from typing import Annotated

import typer

from postman_async.cli import options
from postman_async.cli.client import ClientSettings
from postman_async.cli.command import command
from postman_async.cli.commands.monitors._shared import (
    Active,
    MoreFields,
    Timezone,
    parse_fields,
    write_json,
)

__all__ = ["create_command"]

EXAMPLES = """\
\b
Examples:
  postman-async monitors create --name Nightly --collection 12345678-... --cron '0 4 * * *'
  postman-async monitors create --name Hourly --collection 12345678-... --cron '0 * * * *' \\
      --timezone Europe/Berlin 'options:={"requestTimeout": 3000}' 'retry:={"attempts": 2}'

\b
What has no option of its own goes as NAME=VALUE, as for "call": options, notifications,
distribution, retry, notification_limit.
"""


@command(examples=EXAMPLES)
@options.client_options
def create_command(
    *,
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="Its name.")],
    collection: Annotated[
        str, typer.Option("--collection", metavar="UID", help="The uid of the collection it runs.")
    ],
    cron: Annotated[str, typer.Option("--cron", metavar="CRON", help="When it runs: five fields.")],
    more: MoreFields = None,
    timezone: Timezone = None,
    workspace: Annotated[
        str | None,
        typer.Option("--workspace", metavar="ID", help="The id of the workspace to make it in."),
    ] = None,
    environment: Annotated[
        str | None,
        typer.Option("--environment", metavar="UID", help="The uid of the environment it uses."),
    ] = None,
    active: Active = None,
    client: ClientSettings,
) -> None:
    """Make a monitor of a collection, and show its names as JSON."""
    fields = parse_fields(more, workspace=workspace, environment=environment, active=active)
    fields |= {"name": name, "collection": collection}
    fields["schedule"] = {"cron": cron, "timezone": timezone or "UTC"}
    write_json(client.run(lambda pm: pm.monitors.create(**fields)))
