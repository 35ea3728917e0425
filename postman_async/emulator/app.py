"""The aiohttp application: composed of the routes of the API, the sites and the controls."""

from __future__ import annotations

from aiohttp import web

from postman_async.emulator.controls.api import CONTROL_ROUTES
from postman_async.emulator.controls.controls import CONTROLS, Controls
from postman_async.emulator.controls.middleware import hold_limits, log_request, meet_fault
from postman_async.emulator.routes import routes
from postman_async.emulator.serving.bodies import BodyCheck
from postman_async.emulator.serving.call import MAX_BODY, SERVICE, SLASH, serve
from postman_async.emulator.serving.connection import expect
from postman_async.emulator.serving.middleware import answer_errors, check_key, enter_world
from postman_async.emulator.serving.operations import operations, wrapper_only
from postman_async.emulator.serving.registry import HANDLERS
from postman_async.emulator.sites.echo import ECHO_ROUTES
from postman_async.emulator.sites.mocks.server import MOCK_ROUTES
from postman_async.emulator.sites.webhooks import WEBHOOK_ROUTES

__all__ = ["make_app"]

# The service takes a slash at the end of a path: many tools call /collections/?apikey=….
_SLASH = f"{{{SLASH}:/?}}"
_MIDDLEWARE = (log_request, enter_world, meet_fault, answer_errors, check_key, hold_limits)
"""What a request passes, outermost first."""


def make_app(controls: Controls) -> web.Application:
    """Return the application of an emulator."""
    app = web.Application(middlewares=_MIDDLEWARE, client_max_size=MAX_BODY)
    app[SERVICE] = controls.service
    app[CONTROLS] = controls
    for name, (method, path, handler) in routes().items():
        resource = app.router.add_resource(path + _SLASH, name=name)
        resource.add_route(method, serve(handler, _check(name)), expect_handler=expect)
    beside = (*ECHO_ROUTES, *MOCK_ROUTES, *WEBHOOK_ROUTES, *CONTROL_ROUTES)
    for method, path, handle in beside:
        app.router.add_route(method, path, handle, expect_handler=expect)
    return app


def _check(name: str) -> BodyCheck | None:
    """Return the check of an operation's body; None for no check."""
    schema, registered = operations()[name].body, HANDLERS[name]
    if schema is None or "properties" not in schema or registered.check == "nothing":
        return None
    if registered.check == "wrapper":
        schema = wrapper_only(schema)
    return BodyCheck(schema, registered.nulls)
