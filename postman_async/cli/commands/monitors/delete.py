"""Delete monitors, after a question."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from postman_async.cli import options
from postman_async.cli.client import ClientSettings
from postman_async.cli.command import command
from postman_async.cli.errors import UsageError, report_errors
from postman_async.cli.output.streams import clean, stderr, write

if TYPE_CHECKING:
    from postman_async import AsyncPostman

__all__ = ["delete_command"]

EXAMPLES = """\
\b
Examples:
  postman-async monitors delete 12345678-1e6b6cb1-...
  postman-async monitors delete --yes 12345678-1e6b6cb1-... 12345678-5f3c2a10-...
"""


@command(examples=EXAMPLES)
@options.client_options
def delete_command(
    *,
    uids: Annotated[list[str], typer.Argument(metavar="UID", help="The monitors' uids.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    client: ClientSettings,
) -> None:
    """Delete monitors, after a question on a terminal, and only with --yes elsewhere."""
    with report_errors():
        if not yes:
            _ask(uids)
    client.run(lambda pm: _delete(pm, uids))


async def _delete(pm: AsyncPostman, uids: Sequence[str]) -> None:
    for uid in uids:
        await pm.monitors.delete(uid)
        write(f"deleted {clean(uid)}")


def _ask(uids: Sequence[str]) -> None:
    """Ask whether to delete the monitors.

    Raises:
        UsageError: the answer is not yes, or there is no terminal.

    """
    if not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask at: give --yes to delete")
    stderr.write(f"Delete {len(uids)} of the monitors for good? [y/N] ")
    stderr.flush()
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise UsageError("nothing was deleted")
