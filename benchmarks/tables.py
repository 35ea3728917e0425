"""What is measured, against what, and with which goal: each function makes the rows of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from benchmarks.documents import WAYS
from benchmarks.processes import first_call, import_times, ten_times
from benchmarks.rounds import Figure, Order, measured, ratio, serving

__all__ = ["TABLES", "Effort", "Row"]


class Row(NamedTuple):
    """One line of a table: a ratio (or a figure with its unit), and the goal it is held to."""

    what: str
    figure: Figure
    goal: str
    met: bool | None
    unit: str = "x"


class Effort(NamedTuple):
    """How much is measured, and by which clock.

    Args:
        rounds: how often.
        calls: how many calls in a round.
        held: how many runs the server holds.
        clock: ``us`` for the time on the wall, ``cpu_us`` for the processor time of the client,
            which other processes on the machine disturb less.

    """

    rounds: int
    calls: int
    held: tuple[int, ...]
    clock: str = "us"

    @property
    def quick(self) -> bool:
        """Whether only what is quick is wanted."""
        return self.rounds == 1


FULL = Effort(5, 2_000, (100, 1_000, 10_000))
QUICK = Effort(1, 1_000, (100,))


def at_least(what: str, figure: Figure, goal: float) -> Row:
    """Make the row of a figure that is better when larger."""
    return Row(what, figure, f">= {goal:g}x", figure.median >= goal)


def at_most(what: str, figure: Figure, goal: float, unit: str = "x") -> Row:
    """Make the row of a figure that is better when smaller."""
    return Row(what, figure, f"<= {goal:g}{unit}", figure.median <= goal, unit)


def plain(what: str, figure: Figure, unit: str) -> Row:
    """Make the row of a figure without a goal."""
    return Row(what, figure, "", None, unit)


# -- throughput ---------------------------------------------------------------------------------

_FASTER = {
    "httpx + pydantic": {1: 3.0, 64: 10.0},
    "requests + threads": {1: 3.0, 64: 5.0},
}
_OTHERS = ("niquests", "postman-api", "sideko + threads", "openapi-python-client")
_FAST = ("floor", "aiohttp", "aiohttp + msgspec", "ours")
_AGAINST_AIOHTTP = {
    ("small", "ours"): 0.90,
    ("r3", "ours"): 0.80,
    ("r80", "ours, executions read"): 0.25,
    ("r80", "ours"): 0.55,
}


def throughput(effort: Effort) -> Iterator[Row]:
    """Calls a second, one at a time and 64 in flight."""
    with serving() as origin:
        for work in ("small", "r3", "r80"):
            for in_flight in (1, 64):
                yield from _throughput_rows(effort, origin, work, in_flight)


def _throughput_rows(effort: Effort, origin: str, work: str, in_flight: int) -> Iterator[Row]:
    peers = [*_FAST]
    if work == "r80":
        peers.append("ours, executions read")
    if work == "r3":
        peers += [*_FASTER, *(_OTHERS if not effort.quick else ())]
    found = measured(
        [
            Order(peer, "throughput", _arguments(peer, work, in_flight, effort, origin))
            for peer in peers
        ],
        effort.rounds,
    )
    where, clock = f"{work}, {in_flight} in flight", effort.clock
    yield plain(f"{where}: raw aiohttp", Figure.of([r[clock] for r in found["aiohttp"]]), " us")
    yield plain(f"{where}: floor", Figure.of([r[clock] for r in found["floor"]]), " us")
    for peer in peers[2:]:
        if (goal := _AGAINST_AIOHTTP.get((work, peer))) is not None:
            label = f"{where}: {peer}, against raw aiohttp"
            yield at_least(label, ratio(found["aiohttp"], found[peer], clock), goal)
        elif not peer.startswith("ours"):
            label = f"{where}: ours, against {peer}"
            times = ratio(found[peer], found["ours"], clock)
            wish = _FASTER.get(peer, {}).get(in_flight)
            yield at_least(label, times, wish) if wish else plain(label, times, "x")


def _arguments(
    peer: str, work: str, in_flight: int, effort: Effort, origin: str
) -> dict[str, object]:
    slow = peer not in {*_FAST, "ours, executions read"}
    calls = effort.calls // 10 if slow else effort.calls
    return {
        "peer": peer,
        "work": work,
        "calls": max(calls, 4 * in_flight),
        "in_flight": in_flight,
        "origin": origin,
    }


def sync(effort: Effort) -> Iterator[Row]:
    """A call of the sync facade against an awaited one."""
    with serving() as origin:
        peers = ("ours", "ours, sync")
        orders = [
            Order(p, "throughput", _arguments(p, "small", 1, effort, origin) | {"calls": 2_000})
            for p in peers
        ]
        found = measured(orders, effort.rounds)
    times = ratio(found["ours, sync"], found["ours"], effort.clock)
    yield at_most("a sync call, against an awaited one", times, 1.5)


# -- documents ----------------------------------------------------------------------------------

_KINDS = {
    "a run of 3 executions": ("run", 3),
    "a run of 80": ("run", 80),
    "a run of 800": ("run", 800),
    "a collection of 3 MB": ("collection", 0),
}


def documents(effort: Effort) -> Iterator[Row]:
    """Bytes to lossless models and back, against pydantic on equal models that lose nothing."""
    for what, (kind, executions) in list(_KINDS.items())[: 2 if effort.quick else None]:
        arguments = {"kind": kind, "executions": executions}
        orders = [
            Order(library, "documents", {"library": library, **arguments})
            for library in ("ours", "pydantic")
        ]
        found = measured(orders, min(effort.rounds, 2))
        for way, label in WAYS.items():
            times = ratio(found["pydantic"], found["ours"], way)
            yield at_least(f"{what}: {label}, against pydantic", times, 1.0)


def first_use(effort: Effort) -> Iterator[Row]:
    """The first use of a namespace's models."""
    for module in ("monitors", "collections"):
        order = Order(module, "first_structuring", {"module": module})
        found = Figure.of([r["ms"] for r in measured([order], effort.rounds)[module]])
        yield at_most(f"the first use of all models of {module}", found, 5, " ms")


# -- many at once -------------------------------------------------------------------------------

_HELD_GOALS = {100: 1.05, 1_000: 1.15, 10_000: 1.8}
_HELD_SECONDS = 5.0


def held(effort: Effort) -> Iterator[Row]:
    """Runs that the server holds for five seconds, all at once, in one process."""
    with serving() as origin:
        for runs in effort.held:
            arguments = {"runs": runs, "seconds": _HELD_SECONDS, "origin": origin}
            orders = [
                Order("ours", "batch", arguments),
                Order("aiohttp", "held", {**arguments, "peer": "aiohttp"}),
            ]
            if runs >= 10_000:
                orders.append(Order("no collector", "batch", {**arguments, "collect": False}))
            found = measured(orders, 1 if runs > 1_000 else min(effort.rounds, 2))
            wall = Figure.of([r["ratio"] for r in found["ours"]])
            yield at_most(f"{runs} runs of 5 s at once: wall", wall, _HELD_GOALS[runs])
            raw = Figure.of([r["ratio"] for r in found["aiohttp"]])
            yield plain(f"{runs} runs of 5 s at once: wall of raw aiohttp", raw, "x")
            if without := [r["ratio"] for r in found.get("no collector", ())]:
                label = f"{runs} runs of 5 s at once: wall after gc.disable()"
                yield plain(label, Figure.of(without), "x")
            memory = Figure.of([r["kb"] for r in found["ours"]])
            label = f"{runs} runs of 5 s at once: memory for each"
            if runs >= 10_000:
                yield at_most(label, memory, 20, " kB")
            else:
                yield plain(label, memory, " kB")


# -- whole processes ----------------------------------------------------------------------------


def imports(effort: Effort) -> Iterator[Row]:
    """What an import costs, and the first call."""
    ours, aiohttp = import_times(2 * effort.rounds + 1)
    share = Figure.of([a / b for a, b in zip(ours, aiohttp, strict=True)])
    yield at_most("import postman_async, against import aiohttp", share, 0.25)
    with serving() as origin:
        extra = Figure.of(first_call(origin, 2 * effort.rounds + 1))
    yield at_most("the first call, above that of raw aiohttp", extra, 30, " ms")
    if effort.quick:
        return  # generating the larger package takes its time
    grown_time, grown_memory = ten_times(2 * effort.rounds + 1)
    yield at_most("import with a spec ten times as large", Figure.of(grown_time), 1.1)
    yield at_most("memory with a spec ten times as large", Figure.of(grown_memory), 1.05)


TABLES: dict[str, Callable[[Effort], Iterator[Row]]] = {
    "throughput": throughput,
    "documents": documents,
    "first use": first_use,
    "sync": sync,
    "held runs": held,
    "imports": imports,
}
