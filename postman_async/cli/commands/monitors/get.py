"""Show a monitor, with its schedule and its last run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postman_async.cli import options
from postman_async.cli.client import ClientSettings
from postman_async.cli.command import command
from postman_async.cli.commands.monitors._shared import Uid, state, write_json
from postman_async.cli.output.streams import Format, attribute, show_table

if TYPE_CHECKING:
    from postman_async import Monitor

__all__ = ["get_command"]

EXAMPLES = """\
\b
Examples:
  postman-async monitors get 12345678-1e6b6cb1-...
  postman-async monitors get 12345678-1e6b6cb1-... --output json | jq .lastRun
"""


@command(examples=EXAMPLES)
@options.client_options
def get_command(*, uid: Uid, output: options.Output = Format.table, client: ClientSettings) -> None:
    """Show a monitor, with its schedule and its last run."""
    monitor = client.run(lambda pm: pm.monitors.get(uid))
    if output is Format.json:
        write_json(monitor)
    else:
        show_table(("", ""), [row for row in _rows(monitor) if row[1]])


def _rows(monitor: Monitor) -> list[tuple[str, object]]:
    cron, timezone, next_run = (
        attribute(monitor, "schedule", name) for name in ("cron", "timezone", "next_run")
    )
    return [
        ("name", monitor.name),
        ("uid", monitor.uid),
        ("state", state(monitor.active)),
        ("schedule", cron and f"{cron} ({timezone})"),
        ("next run", monitor.active and next_run),
        ("collection", monitor.collection_uid),
        ("environment", monitor.environment_uid),
        ("last run", _last_run(monitor)),
    ]


def _last_run(monitor: Monitor) -> str | None:
    status, started_at = (attribute(monitor, "last_run", n) for n in ("status", "started_at"))
    if status is None:
        return None
    assertions = attribute(monitor, "last_run", "stats", "assertions")
    if not assertions:
        return f"{status} at {started_at}"
    passed = assertions.total - assertions.failed
    return f"{status} at {started_at}, {passed}/{assertions.total} assertions passed"
