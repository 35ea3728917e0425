"""Decides whether a monitor's last run is the one that our call started.

The service shows one run of a monitor, the one that started last.  When the call that was to
start a run brought no result, that run is ours only if

- it has the job id that the service gave us; or, if the service gave none,
- it started while our call was in flight, or at most `MAX_START_DELAY` seconds after it was sent.

Times are compared on *our* monotonic clock.  The answer that shows the run has a ``Date``, so the
run's age follows from the service's clock alone, and the clock of this machine may be wrong.
Dates are whole seconds, and the clocks of the service's own machines may differ by `SKEW`.  No
call is needed before the trigger, so a run costs one call of the rate limit and not two.

A run that started at that time is still not taken for ours if it

- is known to be another one (an earlier run of this client, or of the journal);
- may have been started by the monitor's schedule: the monitor is active, and its ``cron`` names
  the minute in which the run started;
- is one of two: another run is seen running, or was seen before, or this client had a second call
  for the same monitor in flight.

A run that started shortly before our call and is not known leaves the outcome open, too: if a
clock was wrong after all, a second trigger would start a second run.

One case remains: another client triggers the same monitor within these seconds, and our own call
is lost.  The service reports neither a count of runs nor who started one, so only a job id proves
that a run is ours.  ``reconcile=False`` ignores times (`Trigger.require_job_id`), and the outcome
is ``unknown`` where there is no id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from postman_async.bulk.cron import may_fire
from postman_async.bulk.times import SKEW, has_whole_seconds, parse_time
from postman_async.bulk.trigger import MAX_START_DELAY

if TYPE_CHECKING:
    from postman_async.bulk.observation import Observation
    from postman_async.bulk.trigger import Trigger

__all__ = ["Match", "match_run"]

Match: TypeAlias = Literal["ended", "running", "absent", "ambiguous"]
"""Our run has ended; it is running; it has not started; or it cannot be told from others."""

Interval: TypeAlias = Literal["before", "within", "after", "undecided"]
"""When the last run started: before our call, within its seconds, after them, or unclear."""


def match_run(trigger: Trigger, observation: Observation) -> Match:
    """Decide what an observation says of the run that a call may have started.

    A run that is taken for ours is added to the trigger's ``seen_jobs``.

    Args:
        trigger: the call.
        observation: the monitor as it is now.

    Returns:
        What became of the run.

    """
    last = observation.last_run
    if trigger.job_id is not None and last is not None and last.job_id == trigger.job_id:
        return _ended_or_running(observation)
    interval = _interval(trigger, observation)
    if trigger.job_id is not None and observation.running_job == trigger.job_id:
        # A last run without an id of its own may be the one that the monitor's jobId names.
        same = interval == "within" and not _may_be_another(trigger, observation)
        return _ended_or_running(observation) if same else "running"
    if interval == "before":
        job_id = observation.running_job
        if job_id is None or job_id in trigger.known_jobs:
            return "absent"
        return _match_running_job(trigger, job_id)
    if interval != "within" or _may_be_another(trigger, observation):
        return "ambiguous"
    trigger.seen_jobs.update(observation.job_ids)
    return _ended_or_running(observation)


def _ended_or_running(observation: Observation) -> Match:
    return "ended" if observation.last_run_ended else "running"


def _match_running_job(trigger: Trigger, job_id: str) -> Match:
    """Decide on a run that is running while ``lastRun`` still shows an earlier one."""
    if trigger.job_id is not None or trigger.require_job_id or trigger.contended:
        return "absent" if trigger.confirmed else "ambiguous"
    trigger.seen_jobs.add(job_id)
    return "running" if len(trigger.seen_jobs) == 1 else "ambiguous"


def _interval(trigger: Trigger, observation: Observation) -> Interval:
    """Compare the start of the last run with our call, by identity or by time."""
    last, previous = observation.last_run, trigger.previous_run
    if last is None or observation.latest_job in trigger.known_jobs:
        return "before"
    if previous is not None and previous.job_id and last.job_id:
        if previous.job_id == last.job_id:
            return "before"
    elif previous is not None and previous.started_at == last.started_at:
        # A whole second names more than one run: ours may have started in the same one.
        return "undecided" if has_whole_seconds(last.started_at) else "before"
    return _interval_by_time(trigger, observation)


def _interval_by_time(trigger: Trigger, observation: Observation) -> Interval:
    """Compare the times alone, on our clock or on that of the service."""
    bounds, first, latest = observation.start_bounds(), trigger.sent_at, trigger.latest_start
    if trigger.sent_bounds is not None:
        bounds, first = observation.service_start_bounds(), trigger.sent_bounds[0]
        latest = trigger.sent_bounds[1] + MAX_START_DELAY
    if bounds is None:
        return "undecided"
    earliest_start, latest_start = bounds
    if latest_start < first - SKEW:
        return "before" if latest_start < first - trigger.tolerance else "undecided"
    return "after" if earliest_start > latest + SKEW else "within"


def _may_be_another(trigger: Trigger, observation: Observation) -> bool:
    """Return whether a run that started with our call may still be another one."""
    last = observation.last_run
    if last is None or trigger.require_job_id or trigger.contended:
        return True
    if trigger.job_id is not None and last.job_id is not None:
        return True
    if last.job_id in trigger.excluded_jobs:
        return True
    if len(trigger.seen_jobs | observation.job_ids) > 1:
        return True
    return may_fire(observation.monitor, parse_time(last.started_at))
