"""What a journal tells of the places of a batch: which are done, and how the others were begun."""

from __future__ import annotations

import math
from array import array
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Any

from attrs import define, evolve, field, frozen

from postman_async.bulk import clock
from postman_async.bulk.history import Memory
from postman_async.bulk.reconcile import PROMPT, Known, Trigger
from postman_async.bulk.record import VERSION
from postman_async.bulk.service_clock import Bounds, bounds_of

__all__ = ["Places", "Started"]

_LARGEST = 2**32
_MARGIN = 1.0
_DOUBT = 60.0
_VAGUE = 2.5
"""Seconds by which the service's time of an attempt may be unknown, and still be gone by."""


@frozen
class Started:
    """A run that was triggered and of which no outcome is known.

    Attributes:
        at: when it was triggered.
        attempts: how often it was.
        certain: the service said that it began it.
        job: the run's id, if the service told it.
        crowded: another run of the same monitor was under way, or may have begun, meanwhile.
        before: the monitor's last run in the journal when it was triggered.
        earlier: the ids of the monitor's latest runs in the journal then.
        clock: the name of a monotonic clock, and when it was triggered on that.
        sent: between which times of the service's clock it was, if that is known.

    """

    at: datetime
    attempts: int
    certain: bool = False
    job: str | None = None
    crowded: bool = False
    before: Known | None = None
    earlier: tuple[str, ...] = ()
    clock: tuple[str, float] | None = None
    sent: Bounds | None = None

    def trigger(self) -> Trigger:
        """Place it on the clocks of this process and of the service.

        If neither the service's time is known, nor two clocks of this machine say the same, then
        one of them was set or is another machine's: only a job id tells the run.
        """
        age, ticked = (clock.wall() - self.at).total_seconds(), self._ticked()
        agreed = ticked is not None and age >= 0 and abs(ticked - age) <= _MARGIN
        placed = self.sent is not None or agreed
        sent = clock.monotonic() - (max(age, 0.0) if ticked is None else ticked)
        return Trigger(
            earliest=sent - _MARGIN,
            latest=sent + PROMPT + _MARGIN,
            doubt=_DOUBT if placed else float("inf"),
            before=self.before,
            earlier=self.earlier,
            sent=self.sent,
            job=self.job,
            certain=self.certain,
            crowded=self.crowded,
            by_id=not placed,
        )

    def since(self) -> float:
        """Tell when it was, at the latest, on the monotonic clock of this process."""
        return clock.monotonic() - (self._ticked() or 0.0)

    def passed(self, later: Started) -> bool:
        """Whether it is certain that its run had begun, if ever, when a later one was triggered."""
        if self.clock is None or later.clock is None or self.clock[0] != later.clock[0]:
            return False
        return later.clock[1] - self.clock[1] > PROMPT

    def _ticked(self) -> float | None:
        """Tell how long ago it was on the monotonic clock, if that is the one of this process."""
        if self.clock is None or self.clock[0].partition("-")[0] != clock.boot():
            return None
        age = clock.monotonic() - self.clock[1]
        return age if age >= 0 else None


@define
class Places:
    """What a journal tells of each place of a batch, in about ten bytes a place.

    Of the runs that have ended it knows the last of each monitor, of so many monitors as a client
    remembers: a run that is not settled must not be taken for one of those.
    """

    uids: array[int] = field(factory=lambda: array("Q"))
    done: bytearray = field(factory=bytearray)
    started: dict[int, tuple[str, Started]] = field(factory=dict)
    counts: dict[str, int] = field(factory=dict)
    history: Memory = field(factory=Memory)
    _under_way: dict[str, set[int]] = field(factory=dict)
    _ahead: dict[str, Bounds] = field(factory=dict)
    _doubts: OrderedDict[str, Started] = field(factory=OrderedDict)
    """The last run of each monitor that came to nothing known, while it may still begin."""

    def add(self, event: Mapping[str, Any]) -> None:
        """Take one event into account.

        Raises:
            KeyError, TypeError, ValueError: it is none.

        """
        if "service" in event:
            name, ahead = bounds_of(event["service"])
            self._ahead[name] = ahead
        if event.get("version") == VERSION:
            self._mark(event["index"], event["uid"])
            self.done[event["index"]] = 1
            self._end(event["index"], unknown=event["status"] == "unknown")
            self._learn(event["uid"], event.get("run"))
            self.counts[event["status"]] = self.counts.get(event["status"], 0) + 1
        elif "started" in event:
            self._mark(event["started"], event["uid"])
            self._start(event["started"], event["uid"], event)
        elif "refused" in event:
            self._end(event["refused"])
        elif "began" in event:
            uid, begun = self.started[event["began"]]
            begun = evolve(begun, certain=True, job=event["job"])
            self.started[event["began"]] = uid, begun
        else:
            raise ValueError("it is no event")

    def _start(self, place: int, uid: str, event: Mapping[str, Any]) -> None:
        """Note an attempt; where another run of its monitor is under way, times tell neither."""
        twins = self._under_way.setdefault(uid, set())
        twins.add(place)
        begun = Started(
            at=datetime.fromisoformat(event["at"]),
            attempts=event["attempt"],
            before=self.history.last_run(uid),
            earlier=self.history.jobs(uid),
            clock=_ticks(event.get("clock")),
        )
        self._forget_doubts(begun)
        begun = evolve(begun, crowded=uid in self._doubts)
        self.started[place] = uid, begun
        for twin in twins if len(twins) > 1 else ():
            self.started[twin] = uid, evolve(self.started[twin][1], crowded=True)

    def _forget_doubts(self, later: Started) -> None:
        """Forget the runs that begin no more when another one is triggered."""
        while self._doubts and next(iter(self._doubts.values())).passed(later):
            self._doubts.popitem(last=False)

    def _end(self, place: int, *, unknown: bool = False) -> None:
        """Note that it is not under way any more; whatever its run is, no other place has it."""
        uid, begun = self.started.pop(place, (None, None))
        if uid is None or begun is None:
            return
        if begun.job is not None:
            self.history.note(uid, begun.job)
        if unknown:
            self._doubts[uid] = begun
            self._doubts.move_to_end(uid)
        twins = self._under_way[uid]
        twins.discard(place)
        if not twins:
            del self._under_way[uid]

    def tell(self, memory: Memory) -> None:
        """Let a client know of the runs that have ended or may still begin."""
        memory.adopt(self.history)
        for uid, begun in self._doubts.items():
            memory.doubt(uid, begun.since())

    def _learn(self, uid: str, run: object) -> None:
        """Remember the run of an outcome."""
        info = run.get("info") if isinstance(run, dict) else None
        if isinstance(info, dict):
            known = Known.told(*(info.get(key) for key in ("jobId", "startedAt", "finishedAt")))
            self.history.learn(uid, known)

    def _mark(self, place: int, uid: str) -> None:
        if not isinstance(place, int) or not 0 <= place < _LARGEST:
            raise ValueError(f"{place!r} is no place")
        missing = place + 1 - len(self.done)
        if missing > 0:
            self.done.extend(bytes(missing))
            self.uids.extend([0] * missing)
        if self.uids[place] not in (0, _number(uid)):
            raise ValueError(f"place {place} has two monitors")
        self.uids[place] = _number(uid)

    def __len__(self) -> int:
        """Count the places it knows of."""
        return len(self.uids)

    def fits(self, place: int, uid: str) -> bool:
        """Whether the journal knows nothing of a place, or the same monitor."""
        return place >= len(self.uids) or self.uids[place] in (0, _number(uid))

    def has(self, place: int) -> bool:
        """Whether the outcome of a place is known."""
        return place < len(self.done) and bool(self.done[place])

    def begun(self, place: int) -> Started | None:
        """Return how the run of a place was triggered, if its outcome is not known."""
        if place not in self.started:
            return None
        begun = self.started[place][1]
        name, at = begun.clock or ("", 0.0)
        low, high = self._ahead.get(name, (0.0, math.inf))
        if high - low > _VAGUE:
            return begun
        return evolve(begun, sent=(at + low, at + high))


def _ticks(told: Any) -> tuple[str, float] | None:
    """Read a monotonic clock's name and time; journals of earlier versions have none."""
    if told is None:
        return None
    name, at = told
    if not isinstance(name, str) or not math.isfinite(at):
        raise ValueError(f"{told!r} is no time of a clock")
    return name, float(at)


def _number(uid: str) -> int:
    """Stand for a uid in eight bytes; never 0."""
    return int.from_bytes(blake2b(uid.encode("utf-8", "replace"), digest_size=8).digest()) or 1
