"""Settings of monitors: the defaults, and the ranges that the service accepts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from postman_async.emulator.errors import bad_request
from postman_async.emulator.state.validation import array, boolean, expect, mapping, number, text

__all__ = ["DEFAULTS", "REGIONS", "checked_settings"]

Json: TypeAlias = dict[str, Any]

REGIONS: Final = frozenset(
    {
        "us-east",
        "us-west",
        "ap-southeast",
        "ca-central",
        "eu-central",
        "sa-east",
        "uk",
        "us-east-staticip",
        "us-west-staticip",
    }
)
DEFAULTS: Final[Json] = {
    "active": True,
    "options": {
        "strictSSL": False,
        "followRedirects": True,
        "requestTimeout": None,
        "requestDelay": 0,
    },
    "notifications": {"onError": [], "onFailure": []},
    "distribution": [],
}
_MAX_PAUSE_MS = 900_000


def checked_settings(fields: Json, before: Json) -> Json:
    """Return the validated settings among the fields; objects are merged with the earlier ones."""
    return {
        key: check(fields[key], before.get(key)) for key, check in _CHECKS.items() if key in fields
    }


def _name(value: Any, _before: Any) -> str:
    return text(value, "name", shortest=1)


def _active(value: Any, _before: Any) -> bool:
    return boolean(value, "active")


def _options(value: Any, before: Json) -> Json:
    options = mapping(value, "options")
    for key in ("strictSSL", "followRedirects"):
        if key in options:
            boolean(options[key], f"options.{key}")
    if "requestDelay" in options:
        _whole(options["requestDelay"], "options.requestDelay", 0, _MAX_PAUSE_MS)
    if options.get("requestTimeout") is not None:
        _whole(options["requestTimeout"], "options.requestTimeout", 1, _MAX_PAUSE_MS)
    return {**before, **options}


def _notifications(value: Any, before: Json) -> Json:
    given = mapping(value, "notifications")
    for key in ("onError", "onFailure"):
        for index, entry in enumerate(array(given.get(key, []), f"notifications.{key}")):
            _email(entry, f"notifications.{key}.{index}")
    return {**before, **given}


def _email(entry: Any, path: str) -> None:
    address = text(mapping(entry, path).get("email"), f"{path}.email")
    if not all(address.partition("@")):
        raise bad_request(f"The value of {path}.email is not an e-mail address.")


def _distribution(value: Any, _before: Any) -> list[Json]:
    entries = array(value, "distribution")
    for index, entry in enumerate(entries):
        path = f"distribution.{index}"
        if text(mapping(entry, path).get("region"), f"{path}.region") not in REGIONS:
            raise bad_request(f"The value of {path}.region is not a region.")
    return entries


def _retry(value: Any, _before: Any) -> Json | None:
    if expect(value, "object|null", "retry") is None:
        return None
    _whole(value.get("attempts"), "retry.attempts", 1, 2)
    return mapping(value, "retry")


def _notification_limit(value: Any, _before: Any) -> Any:
    return None if value is None else _whole(value, "notificationLimit", 1, 99)


def _whole(value: Any, path: str, low: int, high: int) -> float:
    found = number(value, path, low, high)
    if found != int(found):
        raise bad_request(f"The value of {path} must be a whole number.")
    return found


_CHECKS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "name": _name,
    "active": _active,
    "options": _options,
    "notifications": _notifications,
    "distribution": _distribution,
    "retry": _retry,
    "notificationLimit": _notification_limit,
}
