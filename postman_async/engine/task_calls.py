"""From the answer of an operation that starts work to the `Task` that follows it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote

from attrs import frozen

from postman_async.engine.data.convert import load_model, reader
from postman_async.engine.data.paths import MISSING, find, find_text
from postman_async.engine.http.response import parse_json, value_of
from postman_async.errors import (
    InvalidArgumentError,
    InvalidResponseError,
    NotFoundError,
    TaskExpiredError,
)
from postman_async.tasks import Look, Task

if TYPE_CHECKING:
    from postman_async.engine.http.mask import KeyMask
    from postman_async.engine.http.response import RawResponse
    from postman_async.engine.operation import Operation, Result, TaskRule
    from postman_async.options import CallOptions

__all__ = ["resumed_task", "started_task", "starts_task"]


class _Caller(Protocol):
    """What looks at tasks; a `RawCaller` is one."""

    async def request(
        self, operation: Operation, arguments: Mapping[str, Any], options: CallOptions
    ) -> RawResponse[Any]: ...


def starts_task(operation: Operation, arguments: Mapping[str, Any]) -> bool:
    """Whether the answer of a call is a task."""
    rule = operation.task
    return rule is not None and (rule.when is None or arguments.get(rule.when) is True)


def started_task(
    caller: _Caller,
    operation: Operation,
    arguments: Mapping[str, Any],
    mask: KeyMask,
    answer: RawResponse[Any],
) -> Task[Any]:
    """Make the handle of the work that an answer says has begun.

    Raises:
        InvalidResponseError: the answer does not name the task.

    """
    rule = _rule(operation)
    body = parse_json(_call(operation), answer, mask) if answer.content else None
    look = _load(rule.look)
    named = _from_address(look, rule, body, answer) if rule.address else None
    if named is None:
        named = _from_id(operation, look, rule, body, arguments)
    if None in named.values():
        came = mask.answer(answer)
        reason = f"the answer ({answer.status}) does not name the task it started"
        raise InvalidResponseError(_call(operation), came, reason)
    word = find_text(body, _beside(rule)) or find_text(body, rule.status)
    return _task(caller, operation, look, named, word)


def resumed_task(caller: _Caller, operation: Operation, given: Mapping[str, Any]) -> Task[Any]:
    """Make the handle of work that was started earlier; nothing is sent.

    Args:
        caller: sends the looks.
        operation: the operation that started the work.
        given: ``task_id``, and the other path parameters of the operation that looks.

    Raises:
        InvalidArgumentError: the operation starts no tasks, or an argument is missing or unknown.

    """
    if operation.task is None:
        raise InvalidArgumentError(f"{operation.id} starts no task")
    look = _load(operation.task.look)
    arguments = {_given_name(operation, look, name): value for name, value in given.items()}
    names = _path_names(look)
    for name in (*names, *arguments):
        if name not in arguments or name not in names:
            problem = "needs" if name in names else "has no"
            raise InvalidArgumentError(f"resume_task of {operation.id} {problem} {name!r}")
    return _task(caller, operation, look, arguments, None)


def _given_name(operation: Operation, look: Operation, name: str) -> str:
    """Give ``task_id`` the name that the path of the look has for it."""
    last = _path_names(look)[-1]
    return last if name == "task_id" else name


def _task(
    caller: _Caller,
    operation: Operation,
    look: Operation,
    arguments: Mapping[str, Any],
    word: str | None,
) -> Task[Any]:
    last = _path_names(look)[-1]
    others = {name: value for name, value in arguments.items() if name != last}
    reference = {"operation": operation.id, "task_id": arguments[last], **others}
    sight = _Sight(caller, operation, look, arguments)
    return Task(str(arguments[last]), reference, sight.look, word)


# -- what the task is called -------------------------------------------------------------------


def _from_id(
    operation: Operation,
    look: Operation,
    rule: TaskRule,
    body: Any,
    arguments: Mapping[str, Any],
) -> dict[str, Any]:
    names = _path_names(look)
    found = {name: arguments.get(name) for name in names}
    if rule.id is not None:
        found[names[-1]] = find_text(body, rule.id)
    return found


def _from_address(
    look: Operation, rule: TaskRule, body: Any, answer: RawResponse[Any]
) -> dict[str, Any]:
    """Read the arguments from a path or a URL; nothing is sent to the URL itself."""
    address = answer.headers.get("location") if rule.address == "location" else None
    if rule.address != "location":
        address = find_text(body, rule.address)
    pattern = "".join(
        f"(?P<{part[1:-1]}>[^/?#]+)" if part.startswith("{") else re.escape(part)
        for part in re.split(r"(\{\w+\})", look.path)
    )
    found = re.compile(f"{pattern}(?:[?#].*)?$").search(address or "")
    if found is None:
        return dict.fromkeys(_path_names(look))
    return {name: unquote(value) for name, value in found.groupdict().items()}


def _beside(rule: TaskRule) -> str | None:
    """Where the state is in an answer whose id is in an object of its own."""
    parent = (rule.id or "").rpartition(".")[0]
    return f"{parent}.status" if parent else None


def _path_names(look: Operation) -> list[str]:
    return [p.name for p in look.parameters if p.location == "path"]


def _rule(operation: Operation) -> TaskRule:
    assert operation.task is not None
    return operation.task


def _call(operation: Operation) -> str:
    return f"{operation.method} {operation.path}"


def _load(name: str) -> Operation:
    """Load an operation as models are: by name, for the engine is below the generated code."""
    group = name.rpartition(".")[0].replace(".", "_")
    operation: Operation = import_module(f"postman_async.operations.{group}").OPERATIONS[name]
    return operation


# -- one look ----------------------------------------------------------------------------------


@frozen
class _Sight:
    """Looks at one task."""

    caller: _Caller
    operation: Operation
    looks_with: Operation
    arguments: Mapping[str, Any]

    async def look(self) -> Look:
        """Read the state once."""
        rule = _rule(self.operation)
        try:
            answer = await self.caller.request(self.looks_with, self.arguments, {})
        except NotFoundError as error:
            if not rule.expires:
                raise
            task_id = str(self.arguments[_path_names(self.looks_with)[-1]])
            raise TaskExpiredError(self.operation.id, task_id) from error
        body = parse_json(_call(self.looks_with), answer)
        value = find(body, self.looks_with.result.keys)
        document = body if value is MISSING else value
        return _look(rule, document, answer.rate_limit.retry_after)


def _look(rule: TaskRule, document: Any, retry_after: float | None) -> Look:
    look = Look(
        raw_status=find_text(document, rule.status),
        reason=_reason(document, rule),
        retry_after=retry_after,
    )
    if look.status != "succeeded" or rule.result is None:
        return look
    result = value_of(rule.result, document, _structure(rule.result))
    return Look(raw_status=look.raw_status, result=result)


def _reason(document: Any, rule: TaskRule) -> str | None:
    """Read the reason of a failure: text, or an object with a message."""
    return find_text(document, rule.reason) or find_text(
        document, rule.reason and f"{rule.reason}.message"
    )


def _structure(result: Result) -> Callable[[Any], Any]:
    return _as_it_is if result.model is None else reader(load_model(result.model))


def _as_it_is(value: Any) -> Any:
    return value
