"""Operations that import OpenAPI descriptions and data that Postman exported."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from postman_async.emulator.errors import malformed, missing_parameter
from postman_async.emulator.handlers.common import add_collection, add_environment
from postman_async.emulator.runtime.conversions import collection_of, upgraded
from postman_async.emulator.serving.call import Call, answer
from postman_async.emulator.serving.forms import is_form, parts_of
from postman_async.emulator.serving.registry import operation
from postman_async.emulator.state import loading, validation
from postman_async.emulator.state.store import Entity, Json, dumps

__all__ = ["exported_data", "openapi"]

_TYPES = ("json", "string", "file")


@operation("imports.openapi")
async def openapi(call: Call) -> web.Response:
    """``POST /import/openapi``: generate a collection from an OpenAPI description."""
    fields = _fields(call)
    given = fields["input"]
    text = dumps(given) if isinstance(given, dict) else given
    options = validation.mapping(fields.get("options") or {}, "options")
    call.home()  # fails before the conversion if the workspace does not exist
    document = await collection_of(call.service.runs.runtime, text, options)
    with call.store.transaction():
        collection = add_collection(call, call.home(), document)
    return answer({"collections": [collection.ref]})


def _fields(call: Call) -> Json:
    """Return ``type``, ``input`` and ``options`` of a JSON body, or of a form with a file."""
    body = _form(call) if is_form(call.content_type) else call.body()
    fields = validation.mapping(body, "body")
    for needed in ("type", "input"):
        validation.parameter(fields, needed)
    kind = validation.one_of(fields["type"], _TYPES, "type")
    validation.expect(fields["input"], "object" if kind == "json" else "string", "input")
    return fields


def _form(call: Call) -> Json:
    parts = {part.name: part for part in parts_of(call.content_type, call.raw)}
    for needed in ("type", "input"):
        if needed not in parts:
            raise missing_parameter(needed)
    try:
        text = parts["input"].content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise malformed("The file is not UTF-8.") from None
    return {"type": parts["type"].text, "input": text}


@operation("imports.exported_data")
async def exported_data(call: Call) -> web.Response:
    """``POST /import/exported``: the collections, environments and globals of a data dump."""
    dump = _dump(call)
    documents, variables = loading.documents_in(dump), loading.globals_in(dump)
    call.home()
    runtime = call.service.runs.runtime
    ready = [
        (kind, await upgraded(runtime, document) if kind == "collections" else document)
        for kind, document in documents
    ]
    with call.store.transaction():
        home = call.home()
        made = [_added(call, home, kind, document) for kind, document in ready]
        _keep_globals(call, home, variables)
    return answer(_named(made))


def _dump(call: Call) -> Any:
    """Return the exported data: the ``input`` of a JSON body or a form, else the whole body."""
    if is_form(call.content_type) or "json" in call.content_type.partition(";")[0].lower():
        given = _fields(call)["input"]
        return (
            given if isinstance(given, dict) else validation.parse(given.encode(errors="replace"))
        )
    return validation.parse(call.raw.removeprefix(b"\xef\xbb\xbf"))


def _added(call: Call, home: str, kind: str, document: Json) -> Entity:
    add = add_collection if kind == "collections" else add_environment
    return add(call, home, document)


def _keep_globals(call: Call, home: str, variables: list[Json]) -> None:
    """Store global variables in the workspace; a new one replaces one with the same key."""
    if not variables:
        return
    workspace = call.find("workspaces", home)
    kept = {entry["key"]: entry for entry in [*workspace.facts.get("globals", []), *variables]}
    workspace.facts["globals"] = list(kept.values())
    call.store.save(workspace)


def _named(made: list[Entity]) -> Json:
    """Return the references of the created entities; ``environments`` only if there are any."""
    named: Json = {"collections": [each.ref for each in made if each.kind == "collections"]}
    environments = [each.ref for each in made if each.kind == "environments"]
    return {**named, "environments": environments} if environments else named
