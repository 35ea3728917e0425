"""Operations on workspaces and their members."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from postman_async.emulator.errors import bad_request, forbidden
from postman_async.emulator.serving.call import Call
from postman_async.emulator.serving.paging import cursor_of, position_of
from postman_async.emulator.serving.registry import operation
from postman_async.emulator.state import validation
from postman_async.emulator.state.ids import OWNER, bare_id
from postman_async.emulator.state.removal import remove
from postman_async.emulator.state.store import Entity, Json

__all__ = ["create", "delete", "get", "list_all", "update"]

_TYPES = ("personal", "team", "private", "public", "partner")
_MEMBERS = ("collections", "environments", "mocks", "monitors", "apis")
_ELEMENTS = ("collection", "specification")
_LARGEST_PAGE = 100


@operation("workspaces.list")
def list_all(call: Call) -> Json:
    """``GET /workspaces``: a page of the workspaces that match the filters."""
    limit = validation.positive(call.query, "limit", high=_LARGEST_PAGE) or _LARGEST_PAGE
    after = position_of(call.query.get("cursor"))
    fits = _filter(call)
    found = [w for w in call.store.all("workspaces") if w.seq > after and fits(w)]
    page = found[:limit]
    body: Json = {"workspaces": [_listed(call, workspace) for workspace in page]}
    if len(found) > limit:
        body["meta"] = {"nextCursor": cursor_of(page[-1].seq)}
    return body


def _filter(call: Call) -> Callable[[Entity], bool]:
    """Validate the query, and return a predicate for the workspaces that match it."""
    kind = call.query.get("type")
    if kind is not None and kind not in _TYPES:
        raise bad_request(f"The query parameter 'type' must be one of {', '.join(_TYPES)}.")
    creator = validation.positive(call.query, "createdBy")
    homes = _homes(call)
    return lambda w: (
        kind in (None, w.facts["type"])
        and creator in (None, w.owner)
        and (homes is None or w.id in homes)
    )


def _homes(call: Call) -> list[str] | None:
    """Return the ids of the workspaces with the element of the query; None without an element."""
    kind, reference = (call.query.get(name) for name in ("elementType", "elementId"))
    if kind is None and reference is None:
        return None
    if kind is None or reference is None:
        raise bad_request("The query parameters 'elementType' and 'elementId' go together.")
    validation.one_of(kind, _ELEMENTS, "elementType")
    # The emulator has no specifications yet: no workspace contains one.
    return call.store.workspaces_of(f"{kind}s", bare_id(reference) or "")


def _listed(call: Call, workspace: Entity) -> Json:
    facts = workspace.facts
    entry = {
        "id": workspace.id,
        "name": workspace.name,
        "type": facts["type"],
        "visibility": facts["type"],
        "createdBy": str(workspace.owner),
        "about": facts["about"],
        "createdAt": workspace.created_at,
        "updatedAt": workspace.updated_at,
    }
    if "scim" in call.query.get("include", "").split(","):
        entry["scim"] = {"createdBy": str(workspace.owner)}
    return entry


@operation("workspaces.create")
def create(call: Call) -> Json:
    """``POST /workspaces``: create a workspace with the members that the body names."""
    fields = call.fields("workspace")
    facts = {"description": "", "about": "", **_checked(fields)}
    workspace = call.store.add("workspaces", facts)
    _set_members(call, workspace.id, fields)
    return {"workspace": {"id": workspace.id, "name": workspace.name}}


def _checked(fields: Json) -> Json:
    keys = ("name", "type", "description", "about")
    checked = {key: fields[key] for key in keys if key in fields}
    if checked.get("type", "team") not in _TYPES:
        raise bad_request(f"The type of a workspace must be one of {', '.join(_TYPES)}.")
    return checked


def _set_members(call: Call, workspace_id: str, fields: Json) -> None:
    for kind in _MEMBERS:
        if kind in fields:
            entries = validation.array(fields[kind], f"workspace.{kind}")
            paths = [(entry, f"workspace.{kind}.{i}") for i, entry in enumerate(entries)]
            wanted = [_member(call, kind, entry, path) for entry, path in paths]
            call.store.set_members(workspace_id, kind, wanted)


def _member(call: Call, kind: str, entry: Any, path: str) -> str:
    named = validation.mapping(entry, path)
    reference = named.get("uid") or validation.required(named, "id", path)
    return call.find(kind, validation.text(reference, f"{path}.id")).id


@operation("workspaces.get")
def get(call: Call) -> Json:
    """``GET /workspaces/{id}``: return a workspace with its members."""
    workspace = call.target("workspaces")
    shown: Json = {
        **_listed(call, workspace),
        "description": workspace.facts["description"],
        "updatedBy": str(OWNER),
    }
    for kind in _MEMBERS:
        members = call.store.all(kind, workspace.id)
        if members:
            shown[kind] = [member.ref for member in members]
    for kind in ("collections", "environments", "mocks", "monitors"):
        shown.setdefault(kind, [])
    return {"workspace": shown}


@operation("workspaces.update")
def update(call: Call) -> Json:
    """``PUT /workspaces/{id}``: update the fields that the body has; lists replace members."""
    fields = call.fields("workspace")
    workspace = call.target("workspaces")
    workspace.facts.update(_checked(fields))
    _set_members(call, workspace.id, fields)
    call.store.save(workspace)
    return {"workspace": {"id": workspace.id, "name": workspace.name}}


@operation("workspaces.delete")
def delete(call: Call) -> Json:
    """``DELETE /workspaces/{id}``: delete it with the members that are in no other workspace."""
    workspace = call.target("workspaces")
    if workspace.id == call.service.default_workspace:
        raise forbidden("The personal workspace cannot be deleted.")
    for kind in _MEMBERS:
        for member in call.store.all(kind, workspace.id):
            if call.store.workspaces_of(kind, member.id) == [workspace.id]:
                remove(call.store, kind, member.id)
    call.store.remove("workspaces", workspace.id)
    return {"workspace": {"id": workspace.id}}
