"""Whatever an answer holds is at most its own outcome's error; the journal and the rest go on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from postman_async import (
    AsyncPostman,
    InvalidResponseError,
    MonitorOutcome,
    MonitorRun,
    UnsettledError,
    from_dict,
    from_record,
    read_journal,
)
from postman_async.bulk.poller import Poller
from postman_async.bulk.record import outcome_line
from postman_async.cli.output.summary import row_of
from postman_async.engine.caller import RawCaller
from tests.bulk.kit import in_virtual_time
from tests.bulk.model import Model, Run, Service, serving
from tests.support import KEY

LONG = '{"text": "%s"}' % ("a" * 100_000)
"""Makes an answer large enough to be read part by part."""

MALFORMED = {
    "a number that no float holds": '{"n": 1e999}',
    "a number of 5,000 digits": '{"n": %s}' % ("9" * 5000),
    "540 levels": "[" * 540 + "]" * 540,
    "980 levels": '{"a":' * 980 + "1" + "}" * 980,
    "200,000 levels": "[" * 200_000 + "]" * 200_000,
    "half a character": r'{"name": "\ud800"}',
    "no number": '{"n": NaN}',
    "values of other kinds": '{"item": 7, "assertions": 3, "response": [], "request": "x"}',
}


class Malformed(Service):
    """Answers for the monitor ``1-bad`` hold a malformed value, in a run or in a poll."""

    text = ""
    in_polls = False

    def result(self, uid: str, run: Run) -> bytes:
        """Write the whole result of a run."""
        whole = super().result(uid, run)
        return whole if uid != "1-bad" else self.insert(whole, b'"executions": [')

    def monitor(self, uid: str, model: Model) -> dict[str, Any]:
        """Write a monitor as the service does."""
        document = super().monitor(uid, model)
        return document if uid != "1-bad" or not self.in_polls else {"bad": [], **document}

    async def observe(self, uid: str) -> bytes | None:
        """Answer a poll of a monitor."""
        whole = await super().observe(uid)
        return whole if whole is None or uid != "1-bad" else self.insert(whole, b'"bad": [')

    def insert(self, whole: bytes, before: bytes) -> bytes:
        """Insert the value into an answer."""
        body = whole.partition(b"\r\n\r\n")[2].replace(before, before + self.text.encode())
        return self.answer(200, body.decode())


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("malformed", MALFORMED)
@pytest.mark.parametrize("where", ["the run", "a poll"])
@pytest.mark.parametrize("keep", ["all", "summary"])
def test_one_malformed_answer_takes_nothing_else_down(
    malformed: str, large: bool, where: str, keep: Any, tmp_path: Path
) -> None:
    """The journal has both outcomes with their statuses, and so has the table."""
    path = tmp_path / "runs.jsonl"
    service = Malformed({"1-bad": Model(), "1-good": Model()})
    service.text = f"{MALFORMED[malformed]},{LONG}" if large else MALFORMED[malformed]
    service.in_polls = where == "a poll"
    if service.in_polls:
        service.monitors["1-bad"].faults = ["202"]

    async def run() -> Any:
        async with serving(service), AsyncPostman(KEY, base_url=service.url) as pm:
            return await pm.run_monitors(list(service.monitors), journal=path, keep=keep)

    bad, good = in_virtual_time(run)
    assert good.status == "passed"
    assert bad.status in ("passed", "unknown", "error")
    assert len(service.monitors["1-bad"].ours) == 1
    known = {outcome.uid: outcome.status for outcome in read_journal(path)}
    assert known == {"1-bad": bad.status, "1-good": "passed"}
    assert [row_of(outcome).status for outcome in (bad, good)] == [bad.status, "passed"]


def raising(kind: type[Exception]) -> Callable[..., Any]:
    """Make something that raises what code raises which meets other data than it knows."""

    def fail(*_: object, **__: object) -> Any:
        raise kind("fault")

    return fail


KINDS = [ValueError, RecursionError, OverflowError, TypeError, AttributeError]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("owner", "name"), [(RawCaller, "_value"), (Poller, "_conclude")], ids=["answer", "poll"]
)
def test_what_reading_an_answer_raises_is_its_own_outcome(
    owner: Any, name: str, kind: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine may fail on an answer: then polling has to find the result, and may fail, too."""
    service = Service({"1-0": Model(), "1-1": Model(faults=["202"])})
    monkeypatch.setattr(owner, name, raising(kind))

    async def run() -> Any:
        async with serving(service), AsyncPostman(KEY, base_url=service.url) as pm:
            return await pm.run_monitors(list(service.monitors))

    outcomes = in_virtual_time(run)
    assert outcomes[1].status == "unknown"
    assert isinstance(outcomes[1].error, UnsettledError)
    assert "fault" in str(outcomes[1].error)


def test_an_answer_that_is_looked_at_late_and_fails_is_settled_by_looking(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service = Service({"1-0": Model()})
    monkeypatch.setattr("postman_async.bulk.runner.status_of_run", raising(ValueError))

    async def run() -> Any:
        async with serving(service), AsyncPostman(KEY, base_url=service.url) as pm:
            return await pm.run_monitors(list(service.monitors))

    (outcome,) = in_virtual_time(run)
    assert (outcome.status, outcome.run is not None) == ("passed", True)
    assert len(service.monitors["1-0"].ours) == 1


HOLDS_ITSELF: dict[str, Any] = {"info": {"status": "success"}, "executions": []}
HOLDS_ITSELF["executions"].append(HOLDS_ITSELF)


@pytest.mark.parametrize("run", [HOLDS_ITSELF, {"info": object()}, {"n": 10**5000}, object()])
def test_what_is_no_json_is_left_out_of_a_line_and_the_verdict_stays(run: Any) -> None:
    outcome = MonitorOutcome(uid="1-m", name="M", index=3, status="failed", run=run, attempts=2)
    back = from_record(json.loads(outcome_line(outcome)))
    assert (back.uid, back.name, back.index, back.status) == ("1-m", "M", 3, "failed")
    odd: Any = object()
    odder = MonitorOutcome(uid="1-m", name=odd, status="passed", run=run)
    assert from_record(json.loads(outcome_line(odder))).status == "passed"


def test_executions_alone_are_left_out_where_they_are_what_cannot_be_written() -> None:
    error = InvalidResponseError.__name__
    document = {"info": {"status": "success"}, "stats": {"n": 1}, "executions": [{error: 1}]}
    run = from_dict(document, MonitorRun)
    run.executions = [object()]  # type: ignore[list-item]
    back = from_record(
        json.loads(outcome_line(MonitorOutcome(uid="1-m", status="passed", run=run)))
    )
    assert (back.run.info.status, back.run.executions, back.error) == ("success", None, None)  # type: ignore[union-attr]


def test_a_line_that_was_written_can_be_read_however_deep_the_reader_stands(tmp_path: Path) -> None:
    """On Python 3.11 the levels of JSON and the calls of the reader share one limit."""
    path = tmp_path / "runs.jsonl"
    deep: Any = 1
    for _ in range(800):
        deep = [deep]
    run = from_dict({"info": {"status": "success"}, "deep": deep}, MonitorRun)
    path.write_bytes(
        b'{"journal":1}\n' + outcome_line(MonitorOutcome(uid="m", status="passed", run=run))
    )

    def read(level: int) -> list[str]:
        return read(level - 1) if level else [o.status for o in read_journal(path)]

    assert read(600) == ["passed"]
