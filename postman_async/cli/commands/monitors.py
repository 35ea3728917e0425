"""``postman-async monitors``: list, show, make, change and delete monitors."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Annotated, Any

import typer

from postman_async.cli import options
from postman_async.cli.arguments import parse_values
from postman_async.cli.client import Service
from postman_async.cli.errors import UsageError, reported
from postman_async.cli.output.streams import Format, at, clean, dump_json, show_table, stderr, write

if TYPE_CHECKING:
    from postman_async import AsyncPostman, Monitor, MonitorRef, MonitorSummary

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="List, show and change monitors."
)

_LIST_EXAMPLES = """\
\b
Examples:
  postman-async monitors list
  postman-async monitors list --workspace 1f0df51a-... --name 'checkout-*' --active
  postman-async monitors list --output json | jq -r '.[].uid'
"""

_GET_EXAMPLES = """\
\b
Examples:
  postman-async monitors get 12345678-1e6b6cb1-...
  postman-async monitors get 12345678-1e6b6cb1-... --output json | jq .lastRun
"""

_CREATE_EXAMPLES = """\
\b
Examples:
  postman-async monitors create --name Nightly --collection 12345678-... --cron '0 4 * * *'
  postman-async monitors create --name Hourly --collection 12345678-... --cron '0 * * * *' \\
      --timezone Europe/Berlin 'options:={"requestTimeout": 3000}' 'retry:={"attempts": 2}'

\b
What has no option of its own goes as NAME=VALUE, as for "call": options, notifications,
distribution, retry, notification_limit.
"""

_UPDATE_EXAMPLES = """\
\b
Examples:
  postman-async monitors update 12345678-1e6b6cb1-... --inactive
  postman-async monitors update 12345678-1e6b6cb1-... --name Hourly --cron '0 * * * *'
  postman-async monitors update 12345678-1e6b6cb1-... 'retry:={"attempts": 1}'
"""

_DELETE_EXAMPLES = """\
\b
Examples:
  postman-async monitors delete 12345678-1e6b6cb1-...
  postman-async monitors delete --yes 12345678-1e6b6cb1-... 12345678-5f3c2a10-...
"""

_MORE = ("options", "notifications", "distribution", "retry", "notification_limit")

Uid = Annotated[str, typer.Argument(metavar="UID", help="The monitor's uid.")]
Name = Annotated[str | None, typer.Option("--name", metavar="NAME", help="Its name.")]
Cron = Annotated[
    str | None, typer.Option("--cron", metavar="CRON", help="When it runs: five fields.")
]
Timezone = Annotated[
    str | None,
    typer.Option(
        "--timezone", metavar="ZONE", help="The time zone of --cron, such as Europe/Berlin."
    ),
]
Active = Annotated[
    bool | None, typer.Option("--active/--inactive", help="Whether it runs by its schedule.")
]
More = Annotated[
    list[str] | None, typer.Argument(metavar="NAME=VALUE", help="More fields, see below.")
]


@app.command("list", epilog=_LIST_EXAMPLES)
def list_monitors(
    workspace: options.Workspace = None,
    name: options.NamePattern = None,
    owner: options.Owner = None,
    collection: options.Collection = None,
    environment: options.Environment = None,
    active: options.Active = None,
    output: options.Output = Format.table,
    api_key_file: options.KeyFile = None,
    base_url: options.BaseUrl = None,
    region: options.Region = None,
    _api_key: options.RefusedKey = None,
) -> None:
    """List the monitors that the key may see, all pages of them."""
    filters = {
        "workspace": workspace,
        "owner": owner,
        "collection_uid": collection,
        "environment_uid": environment,
        "active": active,
    }
    given = {key: value for key, value in filters.items() if value is not None}
    service = Service(api_key_file, base_url, region)
    found = service.ask(lambda pm: _list(pm, given, name))
    if output is Format.json:
        _write_json(found)
    else:
        rows = [(m.name, _state(m.active), m.uid) for m in found]
        show_table(("name", "state", "uid"), rows)


async def _list(
    pm: AsyncPostman, filters: dict[str, Any], name: str | None
) -> list[MonitorSummary]:
    found = [monitor async for monitor in pm.monitors.iter(**filters)]
    return [m for m in found if name is None or fnmatchcase(m.name, name)]


@app.command("get", epilog=_GET_EXAMPLES)
def get_monitor(
    uid: Uid,
    output: options.Output = Format.table,
    api_key_file: options.KeyFile = None,
    base_url: options.BaseUrl = None,
    region: options.Region = None,
    _api_key: options.RefusedKey = None,
) -> None:
    """Show a monitor, with its schedule and its last run."""
    service = Service(api_key_file, base_url, region)
    monitor = service.ask(lambda pm: pm.monitors.get(uid))
    if output is Format.json:
        _write_json(monitor)
    else:
        show_table(("", ""), [row for row in _facts(monitor) if row[1]])


@app.command("create", epilog=_CREATE_EXAMPLES)
def create_monitor(
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="Its name.")],
    collection: Annotated[
        str, typer.Option("--collection", metavar="UID", help="The uid of the collection it runs.")
    ],
    cron: Annotated[str, typer.Option("--cron", metavar="CRON", help="When it runs: five fields.")],
    more: More = None,
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
    api_key_file: options.KeyFile = None,
    base_url: options.BaseUrl = None,
    region: options.Region = None,
    _api_key: options.RefusedKey = None,
) -> None:
    """Make a monitor of a collection, and show its names as JSON."""
    fields = _fields(more, workspace=workspace, environment=environment, active=active)
    fields |= {"name": name, "collection": collection}
    fields["schedule"] = {"cron": cron, "timezone": timezone or "UTC"}
    service = Service(api_key_file, base_url, region)
    _write_json(service.ask(lambda pm: pm.monitors.create(**fields)))


@app.command("update", epilog=_UPDATE_EXAMPLES)
def update_monitor(
    uid: Uid,
    more: More = None,
    name: Name = None,
    cron: Cron = None,
    timezone: Timezone = None,
    active: Active = None,
    api_key_file: options.KeyFile = None,
    base_url: options.BaseUrl = None,
    region: options.Region = None,
    _api_key: options.RefusedKey = None,
) -> None:
    """Change a monitor; what is not named stays as it is."""
    fields = _fields(more, name=name, active=active)
    schedule = {k: v for k, v in (("cron", cron), ("timezone", timezone)) if v is not None}
    with reported():
        if not fields and not schedule:
            raise UsageError("nothing to change: name at least one field, such as --inactive")
    service = Service(api_key_file, base_url, region)
    _write_json(service.ask(lambda pm: _update(pm, uid, fields, schedule)))


async def _update(
    pm: AsyncPostman, uid: str, fields: dict[str, Any], schedule: dict[str, str]
) -> MonitorRef:
    """Change what was given; half of a schedule is filled up with the present one."""
    if len(schedule) == 1:
        present = (await pm.monitors.get(uid)).schedule
        schedule = {"cron": present.cron, "timezone": present.timezone, **schedule}
    if schedule:
        fields = {**fields, "schedule": schedule}
    return await pm.monitors.update(uid, **fields)


@app.command("delete", epilog=_DELETE_EXAMPLES, short_help="Delete monitors, after a question.")
def delete_monitors(
    uids: Annotated[list[str], typer.Argument(metavar="UID", help="The monitors' uids.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    api_key_file: options.KeyFile = None,
    base_url: options.BaseUrl = None,
    region: options.Region = None,
    _api_key: options.RefusedKey = None,
) -> None:
    """Delete monitors, after a question on a terminal, and only with --yes elsewhere."""
    with reported():
        if not yes:
            _ask(uids)
    Service(api_key_file, base_url, region).ask(lambda pm: _delete(pm, uids))


async def _delete(pm: AsyncPostman, uids: Sequence[str]) -> None:
    for uid in uids:
        await pm.monitors.delete(uid)
        write(f"deleted {clean(uid)}")


def _ask(uids: Sequence[str]) -> None:
    if not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask at: give --yes to delete")
    stderr.write(f"Delete {len(uids)} of the monitors for good? [y/N] ")
    stderr.flush()
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise UsageError("nothing was deleted")


def _fields(more: Sequence[str] | None, **given: Any) -> dict[str, Any]:
    """Return the fields that were given, by options or by ``name=value``."""
    with reported():
        values = parse_values(more or [], _MORE, "the monitor")
    return values | {name: value for name, value in given.items() if value is not None}


def _write_json(value: Monitor | MonitorRef | list[MonitorSummary]) -> None:
    from postman_async import to_dict

    write(dump_json(to_dict(value)))


def _facts(monitor: Monitor) -> list[tuple[str, object]]:
    cron, timezone = at(monitor, "schedule", "cron"), at(monitor, "schedule", "timezone")
    return [
        ("name", monitor.name),
        ("uid", monitor.uid),
        ("state", _state(monitor.active)),
        ("schedule", cron and f"{cron} ({timezone})"),
        ("next run", monitor.active and at(monitor, "schedule", "next_run")),
        ("collection", monitor.collection_uid),
        ("environment", monitor.environment_uid),
        ("last run", _last_run(monitor)),
    ]


def _state(active: bool | None) -> str:
    return "" if active is None else "active" if active else "inactive"


def _last_run(monitor: Monitor) -> str | None:
    status, began = (at(monitor, "last_run", name) for name in ("status", "started_at"))
    made = at(monitor, "last_run", "stats", "assertions")
    if status is None:
        return None
    figures = f", {made.total - made.failed}/{made.total} assertions passed" if made else ""
    return f"{status} at {began}{figures}"
