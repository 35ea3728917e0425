"""What an operation starts that takes long: `x-task`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from attrs import evolve

from postman_async.codegen.ir import Method, Param, Result, TaskStart
from postman_async.codegen.lower.results import value
from postman_async.codegen.lower.source import Source
from postman_async.codegen.read import SpecError

__all__ = ["task_start", "with_looks"]


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


def with_looks(methods: Mapping[str, Method]) -> dict[str, Method]:
    """Add to each task what its look needs; the look is a GET whose path the answer can fill."""
    return {name: _with_look(method, methods) for name, method in methods.items()}


def _with_look(method: Method, methods: Mapping[str, Method]) -> Method:
    if method.task is None:
        return method
    look = methods.get(method.task.look)
    if look is None or look.http != "GET":
        raise _error(method, f"looks with {method.task.look!r}, which is no GET operation")
    names = _in_path(look)
    if not names:
        raise _error(method, f"looks with {look.id}, whose path names no task")
    missing = set(_needed(method.task, names)) - {p.name for p in method.params}
    if missing:
        raise _error(method, f"cannot fill {', '.join(sorted(missing))} of {look.id}")
    return evolve(method, task=evolve(method.task, others=tuple(names[:-1])))


def _in_path(look: Method) -> list[str]:
    return re.findall(r"\{(\w+)\}", look.path)


def _needed(task: TaskStart, names: list[str]) -> list[str]:
    """Return the path parameters that the arguments of the start must fill."""
    if task.address is not None:
        return []
    return names[:-1] if task.id is not None else names


def _error(method: Method, complaint: str) -> SpecError:
    return SpecError(f"{method.id}: its x-task {complaint}")
