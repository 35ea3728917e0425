"""The mock servers, under ``/_mocks/{id}``: they serve the saved examples of a collection."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Mapping
from urllib.parse import unquote

from aiohttp import web

from postman_async.emulator.errors import ServiceError, named, unauthorized
from postman_async.emulator.serving.call import SERVICE, Service, answer, read_body
from postman_async.emulator.sites.mocks.examples import examples_of
from postman_async.emulator.sites.mocks.matching import Match, MockRequest, NoMatch, Rules, choose
from postman_async.emulator.sites.mocks.variables import fill, scope
from postman_async.emulator.state.ids import bare_id
from postman_async.emulator.state.store import Entity, Json

__all__ = ["MOCK_ROUTES"]

_PREFIX = "/_mocks/"
_PRESET_SECONDS = {"1": 0.3, "2": 0.1}
_WITHOUT_BODY = (204, 205, 304)
# These headers describe the connection of this server, not that of the saved example.
_OWN_HEADERS = frozenset(
    ("connection", "content-encoding", "content-length", "date", "keep-alive", "transfer-encoding")
)
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "*",
}


async def serve(request: web.Request) -> web.Response:
    """``/_mocks/{id}/…``, any method: the answer of the best matching example."""
    try:
        response = await _response(request)
    except ServiceError as refusal:
        response = answer(refusal.body, refusal.status)
    for name, value in _CORS.items():
        response.headers.setdefault(name, value)
    return response


async def _response(request: web.Request) -> web.Response:
    if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
        return _preflight(request)
    service, raw = request.app[SERVICE], await read_body(request)
    mock = _mock(service, request)
    config = mock.facts["config"]
    # The answer is chosen before the delay: changes during the delay do not affect it.
    response = (
        _fixed(mock) if config["serverResponseId"] else _matching(service, mock, request, raw)
    )
    await service.world.clock.sleep(_delay(config["delay"]))
    return response


def _preflight(request: web.Request) -> web.Response:
    """Answer a CORS preflight: allow the requested method and headers."""
    wanted = request.headers.get("Access-Control-Request-Headers", "*")
    allowed = {
        "Access-Control-Allow-Methods": request.headers["Access-Control-Request-Method"],
        "Access-Control-Allow-Headers": wanted,
    }
    return web.Response(status=204, headers=allowed)


def _mock(service: Service, request: web.Request) -> Entity:
    """Return the mock server of the path; refuse a caller without access."""
    mock_id = bare_id(request.match_info["mock_id"])
    mock = None if mock_id is None else service.store.find("mocks", mock_id)
    if mock is None:
        message = "The mock server does not exist."
        raise named(404, "mockNotFoundError", message)
    given = request.headers.get("X-Api-Key", "").encode(errors="surrogateescape")
    if mock.facts["private"] and not hmac.compare_digest(given, service.api_key.encode()):
        raise unauthorized("The mock server is private: send the API key in x-api-key.")
    return mock


def _delay(delay: Json | None) -> float:
    """Return the delay of a mock server's answers, in seconds."""
    if delay is None:
        return 0.0
    if "preset" in delay:
        return _PRESET_SECONDS[str(delay["preset"])]
    return float(delay["duration"]) / 1000


def _fixed(mock: Entity) -> web.Response:
    """Return the server response that answers every request."""
    wanted = mock.facts["config"]["serverResponseId"]
    (found,) = (each for each in mock.facts["serverResponses"] if each["id"] == wanted)
    return _plain(found["statusCode"], found["headers"].items(), found["body"])


def _matching(service: Service, mock: Entity, request: web.Request, raw: bytes) -> web.Response:
    """Return the answer of the matching example, with its variables replaced."""
    document = _document(service, "collections", mock.facts["collection"])
    environment = _document(service, "environments", mock.facts["environment"])
    variables = scope(
        document.get("variables"), document.get("variable"), environment.get("values")
    )
    try:
        match = choose([*examples_of(document, variables)], _read(request, raw), _rules(mock))
    except NoMatch as reason:
        message = f"Double check your method and the request path and try again. {reason}"
        error = named(404, "mockRequestNotFoundError", message)
        error.body["error"]["header"] = "No matching requests"
        raise error from None
    return _filled(match, variables)


def _document(service: Service, kind: str, entity_id: str | None) -> Json:
    entity = None if entity_id is None else service.store.find(kind, entity_id)
    return {} if entity is None else entity.document or {}


def _rules(mock: Entity) -> Rules:
    config = mock.facts["config"]
    return Rules(
        headers=config["headers"] if config.get("matchHeader", True) else (),
        body=config["matchBody"],
        query=config["matchQueryParams"],
        wildcards=config["matchWildcards"],
    )


def _read(request: web.Request, raw: bytes) -> MockRequest:
    _, _, path = request.rel_url.raw_path.removeprefix(_PREFIX).partition("/")
    return MockRequest(
        method=request.method.upper(),
        path=[unquote(part) for part in path.split("/")],
        query=tuple(request.query.items()),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=raw,
    )


def _filled(match: Match, variables: Mapping[str, str]) -> web.Response:
    example, values = match.example, {**variables, **match.captured}
    headers = [(name, fill(value, values)) for name, value in example.headers]
    return _plain(example.code or 200, headers, fill(example.body, values))


def _plain(status: int, headers: Iterable[tuple[str, str]], body: str) -> web.Response:
    kept = [(name, value) for name, value in headers if _sendable(name, value)]
    if status in _WITHOUT_BODY:
        return web.Response(status=status, headers=kept)
    if not any(name.lower() == "content-type" for name, _ in kept):
        kept.append(("Content-Type", "text/plain; charset=utf-8"))
    return web.Response(status=status, headers=kept, body=body.encode(errors="replace"))


def _sendable(name: str, value: str) -> bool:
    """Return whether an answer of this server may contain a header."""
    if name.lower() in _OWN_HEADERS or not _NAME.fullmatch(name):
        return False
    return _CONTROL.search(value) is None


MOCK_ROUTES = (
    ("*", "/_mocks/{mock_id}", serve),
    ("*", "/_mocks/{mock_id}/{path:.*}", serve),
)
"""The routes, as ``(method, path, handler)``."""
