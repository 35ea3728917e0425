"""The echo service under ``/_echo/``, which the demo's collections call.  It needs no API key."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Iterable
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

from aiohttp import web

from postman_async.emulator.errors import bad_request
from postman_async.emulator.serving.call import answer, read_body
from postman_async.emulator.serving.forms import parts_of

__all__ = ["ECHO_ROUTES"]

Json: TypeAlias = dict[str, Any]

_MAX_DELAY = 60.0
_WITHOUT_BODY = (204, 205, 304)


async def get(request: web.Request) -> web.Response:
    """``GET /_echo/get``: the query parameters, headers and URL of the request."""
    return answer(_seen(request))


async def headers(request: web.Request) -> web.Response:
    """``GET /_echo/headers``: the headers of the request, their names in lower case."""
    return answer({"headers": _seen(request)["headers"]})


async def post(request: web.Request) -> web.Response:
    """``POST /_echo/post``: the same, and the body: as text, and parsed as JSON or as a form."""
    raw = await read_body(request)
    text = raw.decode(errors="replace")
    body: Json = {"data": text, "json": _json(text), "form": {}, "files": {}}
    if request.content_type == "application/x-www-form-urlencoded":
        body["form"] = _grouped(parse_qsl(text, keep_blank_values=True))
    elif request.content_type == "multipart/form-data":
        body["form"], body["files"] = _multipart(request.headers["Content-Type"], raw)
    return answer({**_seen(request), **body})


async def status(request: web.Request) -> web.Response:
    """``/_echo/status/418``: an answer of that status, 200 to 599."""
    given = request.match_info["code"]
    code = int(given) if given.isascii() and given.isdecimal() and len(given) == 3 else 0
    if not 200 <= code <= 599:
        raise bad_request("The status must be a number from 200 to 599.")
    if code in _WITHOUT_BODY:
        return web.Response(status=code)
    return answer({"status": code}, code)


async def delay(request: web.Request) -> web.Response:
    """``/_echo/delay/0.2``: an answer after a delay in seconds, at most 60."""
    given = request.match_info["seconds"]
    try:
        seconds = float(given)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds <= _MAX_DELAY:
        raise bad_request(f"The delay must be from 0 to {_MAX_DELAY:g} seconds.")
    await asyncio.sleep(seconds)
    return answer({"delay": given})


def _seen(request: web.Request) -> Json:
    return {
        "args": _grouped(request.query.items()),
        "headers": _grouped((name.lower(), value) for name, value in request.headers.items()),
        "url": str(request.url),
    }


def _grouped(pairs: Iterable[tuple[str, Any]]) -> Json:
    """Return the values by name; a repeated name has a list of values."""
    lists: dict[str, list[Any]] = {}
    for name, value in pairs:
        lists.setdefault(name, []).append(value)
    return {name: found[0] if len(found) == 1 else found for name, found in lists.items()}


def _json(text: str) -> Any:
    """Return the parsed JSON; None if the text is not JSON, or cannot be written as JSON."""
    try:
        value = json.loads(text)
        json.dumps(value, allow_nan=False)
    except (ValueError, RecursionError):
        return None
    return value


def _multipart(content_type: str, raw: bytes) -> tuple[Json, Json]:
    """Return the fields of a form, and its files as name and size."""
    parts = parts_of(content_type, raw)
    form = [(part.name, part.text) for part in parts if part.filename is None]
    files = [
        (part.name, {"filename": part.filename, "size": len(part.content)})
        for part in parts
        if part.filename is not None
    ]
    return _grouped(form), _grouped(files)


ECHO_ROUTES = (
    ("GET", "/_echo/get", get),
    ("POST", "/_echo/post", post),
    ("GET", "/_echo/headers", headers),
    ("*", "/_echo/status/{code}", status),
    ("*", "/_echo/delay/{seconds}", delay),
)
"""The routes, as ``(method, path, handler)``."""
