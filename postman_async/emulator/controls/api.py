"""The emulator's own API under ``/_emulator/``: what a test in any language does to it.

Every call needs the key, as the service's own operations do, and is neither logged nor limited.
JSON goes in and comes out; what cannot be done is answered with 400 ``emulatorError``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
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
from postman_async.emulator.state import loading, validation
from postman_async.emulator.state.ids import iso

__all__ = ["CONTROL_ROUTES"]

Json: TypeAlias = dict[str, Any]
Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


@frozen
class Ask:
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
        """Return the body, if it has only fields that are known, each of its type."""
        for name, value in self.body.items():
            if name not in known:
                raise EmulatorError(f"it takes {', '.join(known)}, and no {name[:100]!r}")
            check(name, value, known[name])
        return dict(self.body)


# -- all of it --------------------------------------------------------------------------------


def reset(ask: Ask) -> Json:
    """``POST reset``: be as after the start."""
    actions.reset(ask.controls)
    return {}


def seed(ask: Ask) -> Json:
    """``PUT seed``, ``{"seed": 7}``: take all further ids from a seed; null for random ones."""
    ask.service.store.seed(ask.arguments(seed=int | None).get("seed"))
    return {}


def load(ask: Ask) -> Json:
    """``POST load``: store a collection, an environment or a dump of both; answers the uids."""
    name, documents = loading.documents_of(ask.body)
    return {"uids": actions.load(ask.service, name, documents)}


async def take_snapshot(request: web.Request) -> web.StreamResponse:
    """``GET snapshot``: all entities and runs, as bytes."""
    return web.Response(body=request.app[SERVICE].store.snapshot())


async def restore(request: web.Request) -> web.StreamResponse:
    """``PUT snapshot``: hold what a snapshot holds."""
    snapshot = await request.content.read()  # it may be larger than any body of the API
    actions.restore(request.app[SERVICE], snapshot)
    return answer({})


# -- what goes wrong, and what was asked ------------------------------------------------------


def add_faults(ask: Ask) -> Json:
    """``POST faults``: ``{"operation", "script": […], "times", "probability", "seed"}``."""
    given = ask.arguments(
        operation=str, script=Any, times=int | None, probability=float | None, seed=int
    )
    script = given.pop("script", None)
    described = script if isinstance(script, list) else [script]
    faults = [_fault(index, each) for index, each in enumerate(described)]
    ask.controls.faults.on(given.pop("operation", ""), faults, **given)
    return show_faults(ask)


def _fault(index: int, described: Any) -> Fault:
    try:
        return fault_of(described)
    except EmulatorError as error:
        raise EmulatorError(f"script.{index}: {error}") from None


def show_faults(ask: Ask) -> Json:
    """``GET faults``: those that were met and those that were not."""
    faults = ask.controls.faults
    return {"all_met": faults.all_met, "met": faults.met, "unmet": faults.unmet}


def clear_faults(ask: Ask) -> Json:
    """``DELETE faults``: forget all scripts, and what was met."""
    ask.controls.faults.clear()
    return {}


def show_requests(ask: Ask) -> Json:
    """``GET requests?operation=monitors.run``: what was asked, oldest first, and how often."""
    operation, log = ask.query.get("operation"), ask.controls.requests
    entries = list(log) if operation is None else log.of(operation)
    return {"count": len(entries), "requests": [asdict(entry) for entry in entries]}


def clear_requests(ask: Ask) -> Json:
    """``DELETE requests``: forget them."""
    ask.controls.requests.clear()
    return {}


# -- time and limits --------------------------------------------------------------------------


def show_clock(ask: Ask) -> Json:
    """``GET clock``: the emulator's moment, and whether it stands still."""
    clock = ask.service.world.clock
    return {"now": iso(clock.now()), "frozen": clock.frozen}


def move_clock(ask: Ask) -> Json:
    """``PUT clock``: ``set`` and ``freeze`` to a moment, ``advance`` by seconds, ``resume``.

    Several are done in this order; ``freeze: true`` stands at the present moment.
    """
    given = ask.arguments(set=str, freeze=str | bool, advance=float, resume=bool)
    clock = ask.service.world.clock
    if "set" in given:
        clock.set(_moment("set", given["set"]))
    if given.get("freeze", False) is not False:
        clock.freeze(None if given["freeze"] is True else _moment("freeze", given["freeze"]))
    if "advance" in given:
        clock.advance(given["advance"])
    if given.get("resume"):
        clock.resume()
    return show_clock(ask)


def _moment(name: str, value: str) -> datetime:
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise EmulatorError(f"{name} is a moment as ISO 8601 text, not {value[:100]!r}") from None


def show_limits(ask: Ask) -> Json:
    """``GET limits``: the limits, or null when there are none."""
    limits = ask.controls.limiter.limits
    return {"limits": None if limits is None else asdict(limits)}


def set_limits(ask: Ask) -> Json:
    """``PUT limits``: ``{}`` for those of the service; fields as `Limits` has them."""
    ask.controls.limiter.set(Limits(**ask.arguments(**get_type_hints(Limits))))
    return show_limits(ask)


def drop_limits(ask: Ask) -> Json:
    """``DELETE limits``: any number of calls is allowed."""
    ask.controls.limiter.set(None)
    return show_limits(ask)


# -- monitors whose outcome is decided beforehand ---------------------------------------------


def add_monitor(ask: Ask) -> Json:
    """``POST monitors``: ``name`` and what `PostmanEmulator.add_monitor` takes; answers the uid."""
    given = ask.arguments(name=str, workspace=str | None, **_SCRIPT)
    name, workspace = given.pop("name", ""), given.pop("workspace", None)
    return {"uid": actions.add_monitor(ask.service, name, _script(given), workspace)}


def script_run(ask: Ask) -> Json:
    """``PUT monitors/{uid}/script``: the same fields, or ``run``, a result of one's own."""
    given = ask.arguments(run=Mapping[str, Any] | None, failed_assertions=int | None, **_SCRIPT)
    run = given.pop("run", None)
    script = _script(given)
    if run is not None:
        script = RunScript(duration=script.duration, run=actions.own_result(run))
    actions.script_run(ask.service, ask.params["uid"], script)
    return {}


_SCRIPT: Json = {"outcome": str, "duration": float, "requests": int, "assertions": int}


def _script(given: Json) -> RunScript:
    plan = {"outcome": "passed", "duration": 0.0, "requests": 1, "assertions": 1, **given}
    return RunScript.of(**{"failed": plan.pop("failed_assertions", None), **plan})


# -- how they are reached ---------------------------------------------------------------------


def _called(action: Callable[[Ask], Json]) -> Handler:
    """Make a web handler of an action that takes and returns JSON."""

    async def called(request: web.Request) -> web.StreamResponse:
        raw = await read_body(request)
        body = validation.mapping(validation.parse(raw), "body") if raw else {}
        ask = Ask(request.app[CONTROLS], body, request.query, request.match_info)
        return answer(action(ask))

    return _guarded(called)


def _guarded(handler: Handler) -> Handler:
    """Answer what cannot be done with 400 and the reason."""

    async def guarded(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except (EmulatorError, TypeError, ValueError, OverflowError) as error:
            raise bad_request(str(error), "emulatorError") from None

    return guarded


_ACTIONS: dict[tuple[str, str], Callable[[Ask], Json]] = {
    ("POST", "reset"): reset,
    ("PUT", "seed"): seed,
    ("POST", "load"): load,
    ("GET", "faults"): show_faults,
    ("POST", "faults"): add_faults,
    ("DELETE", "faults"): clear_faults,
    ("GET", "requests"): show_requests,
    ("DELETE", "requests"): clear_requests,
    ("GET", "clock"): show_clock,
    ("PUT", "clock"): move_clock,
    ("GET", "limits"): show_limits,
    ("PUT", "limits"): set_limits,
    ("DELETE", "limits"): drop_limits,
    ("POST", "monitors"): add_monitor,
    ("PUT", "monitors/{uid}/script"): script_run,
}

CONTROL_ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/_emulator/snapshot", _guarded(take_snapshot)),
    ("PUT", "/_emulator/snapshot", _guarded(restore)),
    *((m, f"/_emulator/{path}", _called(action)) for (m, path), action in _ACTIONS.items()),
)
"""Method, path and handler of each."""
