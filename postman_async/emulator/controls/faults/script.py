"""The scripts of faults: which request meets which fault, in order, and whether it did."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Collection, Iterable

from attrs import define

from postman_async.emulator.controls.faults.base import Fault
from postman_async.emulator.exceptions import EmulatorError

__all__ = ["CONNECT", "EVERY", "Faults"]

EVERY = "*"
"""Stands for every operation of the API."""

CONNECT = "connect"
"""Stands for a new connection, before its first byte."""


_MOST = 1_000_000


@define
class _Chance:
    """A fault that some of the requests meet."""

    operation: str
    fault: Fault
    probability: float
    dice: random.Random


class Faults:
    """The faults of one emulator.

    A request meets the next fault of its own operation's script; when that is over, the next
    one of the script for every operation; then, by chance, one of those with a probability.
    The methods may be called from any thread, before the emulator is started too.

    Args:
        operations: returns the ids of all operations.
    """

    def __init__(self, operations: Callable[[], Collection[str]]) -> None:
        self._operations = operations
        self._scripts: dict[str, deque[Fault]] = {}
        self._endless: dict[str, Fault] = {}
        self._chances: list[_Chance] = []
        self._met: list[str] = []

    def __repr__(self) -> str:
        """Show how many were met, and which were not."""
        return f"<Faults met: {len(self._met)}, unmet: {self.unmet}>"

    # -- scripts ----------------------------------------------------------------------------

    def on(
        self,
        operation: str,
        script: Fault | Iterable[Fault],
        *,
        times: int | None = 1,
        probability: float | None = None,
        seed: int = 0,
    ) -> None:
        """Script what the next requests of an operation meet.

        Args:
            operation: its id, for instance ``monitors.run``; ``*`` for all of the API;
                ``connect`` for new connections (`slow_tls`, `reset_connection`, `hang_up`).
            script: one fault, or several that are met in this order.
            times: how often the whole script is repeated; None, for one fault, means that it
                is met by all further requests.
            probability: 0 to 1: each request meets the fault (one only) with that chance; such
                a fault need not be met.
            seed: makes the chances the same each time.

        Raises:
            EmulatorError: the operation is unknown, or the script makes no sense.
        """
        faults = [script] if isinstance(script, Fault) else list(script)
        self._check(operation, faults)
        if probability is not None:
            self._chances.append(_chance(operation, faults, probability, seed))
        elif times is None:
            self._endless[operation] = _only(faults)
        elif isinstance(times, bool) or not isinstance(times, int) or times < 1:
            raise EmulatorError(f"times: a script is repeated 1 time or more, not {times!r}")
        elif len(faults) * times > _MOST:
            raise EmulatorError(f"times: a script has at most {_MOST:,} faults in all")
        else:
            self._scripts.setdefault(operation, deque()).extend(faults * times)

    def _check(self, operation: str, faults: list[Fault]) -> None:
        if operation not in (*self._operations(), EVERY, CONNECT):
            raise EmulatorError(f"the emulator knows no operation {operation!r}")
        if not faults or not all(isinstance(fault, Fault) for fault in faults):
            raise EmulatorError("a script is a list of faults: [status(503), ok()]")
        for fault in faults:
            if operation != CONNECT and not fault.of_requests:
                raise EmulatorError(f"{fault} happens to connections: on({CONNECT!r}, …)")
            if operation == CONNECT and not fault.of_connections:
                raise EmulatorError(f"{fault} happens to requests, not to connections")

    def clear(self) -> None:
        """Forget all scripts, and what was met."""
        self._scripts.clear()
        self._endless.clear()
        self._chances.clear()
        self._met.clear()

    # -- the proof --------------------------------------------------------------------------

    @property
    def met(self) -> list[str]:
        """The faults that requests met, oldest first, as ``operation: fault``."""
        return list(self._met)

    @property
    def unmet(self) -> list[str]:
        """The scripted faults that no request has met yet, as ``operation: fault``."""
        scripts = {name: list(script) for name, script in list(self._scripts.items())}
        return [f"{name}: {fault}" for name, script in scripts.items() for fault in script]

    @property
    def all_met(self) -> bool:
        """Whether every scripted fault was met; one by chance or without end need not be."""
        return not self.unmet

    # -- for the server ---------------------------------------------------------------------

    def next(self, operation: str) -> Fault | None:
        """Take the fault that a request of the operation meets now, None for none."""
        names = (operation,) if operation == CONNECT else (operation, EVERY)
        fault = self._scripted(names) or self._by_chance(names)
        if fault is not None:
            self._met.append(f"{operation}: {fault}")
        return fault

    def _scripted(self, names: tuple[str, ...]) -> Fault | None:
        for name in names:
            if script := self._scripts.get(name):
                return script.popleft()
            if name in self._endless:
                return self._endless[name]
        return None

    def _by_chance(self, names: tuple[str, ...]) -> Fault | None:
        for chance in self._chances:
            if chance.operation in names and chance.dice.random() < chance.probability:
                return chance.fault
        return None


def _chance(operation: str, faults: list[Fault], probability: float, seed: int) -> _Chance:
    if not 0 <= probability <= 1:
        raise EmulatorError(f"a probability is a number from 0 to 1, not {probability!r}")
    dice = random.Random(seed)  # noqa: S311 - the chances have to be repeatable
    return _Chance(operation, _only(faults), probability, dice)


def _only(faults: list[Fault]) -> Fault:
    if len(faults) != 1:
        raise EmulatorError("a fault with a probability, or without an end, stands alone")
    return faults[0]
