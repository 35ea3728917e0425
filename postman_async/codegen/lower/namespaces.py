"""Methods and sub-namespaces, put together to namespaces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from attrs import evolve

from postman_async.codegen.ir import Method, Namespace
from postman_async.codegen.names import class_name, module_name
from postman_async.codegen.read import Spec, SpecError

__all__ = ["namespaces"]

_TAKEN = frozenset({"raw", "sync", "namespaces"})
"""The modules of the api package that are not of a namespace."""


def namespaces(spec: Spec, methods: Mapping[str, list[Method]]) -> tuple[Namespace, ...]:
    """Make all namespaces, each sub-namespace after its parent."""
    parents = {name.partition(".")[0] for name in methods}
    names = sorted({*methods, *parents})
    for name in names:
        _check_name(spec, name)
    _check_modules(names)
    made = {name: _namespace(spec, name, methods.get(name, [])) for name in names}
    return tuple(evolve(one, children=tuple(_checked_children(one, made))) for one in made.values())


def _namespace(spec: Spec, name: str, methods: list[Method]) -> Namespace:
    doc, base = spec.tags()[name], spec.bases().get(name)
    return Namespace(name, module_name(name), class_name(name), doc, tuple(methods), base)


def _check_name(spec: Spec, name: str) -> None:
    if name not in spec.tags():
        raise SpecError(f"the namespace {name!r} is not described: no file has a tag of its name")
    if name.count(".") > 1:
        raise SpecError(f"the namespace {name!r} is nested twice; one level is all there is")
    if not all(part.isidentifier() for part in name.split(".")):
        raise SpecError(f"the namespace {name!r} is no Python name")


def _check_modules(names: list[str]) -> None:
    seen: dict[str, str] = {}
    for name in names:
        module = module_name(name)
        other = seen.setdefault(module, name)
        if other != name or module in _TAKEN:
            raise SpecError(f"the namespace {name!r} needs the module {module!r}, which is taken")


def _checked_children(parent: Namespace, made: Mapping[str, Namespace]) -> Iterator[Namespace]:
    """Yield the sub-namespaces; none may hide a method of the parent, nor the other way round."""
    taken = {"with_raw_response"}
    for method in parent.methods:
        for name in [method.name, *([method.iterator] if method.paging else [])]:
            if name in taken:
                raise SpecError(f"{parent.name} has two methods called {name!r}")
            taken.add(name)
    for child in made.values():
        if child.name.rpartition(".")[0] == parent.name:
            if child.attribute in taken:
                raise SpecError(f"the sub-namespace {child.name} has the name of a method")
            yield child
