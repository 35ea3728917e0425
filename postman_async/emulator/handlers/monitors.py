"""Operations on monitors, and their runs."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from postman_async.emulator.errors import server_error
from postman_async.emulator.handlers.common import linked, linked_environment
from postman_async.emulator.handlers.crud import register_delete
from postman_async.emulator.serving.call import Call, answer
from postman_async.emulator.serving.paging import cursor_of, position_of
from postman_async.emulator.serving.registry import operation
from postman_async.emulator.state import validation
from postman_async.emulator.state.ids import make_uid, same_id
from postman_async.emulator.state.schedules import checked_schedule, with_next_run
from postman_async.emulator.state.settings import DEFAULTS, checked_settings
from postman_async.emulator.state.store import Entity, Json

__all__ = ["create", "get", "list_all", "run", "update"]

_PAGE = 25


@operation("monitors.list")
def list_all(call: Call) -> Json:
    """``GET /monitors``: a page of the monitors that match the filters."""
    limit = validation.positive(call.query, "limit", high=_PAGE) or _PAGE
    after = position_of(call.query.get("cursor"))
    fits = _filter(call)
    found = [m for m in call.store.all("monitors", call.workspace()) if m.seq > after]
    fitting = [monitor for monitor in found if fits(monitor)]
    page, more = fitting[:limit], len(fitting) > limit
    return {
        "monitors": [_listed(monitor) for monitor in page],
        "meta": {"nextCursor": cursor_of(page[-1].seq) if more else None, "limit": limit},
    }


def _filter(call: Call) -> Callable[[Entity], bool]:
    """Validate the query, and return a predicate for the monitors that match it."""
    query = call.query
    active, owner = validation.flag(query, "active"), validation.positive(query, "owner")
    linked = [name for name in ("collection", "environment") if f"{name}Uid" in query]

    def fits(monitor: Entity) -> bool:
        facts = monitor.facts
        return (
            active in (None, facts["active"])
            and owner in (None, monitor.owner)
            and all(same_id(query[f"{name}Uid"], facts[name] or "") for name in linked)
        )

    return fits


def _listed(monitor: Entity) -> Json:
    facts = monitor.facts
    entry = {
        **monitor.ref,
        "owner": monitor.owner,
        "active": facts["active"],
        "collectionUid": make_uid(facts["collection"]),
    }
    if facts["environment"] is not None:
        entry["environmentUid"] = make_uid(facts["environment"])
    return entry


@operation("monitors.create", nulls=True)
def create(call: Call) -> Json:
    """``POST /monitors``: create a monitor of a collection."""
    fields = call.fields("monitor")
    home = call.home()
    facts: Json = {**DEFAULTS, **checked_settings(fields, DEFAULTS)}
    facts["schedule"] = checked_schedule(fields["schedule"])
    facts["collection"] = linked(call, "collection", fields["collection"]).id
    facts["environment"] = linked_environment(call, fields)
    monitor = call.store.add("monitors", facts)
    call.store.join(home, "monitors", monitor.id)
    return {"monitor": monitor.ref}


@operation("monitors.get")
def get(call: Call) -> Json:
    """``GET /monitors/{uid}``: return a monitor with its next and its last run."""
    monitor = call.target("monitors")
    facts = monitor.facts
    shown = {**_listed(monitor), "schedule": with_next_run(facts["schedule"])}
    for key in ("options", "notifications", "distribution", "retry", "notificationLimit"):
        if facts.get(key) is not None:
            shown[key] = facts[key]
    last = call.store.last_run(monitor.id)
    if last is not None:
        # The id of the latest run, ended or not; in the documented example it equals lastRun's.
        if "jobId" in last["info"]:
            shown["jobId"] = last["info"]["jobId"]
        shown["lastRun"] = _last_run(last)
    return {"monitor": shown}


def _last_run(last: Json) -> Json:
    keys = ("status", "startedAt", "finishedAt", "jobId")
    shown = {key: last["info"][key] for key in keys if key in last["info"]}
    if last["stats"] is not None:
        shown["stats"] = last["stats"]
    return shown


@operation("monitors.update", nulls=True)
def update(call: Call) -> Json:
    """``PUT /monitors/{uid}``: update the settings that the body has."""
    fields = call.fields("monitor")
    monitor = call.target("monitors")
    monitor.facts.update(checked_settings(fields, monitor.facts))
    if "schedule" in fields:
        monitor.facts["schedule"] = checked_schedule(fields["schedule"], monitor.facts["schedule"])
    call.store.save(monitor)
    return {"monitor": monitor.ref}


@operation("monitors.run")
async def run(call: Call) -> web.Response:
    """``POST /monitors/{uid}/run``: return the result, or the start with ``async=true``."""
    background = validation.flag(call.query, "async")
    runs = call.service.runs
    with call.store.transaction():
        begun = runs.begin(call.target("monitors"))
    runs.launch(begun)
    if background:
        return answer({"run": {"info": begun.info}})
    if call.accepted or not await runs.hold(begun):
        return answer({"run": {"info": _still_running(begun.monitor)}}, 202)
    if begun.refusal is not None or begun.body is None:  # no body: aborted before it started
        raise server_error(begun.refusal or "The run was aborted.", 503)
    return answer({"run": begun.body})


def _still_running(monitor_id: str) -> Json:
    message = "The run takes longer than the connection is held. Get the monitor for its outcome."
    return {"monitorId": monitor_id, "status": "running", "message": message}


register_delete("monitors")  # a run under way continues, unrecorded
