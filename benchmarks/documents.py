"""Bytes to models and back, ours against pydantic's, on equal models."""

from __future__ import annotations

import importlib
import json
import time
from collections.abc import Callable
from typing import Any

from benchmarks.bodies import big_collection, run_result

__all__ = ["first_structuring", "function"]


def function(library: str, kind: str, executions: int, way: str) -> Callable[[], object]:
    """Return what is to be timed.

    Args:
        library: ``ours`` or ``pydantic``.
        kind: ``run`` or ``collection``.
        executions: how many executions the run has.
        way: ``read`` (bytes to models, all of them), ``read later`` (ours: what is lazy stays
            raw) or ``write`` (models to bytes).

    """
    body = run_result(executions) if kind == "run" else big_collection()
    return {"ours": _ours, "pydantic": _pydantic}[library](kind, body, way)


def _ours(kind: str, body: bytes, way: str) -> Callable[[], object]:
    from postman_async import models
    from postman_async.engine import convert
    from postman_async.engine.request import dumps
    from postman_async.engine.response import loads

    model: Any = models.MonitorRun if kind == "run" else models.Collection

    def read() -> Any:
        value = convert.from_dict(loads(body)[kind], model)
        if way == "read" and kind == "run":
            value.executions  # noqa: B018 - the lazy part is made when it is asked for
        return value

    if way != "write":
        return read
    made = read()
    return lambda: dumps({kind: convert.to_dict(made)})


def _pydantic(kind: str, body: bytes, way: str) -> Callable[[], object]:
    from benchmarks.equal_models import answer_model

    model: Any = answer_model(kind)
    if way != "write":
        return lambda: model.model_validate_json(body)
    made = model.model_validate_json(body)
    again = json.loads(made.model_dump_json(by_alias=True, exclude_unset=True))
    assert again == json.loads(body), "pydantic must lose nothing either"
    return lambda: made.model_dump_json(by_alias=True, exclude_unset=True)


def first_structuring(module: str) -> float:
    """Return the milliseconds that the first use of a namespace's models costs."""
    from attrs import has

    from postman_async.engine import convert

    started = time.perf_counter()
    loaded = importlib.import_module(f"postman_async.models.{module}")
    for name in loaded.__all__:
        if has(cls := getattr(loaded, name)):
            convert.from_dict({}, cls)
    return (time.perf_counter() - started) * 1e3
