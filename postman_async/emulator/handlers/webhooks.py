"""The operation on webhooks: URLs that run a collection with the posted data."""

from __future__ import annotations

from postman_async.emulator.handlers.common import linked, linked_environment
from postman_async.emulator.serving.call import Call
from postman_async.emulator.serving.registry import operation
from postman_async.emulator.state.ids import OWNER, make_uid, new_id
from postman_async.emulator.state.schedules import UNSCHEDULED
from postman_async.emulator.state.settings import DEFAULTS
from postman_async.emulator.state.store import Json

__all__ = ["create"]


@operation("webhooks.create", nulls=True)
def create(call: Call) -> Json:
    """``POST /webhooks``: create a monitor without a schedule, and the URL that runs it.

    The webhook has the id of the monitor, which owns its runs; deleting the monitor deletes it.
    """
    fields = call.fields("webhook")
    collection = linked(call, "collection", fields["collection"])
    facts = {
        **DEFAULTS,
        "name": fields["name"],
        "active": False,
        "schedule": UNSCHEDULED,
        "collection": collection.id,
        "environment": linked_environment(call, fields),
        "webhook": new_id(),
    }
    home = call.home()
    monitor = call.store.add("monitors", facts)
    call.store.join(home, "monitors", monitor.id)
    return {"webhook": _shown(call, monitor.ref, facts)}


def _shown(call: Call, ref: Json, facts: Json) -> Json:
    shown = {
        **ref,
        "collection": make_uid(facts["collection"]),
        "webhookUrl": f"{call.origin}/_webhooks/{OWNER}/{facts['webhook']}",
    }
    if facts["environment"] is not None:
        shown["environment"] = make_uid(facts["environment"])
    return shown
