"""Is a monitor's last run ours?  Each rule by itself, on clocks of its own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postman_async import Monitor, from_dict
from postman_async.bulk.cron import may_fire
from postman_async.bulk.history import Memory
from postman_async.bulk.reconcile import PROMPT, SKEW, Known, Look, Trigger, date_of, judge, moment

NOON = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
"""The service's time when our clock shows 0."""


def seen(
    at: float = 20.0,
    *,
    began: float | None = 5.25,
    status: str = "failed",
    job: str | None = "ours",
    going: str | None = None,
    ended: bool = True,
    coarse: bool = False,
    dated: bool = True,
    **monitor: Any,
) -> Look:
    """Look at a monitor at a time of our clock; its last run began at another."""
    told: dict[str, Any] = {"id": "m", "uid": "1-m", "active": False, **monitor}
    if going is not None:
        told["jobId"] = going
    if began is not None:
        start = NOON + timedelta(seconds=began)
        start = start.replace(microsecond=0) if coarse else start
        told["lastRun"] = {"status": status, "startedAt": start.isoformat()}
        if job is not None:
            told["lastRun"]["jobId"] = job
        if ended and status != "running":
            told["lastRun"]["finishedAt"] = NOON.isoformat()
    date = (NOON + timedelta(seconds=at)).replace(microsecond=0) if dated else None
    return Look(monitor=from_dict(told, Monitor), date=date, asked=at - 0.1, answered=at)


def call(**known: Any) -> Trigger:
    """Make a call that was sent at 5 s of our clock and failed at 6 s."""
    return Trigger(**{"earliest": 5.0, "latest": 6.0, **known})


BEFORE = Known("earlier", (NOON + timedelta(seconds=4.9)).isoformat())


@pytest.mark.parametrize(
    ("trigger", "look", "verdict"),
    [
        # by time
        (call(), seen(), "ended"),
        (call(), seen(job=None), "ended"),
        (call(), seen(status="running"), "running"),
        (call(), seen(status="a new word"), "ended"),
        (call(), seen(status="a new word", ended=False), "running"),
        (call(), seen(ended=False), "ended"),
        (call(), seen(ended=False, going="ours"), "running"),
        (call(), seen(began=-2.0), "absent"),
        (call(), seen(began=1.0), "lost"),
        (call(doubt=60.0), seen(began=-40.0), "lost"),
        (call(), seen(began=None), "absent"),
        (call(), seen(began=9.5), "lost"),
        (call(), seen(coarse=True), "ended"),
        (call(), seen(dated=False), "lost"),
        (call(latest=5.0 + PROMPT), seen(began=19.0), "ended"),
        # the monitor's job id is that of its latest run, which may have ended
        (call(), seen(going="ours"), "ended"),
        (call(), seen(began=-2.0, job="old", going="old"), "absent"),
        (call(by_id=True), seen(began=-2.0, job="old", going="old"), "absent"),
        (call(), seen(began=-2.0, job="old", going="ours"), "running"),
        (call(), seen(began=-2.0, job="old", going="old", ended=False), "running"),
        (call(job="ours", certain=True), seen(going="ours"), "ended"),
        (call(job="ours", certain=True), seen(job=None, going="ours"), "ended"),
        (call(job="ours", certain=True), seen(began=-2.0, job=None, going="ours"), "running"),
        (call(job="ours", certain=True), seen(began=-2.0, job="old", going="old"), "absent"),
        # never somebody else's
        (call(crowded=True), seen(), "lost"),
        (call(), seen(going="another"), "lost"),
        (call(seen={"another"}), seen(), "lost"),
        (call(before=BEFORE), seen(began=4.9, job="earlier"), "absent"),
        (call(before=BEFORE), seen(began=4.9, job=None), "absent"),
        (call(before=Known(None, NOON.isoformat())), seen(began=0.0, job=None), "lost"),
        (call(by_id=True), seen(), "lost"),
        (call(by_id=True), seen(began=-2.0, job="old", going="ours"), "lost"),
        (call(by_id=True), seen(began=-2.0), "absent"),
        (call(by_id=True, job="ours", certain=True), seen(), "ended"),
        # a run that goes on, and that the last run does not tell of yet
        (call(), seen(began=-2.0, job=None, going="ours"), "running"),
        (call(), seen(began=None, going="ours"), "running"),
        (call(crowded=True), seen(began=-2.0, job="old", going="ours"), "lost"),
        # by job id
        (call(job="ours", certain=True), seen(began=-900.0), "ended"),
        (call(job="ours", certain=True), seen(status="running"), "running"),
        (call(job="ours", certain=True), seen(began=-2.0, job="old", going="ours"), "running"),
        (call(job="ours", certain=True), seen(began=-2.0, job="old"), "absent"),
        (call(job="ours", certain=True), seen(began=-2.0, job="old", going="x"), "absent"),
        (call(job="ours", certain=True), seen(job="another"), "lost"),
        (call(job="ours", certain=True), seen(job=None), "ended"),
    ],
)
def test_each_rule(trigger: Trigger, look: Look, verdict: str) -> None:
    assert judge(trigger, look) == verdict


@given(
    sent=st.floats(0, 1e5),
    latest=st.floats(0, PROMPT),
    began=st.floats(-1e3, 1e3),
    looked=st.floats(0, 1e3),
    coarse=st.booleans(),
    job=st.none() | st.just("x"),
)
def test_no_run_from_outside_of_the_call_is_ours(
    sent: float, latest: float, began: float, looked: float, coarse: bool, job: str | None
) -> None:
    """A date has whole seconds, so the margin is one second for it, and one for a coarse time."""
    trigger = Trigger(earliest=sent, latest=sent + latest)
    look = seen(sent + latest + looked, began=sent + began, coarse=coarse, job=job)
    vague = SKEW + 1.2 + coarse
    if judge(trigger, look) in ("ended", "running"):
        assert -vague <= began <= latest + vague
    elif 0 <= began <= latest:
        raise AssertionError("its own run was not recognised")


def test_a_run_of_the_schedule_is_not_ours() -> None:
    """Our call was at 12:00:05, and the monitor runs every hour."""
    hourly = {"cron": "0 * * * *", "timezone": "UTC"}
    assert judge(call(), seen(active=True, schedule=hourly)) == "lost"
    assert judge(call(), seen(active=False, schedule=hourly)) == "ended"
    nightly = {"cron": "0 4 * * *", "timezone": "UTC"}
    assert judge(call(), seen(active=True, schedule=nightly)) == "ended"


@pytest.mark.parametrize(
    ("cron", "zone", "when", "fires"),
    [
        ("*/5 * * * *", "UTC", "12:05", True),
        ("*/5 * * * *", "UTC", "12:06", False),
        ("0,30 8-17 * * *", "UTC", "12:30", True),
        ("0,30 8-17 * * *", "UTC", "18:30", False),
        ("10-20/5 * * * *", "UTC", "12:15", True),
        ("7/10 * * * *", "UTC", "12:27", True),
        ("7/10 * * * *", "UTC", "12:05", False),
        ("0 13 * * *", "Europe/Berlin", "12:00", True),
        ("0 12 * * *", "Europe/Berlin", "12:00", False),
        ("0 0 * * 1", "UTC", "00:00", True),
        ("@hourly", "UTC", "12:07", True),
        ("0 0 * * *", "Mars/Olympus", "12:07", True),
        ("x y * * *", "UTC", "12:07", True),
        ("*/0 * * * *", "UTC", "12:07", True),
        (None, None, "12:07", True),
    ],
)
def test_what_a_schedule_may_begin(cron: Any, zone: Any, when: str, fires: bool) -> None:
    schedule = {"cron": cron, "timezone": zone}
    monitor = from_dict({"active": True, "schedule": schedule}, Monitor)
    assert may_fire(monitor, datetime.fromisoformat(f"2026-03-01T{when}:31+00:00")) is fires


def test_a_schedule_that_is_not_told_may_fire_at_any_time() -> None:
    assert may_fire(from_dict({"active": True}, Monitor), NOON)
    assert may_fire(from_dict({}, Monitor), None)


@pytest.mark.parametrize("last", [{}, {"startedAt": 5}, [], {"startedAt": "x", "jobId": 7}])
def test_nothing_is_concluded_from_what_cannot_be_read(last: Any) -> None:
    monitor = from_dict({"id": "m", "lastRun": last}, Monitor)
    assert not Look(monitor=monitor, date=NOON, asked=0, answered=0).readable
    assert not Look(monitor=[], date=NOON, asked=0, answered=0).readable  # type: ignore[arg-type]


def test_a_time_that_cannot_be_read_places_nothing() -> None:
    look = seen()
    assert look.last is not None
    look.last.started_at = "yesterday"
    assert judge(call(), look) == "lost"


def test_times_and_dates_without_a_zone_are_meant_in_utc() -> None:
    assert moment("2026-03-01T12:00:00") == moment("2026-03-01T12:00:00Z") == NOON
    assert date_of({"date": "Sun, 01 Mar 2026 12:00:00 GMT"}) == NOON
    assert date_of({"date": "Sun, 01 Mar 2026 12:00:00 -0000"}) == NOON
    assert (moment("soon"), date_of({}), date_of({"date": "soon"})) == (None, None, None)


def test_a_memory_forgets_the_oldest_and_lets_go_of_what_is_settled() -> None:
    memory = Memory()
    for n in range(10_001):
        memory.learn(f"1-{n}", Known(None, None, seconds=1.0))
    assert (memory.last_run("1-0"), memory.last_run("1-1") is None) == (None, False)
    first, second = call(), call()
    memory.enter("1-m", first)
    memory.enter("1-m", second)
    memory.leave("1-m", first, "known")
    memory.leave("1-m", second, "known")
    assert (first.crowded, second.crowded, memory._calls) == (True, True, {})


@pytest.mark.parametrize(
    ("seconds", "cut", "outlasts"),
    [
        (None, None, False),
        (None, 30.0, True),
        (20.0, None, False),
        (20.0, 30.0, False),
        (40.0, 30.0, True),
        (56.0, None, True),
        (56.0, 120.0, True),
    ],
)
def test_which_runs_are_triggered_in_the_background(
    seconds: float | None, cut: float | None, outlasts: bool
) -> None:
    memory = Memory(cut)
    if seconds is not None:
        memory.learn("1-m", Known("job", None, seconds))
    assert memory.outlasts("1-m") is outlasts
