"""Records: an outcome goes through JSON and comes back, and never takes a secret along."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postman_async import (
    AsyncPostman,
    CallTimeoutError,
    DeadlineExceeded,
    InvalidArgumentError,
    MonitorOutcome,
    MonitorRun,
    PostmanError,
    RateLimitError,
    RedirectError,
    ResponseValidationError,
    UsageLimitError,
    errors,
    from_dict,
    from_record,
    to_record,
)
from postman_async.emulator import PostmanEmulator
from postman_async.engine.http.response import error_of
from postman_async.errors import Answer
from tests.support import KEY

CALL = "POST /monitors/1-m/run"
SECRET = {"X-Api-Key": KEY, "Set-Cookie": "session=secret", "Retry-After": "7"}

texts = st.text(max_size=20)
seconds = st.floats(0, 1e6)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
infos = st.dictionaries(st.sampled_from(["monitorId", "status", "jobId", "new"]), json_values)
runs = st.fixed_dictionaries({"info": infos}, optional={"stats": json_values, "more": json_values})

# What came instead of a run is kept as it came; an object is always read as a run.
strange = json_values.filter(lambda value: not isinstance(value, dict))


def answered(status: int, name: str, message: str) -> PostmanError:
    body = json.dumps({"error": {"name": name, "message": message}}).encode()
    return error_of(CALL, Answer(status, {k.lower(): v for k, v in SECRET.items()}, body))


failures: st.SearchStrategy[PostmanError] = st.one_of(
    st.builds(answered, st.sampled_from([400, 401, 403, 404, 409, 429, 500, 502]), texts, texts),
    st.builds(CallTimeoutError, st.just(CALL), texts),
    st.builds(RedirectError, st.just(CALL), st.just(307), texts),
    st.builds(ResponseValidationError, st.just(CALL), st.lists(texts)),
    st.builds(DeadlineExceeded, texts),
    st.builds(InvalidArgumentError, texts),
)

outcomes = st.builds(
    MonitorOutcome,
    uid=texts,
    name=st.none() | texts,
    index=st.integers(0, 10**7),
    status=st.sampled_from(["passed", "failed", "error", "unknown", "skipped"]),
    run=st.none() | runs.map(lambda run: from_dict(run, MonitorRun)) | strange,
    attempts=st.integers(0, 9),
    started_at=st.none() | st.datetimes(timezones=st.just(UTC)),
    elapsed=seconds,
    waited=seconds,
    reconciled=st.booleans(),
)


@given(outcomes)
def test_an_outcome_comes_back_as_it_was(outcome: MonitorOutcome) -> None:
    assert from_record(json.loads(json.dumps(to_record(outcome)))) == outcome


@given(failures, st.integers(0, 9))
def test_an_error_comes_back_with_its_class_message_and_names(
    error: PostmanError, attempts: int
) -> None:
    error.attempts = attempts
    outcome = MonitorOutcome(uid="1-m", status="error", error=error)
    record = json.loads(json.dumps(to_record(outcome)))
    back = from_record(record).error
    assert back is not None
    assert type(back) is type(error)
    assert (str(back), back.attempts) == (str(error), attempts)
    for name in ("call", "status", "name", "message", "method", "path", "reason", "faults"):
        assert getattr(back, name, None) == getattr(error, name, None), name
    assert getattr(back, "retry_after", None) == getattr(error, "retry_after", None)
    assert to_record(from_record(record)) == record


@pytest.mark.parametrize("name", ["rateLimited", "serviceLimitExhausted"])
def test_no_header_and_no_body_is_recorded(name: str) -> None:
    error = answered(429, name, "slow down")
    assert isinstance(error, RateLimitError | UsageLimitError)
    assert error.headers["x-api-key"] == KEY
    text = json.dumps(to_record(MonitorOutcome(uid="1-m", status="error", error=error)))
    assert KEY not in text
    assert "secret" not in text
    assert "slow down" in text


async def test_the_outcomes_of_a_batch_come_back(
    local_emulator: PostmanEmulator, pm: AsyncPostman
) -> None:
    uids = [local_emulator.add_monitor(f"m{n}", outcome="failed") for n in range(3)]
    report = await pm.run_monitors([*uids, "1-unknown"])
    back = [from_record(json.loads(json.dumps(to_record(outcome)))) for outcome in report]
    assert [o.run for o in back] == [o.run for o in report]
    assert [str(o.error) for o in back] == [str(o.error) for o in report]


def test_every_error_of_the_package_can_be_recorded() -> None:
    for name in errors.__all__:
        error = errors.restored(getattr(errors, name), "words", {})
        back = from_record(to_record(MonitorOutcome(uid="1-m", status="error", error=error))).error
        assert (type(back), str(back)) == (type(error), "words")


def test_what_a_later_version_adds_is_ignored() -> None:
    outcome = MonitorOutcome(uid="1-m", status="error", error=DeadlineExceeded("late"))
    record = {**to_record(outcome), "new": 1}
    record["error"] = {"type": "NewError", "message": "late", "new": 1}
    back = from_record(record).error
    assert (type(back), str(back)) == (PostmanError, "late")


@pytest.mark.parametrize(
    "change", [{"version": 2}, {"version": None}, {"status": ...}, {"started_at": "soon"}]
)
def test_what_is_no_record_is_refused(change: dict[str, Any]) -> None:
    outcome = MonitorOutcome(uid="1-m", status="passed", started_at=datetime.now(UTC))
    record = {k: v for k, v in {**to_record(outcome), **change}.items() if v is not ...}
    with pytest.raises(InvalidArgumentError, match="not an outcome record"):
        from_record(record)


def test_what_is_no_object_is_no_record() -> None:
    with pytest.raises(InvalidArgumentError, match="not an outcome record"):
        from_record(["1-m"])  # type: ignore[arg-type]
