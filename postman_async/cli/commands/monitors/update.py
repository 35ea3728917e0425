"""Change a monitor; what is not named stays as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from postman_async.cli import options
from postman_async.cli.client import ClientSettings
from postman_async.cli.command import command
from postman_async.cli.commands.monitors._shared import (
    Active,
    MoreFields,
    Timezone,
    Uid,
    parse_fields,
    write_json,
)
from postman_async.cli.errors import UsageError, report_errors

if TYPE_CHECKING:
    from postman_async import AsyncPostman, MonitorRef

__all__ = ["update_command"]

EXAMPLES = """\
\b
Examples:
  postman-async monitors update 12345678-1e6b6cb1-... --inactive
  postman-async monitors update 12345678-1e6b6cb1-... --name Hourly --cron '0 * * * *'
  postman-async monitors update 12345678-1e6b6cb1-... 'retry:={"attempts": 1}'
"""


@command(examples=EXAMPLES)
@options.client_options
def update_command(
    *,
    uid: Uid,
    more: MoreFields = None,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="Its name.")] = None,
    cron: Annotated[
        str | None, typer.Option("--cron", metavar="CRON", help="When it runs: five fields.")
    ] = None,
    timezone: Timezone = None,
    active: Active = None,
    client: ClientSettings,
) -> None:
    """Change a monitor; what is not named stays as it is."""
    fields = parse_fields(more, name=name, active=active)
    schedule = {k: v for k, v in (("cron", cron), ("timezone", timezone)) if v is not None}
    with report_errors():
        if not fields and not schedule:
            raise UsageError("nothing to change: name at least one field, such as --inactive")
    write_json(client.run(lambda pm: _update(pm, uid, fields, schedule)))


async def _update(
    pm: AsyncPostman, uid: str, fields: dict[str, Any], schedule: dict[str, str]
) -> MonitorRef:
    """Update the fields; a schedule of which one half was given keeps its other half."""
    if len(schedule) == 1:
        current = (await pm.monitors.get(uid)).schedule
        schedule = {"cron": current.cron, "timezone": current.timezone, **schedule}
    if schedule:
        fields = {**fields, "schedule": schedule}
    return await pm.monitors.update(uid, **fields)
