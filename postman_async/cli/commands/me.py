"""Show whose key it is, and what is used of the quotas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postman_async.cli import options
from postman_async.cli.client import ClientSettings
from postman_async.cli.command import command
from postman_async.cli.output.streams import Format, attribute, dump_json, show_table, write

if TYPE_CHECKING:
    from postman_async import AsyncPostman
    from postman_async.models.users import ApiKeyOwner, OperationUsage

__all__ = ["me_command"]

EXAMPLES = """\
\b
Examples:
  postman-async me
  postman-async me --api-key-file ~/.config/postman/key --region eu
  postman-async me --output json | jq .user.username
"""


@command(examples=EXAMPLES)
@options.client_options
def me_command(*, output: options.Output = Format.table, client: ClientSettings) -> None:
    """Show whose key it is, and what is used of the quotas."""
    owner = client.run(_read)
    if output is Format.json:
        from postman_async import to_dict

        write(dump_json(to_dict(owner)))
    else:
        _show(owner)


async def _read(pm: AsyncPostman) -> ApiKeyOwner:
    return await pm.users.me()


def _show(owner: ApiKeyOwner) -> None:
    fields = ("username", "full_name", "email", "team_name")
    rows = [(field.replace("_", " "), attribute(owner, "user", field)) for field in fields]
    rows += [
        (f"quota: {attribute(usage, 'name')}", _quota(usage))
        for usage in attribute(owner, "operations") or ()
    ]
    show_table(("", ""), [row for row in rows if row[1]])


def _quota(usage: OperationUsage) -> str:
    return f"{attribute(usage, 'usage')} of {attribute(usage, 'limit')}"
