"""Bytes to models and back, against pydantic, on equal models."""

from __future__ import annotations

import importlib
import json
import time
from collections.abc import Callable, Mapping
from typing import Any, get_args

from attrs import has

from benchmarks.bodies import big_collection, run_result
from postman_async import models
from postman_async.engine.data import codec, convert
from postman_async.engine.data.plan import types_of

__all__ = ["WAYS", "first_structuring", "functions"]

WAYS = {
    "read": "bytes to models",
    "read all": "bytes to models, each of them looked at",
    "write": "models to bytes",
    "write all": "models to bytes, after each was looked at",
}
"""What is timed.  Pydantic makes all models at once; ours are made when they are looked at."""

Ways = Mapping[str, Callable[[], object]]


def functions(library: str, kind: str, executions: int) -> Ways:
    """Return the functions to be timed, by their ways.

    Args:
        library: ``ours`` or ``pydantic``.
        kind: ``run`` or ``collection``.
        executions: how many executions the run has.

    """
    body = run_result(executions) if kind == "run" else big_collection()
    read, write = _ours(kind) if library == "ours" else _pydantic(kind)
    look = _looker(library)

    def read_all() -> Any:
        made = read(body)
        look(made)
        return made

    untouched, looked_at = read(body), read_all()
    for made in (untouched, looked_at):
        assert json.loads(write(made)) == json.loads(body), "nothing may be lost"
    return {
        "read": lambda: read(body),
        "read all": read_all,
        "write": lambda: write(untouched),
        "write all": lambda: write(looked_at),
    }


def _ours(kind: str) -> tuple[Callable[[bytes], Any], Callable[[Any], bytes]]:
    make = convert.reader({"run": models.MonitorRun, "collection": models.Collection}[kind])
    return (
        lambda body: make(codec.loads(body)[kind]),
        lambda made: codec.dumps({kind: made}),
    )


def _pydantic(kind: str) -> tuple[Callable[[bytes], Any], Callable[[Any], bytes]]:
    from benchmarks.equal_models import answer_model

    model: Any = answer_model(kind)
    return (
        model.model_validate_json,
        lambda made: made.model_dump_json(by_alias=True, exclude_unset=True).encode(),
    )


def _looker(library: str) -> Callable[[Any], None]:
    """Make what looks at every model in a model, of either library, by the same fields."""
    holding: dict[Any, tuple[str, ...]] = {}
    for name in models.__all__:
        if has(cls := getattr(models, name)):
            holding[cls] = tuple(name for name, kind in types_of(cls).items() if _holds_model(kind))
    if library == "pydantic":
        from benchmarks.equal_models import made_models

        fields = {cls.__name__: names for cls, names in holding.items()}
        holding = {made: fields.get(name, (*made.model_fields,)) for name, made in made_models()}

    def look(root: Any) -> None:
        waiting = [root]
        for value in waiting:
            if type(value) is list:
                waiting += value
            else:
                waiting += [getattr(value, name) for name in holding.get(type(value), ())]

    return look


def _holds_model(annotation: Any) -> bool:
    return has(annotation) or any(map(_holds_model, get_args(annotation)))


def first_structuring(module: str) -> float:
    """Return the milliseconds that the first use of a namespace's models costs."""
    loaded = importlib.import_module(f"postman_async.models.{module}")
    started = time.process_time()
    for name in loaded.__all__:
        if has(cls := getattr(loaded, name)):
            convert.reader(cls)({})
    return (time.process_time() - started) * 1e3
