"""The merge of a fork into its origin: three ways, part by part, joined by the parts' ids.

A part is a folder, a request or an example.  What changed on one side only is taken from that
side; the same part changed on both sides, in different ways, is a conflict.
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
    """The merge needs a decision.

    Args:
        names: what both sides changed, in words.
    """

    def __init__(self, names: list[str]) -> None:
        super().__init__(", ".join(names))
        self.names = names


@define
class _Part:
    """One part of a document.

    Attributes:
        parent: the id of the folder or request it is in.
        content: all of it but its children, whose list is there, empty.
        key: the key of the children; None for an example, which has none.
        listed: whether the list of the children is written though it is empty.
        children: their ids.
    """

    parent: str
    content: Json
    key: str | None
    listed: bool = True
    children: list[str] = Factory(list)

    @property
    def name(self) -> str:
        """What a message calls it."""
        return f"'{self.content.get('name') or self.content['id']}'"


_Parts: TypeAlias = dict[str, _Part]


def merge_documents(base: Json, ours: Json, theirs: Json) -> Json:
    """Return a document with the changes of both sides since they agreed.

    Args:
        base: the document on which both sides last agreed.
        ours: the fork's document; its order of parts counts where it changed the order.
        theirs: the origin's document.

    Raises:
        MergeConflict: both sides changed the same thing, or one deleted what the other needs.
    """
    before, mine, other = _flatten(base), _flatten(ours), _flatten(theirs)
    conflicts: list[str] = []
    root = _merge_root(base, ours, theirs, conflicts)
    parts = _merge_parts(before, mine, other, conflicts)
    for identifier, part in parts.items():
        wanted = _ordered(*(_children(side, identifier) for side in (before, mine, other)))
        part.children = [c for c in wanted if c in parts and parts[c].parent == identifier]
    # A part that hangs on nothing lost its folder to the other side.
    reached = {child for _, child in _descend(parts)}
    conflicts += [parts[lost].name for lost in parts.keys() - reached - {_ROOT}]
    if conflicts:
        raise MergeConflict(sorted(set(conflicts)))
    return {**root, "item": _rebuilt(parts)}


def _merge_root(base: Json, ours: Json, theirs: Json, conflicts: list[str]) -> Json:
    """Merge the properties of the collection itself, each on its own."""
    merged: Json = {}
    for key in dict.fromkeys([*theirs, *ours]):
        if key == "item":
            merged[key] = []  # filled from the parts; here for the order of the keys
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
    """Tell whether the empty list of a part's children stays: never a reason for a conflict."""
    chosen, _ = _choose(*([part.listed] if part else [] for part in parts))
    return any(chosen)


def _choose(base: list[Any], ours: list[Any], theirs: list[Any]) -> tuple[list[Any], bool]:
    """Return which of the states holds, and whether the two sides contradict each other."""
    # As text, because 1, 1.0 and True are equal in Python but not in JSON.
    old, our, their = (json.dumps(side, sort_keys=True) for side in (base, ours, theirs))
    if our in (their, old):
        return theirs, False
    return ours, their != old


def _flatten(document: Json) -> _Parts:
    """Return all parts of a document by their ids, and the document itself as the root."""
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
    """Return all children of a part: in our order if we changed it, else in theirs."""
    in_base, in_ours = set(base), set(ours)
    moved = [c for c in ours if c in in_base] != [c for c in base if c in in_ours]
    first, second = (ours, theirs) if moved else (theirs, ours)
    wanted, present = [*first], set(first)
    for place, child in enumerate(second):
        if child not in present:
            wanted.insert(wanted.index(second[place - 1]) + 1 if place else 0, child)
            present.add(child)
    return wanted


def _descend(parts: _Parts) -> Iterator[tuple[str, str]]:
    """Yield parent and child for all that hangs on the root, parents first, in order."""
    todo = [_ROOT]
    while todo:
        identifier = todo.pop()
        for child in parts[identifier].children:
            yield identifier, child
            todo.append(child)


def _rebuilt(parts: _Parts) -> list[Json]:
    """Return the items of the root, with all that is in them."""
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
