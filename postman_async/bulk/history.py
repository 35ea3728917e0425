"""What a client remembers of the monitors it ran, from one run to the next; in bounded memory."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Literal, TypeAlias
from weakref import WeakKeyDictionary

from attrs import define, field

from postman_async.bulk import clock
from postman_async.bulk.reconcile import PROMPT, Known, Trigger
from postman_async.bulk.service_clock import ServiceClock

if TYPE_CHECKING:
    from postman_async.engine.caller import RawCaller

__all__ = ["Memory", "memory_of"]

_KEPT = 10_000
_JOBS = 100
"""So many ids are kept of a monitor: its runs overlap only where that is asked for."""

PATIENCE = 55.0
"""Seconds for which proxies let a connection be silent: the usual limit is 60."""


End: TypeAlias = Literal["known", "unknown", "left"]
"""What is known of a call's run in the end; a call that is left may be gone on with."""


@define
class _Past:
    """What is known of a monitor's runs: which began last, and the ids of the latest ones."""

    run: Known | None = None
    jobs: tuple[str, ...] = ()


@define
class Memory:
    """The last known run of each monitor, and the calls for it that are under way.

    Attributes:
        cut: after how many seconds a connection was cut while its run went on, at the least.
        service: what time it is on the service's clock.

    """

    cut: float | None = None
    service: ServiceClock = field(factory=ServiceClock)
    _runs: OrderedDict[str, _Past] = field(factory=OrderedDict)
    _calls: dict[str, list[Trigger]] = field(factory=dict)
    _open: OrderedDict[str, tuple[float, tuple[str, int] | None]] = field(factory=OrderedDict)
    """Until when a call of which nothing is known may begin a run, and of what place it is."""

    def learn(self, uid: str, run: Known) -> None:
        """Remember a run whose result is known."""
        past = self._past(uid)
        if past.run is None or not past.run.began_after(run):
            past.run = run
        self._note(past, run.job)

    def note(self, uid: str, job: str) -> None:
        """Remember the id of a run whose result is not known."""
        self._note(self._past(uid), job)

    def adopt(self, other: Memory) -> None:
        """Remember the runs that another memory knows, too."""
        for uid, known in other._runs.items():
            for job in known.jobs:
                self.note(uid, job)
            if known.run is not None:
                self.learn(uid, known.run)

    def last_run(self, uid: str) -> Known | None:
        """Return the last run of a monitor whose result is known."""
        past = self._runs.get(uid)
        return None if past is None else past.run

    def jobs(self, uid: str) -> tuple[str, ...]:
        """Return the ids of the latest known runs of a monitor."""
        past = self._runs.get(uid)
        return () if past is None else past.jobs

    def _past(self, uid: str) -> _Past:
        past = self._runs.setdefault(uid, _Past())
        self._runs.move_to_end(uid)
        if len(self._runs) > _KEPT:
            self._runs.popitem(last=False)
        return past

    def _note(self, past: _Past, job: str | None) -> None:
        if job is not None and job not in past.jobs:
            past.jobs = (*past.jobs, job)[-_JOBS:]

    def enter(self, uid: str, trigger: Trigger) -> None:
        """Note a call under way; two of the same monitor cannot be told apart by time.

        Nor can a call be told from an earlier one that came to nothing known: the service may
        still begin the run of that.
        """
        now = trigger.entered = clock.monotonic()
        calls = self._calls.setdefault(uid, [])
        calls.append(trigger)
        open_until, place = self._open.get(uid, (now, None))
        if open_until > now and (place is None or place != trigger.place):
            trigger.crowded = True
        if len(calls) > 1:
            for call in calls:
                call.crowded = True

    def leave(self, uid: str, trigger: Trigger, end: End) -> None:
        """Forget a call, and remember the run that it began.

        Where the outcome is unknown, it is remembered also what was seen of any run, whosever it
        is: no later call will have begun it.
        """
        if trigger.job is not None:
            self.note(uid, trigger.job)
        for job in trigger.seen if end == "unknown" else ():
            self.note(uid, job)
        if end != "known":
            self.doubt(uid, trigger.entered, trigger.place)
        calls = self._calls.get(uid)
        if calls is not None and trigger in calls:  # compared by identity
            calls.remove(trigger)
            if not calls:
                del self._calls[uid]

    def doubt(self, uid: str, since: float, place: tuple[str, int] | None = None) -> None:
        """Note that a call of that time, of which nothing is known, may begin a run still."""
        now, until = clock.monotonic(), since + PROMPT
        while self._open and next(iter(self._open.values()))[0] <= now:
            self._open.popitem(last=False)
        if until > max(now, self._open.get(uid, (now, None))[0]):
            self._open[uid] = until, place
            self._open.move_to_end(uid)

    def outlasts(self, uid: str) -> bool:
        """Whether a call that waits for a run of this monitor may be cut before it ends.

        That is so if its last run took longer than connections live; of a monitor that is not
        known, if a connection of this client was cut already.
        """
        known = self.last_run(uid)
        if known is None or known.seconds is None:
            return self.cut is not None
        return known.seconds > min(PATIENCE, self.cut or PATIENCE)


_MEMORIES: WeakKeyDictionary[RawCaller, Memory] = WeakKeyDictionary()


def memory_of(caller: RawCaller) -> Memory:
    """Return the one memory of a client: its batches share it."""
    memory = _MEMORIES.get(caller)
    if memory is None:
        memory = _MEMORIES[caller] = Memory()
    return memory
