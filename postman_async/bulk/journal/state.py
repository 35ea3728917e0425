"""`JournalState`: what the lines of a journal say of each run of its batch."""

from __future__ import annotations

import math
from array import array
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Any

from attrs import define, evolve, field

from postman_async.bulk.journal.pending import PendingRun
from postman_async.bulk.observation import KnownRun
from postman_async.bulk.record import VERSION
from postman_async.bulk.run_history import RunHistory
from postman_async.bulk.service_clock import Bounds, read_bounds

__all__ = ["JournalState"]

_MAX_INDEX = 2**32

_MAX_UNCERTAINTY = 2.5
"""Seconds by which the service's time of an attempt may be uncertain, and still be used."""


@define
class JournalState:
    """What is known of each run, in about ten bytes a run.

    Of the runs that have ended it knows the last one of each monitor, of as many monitors as a
    run history does: a pending run must not be taken for one of those.

    Attributes:
        uids: a hash of the monitor's uid for each index, or 0.
        done: 1 for each index with an outcome.
        counts: how many outcomes there are of each status.
        history: the known runs of the monitors.

    """

    uids: array[int] = field(factory=lambda: array("Q"))
    done: bytearray = field(factory=bytearray)
    counts: dict[str, int] = field(factory=dict)
    history: RunHistory = field(factory=RunHistory)
    _pending: dict[int, tuple[str, PendingRun]] = field(factory=dict)
    _pending_by_uid: dict[str, set[int]] = field(factory=dict)
    _service_offsets: dict[str, Bounds] = field(factory=dict)
    _late_starts: OrderedDict[str, PendingRun] = field(factory=OrderedDict)
    """The last run of each monitor whose outcome is unknown, while it may still start."""

    # -- reading events -----------------------------------------------------------------------

    def add(self, event: Mapping[str, Any]) -> None:
        """Apply one event.

        Raises:
            KeyError, TypeError, ValueError: the event is not valid.

        """
        if "service" in event:
            name, offset = read_bounds(event["service"])
            self._service_offsets[name] = offset
        if event.get("version") == VERSION:
            self._add_outcome(event)
        elif "started" in event:
            self._set_uid(event["started"], event["uid"])
            self._add_attempt(event["started"], event["uid"], event)
        elif "refused" in event:
            self._end_attempt(event["refused"])
        elif "began" in event:
            uid, pending = self._pending[event["began"]]
            confirmed = evolve(pending, confirmed=True, job_id=event["job"])
            self._pending[event["began"]] = uid, confirmed
        else:
            raise ValueError("it is no event")

    def _add_outcome(self, event: Mapping[str, Any]) -> None:
        index, uid, status = event["index"], event["uid"], event["status"]
        self._set_uid(index, uid)
        self.done[index] = 1
        self._end_attempt(index, unknown=status == "unknown")
        self._add_to_history(uid, event.get("run"))
        self.counts[status] = self.counts.get(status, 0) + 1

    def _add_attempt(self, index: int, uid: str, event: Mapping[str, Any]) -> None:
        """Add an attempt; attempts of one monitor at the same time cannot be told apart by time."""
        same_monitor = self._pending_by_uid.setdefault(uid, set())
        same_monitor.add(index)
        pending = PendingRun(
            at=datetime.fromisoformat(event["at"]),
            attempts=event["attempt"],
            previous_run=self.history.last_run(uid),
            known_jobs=self.history.job_ids(uid),
            clock=_read_clock(event.get("clock")),
        )
        self._drop_late_starts(pending)
        pending = evolve(pending, contended=uid in self._late_starts)
        self._pending[index] = uid, pending
        for other in same_monitor if len(same_monitor) > 1 else ():
            self._pending[other] = uid, evolve(self._pending[other][1], contended=True)

    def _drop_late_starts(self, later: PendingRun) -> None:
        """Drop the runs that can no longer start when another one is triggered."""
        while self._late_starts and next(iter(self._late_starts.values())).started_before(later):
            self._late_starts.popitem(last=False)

    def _end_attempt(self, index: int, *, unknown: bool = False) -> None:
        """Remove a pending run; its job id belongs to no other run."""
        uid, pending = self._pending.pop(index, (None, None))
        if uid is None or pending is None:
            return
        if pending.job_id is not None:
            self.history.add_job(uid, pending.job_id)
        if unknown:
            self._late_starts[uid] = pending
            self._late_starts.move_to_end(uid)
        same_monitor = self._pending_by_uid[uid]
        same_monitor.discard(index)
        if not same_monitor:
            del self._pending_by_uid[uid]

    def _add_to_history(self, uid: str, run: object) -> None:
        """Add the run of an outcome."""
        info = run.get("info") if isinstance(run, dict) else None
        if isinstance(info, dict):
            values = (info.get(key) for key in ("jobId", "startedAt", "finishedAt"))
            self.history.add_run(uid, KnownRun.from_values(*values))

    def _set_uid(self, index: int, uid: str) -> None:
        if not isinstance(index, int) or not 0 <= index < _MAX_INDEX:
            raise ValueError(f"{index!r} is no index")
        missing = index + 1 - len(self.done)
        if missing > 0:
            self.done.extend(bytes(missing))
            self.uids.extend([0] * missing)
        if self.uids[index] not in (0, _hash(uid)):
            raise ValueError(f"run {index} has two monitors")
        self.uids[index] = _hash(uid)

    # -- what is known ------------------------------------------------------------------------

    def share_with(self, history: RunHistory) -> None:
        """Add the runs that have ended, and those that may still start, to a client's history."""
        history.merge(self.history)
        for uid, pending in self._late_starts.items():
            history.expect_late_start(uid, pending.sent_at_latest())

    def __len__(self) -> int:
        """Return how many indexes are known, up to the highest one."""
        return len(self.uids)

    def matches(self, index: int, uid: str) -> bool:
        """Return whether the journal knows no monitor at an index, or the same one."""
        return index >= len(self.uids) or self.uids[index] in (0, _hash(uid))

    def has_outcome(self, index: int) -> bool:
        """Return whether the outcome at an index is known."""
        return index < len(self.done) and bool(self.done[index])

    def pending(self, index: int) -> PendingRun | None:
        """Return the pending run at an index, if there is one."""
        if index not in self._pending:
            return None
        pending = self._pending[index][1]
        name, at = pending.clock or ("", 0.0)
        low, high = self._service_offsets.get(name, (0.0, math.inf))
        if high - low > _MAX_UNCERTAINTY:
            return pending
        return evolve(pending, sent_bounds=(at + low, at + high))


def _read_clock(value: Any) -> tuple[str, float] | None:
    """Read a monotonic clock's name and time; journals of earlier versions have none."""
    if value is None:
        return None
    name, at = value
    if not isinstance(name, str) or not math.isfinite(at):
        raise ValueError(f"{value!r} is no time of a clock")
    return name, float(at)


def _hash(uid: str) -> int:
    """Return a number of eight bytes for a uid; never 0."""
    return int.from_bytes(blake2b(uid.encode("utf-8", "replace"), digest_size=8).digest()) or 1
