"""The three-way merge of a fork into its origin, part by part, matched by the ids of the parts.

A part is a folder, a request or an example.  A change on one side only is taken from that side;
different changes of the same part on both sides are a conflict.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, TypeAlias

from attrs import Factory, define

__all__ = ["MergeConflict", "merge_documents"]

Json: TypeAlias = dict[str, Any]

_ROOT = ""


class MergeConflict(Exception):
    """Both sides changed the same parts in different ways.

    Args:
        names: the names of the conflicting parts, as messages show them.
    """

    def __init__(self, names: list[str]) -> None:
        super().__init__(", ".join(names))
        self.names = names


@define
class _Part:
    """One part of a document.

    Attributes:
        parent: the id of the parent folder or request.
        content: the part without its children; the list of children is present, but empty.
        key: the key of the children; None for an example, which cannot have children.
        listed: whether an empty list of children is written.
        children: the ids of the children.
    """

    parent: str
    content: Json
    key: str | None
    listed: bool = True
    children: list[str] = Factory(list)

    @property
    def name(self) -> str:
        """The name of the part in messages."""
        return f"'{self.content.get('name') or self.content['id']}'"


_Parts: TypeAlias = dict[str, _Part]


def merge_documents(base: Json, ours: Json, theirs: Json) -> Json:
    """Return a document with the changes of both sides since the common base.

    Args:
        base: the last common state.
        ours: the fork's document; its order of parts wins if it changed the order.
        theirs: the origin's document.

    Raises:
        MergeConflict: both sides changed the same part, or one side deleted a part that the
            other side changed or moved something into.
    """
    before, mine, other = _flatten(base), _flatten(ours), _flatten(theirs)
    conflicts: list[str] = []
    root = _merge_root(base, ours, theirs, conflicts)
    parts = _merge_parts(before, mine, other, conflicts)
    for identifier, part in parts.items():
        wanted = _ordered(*(_children(side, identifier) for side in (before, mine, other)))
        part.children = [c for c in wanted if c in parts and parts[c].parent == identifier]
    # The other side deleted the parent of a part that the root does not reach.
    reached = {child for _, child in _descend(parts)}
    conflicts += [parts[lost].name for lost in parts.keys() - reached - {_ROOT}]
    if conflicts:
        raise MergeConflict(sorted(set(conflicts)))
    return {**root, "item": _rebuilt(parts)}


def _merge_root(base: Json, ours: Json, theirs: Json, conflicts: list[str]) -> Json:
    """Merge the properties of the collection, each independently."""
    merged: Json = {}
    for key in dict.fromkeys([*theirs, *ours]):
        if key == "item":
            merged[key] = []  # filled from the parts later; set here to keep the order of the keys
            continue
        held = [[side[key]] if key in side else [] for side in (base, ours, theirs)]
        chosen, conflict = _choose(*held)
        if conflict:
            conflicts.append(f"the collection's {key}")
        if chosen:
            (merged[key],) = chosen
    return merged


def _merge_parts(before: _Parts, mine: _Parts, other: _Parts, conflicts: list[str]) -> _Parts:
    merged: _Parts = {}
    for identifier in dict.fromkeys([*other, *mine]):
        parts = [side.get(identifier) for side in (before, mine, other)]
        held = [[part.parent, part.content] if part else [] for part in parts]
        chosen, conflict = _choose(*held)
        known = parts[1] or parts[2]
        assert known is not None
        if conflict:
            conflicts.append(known.name)
        if chosen:
            key = _child_key(chosen[1], known)
            merged[identifier] = _Part(chosen[0], chosen[1], key, _listed(parts))
    return merged


def _child_key(content: Json, known: _Part) -> str | None:
    if known.key is None:
        return None
    return "item" if "item" in content else "response"


def _listed(parts: list[_Part | None]) -> bool:
    """Return whether an empty list of children is kept; it is never a conflict."""
    chosen, _ = _choose(*([part.listed] if part else [] for part in parts))
    return any(chosen)


def _choose(base: list[Any], ours: list[Any], theirs: list[Any]) -> tuple[list[Any], bool]:
    """Return the state to keep, and whether the two sides conflict."""
    # As text, because 1, 1.0 and True are equal in Python but not in JSON.
    old, our, their = (json.dumps(side, sort_keys=True) for side in (base, ours, theirs))
    if our in (their, old):
        return theirs, False
    return ours, their != old


def _flatten(document: Json) -> _Parts:
    """Return all parts of a document by id, with the document itself as the root."""
    parts: _Parts = {_ROOT: _Part(_ROOT, {"item": []}, "item")}
    todo = [(_ROOT, document)]
    while todo:
        identifier, node = todo.pop()
        key = parts[identifier].key
        assert key is not None
        for child in node.get(key) or []:
            inner = None if key == "response" else "item" if "item" in child else "response"
            content = child if inner is None else {**child, inner: []}
            parts[child["id"]] = _Part(identifier, content, inner, inner in child)
            parts[identifier].children.append(child["id"])
            if inner is not None:
                todo.append((child["id"], child))
    return parts


def _children(side: _Parts, identifier: str) -> list[str]:
    return side[identifier].children if identifier in side else []


def _ordered(base: list[str], ours: list[str], theirs: list[str]) -> list[str]:
    """Return all children of a part: in our order if we changed the order, else in theirs."""
    in_base, in_ours = set(base), set(ours)
    moved = [c for c in ours if c in in_base] != [c for c in base if c in in_ours]
    first, second = (ours, theirs) if moved else (theirs, ours)
    wanted, present = [*first], set(first)
    for index, child in enumerate(second):
        if child not in present:
            wanted.insert(wanted.index(second[index - 1]) + 1 if index else 0, child)
            present.add(child)
    return wanted


def _descend(parts: _Parts) -> Iterator[tuple[str, str]]:
    """Yield ``(parent, child)`` for all parts that the root reaches, parents first."""
    todo = [_ROOT]
    while todo:
        identifier = todo.pop()
        for child in parts[identifier].children:
            yield identifier, child
            todo.append(child)


def _rebuilt(parts: _Parts) -> list[Json]:
    """Return the items of the root with all their descendants."""
    nodes = {identifier: dict(part.content) for identifier, part in parts.items()}
    for identifier, part in parts.items():
        if part.key is None:
            continue
        if part.children or part.listed:
            nodes[identifier][part.key] = [nodes[child] for child in part.children]
        else:
            del nodes[identifier][part.key]
    items: list[Json] = nodes[_ROOT]["item"]
    return items
