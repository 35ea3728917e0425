"""Read the spec: references across its files, and nothing of Python."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from attrs import frozen

from postman_async.spec import load

__all__ = ["Located", "Spec", "SpecError", "read"]

Node: TypeAlias = Mapping[str, Any]

_METHODS = ("get", "post", "put", "patch", "delete")


class SpecError(Exception):
    """The spec says something that the generator does not understand."""


@frozen
class Located:
    """A part of the spec, the file it is in, and its name if it is a component.

    The file matters because references within it are relative to it.
    """

    node: Node
    file: str
    name: str | None = None

    def at(self, node: Node) -> Located:
        """Locate another part of the same file."""
        return Located(node, self.file)


@frozen
class Spec:
    """All files, by name."""

    documents: Mapping[str, Node]

    def resolve(self, part: Located) -> Located:
        """Follow a ``$ref``; what stands beside it (a description) goes over what it names."""
        reference = part.node.get("$ref")
        if reference is None:
            return part
        file, _, pointer = reference.partition("#/")
        file = file or part.file
        found: Any = self.documents.get(file)
        for step in pointer.split("/"):
            if not isinstance(found, Mapping) or step not in found:
                raise SpecError(f"{part.file}: {reference} names nothing")
            found = found[step]
        target = self.resolve(Located(found, file, pointer.rpartition("/")[2]))
        beside = {key: value for key, value in part.node.items() if key != "$ref"}
        return Located({**target.node, **beside}, target.file, target.name)

    def operations(self) -> Iterator[tuple[str, str, Located, Located]]:
        """Yield method, path, operation and path item, in the order they are written."""
        for file, document in self.documents.items():
            for path, item in document.get("paths", {}).items():
                for method in _METHODS:
                    if method in item:
                        yield method.upper(), path, Located(item[method], file), Located(item, file)

    def schemas(self) -> Iterator[Located]:
        """Yield the named schemas."""
        for file, document in self.documents.items():
            for name, node in document.get("components", {}).get("schemas", {}).items():
                yield Located(node, file, name)

    def tags(self) -> Mapping[str, str]:
        """Return each namespace's description."""
        documents = self.documents.values()
        return {tag["name"]: tag["description"] for d in documents for tag in d.get("tags", [])}

    def bases(self) -> Mapping[str, str]:
        """Return the hand-written class that a namespace extends, where it names one."""
        tags = [tag for document in self.documents.values() for tag in document.get("tags", [])]
        return {tag["name"]: tag["x-python-base"] for tag in tags if "x-python-base" in tag}

    def buckets(self) -> Mapping[str, Node]:
        """Return the published limits, by the name of what they count."""
        documents = self.documents.values()
        return {name: node for d in documents for name, node in d.get("x-buckets", {}).items()}


def read() -> Spec:
    """Read the package's own spec."""
    return Spec(load())
