"""Monitors: their settings, schedules and lists."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.emulator.conftest import Api

DAILY = {"cron": "0 6 * * *", "timezone": "UTC"}


async def test_a_new_monitor_has_the_defaults_of_the_service(api: Api) -> None:
    collection = await api.add_collection()
    uid = await api.add_monitor("watch", collection)
    found = await api.ok("GET", f"/monitors/{uid}")
    next_run = found["schedule"].pop("nextRun")
    assert datetime.fromisoformat(next_run) > datetime.now(UTC)
    assert found == {
        "id": uid.partition("-")[2],
        "uid": uid,
        "owner": 20413871,
        "name": "watch",
        "active": True,
        "collectionUid": collection,
        "schedule": DAILY,
        "options": {
            "strictSSL": False,
            "followRedirects": True,
            "requestTimeout": None,
            "requestDelay": 0,
        },
        "notifications": {"onError": [], "onFailure": []},
        "distribution": [],
    }


async def test_all_settings_come_back(api: Api) -> None:
    settings: dict[str, Any] = {
        "active": False,
        "environment": await api.add_environment(),
        "options": {
            "strictSSL": True,
            "followRedirects": False,
            "requestTimeout": 900_000,
            "requestDelay": 1,
        },
        "notifications": {"onError": [{"email": "a@b.example"}], "onFailure": []},
        "distribution": [{"region": "us-east"}],
        "retry": {"attempts": 2},
        "notificationLimit": 99,
    }
    uid = await api.add_monitor("watch", await api.add_collection(), **settings)
    found = await api.ok("GET", f"/monitors/{uid}")
    settings["environmentUid"] = settings.pop("environment")
    assert {key: found[key] for key in settings} == settings


async def test_an_update_changes_what_it_names(api: Api) -> None:
    uid = await api.add_monitor("watch", await api.add_collection(), retry={"attempts": 1})
    before = await api.ok("GET", f"/monitors/{uid}")
    fields = {
        "name": "New",
        "active": False,
        "options": {"strictSSL": True},
        "schedule": {"cron": "*/5 * * * *"},
        "retry": None,
    }
    answer = await api.ok("PUT", f"/monitors/{uid}", {"monitor": fields})
    assert answer == {"id": uid.partition("-")[2], "name": "New", "uid": uid}
    after = await api.ok("GET", f"/monitors/{uid}")
    assert (after["name"], after["active"]) == ("New", False)
    assert after["options"] == {**before["options"], "strictSSL": True}
    assert (after["schedule"]["cron"], after["schedule"]["timezone"]) == ("*/5 * * * *", "UTC")
    assert "retry" not in after
    assert after["collectionUid"] == before["collectionUid"]


async def test_a_deleted_monitor_is_gone(api: Api) -> None:
    uid = await api.add_monitor("watch", await api.add_collection())
    gone = await api.ok("DELETE", f"/monitors/{uid}")
    assert gone == {"id": uid.partition("-")[2], "uid": uid}
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/run")):
        assert (await api.call(method, f"/monitors/{uid}{path}")).status == 404


CRONS = ["* * * * *", "*/5 * * * *", "0 12 * * MON", "0 6 * * MON-FRI", "1,2 3-4 1 jan *"]
NO_CRONS = [
    "",
    "* * * *",
    "* * * * * *",
    "61 * * * *",
    "0 0 31 2 *",
    "@hourly",
    "a b c d e",
    "0 0 L * *",
    "R R * * *",
    "H * * * *",
    "? * * * *",
    "0 0 * * 1#2",
    "*\n* * * *",
    "*/0 * * * *",
    "5-1 * * * x",
    "0," * 5000 + "0 * * * *",
]


@pytest.mark.parametrize("cron", CRONS)
async def test_five_fields_of_posix_are_a_schedule(api: Api, cron: str) -> None:
    schedule = {"cron": cron, "timezone": "Europe/Berlin"}
    uid = await api.add_monitor("watch", await api.add_collection(), schedule=schedule)
    found = (await api.ok("GET", f"/monitors/{uid}"))["schedule"]
    assert datetime.fromisoformat(found.pop("nextRun")).tzinfo is not None
    assert found == schedule


@pytest.mark.parametrize("cron", NO_CRONS)
async def test_another_pattern_is_not_allowed(api: Api, cron: str) -> None:
    collection = await api.add_collection()
    fields = {"name": "a", "collection": collection, "schedule": {"cron": cron, "timezone": "UTC"}}
    answer = await api.call("POST", "/monitors", {"monitor": fields})
    assert (answer.status, answer.error) == (400, "cronPatternNotAllowedError")
    assert answer.body["error"]["details"] == {"pattern": cron}
    assert await api.ok("GET", "/monitors") == []


ZONES = ["Mars/Olympus", "", "../UTC", "/etc/passwd", "Europe", "UTC\0", "\ud83d", "z" * 9999]


@pytest.mark.parametrize("zone", ZONES)
async def test_an_unknown_time_zone_is_invalid(api: Api, zone: str) -> None:
    uid = await api.add_monitor("watch", await api.add_collection())
    body = {"monitor": {"schedule": {"timezone": zone}}}
    answer = await api.call("PUT", f"/monitors/{uid}", body)
    assert (answer.status, answer.body["error"]["message"]) == (400, "Invalid timezone")


async def test_the_next_run_is_meant_in_the_zone(api: Api) -> None:
    """Six in the morning in Kolkata, which has no summer time, is half past midnight in UTC."""
    schedule = {"cron": "0 6 * * *", "timezone": "Asia/Kolkata"}
    uid = await api.add_monitor("watch", await api.add_collection(), schedule=schedule)
    found = await api.ok("GET", f"/monitors/{uid}")
    assert found["schedule"]["nextRun"].endswith("T00:30:00.000Z")


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"name": None}, "paramMissingError"),
        ({"collection": ""}, "paramMissingError"),
        ({"schedule": None}, "paramMissingError"),
        ({"name": 1}, "malformedRequestError"),
        ({"collection": ["x"]}, "malformedRequestError"),
        ({"collection": "nobody"}, "instanceNotFoundError"),
        ({"environment": "nobody"}, "instanceNotFoundError"),
        ({"environment": 0}, "malformedRequestError"),
        ({"environment": ""}, "instanceNotFoundError"),
        ({"schedule": "daily"}, "malformedRequestError"),
        ({"schedule": {"cron": "* * * * *"}}, "malformedRequestError"),
        ({"schedule": {"cron": 1, "timezone": "UTC"}}, "malformedRequestError"),
        ({"active": 1}, "malformedRequestError"),
        ({"options": []}, "malformedRequestError"),
        ({"options": {"strictSSL": None}}, "malformedRequestError"),
        ({"options": {"requestDelay": 900_001}}, "badRequest"),
        ({"options": {"requestDelay": 1.5}}, "badRequest"),
        ({"options": {"requestTimeout": 0}}, "badRequest"),
        ({"notifications": {"onError": {}}}, "malformedRequestError"),
        ({"notifications": {"onError": [{"email": "nobody"}]}}, "badRequest"),
        ({"distribution": [{"region": "moon"}]}, "badRequest"),
        ({"distribution": ["us-east"]}, "malformedRequestError"),
        ({"retry": {"attempts": 3}}, "badRequest"),
        ({"retry": {}}, "malformedRequestError"),
        ({"notificationLimit": 0}, "badRequest"),
        ({"notificationLimit": "1"}, "malformedRequestError"),
    ],
)
async def test_a_setting_the_service_would_not_take_is_refused(
    api: Api, fields: dict[str, Any], error: str
) -> None:
    document = {
        "name": "watch",
        "collection": await api.add_collection(),
        "schedule": DAILY,
        **fields,
    }
    answer = await api.call("POST", "/monitors", {"monitor": document})
    assert answer.error == error
    assert answer.status == (404 if error == "instanceNotFoundError" else 400)
    assert await api.ok("GET", "/monitors") == []


async def test_the_list_can_be_filtered(api: Api) -> None:
    collections = [await api.add_collection(name) for name in "ab"]
    environment = await api.add_environment()
    first = await api.add_monitor("first", collections[0], environment=environment)
    second = await api.add_monitor("second", collections[1], active=False)
    workspace = await api.add_workspace(monitors=[{"id": second}])

    async def names(**query: str) -> list[str]:
        return [entry["name"] for entry in await api.ok("GET", "/monitors", **query)]

    assert await names() == ["first", "second"]
    assert await names(active="true") == ["first"]
    assert await names(active="false") == ["second"]
    assert await names(collectionUid=collections[1]) == ["second"]
    assert await names(environmentUid=environment) == ["first"]
    assert await names(owner="20413871") == ["first", "second"]
    assert await names(owner="1") == []
    assert await names(workspace=workspace) == ["second"]
    entry = (await api.ok("GET", "/monitors"))[0]
    assert entry == {
        "id": first.partition("-")[2],
        "uid": first,
        "name": "first",
        "owner": 20413871,
        "active": True,
        "collectionUid": collections[0],
        "environmentUid": environment,
    }


async def test_the_list_comes_in_pages_that_survive_deletions(api: Api) -> None:
    uids = [api.emulator.add_monitor(f"m{number}") for number in range(60)]
    first = await api.call("GET", "/monitors")
    assert len(first.body["monitors"]) == first.body["meta"]["limit"] == 25
    await api.ok("DELETE", f"/monitors/{uids[0]}")
    seen = [entry["uid"] for entry in first.body["monitors"]]
    cursor = first.body["meta"]["nextCursor"]
    while cursor is not None:
        answer = await api.call("GET", "/monitors", params={"cursor": cursor, "limit": "20"})
        seen += [entry["uid"] for entry in answer.body["monitors"]]
        cursor = answer.body["meta"]["nextCursor"]
    assert seen == uids


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "26"},
        {"limit": "²"},
        {"cursor": ""},
        {"cursor": "x"},
        {"cursor": "YWZ0ZXI6eA=="},
        {"cursor": "ä"},
        {"active": "yes"},
        {"owner": "me"},
    ],
)
async def test_a_filter_that_makes_no_sense_is_refused(api: Api, query: dict[str, str]) -> None:
    """Also with monitors, for which a filter is evaluated one by one."""
    api.emulator.add_monitor("watch")
    answer = await api.call("GET", "/monitors", params=query)
    assert answer.status == 400
