"""The aiohttp application: every operation under its id, and what is no part of the API."""

from __future__ import annotations

from aiohttp import web

from postman_async.emulator.controls.api import CONTROL_ROUTES
from postman_async.emulator.serving.call import MAX_BODY, SERVICE, SLASH, Service, serve
from postman_async.emulator.serving.connection import expect
from postman_async.emulator.serving.middleware import guard
from postman_async.emulator.serving.routing import ROUTES
from postman_async.emulator.sites.echo import ECHO_ROUTES
from postman_async.emulator.sites.mocks.server import MOCK_ROUTES
from postman_async.emulator.sites.webhooks import WEBHOOK_ROUTES

__all__ = ["make_app"]

# The service takes a slash at the end of a path: many tools call /collections/?apikey=….
_SLASH = f"{{{SLASH}:/?}}"


def make_app(service: Service) -> web.Application:
    """Return the application of a service."""
    app = web.Application(middlewares=[guard], client_max_size=MAX_BODY)
    app[SERVICE] = service
    for operation, (method, path, handler) in ROUTES.items():
        resource = app.router.add_resource(path + _SLASH, name=operation)
        resource.add_route(method, serve(handler), expect_handler=expect)
    beside = (*ECHO_ROUTES, *MOCK_ROUTES, *WEBHOOK_ROUTES, *CONTROL_ROUTES)
    for method, path, handle in beside:
        app.router.add_route(method, path, handle, expect_handler=expect)
    return app
