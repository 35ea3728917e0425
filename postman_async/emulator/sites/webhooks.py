"""The URLs of webhooks, under ``/_webhooks/``.  They need no API key: the URL is the secret."""

from __future__ import annotations

from aiohttp import web

from postman_async.emulator.errors import not_found
from postman_async.emulator.serving.call import SERVICE, Service, answer, read_body
from postman_async.emulator.state import validation
from postman_async.emulator.state.ids import OWNER
from postman_async.emulator.state.store import Entity, Json, dumps

__all__ = ["WEBHOOK_ROUTES"]


async def trigger(request: web.Request) -> web.Response:
    """``POST /_webhooks/{owner}/{id}``: begin a run with a JSON payload.

    The answer is the start of the run, as of `monitors.run` with ``async=true``.
    """
    service = request.app[SERVICE]
    payload = validation.parse(await read_body(request))
    with service.store.transaction():
        run = service.runs.begin(_monitor(service, request), _globals(payload))
    service.runs.launch(run)
    return answer({"run": {"info": run.info}})


def _monitor(service: Service, request: web.Request) -> Entity:
    owner, secret = request.match_info["owner"], request.match_info["secret"]
    for monitor in service.store.all("monitors"):
        if owner == str(OWNER) and monitor.facts.get("webhook") == secret:
            return monitor
    raise not_found("webhook", secret)


def _globals(payload: object) -> Json:
    """Return the globals that scripts read as ``JSON.parse(globals.previousRequest).data``."""
    value = dumps({"data": payload})
    return {"values": [{"key": "previousRequest", "value": value, "enabled": True}]}


WEBHOOK_ROUTES = (("POST", "/_webhooks/{owner}/{secret}", trigger),)
"""The routes, as ``(method, path, handler)``."""
