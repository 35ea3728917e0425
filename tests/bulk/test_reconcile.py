"""The rules by which a monitor's last run is ours, each on its own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postman_async import Monitor, from_dict
from postman_async.bulk.cron import may_fire
from postman_async.bulk.observation import KnownRun, Observation
from postman_async.bulk.reconcile import match_run
from postman_async.bulk.run_history import RunHistory
from postman_async.bulk.times import SKEW, parse_date, parse_time
from postman_async.bulk.trigger import MAX_START_DELAY, Trigger

NOON = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
"""The service's time when our clock shows 0."""


def observed(
    at: float = 20.0,
    *,
    started: float | None = 5.25,
    status: str = "failed",
    job: str | None = "ours",
    running: str | None = None,
    ended: bool = True,
    whole_seconds: bool = False,
    dated: bool = True,
    **monitor: Any,
) -> Observation:
    """Look at a monitor at a time of our clock; its last run started at another."""
    document: dict[str, Any] = {"id": "m", "uid": "1-m", "active": False, **monitor}
    if running is not None:
        document["jobId"] = running
    if started is not None:
        start = NOON + timedelta(seconds=started)
        start = start.replace(microsecond=0) if whole_seconds else start
        document["lastRun"] = {"status": status, "startedAt": start.isoformat()}
        if job is not None:
            document["lastRun"]["jobId"] = job
        if ended and status != "running":
            document["lastRun"]["finishedAt"] = NOON.isoformat()
    date = (NOON + timedelta(seconds=at)).replace(microsecond=0) if dated else None
    return Observation(
        monitor=from_dict(document, Monitor), date=date, sent_at=at - 0.1, received_at=at
    )


def call(**known: Any) -> Trigger:
    """Make a call that was sent at 5 s of our clock and failed at 6 s."""
    return Trigger(**{"sent_at": 5.0, "latest_start": 6.0, **known})


def confirmed() -> Trigger:
    """Make a call whose run the service confirmed, with an id."""
    return call(job_id="ours", confirmed=True)


def by_id() -> Trigger:
    """Make a call whose run is identified by a job id only."""
    return call(require_job_id=True)


BEFORE = KnownRun("earlier", (NOON + timedelta(seconds=4.9)).isoformat())


@pytest.mark.parametrize(
    ("trigger", "observation", "match"),
    [
        # by time
        (call(), observed(), "ended"),
        (call(), observed(job=None), "ended"),
        (call(), observed(status="running"), "running"),
        (call(), observed(status="a new word"), "ended"),
        (call(), observed(status="a new word", ended=False), "running"),
        (call(), observed(ended=False), "ended"),
        (call(), observed(ended=False, running="ours"), "running"),
        (call(), observed(started=-2.0), "absent"),
        (call(), observed(started=1.0), "ambiguous"),
        (call(tolerance=60.0), observed(started=-40.0), "ambiguous"),
        (call(), observed(started=None), "absent"),
        (call(), observed(started=9.5), "ambiguous"),
        (call(), observed(whole_seconds=True), "ended"),
        (call(), observed(dated=False), "ambiguous"),
        (call(latest_start=5.0 + MAX_START_DELAY), observed(started=19.0), "ended"),
        # the monitor's job id is that of its latest run, which may have ended
        (call(), observed(running="ours"), "ended"),
        (call(), observed(started=-2.0, job="old", running="old"), "absent"),
        (by_id(), observed(started=-2.0, job="old", running="old"), "absent"),
        (call(), observed(started=-2.0, job="old", running="ours"), "running"),
        (call(), observed(started=-2.0, job="old", running="old", ended=False), "running"),
        (confirmed(), observed(running="ours"), "ended"),
        (confirmed(), observed(job=None, running="ours"), "ended"),
        (
            confirmed(),
            observed(started=-2.0, job=None, running="ours"),
            "running",
        ),
        (
            confirmed(),
            observed(started=-2.0, job="old", running="old"),
            "absent",
        ),
        # never somebody else's
        (call(contended=True), observed(), "ambiguous"),
        (call(), observed(running="another"), "ambiguous"),
        (call(seen_jobs={"another"}), observed(), "ambiguous"),
        (call(previous_run=BEFORE), observed(started=4.9, job="earlier"), "absent"),
        (call(previous_run=BEFORE), observed(started=4.9, job=None), "absent"),
        (
            call(previous_run=KnownRun(None, NOON.isoformat())),
            observed(started=0.0, job=None),
            "ambiguous",
        ),
        (by_id(), observed(), "ambiguous"),
        (by_id(), observed(started=-2.0, job="old", running="ours"), "ambiguous"),
        (by_id(), observed(started=-2.0), "absent"),
        (call(require_job_id=True, job_id="ours", confirmed=True), observed(), "ended"),
        # a run that goes on, and that the last run does not tell of yet
        (call(), observed(started=-2.0, job=None, running="ours"), "running"),
        (call(), observed(started=None, running="ours"), "running"),
        (call(contended=True), observed(started=-2.0, job="old", running="ours"), "ambiguous"),
        # by job id
        (confirmed(), observed(started=-900.0), "ended"),
        (confirmed(), observed(status="running"), "running"),
        (
            confirmed(),
            observed(started=-2.0, job="old", running="ours"),
            "running",
        ),
        (confirmed(), observed(started=-2.0, job="old"), "absent"),
        (
            confirmed(),
            observed(started=-2.0, job="old", running="x"),
            "absent",
        ),
        (confirmed(), observed(job="another"), "ambiguous"),
        (confirmed(), observed(job=None), "ended"),
    ],
)
def test_each_rule(trigger: Trigger, observation: Observation, match: str) -> None:
    assert match_run(trigger, observation) == match


@given(
    sent=st.floats(0, 1e5),
    latest=st.floats(0, MAX_START_DELAY),
    started=st.floats(-1e3, 1e3),
    looked=st.floats(0, 1e3),
    whole_seconds=st.booleans(),
    job=st.none() | st.just("x"),
)
def test_no_run_from_outside_of_the_call_is_ours(
    sent: float, latest: float, started: float, looked: float, whole_seconds: bool, job: str | None
) -> None:
    """A date has whole seconds, so the margin is one second for it, and one for a start without."""
    trigger = Trigger(sent_at=sent, latest_start=sent + latest)
    observation = observed(
        sent + latest + looked, started=sent + started, whole_seconds=whole_seconds, job=job
    )
    margin = SKEW + 1.2 + whole_seconds
    if match_run(trigger, observation) in ("ended", "running"):
        assert -margin <= started <= latest + margin
    elif 0 <= started <= latest:
        raise AssertionError("its own run was not recognised")


def test_a_run_of_the_schedule_is_not_ours() -> None:
    """Our call was at 12:00:05, and the monitor runs every hour."""
    hourly = {"cron": "0 * * * *", "timezone": "UTC"}
    assert match_run(call(), observed(active=True, schedule=hourly)) == "ambiguous"
    assert match_run(call(), observed(active=False, schedule=hourly)) == "ended"
    nightly = {"cron": "0 4 * * *", "timezone": "UTC"}
    assert match_run(call(), observed(active=True, schedule=nightly)) == "ended"


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
    assert not Observation(monitor=monitor, date=NOON, sent_at=0, received_at=0).readable
    assert not Observation(monitor=[], date=NOON, sent_at=0, received_at=0).readable  # type: ignore[arg-type]


def test_a_time_that_cannot_be_read_places_nothing() -> None:
    observation = observed()
    assert observation.last_run is not None
    observation.last_run.started_at = "yesterday"
    assert match_run(call(), observation) == "ambiguous"


def test_times_and_dates_without_a_zone_are_meant_in_utc() -> None:
    assert parse_time("2026-03-01T12:00:00") == parse_time("2026-03-01T12:00:00Z") == NOON
    assert parse_date({"date": "Sun, 01 Mar 2026 12:00:00 GMT"}) == NOON
    assert parse_date({"date": "Sun, 01 Mar 2026 12:00:00 -0000"}) == NOON
    assert (parse_time("soon"), parse_date({}), parse_date({"date": "soon"})) == (None, None, None)


def test_a_run_history_is_bounded_and_drops_calls_that_ended() -> None:
    history = RunHistory()
    for n in range(10_001):
        history.add_run(f"1-{n}", KnownRun(None, None, seconds=1.0))
    assert (history.last_run("1-0"), history.last_run("1-1") is None) == (None, False)
    first, second = call(), call()
    history.begin_call("1-m", first)
    history.begin_call("1-m", second)
    history.end_call("1-m", first, "settled")
    history.end_call("1-m", second, "settled")
    assert (first.contended, second.contended, history._in_flight) == (True, True, {})


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
    history = RunHistory(cut)
    if seconds is not None:
        history.add_run("1-m", KnownRun("job", None, seconds))
    assert history.outlasts_connection("1-m") is outlasts
