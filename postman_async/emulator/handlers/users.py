"""The operation on the owner of the API key."""

from __future__ import annotations

from postman_async.emulator.serving.call import Call
from postman_async.emulator.serving.registry import operation
from postman_async.emulator.state.ids import OWNER
from postman_async.emulator.state.store import Json

__all__ = ["TEAM", "me"]

TEAM = 4711
"""The id of the user's team."""

_USER: Json = {
    "id": OWNER,
    "username": "emulated-user",
    "email": "user@emulator.invalid",
    "fullName": "Emulated User",
    "avatar": None,
    "isPublic": False,
    "teamId": TEAM,
    "teamName": "Emulated Team",
    "teamDomain": "emulated-team",
    "roles": ["user"],
}


@operation("users.me")
def me(call: Call) -> Json:
    """``GET /me``: the user, and the usage: calls since the start, and the requests of runs."""
    usage = {
        "api_usage": call.service.api_calls,
        "monitor_request_runs": call.store.requests_sent(),
    }
    limits = {"api_usage": 1_000_000, "monitor_request_runs": 100_000}
    monthly = call.service.monthly_limit()
    if monthly is not None:
        limits["api_usage"] = monthly
    operations = [
        {"name": name, "limit": limits[name], "usage": used, "overage": max(0, used - limits[name])}
        for name, used in usage.items()
    ]
    return {"user": dict(_USER), "operations": operations}
