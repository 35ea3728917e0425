"""``postman-async me``: whose key it is, and what is left of the plan's quotas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postman_async.cli import options
from postman_async.cli.client import Service
from postman_async.cli.output.streams import Format, at, dump_json, show_table, write

if TYPE_CHECKING:
    from postman_async import AsyncPostman
    from postman_async.models.users import ApiKeyOwner, OperationUsage

__all__ = ["EXAMPLES", "me"]

EXAMPLES = """\
\b
Examples:
  postman-async me
  postman-async me --api-key-file ~/.config/postman/key --region eu
  postman-async me --output json | jq .user.username
"""


def me(
    output: options.Output = Format.table,
    api_key_file: options.KeyFile = None,
    base_url: options.BaseUrl = None,
    region: options.Region = None,
    _api_key: options.RefusedKey = None,
) -> None:
    """Show whose key it is, and what is used of the quotas."""
    owner = Service(api_key_file, base_url, region).ask(_read)
    if output is Format.json:
        from postman_async import to_dict

        write(dump_json(to_dict(owner)))
    else:
        _show(owner)


async def _read(pm: AsyncPostman) -> ApiKeyOwner:
    return await pm.users.me()


def _show(owner: ApiKeyOwner) -> None:
    parts = ("username", "full_name", "email", "team_name")
    rows = [(part.replace("_", " "), at(owner, "user", part)) for part in parts]
    rows += [(f"quota: {at(used, 'name')}", _quota(used)) for used in at(owner, "operations") or ()]
    show_table(("", ""), [row for row in rows if row[1]])


def _quota(used: OperationUsage) -> str:
    return f"{at(used, 'usage')} of {at(used, 'limit')}"
