"""What an operation starts that takes long: `x-task`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from postman_async.codegen.ir import Method, Param, Result, TaskStart
from postman_async.codegen.lower.results import value
from postman_async.codegen.lower.source import Source
from postman_async.codegen.read import SpecError

__all__ = ["check_looks", "task_start"]


def task_start(source: Source, arguments: tuple[Param, ...]) -> TaskStart | None:
    """Make the rule by which the started work is followed."""
    node = source.word("x-task")
    if node is None:
        return None
    if "look" not in node:
        raise source.error("has an x-task without the operation to look with")
    if "id" in node and "address" in node:
        raise source.error("has an x-task with both an id and an address")
    when = node.get("when")
    if when is not None and when not in {p.name for p in arguments}:
        raise source.error(f"starts a task when {when!r} is true, which is no argument")
    return TaskStart(
        look=node["look"],
        result=_result(source),
        id=node.get("id"),
        address=node.get("address"),
        status=node.get("status", "status"),
        reason=node.get("reason"),
        expires=node.get("expires", False),
        when=when,
    )


def _result(source: Source) -> Result | None:
    node = source.word("x-task")
    if "schema" not in node:
        if "result" in node:
            raise source.error("has an x-task with a result but no schema of it")
        return None
    return value(source, source.part.at(node["schema"]), "", node.get("result"))


def check_looks(methods: Mapping[str, Method]) -> None:
    """See that each task is looked at by a GET whose path its answer can fill."""
    for method in methods.values():
        if method.task is None:
            continue
        look = methods.get(method.task.look)
        if look is None or look.http != "GET":
            raise _error(method, f"looks with {method.task.look!r}, which is no GET operation")
        missing = set(_needed(method.task, look)) - {p.name for p in method.params}
        if missing:
            raise _error(method, f"cannot fill {', '.join(sorted(missing))} of {look.id}")


def _needed(task: TaskStart, look: Method) -> list[str]:
    """Return the path parameters that the arguments of the start must fill."""
    names = re.findall(r"\{(\w+)\}", look.path)
    if task.address is not None:
        return []
    return names[:-1] if task.id is not None else names


def _error(method: Method, complaint: str) -> SpecError:
    return SpecError(f"{method.id}: its x-task {complaint}")
