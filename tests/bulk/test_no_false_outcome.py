"""Whatever happens to the calls: nothing is run twice, nothing is lost, and no outcome is false."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from postman_async import AsyncPostman, BatchReport, MonitorOutcome, Retries, Timeout
from tests.bulk.kit import in_virtual_time
from tests.bulk.model import NEVER, NOT_STARTED, Fault, Model, PollFault, Run, Service, serving
from tests.bulk.restarts import ATTEMPTS, WORDS, Process, Scenario
from tests.support import KEY

EXAMPLES = int(os.environ.get("POSTMAN_ASYNC_EXAMPLES", "80"))
FAULTS: tuple[Fault, ...] = get_args(Fault)

models = st.builds(
    Model,
    seconds=st.sampled_from([0.5, 3.0, 20.0, 70.0]),
    word=st.sampled_from(sorted(WORDS)),
    faults=st.lists(st.sampled_from(FAULTS), max_size=4),
    poll_faults=st.lists(st.sampled_from(get_args(PollFault)), max_size=5),
    other_clients=st.frozensets(st.sampled_from(["before", "within", "after"])),
    active=st.booleans(),
)
services = st.builds(
    Service,
    monitors=st.lists(models, min_size=1, max_size=4).map(
        lambda made: {f"1-{n}": model for n, model in enumerate(made)}
    ),
    skew=st.sampled_from([0.0, -7200.0, 3600.5]),
    lag=st.sampled_from([0.0, 1.5]),
    ids=st.booleans(),
    whole_seconds=st.booleans(),
    late_last_run=st.booleans(),
)
options = st.fixed_dictionaries(
    {
        "concurrency": st.integers(1, 5),
        "repeat": st.integers(1, 2),
        "run_async": st.sampled_from([False, True, "auto"]),
        "on_unknown": st.sampled_from(["report", "rerun"]),
        "reconcile": st.booleans(),
        "overlap": st.booleans(),
        "timeout": st.sampled_from([Timeout(), Timeout(run=30.0)]),
        "run_deadline": st.sampled_from([100.0, 1200.0]),
        "deadline": st.sampled_from([None, 60.0]),
        "fail_fast": st.booleans(),
    }
)


async def run(service: Service, uids: list[str], **given: Any) -> BatchReport:
    """Run the monitors of a service."""
    retries = Retries(attempts=ATTEMPTS, backoff=0.1)
    async with serving(service), AsyncPostman(KEY, base_url=service.url, retries=retries) as pm:
        return await pm.run_monitors(uids, **given)


@settings(max_examples=EXAMPLES, deadline=None)
@given(services, options)
def test_no_interleaving_runs_twice_or_loses_or_lies(
    service: Service, given: dict[str, Any]
) -> None:
    uids = list(service.monitors)
    if given["repeat"] > 1:  # another client's run would start with the second round
        for model in service.monitors.values():
            model.other_clients -= {"after"}
    report = in_virtual_time(lambda: run(service, uids, **given))
    for outcome in report:
        note(repr(outcome))
    assert [outcome.uid for outcome in report] == uids * given["repeat"]
    assert [outcome.index for outcome in report] == list(range(len(report)))
    for uid, model in service.monitors.items():
        outcomes = [outcome for outcome in report if outcome.uid == uid]
        check_triggers(model, outcomes)
        assert given["reconcile"] or not any(outcome.reconciled for outcome in outcomes)
        check_truth(model, outcomes, ids=service.ids)


def check_triggers(model: Model, outcomes: list[MonitorOutcome]) -> None:
    """No call was made that is not accounted for, and no run was started twice for one index."""
    assert model.triggers <= sum(outcome.attempts for outcome in outcomes)
    assert all(outcome.attempts <= 2 * ATTEMPTS for outcome in outcomes)
    assert len(model.ours) <= sum(outcome.attempts > 0 for outcome in outcomes)


def check_truth(model: Model, outcomes: list[MonitorOutcome], *, ids: bool) -> None:
    """What an outcome says is what happened; ``unknown`` may always be said.

    Only a run recognised by its time can be another client's, and only one of the same seconds.
    """
    claimed = [outcome for outcome in outcomes if outcome.run is not None]
    claimed = [outcome for outcome in claimed if outcome.status != "unknown"]
    if "within" in model.other_clients:
        claimed = [outcome for outcome in claimed if not outcome.reconciled]
    if "after" in model.other_clients:  # who may come in the seconds of a second call
        claimed = [o for o in claimed if not (o.reconciled and o.attempts > 1)]
    assert all(WORDS[model.word] == outcome.status for outcome in claimed)
    assert len(claimed) <= len(model.ours)
    if ids:
        jobs = [outcome.run.info.job_id for outcome in claimed if outcome.run is not None]
        assert len(set(jobs)) == len(jobs)
        assert set(jobs) <= {run.job for run in model.ours}
    unclaimed = [outcome for outcome in outcomes if outcome.status in ("skipped", "error")]
    not_run = [outcome for outcome in unclaimed if outcome.run is None]
    assert len(model.ours) <= len(outcomes) - len(not_run)


processes = st.lists(
    st.builds(
        Process,
        seconds=st.sampled_from([0.01, 0.4, 1.0, 4.0, 25.0, 80.0]),
        gap=st.sampled_from([0.0, 0.5, 10.0, 45.0, 200.0]),
        step=st.sampled_from([0.0, 0.0, -2.0, -35.0, 35.0, -3600.0, 3600.0]),
        moves=st.booleans(),
    ),
    max_size=3,
)
other_clients = st.lists(st.tuples(st.integers(0, 3), st.floats(0.0, 200.0)), max_size=3)


@settings(max_examples=EXAMPLES, deadline=None)
@given(services, options, processes, other_clients, st.integers(1, 3))
def test_no_restart_of_a_batch_runs_twice_or_loses_or_lies(
    service: Service,
    given: dict[str, Any],
    processes: list[Process],
    other_clients: list[tuple[int, float]],
    repeat: int,
) -> None:
    """Uids repeat, processes are killed, clocks are set, and others run the same monitors.

    ``POSTMAN_ASYNC_EXAMPLES=20000`` says in how many scenarios; CONTRIBUTING has the command.
    """
    given = {**given, "repeat": repeat}
    scenario = Scenario(service, list(service.monitors), given, other_clients)
    with TemporaryDirectory() as folder:
        report = in_virtual_time(lambda: scenario.run(processes, Path(folder) / "runs.jsonl"))
    for outcome in report:
        note(repr(outcome))
    assert [outcome.uid for outcome in report] == scenario.uids * repeat
    scenario.check(report)


@pytest.mark.parametrize("ids", [True, False])
@pytest.mark.parametrize("reconcile", [True, False])
def test_a_run_of_the_same_seconds_is_only_ours_by_its_time(reconcile: bool, ids: bool) -> None:
    """Our call is lost, and somebody else's run begins: nothing that the service tells differs."""
    model = Model(faults=["cut before"], other_clients=frozenset({"within"}))
    service = Service({"1-m": model}, ids=ids)
    (outcome,) = in_virtual_time(lambda: run(service, ["1-m"], reconcile=reconcile))
    assert (outcome.status, outcome.reconciled) == (
        ("error", True) if reconcile else ("unknown", False)
    )


@pytest.mark.parametrize("lag", [6.0, 14.0])
def test_before_it_is_triggered_again_a_run_has_had_its_time_to_show(lag: float) -> None:
    """The service reports a run late; a second trigger would be a second run."""
    model = Model(seconds=1.0, word="failed", faults=["cut after"])
    service = Service({"1-m": model}, lag=lag)
    (outcome,) = in_virtual_time(lambda: run(service, ["1-m"], on_unknown="rerun"))
    assert (outcome.status, outcome.reconciled, len(model.ours)) == ("failed", True, 1)


@pytest.mark.parametrize("seconds", [2.0, 70.0])
@pytest.mark.parametrize("fault", [f for f in FAULTS if f not in NOT_STARTED | NEVER])
@pytest.mark.parametrize("run_async", [False, True])
def test_a_run_that_was_begun_is_found(fault: Fault, seconds: float, run_async: bool) -> None:
    """The test above would pass if everything was unknown."""
    model = Model(seconds=seconds, word="failed", faults=[fault])
    report = in_virtual_time(
        lambda: run(Service({"1-m": model}, skew=-4000.0), ["1-m"], run_async=run_async)
    )
    (outcome,) = report
    late = fault == "502, started late"
    assert (outcome.status, model.triggers) == ("unknown" if late else "failed", 1)
    answered = fault in ("none", "slow")
    answered |= run_async and fault in ("202", "not JSON", "cut in the answer")  # those never come
    assert outcome.reconciled == (not answered and not late)


EARLIER = Run(
    "job-of-yesterday", ours=False, starts_at=-86_400.0, ends_at=-86_390.0, word="success"
)


@pytest.mark.parametrize(
    ("fault", "on_unknown", "status", "triggers"),
    [
        ("502, started", "report", "failed", 1),
        ("502, not started", "report", "unknown", 1),
        ("502, not started", "rerun", "failed", 2),
    ],
)
@pytest.mark.parametrize("late_last_run", [True, False])
def test_the_job_of_a_run_that_has_ended_is_no_run_under_way(
    fault: Fault, on_unknown: str, status: str, triggers: int, late_last_run: bool
) -> None:
    """The monitor's job id is that of its latest run: yesterday's, until ours shows.

    Taken for a run under way, ours would be one of two and never known, and one that never began
    would be waited for to the deadline.
    """
    model = Model(seconds=20.0, word="failed", faults=[fault], runs=[EARLIER])
    service = Service({"1-m": model}, lag=1.5, late_last_run=late_last_run)
    (outcome,) = in_virtual_time(lambda: run(service, ["1-m"], on_unknown=on_unknown))
    assert (outcome.status, model.triggers) == (status, triggers)
    assert outcome.elapsed < 60
