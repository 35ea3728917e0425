"""From the spec to the intermediate form."""

from __future__ import annotations

from collections.abc import Mapping

from postman_async.codegen.grammar import check
from postman_async.codegen.ir import Api, Bucket, Method
from postman_async.codegen.lower.failures import ERRORS
from postman_async.codegen.lower.models import models
from postman_async.codegen.lower.namespaces import namespaces
from postman_async.codegen.lower.operations import method
from postman_async.codegen.lower.source import Source
from postman_async.codegen.lower.tasks import with_looks
from postman_async.codegen.read import Spec, SpecError

__all__ = ["ERRORS", "lower"]


def lower(spec: Spec) -> Api:
    """Make the intermediate form of the whole spec.

    Raises:
        SpecError: the spec says something that the generator does not understand.

    """
    check(spec)
    made = with_looks(_methods(spec))
    groups: dict[str, list[Method]] = {}
    for one in made.values():
        groups.setdefault(one.id.rpartition(".")[0], []).append(one)
    used = {ref for one in made.values() for ref in one.models}
    return Api(namespaces(spec, groups), models(spec, used), _buckets(spec, made))


def _methods(spec: Spec) -> dict[str, Method]:
    """Make the methods by id, in the order of the spec."""
    made: dict[str, Method] = {}
    for parts in spec.operations():
        source = Source(spec, *parts)
        if "." not in source.id:
            raise SpecError(f"{source.part.file}: {source.http} {source.path} has no operationId"
                            " of the form namespace.method")  # fmt: skip
        if source.id in made:
            raise source.error("is described twice")
        made[source.id] = method(source)
    return made


def _buckets(spec: Spec, methods: Mapping[str, Method]) -> tuple[Bucket, ...]:
    """Make the limits, and see that no method names one that does not exist."""
    limits = spec.buckets()
    for one in methods.values():
        if one.bucket is not None and one.bucket not in limits:
            raise SpecError(f"{one.id}: the bucket {one.bucket!r} is not in x-buckets")
    return tuple(
        Bucket(None if name == "user" else name, limit["calls"], limit["seconds"])
        for name, limit in limits.items()
    )
