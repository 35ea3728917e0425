"""Call any operation of the API by its name; JSON out."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any

import typer

from postman_async.cli import options
from postman_async.cli.arguments import parse_arguments
from postman_async.cli.client import ClientSettings
from postman_async.cli.command import command
from postman_async.cli.errors import UsageError, print_message, report_errors
from postman_async.cli.output.streams import clean, dump_json, show_table, write, write_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from postman_async import AsyncPostman
    from postman_async.engine.operation import Operation, Parameter

__all__ = ["call_command"]

EXAMPLES = """\
\b
Examples:
  postman-async call --list
  postman-async call users.me
  postman-async call monitors.get monitor_uid=12345678-1e6b6cb1-...
  postman-async call monitors.list limit:=50 --all
  postman-async call monitors.update monitor_uid=... active:=false
  postman-async call collections.create collection:=@collection.json
  postman-async call workspaces.list --raw

\b
Values:
  name=text    name:=JSON    name=@file    name:=@file.json
"""


def _complete_operation(incomplete: str) -> list[str]:
    """Complete the name of an operation."""
    from postman_async.operations import OPERATIONS

    return [name for name in OPERATIONS if name.startswith(incomplete)]


def _complete_argument(ctx: typer.Context, incomplete: str) -> list[str]:
    """Complete the name of an argument of the operation before it."""
    from postman_async.operations import OPERATIONS

    operation = OPERATIONS.get(ctx.params.get("operation") or "")
    names = [] if operation is None else [f"{p.name}=" for p in operation.parameters]
    return [name for name in names if name.startswith(incomplete)]


@command(examples=EXAMPLES, no_args_is_help=True)
@options.client_options
def call_command(
    *,
    operation: Annotated[
        str | None,
        typer.Argument(
            metavar="OPERATION",
            help="Its name; --list shows all.",
            autocompletion=_complete_operation,
        ),
    ] = None,
    values: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME=VALUE",
            help="Its arguments, see below.",
            autocompletion=_complete_argument,
        ),
    ] = None,
    raw: Annotated[
        bool,
        typer.Option("--raw", help="Show the answer as it came: status, headers, body."),
    ] = False,
    every: Annotated[
        bool, typer.Option("--all", help="Get all pages of a list, not only the first.")
    ] = False,
    listed: Annotated[
        bool, typer.Option("--list", help="List the operations and their arguments, and stop.")
    ] = False,
    client: ClientSettings,
) -> None:
    """Call any operation of the API by its name; JSON out."""
    if listed:
        return _list(operation)
    with report_errors():
        found = _find_operation(operation, raw=raw, every=every)
        names = [parameter.name for parameter in found.parameters]
        arguments = parse_arguments(values or [], names, found.id)
        _check_required(found, arguments)
    if raw:
        _show_raw(client, found, arguments)
    elif every:
        write(dump_json(client.run(lambda pm: _all_pages(pm, found, arguments))))
    else:
        write(dump_json(client.run(lambda pm: _one_page(pm, found, arguments))))
    return None


def _find_operation(name: str | None, *, raw: bool, every: bool) -> Operation:
    """Find an operation, and refuse options that do not fit it.

    Raises:
        UsageError: there is no such operation, or an option does not fit it.

    """
    from postman_async.operations import OPERATIONS

    if name is None:
        raise UsageError("which operation? postman-async call --list shows all")
    operation = OPERATIONS.get(name)
    if operation is None:
        near = difflib.get_close_matches(name, OPERATIONS, n=1)
        hint = f"did you mean {near[0]}?" if near else "postman-async call --list shows all"
        raise UsageError(f"there is no operation {name!r}; {hint}")
    if raw and every:
        raise UsageError("give --raw or --all, not both: --raw shows one answer as it came")
    if every and operation.result.paging is None:
        raise UsageError(f"{name} has no pages; leave out --all")
    return operation


def _check_required(operation: Operation, arguments: Mapping[str, Any]) -> None:
    missing = [p.name for p in operation.parameters if p.required and p.name not in arguments]
    if missing:
        raise UsageError(f"{operation.id} needs {' and '.join(f'{name}=…' for name in missing)}")


async def _one_page(pm: AsyncPostman, operation: Operation, arguments: Mapping[str, Any]) -> Any:
    from postman_async import Page, to_dict

    value = await pm.call(operation.id, **arguments)
    if not isinstance(value, Page):
        return to_dict(value)
    if value.next_cursor is not None:
        print_message("this is one page, and there are more; --all gets them")
    return [to_dict(item) for item in value]


async def _all_pages(
    pm: AsyncPostman, operation: Operation, arguments: Mapping[str, Any]
) -> list[Any]:
    from postman_async import to_dict

    namespace = getattr(pm, operation.id.partition(".")[0])
    return [to_dict(item) async for item in namespace.iter(**arguments)]


def _show_raw(client: ClientSettings, operation: Operation, arguments: Mapping[str, Any]) -> None:
    """Show an answer as it came; that of an error is shown too, before it sets the exit code."""

    async def send(pm: AsyncPostman) -> None:
        from postman_async import ApiError

        namespace, _, method = operation.id.partition(".")
        sending = getattr(getattr(pm, namespace).with_raw_response, method)
        try:
            answer = await sending(**arguments)
        except ApiError as error:
            _write_answer(error)
            raise
        _write_answer(answer)

    client.run(send)


def _write_answer(answer: Any) -> None:
    reason = HTTPStatus(answer.status).phrase if answer.status in set(HTTPStatus) else ""
    lines = [f"HTTP {answer.status} {reason}".rstrip()]
    lines += [f"{clean(name)}: {clean(value)}" for name, value in answer.headers.items()]
    write("\n".join([*lines, ""]))
    write_bytes(answer.content)


def _list(prefix: str | None) -> None:
    from postman_async.operations import OPERATIONS

    found = [o for o in OPERATIONS.values() if o.id.startswith(prefix or "")]
    rows = [(o.id, f"{o.method} {o.path}", " ".join(_argument_names(o.parameters))) for o in found]
    show_table(("operation", "endpoint", "arguments"), rows)


def _argument_names(parameters: Iterable[Parameter]) -> list[str]:
    """Return the names of the arguments: the required ones, then the others in brackets."""
    required = [parameter.name for parameter in parameters if parameter.required]
    return [*required, *(f"[{p.name}]" for p in parameters if not p.required)]
