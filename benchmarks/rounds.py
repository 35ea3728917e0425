"""Measures things in turn, in fresh processes, and compares them round by round."""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.peers_apart import path_of

__all__ = ["Figure", "Order", "measured", "ratio", "serving"]

ROOT = Path(__file__).parents[1]
CLIENT_CPU, SERVER_CPU = 0, (os.cpu_count() or 2) - 1


class Order(NamedTuple):
    """One thing to measure: its name in the table, the kind of measure, and its arguments."""

    name: str
    measure: str
    arguments: Mapping[str, Any]


class Figure(NamedTuple):
    """What several rounds gave: median, smallest, largest."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Figure:
        """Sum up the values of the rounds."""
        return cls(statistics.median(values), min(values), max(values))


@contextmanager
def serving() -> Iterator[str]:
    """Run the server in a process of its own, on a processor of its own; gives its origin."""
    command = [sys.executable, "-m", "benchmarks.server", str(SERVER_CPU)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.stdin.close()


def measured(orders: Sequence[Order], rounds: int) -> dict[str, list[dict[str, float]]]:
    """Measure each order once a round, in an order shuffled anew, each in a fresh process."""
    found: dict[str, list[dict[str, float]]] = {order.name: [] for order in orders}
    for _ in range(rounds):
        for order in random.sample(orders, len(orders)):
            found[order.name].append(_run(order))
            sys.stderr.write(".")
            sys.stderr.flush()
    sys.stderr.write("\n")
    return found


def _run(order: Order) -> dict[str, float]:
    wish = {"measure": order.measure, "arguments": order.arguments, "cpu": CLIENT_CPU}
    path = path_of(str(order.arguments.get("peer", "")))
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "benchmarks.worker", json.dumps(wish)],
        cwd=ROOT,
        env={**environment, **({"PYTHONPATH": path} if path else {})},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{order.name} failed:\n{done.stderr[-2000:]}")
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def ratio(over: Sequence[dict[str, float]], under: Sequence[dict[str, float]], key: str) -> Figure:
    """Compare two orders round by round."""
    return Figure.of([a[key] / b[key] for a, b in zip(over, under, strict=True)])
