"""The controls under ``/_emulator/``: an HTTP API for tests in any language.

Every call needs the key, as the operations of the API do, and is neither logged nor limited.
Bodies and answers are JSON; an invalid call is answered with 400 ``emulatorError``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeAlias, get_type_hints

from aiohttp import web
from attrs import asdict, frozen

from postman_async.emulator.arguments import check
from postman_async.emulator.controls import actions
from postman_async.emulator.controls.controls import CONTROLS, Controls
from postman_async.emulator.controls.faults import Fault, fault_of
from postman_async.emulator.controls.limits import Limits
from postman_async.emulator.errors import bad_request
from postman_async.emulator.exceptions import EmulatorError
from postman_async.emulator.runs.scripted_runs import RunScript
from postman_async.emulator.serving.call import SERVICE, Service, answer, read_body
from postman_async.emulator.serving.middleware import CONTROL_PREFIX, Handler
from postman_async.emulator.state import loading, validation
from postman_async.emulator.state.ids import iso

__all__ = ["CONTROL_ROUTES", "ControlCall", "control"]

Json: TypeAlias = dict[str, Any]


@frozen
class ControlCall:
    """One call of a control.

    Attributes:
        controls: the controls of the emulator.
        body: the JSON body; empty if none was sent.
        query: the query parameters.
        params: the path parameters.
    """

    controls: Controls
    body: Json
    query: Mapping[str, str]
    params: Mapping[str, str]

    @property
    def service(self) -> Service:
        """The state that the handlers share."""
        return self.controls.service

    def arguments(self, **known: Any) -> Json:
        """Return the body, if it has known fields only, each of its type."""
        for name, value in self.body.items():
            if name not in known:
                raise EmulatorError(f"it takes {', '.join(known)}, and no {name[:100]!r}")
            check(name, value, known[name])
        return dict(self.body)


Action: TypeAlias = Callable[[ControlCall], Json]

CONTROL_ROUTES: list[tuple[str, str, Handler]] = []
"""Method, path and handler of each control."""


# -- the registry -----------------------------------------------------------------------------


def control(method: str, path: str) -> Callable[[Action], Action]:
    """Register a function that takes and returns JSON as the control of a path."""

    def register(action: Action) -> Action:
        async def called(request: web.Request) -> web.StreamResponse:
            raw = await read_body(request)
            body = validation.mapping(validation.parse(raw), "body") if raw else {}
            call = ControlCall(request.app[CONTROLS], body, request.query, request.match_info)
            return answer(action(call))

        _route(method, path)(called)
        return action

    return register


def _route(method: str, path: str) -> Callable[[Handler], Handler]:
    """Register a web handler, whose errors are answered with 400 and the reason."""

    def register(handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            try:
                return await handler(request)
            except (EmulatorError, TypeError, ValueError, OverflowError) as error:
                raise bad_request(str(error), "emulatorError") from None

        CONTROL_ROUTES.append((method, f"{CONTROL_PREFIX}{path}", guarded))
        return handler

    return register


# -- the whole state --------------------------------------------------------------------------


@control("POST", "reset")
def reset(call: ControlCall) -> Json:
    """``POST reset``: return to the state after the start."""
    actions.reset(call.controls)
    return {}


@control("PUT", "seed")
def seed(call: ControlCall) -> Json:
    """``PUT seed``, ``{"seed": 7}``: take all further ids from a seed; null for random ones."""
    call.service.store.seed(call.arguments(seed=int | None).get("seed"))
    return {}


@control("POST", "load")
def load(call: ControlCall) -> Json:
    """``POST load``: store a collection, an environment or a dump of both; answers the uids."""
    name, documents = loading.documents_of(call.body)
    return {"uids": actions.load(call.service, name, documents)}


@_route("GET", "snapshot")
async def take_snapshot(request: web.Request) -> web.StreamResponse:
    """``GET snapshot``: all entities and runs, as bytes."""
    return web.Response(body=request.app[SERVICE].store.snapshot())


@_route("PUT", "snapshot")
async def restore(request: web.Request) -> web.StreamResponse:
    """``PUT snapshot``: replace the state by a snapshot's."""
    snapshot = await request.content.read()  # it may be larger than any body of the API
    actions.restore(request.app[SERVICE], snapshot)
    return answer({})


# -- faults and the request log ------------------------------------------------------


@control("POST", "faults")
def add_faults(call: ControlCall) -> Json:
    """``POST faults``: ``{"operation", "script": […], "times", "probability", "seed"}``."""
    given = call.arguments(
        operation=str, script=Any, times=int | None, probability=float | None, seed=int
    )
    script = given.pop("script", None)
    described = script if isinstance(script, list) else [script]
    faults = [_fault(index, each) for index, each in enumerate(described)]
    call.controls.faults.on(given.pop("operation", ""), faults, **given)
    return show_faults(call)


def _fault(index: int, described: Any) -> Fault:
    try:
        return fault_of(described)
    except EmulatorError as error:
        raise EmulatorError(f"script.{index}: {error}") from None


@control("GET", "faults")
def show_faults(call: ControlCall) -> Json:
    """``GET faults``: the faults that requests met, and those they did not."""
    faults = call.controls.faults
    return {"all_met": faults.all_met, "met": faults.met, "unmet": faults.unmet}


@control("DELETE", "faults")
def clear_faults(call: ControlCall) -> Json:
    """``DELETE faults``: forget all scripts, and what was met."""
    call.controls.faults.clear()
    return {}


@control("GET", "requests")
def show_requests(call: ControlCall) -> Json:
    """``GET requests?operation=monitors.run``: the requests, oldest first, and their number."""
    operation, log = call.query.get("operation"), call.controls.requests
    entries = list(log) if operation is None else log.of(operation)
    return {"count": len(entries), "requests": [asdict(entry) for entry in entries]}


@control("DELETE", "requests")
def clear_requests(call: ControlCall) -> Json:
    """``DELETE requests``: forget them."""
    call.controls.requests.clear()
    return {}


# -- time and limits --------------------------------------------------------------------------


@control("GET", "clock")
def show_clock(call: ControlCall) -> Json:
    """``GET clock``: the present moment, and whether the clock is frozen."""
    clock = call.service.world.clock
    return {"now": iso(clock.now()), "frozen": clock.frozen}


@control("PUT", "clock")
def move_clock(call: ControlCall) -> Json:
    """``PUT clock``: ``set`` and ``freeze`` to a moment, ``advance`` by seconds, ``resume``.

    Several are done in this order; ``freeze: true`` freezes the present moment.
    """
    given = call.arguments(set=str, freeze=str | bool, advance=float, resume=bool)
    clock = call.service.world.clock
    if "set" in given:
        clock.set(_moment("set", given["set"]))
    if given.get("freeze", False) is not False:
        clock.freeze(None if given["freeze"] is True else _moment("freeze", given["freeze"]))
    if "advance" in given:
        clock.advance(given["advance"])
    if given.get("resume"):
        clock.resume()
    return show_clock(call)


def _moment(name: str, value: str) -> datetime:
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise EmulatorError(f"{name} is a moment as ISO 8601 text, not {value[:100]!r}") from None


@control("GET", "limits")
def show_limits(call: ControlCall) -> Json:
    """``GET limits``: the limits, or null when there are none."""
    limits = call.controls.limiter.limits
    return {"limits": None if limits is None else asdict(limits)}


@control("PUT", "limits")
def set_limits(call: ControlCall) -> Json:
    """``PUT limits``: ``{}`` for those of the service; fields as `Limits` has them."""
    call.controls.limiter.set(Limits(**call.arguments(**get_type_hints(Limits))))
    return show_limits(call)


@control("DELETE", "limits")
def drop_limits(call: ControlCall) -> Json:
    """``DELETE limits``: any number of calls is allowed."""
    call.controls.limiter.set(None)
    return show_limits(call)


# -- scripted monitors ---------------------------------------------


@control("POST", "monitors")
def add_monitor(call: ControlCall) -> Json:
    """``POST monitors``: ``name`` and what `PostmanEmulator.add_monitor` takes; answers the uid."""
    given = call.arguments(name=str, workspace=str | None, **_SCRIPT)
    name, workspace = given.pop("name", ""), given.pop("workspace", None)
    return {"uid": actions.add_monitor(call.service, name, _script(given), workspace)}


@control("PUT", "monitors/{uid}/script")
def script_run(call: ControlCall) -> Json:
    """``PUT monitors/{uid}/script``: the same fields, or ``run``, a whole result."""
    given = call.arguments(run=Mapping[str, Any] | None, failed_assertions=int | None, **_SCRIPT)
    run = given.pop("run", None)
    script = _script(given)
    if run is not None:
        script = RunScript(duration=script.duration, run=actions.own_result(run))
    actions.script_run(call.service, call.params["uid"], script)
    return {}


_SCRIPT: Json = {"outcome": str, "duration": float, "requests": int, "assertions": int}


def _script(given: Json) -> RunScript:
    plan = {"outcome": "passed", "duration": 0.0, "requests": 1, "assertions": 1, **given}
    return RunScript.of(**{"failed": plan.pop("failed_assertions", None), **plan})
