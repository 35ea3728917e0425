"""What a client remembers of the monitors it ran, from one run to the next; in bounded memory."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from attrs import define, field

from postman_async.bulk.reconcile import Known, Trigger

if TYPE_CHECKING:
    from postman_async.engine.caller import RawCaller

__all__ = ["Memory", "memory_of"]

_KEPT = 10_000

PATIENCE = 55.0
"""Seconds for which proxies let a connection be silent: the usual limit is 60."""


@define
class Memory:
    """The last known run of each monitor, and the calls for it that are under way.

    Attributes:
        cut: after how many seconds a connection was cut while its run went on, at the least.

    """

    cut: float | None = None
    _runs: OrderedDict[str, Known] = field(factory=OrderedDict)
    _calls: dict[str, list[Trigger]] = field(factory=dict)

    def learn(self, uid: str, run: Known) -> None:
        """Remember a run whose result is known."""
        self._runs[uid] = run
        self._runs.move_to_end(uid)
        if len(self._runs) > _KEPT:
            self._runs.popitem(last=False)

    def last_run(self, uid: str) -> Known | None:
        """Return the last run of a monitor whose result is known."""
        return self._runs.get(uid)

    def enter(self, uid: str, trigger: Trigger) -> None:
        """Note a call under way; two of the same monitor cannot be told apart by time."""
        calls = self._calls.setdefault(uid, [])
        calls.append(trigger)
        if len(calls) > 1:
            for call in calls:
                call.crowded = True

    def leave(self, uid: str, trigger: Trigger) -> None:
        """Forget a call that is settled."""
        calls = self._calls.get(uid, [])
        if any(call is trigger for call in calls):
            self._calls[uid] = calls = [call for call in calls if call is not trigger]
        if not calls:
            self._calls.pop(uid, None)

    def outlasts(self, uid: str) -> bool:
        """Whether a call that waits for a run of this monitor may be cut before it ends.

        That is so if its last run took longer than connections live; of a monitor that is not
        known, if a connection of this client was cut already.
        """
        known = self._runs.get(uid)
        if known is None or known.seconds is None:
            return self.cut is not None
        return known.seconds > min(PATIENCE, self.cut or PATIENCE)


_MEMORIES: WeakKeyDictionary[RawCaller, Memory] = WeakKeyDictionary()


def memory_of(caller: RawCaller) -> Memory:
    """Return the one memory of a client: its batches share it."""
    return _MEMORIES.setdefault(caller, Memory())
