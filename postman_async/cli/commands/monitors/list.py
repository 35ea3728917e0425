"""List the monitors that the key may see, all pages of them."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from postman_async.cli import options
from postman_async.cli.client import ClientSettings
from postman_async.cli.command import command
from postman_async.cli.commands.monitors._shared import state, write_json
from postman_async.cli.output.streams import Format, show_table

if TYPE_CHECKING:
    from postman_async import AsyncPostman, MonitorSummary

__all__ = ["list_command"]

EXAMPLES = """\
\b
Examples:
  postman-async monitors list
  postman-async monitors list --workspace 1f0df51a-... --name 'checkout-*' --active
  postman-async monitors list --output json | jq -r '.[].uid'
"""

_FILTERS = {"collection": "collection_uid", "environment": "environment_uid"}
"""The conditions that the API's parameters have another name for."""


@command(examples=EXAMPLES)
@options.selection_options
@options.client_options
def list_command(
    *,
    conditions: Mapping[str, Any],
    output: options.Output = Format.table,
    client: ClientSettings,
) -> None:
    """List the monitors that the key may see, all pages of them."""
    monitors = client.run(lambda pm: _list(pm, conditions))
    if output is Format.json:
        write_json(monitors)
    else:
        rows = [(monitor.name, state(monitor.active), monitor.uid) for monitor in monitors]
        show_table(("name", "state", "uid"), rows)


async def _list(pm: AsyncPostman, conditions: Mapping[str, Any]) -> list[MonitorSummary]:
    pattern = conditions.get("name", "*")
    filters = {_FILTERS.get(name, name): v for name, v in conditions.items() if name != "name"}
    monitors = [monitor async for monitor in pm.monitors.iter(**filters)]
    return [monitor for monitor in monitors if fnmatchcase(monitor.name, pattern)]
