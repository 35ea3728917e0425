"""The display of a batch: live on a terminal, plain lines everywhere else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from itertools import count
from typing import TYPE_CHECKING, Protocol, TypeAlias

from attrs import frozen
from rich.box import HEAVY_HEAD
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from postman_async.cli.output.streams import NARROW, clean, console
from postman_async.cli.output.summary import Row, tally

if TYPE_CHECKING:
    from postman_async import BatchProgress
    from postman_async.engine.limits.state import RateLimitState

__all__ = ["Screen", "View", "Watched", "note", "wait_of"]

Limits: TypeAlias = "Mapping[str, RateLimitState]"
Done: TypeAlias = Callable[[Row], None]

_STYLES = {"passed": "green", "failed": "red", "error": "magenta"}
_OTHER_STYLE = "yellow"
_SHOWN_REASONS = 3
_SHOWN_RUNNING = 5
_LARGEST_TABLE = 50
_BAR = 40
_LIVE_SECONDS = 0.125
_PLAIN_SECONDS = 30.0


class Watched(Protocol):
    """The part of a `MonitorBatch` that a view shows."""

    @property
    def progress(self) -> BatchProgress:
        """How many monitors are done, running and waiting."""
        ...

    @property
    def running(self) -> Sequence[tuple[str, float]]:
        """The runs under way: their names, and their seconds so far."""
        ...


class View(Protocol):
    """One of the ways to show a batch."""

    def say(self, message: str) -> None:
        """Show a message about progress."""
        ...

    def watch(self, batch: Watched, limits: Limits) -> AbstractAsyncContextManager[Done]:
        """Show the progress of a batch; the yielded function shows the row of each outcome."""
        ...

    def table(self, rows: Sequence[Row]) -> None:
        """Show the rows, and the reasons of those that did not pass."""
        ...

    def text(self, text: str) -> None:
        """Show a text unchanged."""
        ...


@frozen(kw_only=True)
class Screen:
    """The options of the display.

    Attributes:
        plain: show plain lines even on a terminal.
        no_color: show no colours even on a terminal.
        quiet: show only monitors that did not pass.
        to_stderr: write to stderr, as a report goes to stdout.

    """

    plain: bool = False
    no_color: bool = False
    quiet: bool = False
    to_stderr: bool = False

    def view(self) -> View:
        """Return the view for these options: plain lines where stdout is not a terminal."""
        target = console(no_color=self.no_color, to_stderr=self.to_stderr)
        if self.quiet:
            return _Quiet(target)
        return _Plain(target) if self.plain or not target.is_terminal else _Live(target)


def wait_of(limits: Limits) -> float:
    """Return the seconds until a rate limit allows the next of the waiting calls."""
    full = (limit for limit in limits.values() if limit.waiting and not limit.remaining)
    return max((limit.reset for limit in full), default=0.0)


def note(progress: BatchProgress, wait: float = 0.0) -> str:
    """Return one line about the progress of a batch and the wait for the rate limit."""
    waiting = f"{progress.waiting} waiting" if progress.waiting else ""
    if wait >= 1:
        waiting += f" for the rate limit, {wait:.0f} s"
    total = "?" if progress.total is None else progress.total
    parts = [
        f"{progress.done}/{total}",
        tally(progress.counts),
        f"{progress.running} running" if progress.running else "",
        waiting,
        _clock(progress.elapsed),
        "" if progress.eta is None else f"{_clock(progress.eta)} to go",
    ]
    return "  ".join(part for part in parts if part)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


async def _repeat(show: Callable[[], None], seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        show()


@asynccontextmanager
async def _ticking(show: Callable[[], None], seconds: float) -> AsyncIterator[None]:
    """Call ``show`` at this interval, in seconds, while the block runs."""
    ticker = asyncio.create_task(_repeat(show, seconds))
    try:
        yield
    finally:
        ticker.cancel()
        with suppress(asyncio.CancelledError):
            await ticker


class _Base:
    """The base of the views: a console."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def say(self, message: str) -> None:
        self._console.print(message, style="dim", markup=False, soft_wrap=True)

    def text(self, text: str) -> None:
        self._console.print(text, markup=False, soft_wrap=True)


class _Live(_Base):
    """A live display while the monitors run, then a table."""

    @asynccontextmanager
    async def watch(self, batch: Watched, limits: Limits) -> AsyncIterator[Done]:
        def draw() -> RenderableType:
            return _board(batch.progress, batch.running, wait_of(limits))

        # Drawn in the event loop: a thread could read the batch in the middle of a change.
        with Live(draw(), console=self._console, auto_refresh=False, transient=True) as live:
            show = lambda: live.update(draw(), refresh=True)  # noqa: E731
            async with _ticking(show, _LIVE_SECONDS):
                yield self._done

    def _done(self, row: Row) -> None:
        if row.status != "passed":
            self._console.print(_line(row))

    def table(self, rows: Sequence[Row]) -> None:
        listed = _rows_to_show(rows)
        if listed:
            self._console.print(_table(listed, narrow=self._console.width < NARROW))
        self._reasons(rows)

    def _reasons(self, rows: Sequence[Row]) -> None:
        for row in (row for row in rows if row.status not in ("passed", "skipped")):
            self._console.print(_line(row))
            for reason in _first_reasons(row.reasons):
                self._console.print(Text(f"  - {reason}"))


class _Plain(_Base):
    """Plain lines, for logs and pipes."""

    @asynccontextmanager
    async def watch(self, batch: Watched, limits: Limits) -> AsyncIterator[Done]:
        numbers = count(1)

        def show() -> None:
            self.text(note(batch.progress, wait_of(limits)))

        def done(row: Row) -> None:
            self.text(f"[{next(numbers)}/{batch.progress.total or '?'}] {row.status:7} {row.name}")

        async with _ticking(show, _PLAIN_SECONDS):
            yield done

    def table(self, rows: Sequence[Row]) -> None:
        listed = _rows_to_show(rows)
        if listed:
            self.text("outcome  assertions  requests      time  monitor")
        for row in listed:
            numbers = f"{row.assertions:>10}  {row.requests:>8}  {row.seconds:6.2f} s"
            self.text(f"{row.status:7}  {numbers}  {row.name}")
            for reason in _first_reasons(row.reasons):
                self.text(f"         - {reason}")


class _Quiet(_Base):
    """Only the monitors that did not pass, and why."""

    def say(self, message: str) -> None:
        pass

    def text(self, text: str) -> None:
        pass

    @asynccontextmanager
    async def watch(self, batch: Watched, limits: Limits) -> AsyncIterator[Done]:
        yield self._done

    def _done(self, row: Row) -> None:
        if row.status != "passed":
            super().text("\n".join([f"{row.status:7} {row.name}", *_indented(row)]))

    def table(self, rows: Sequence[Row]) -> None:
        pass


def _board(
    progress: BatchProgress, running: Sequence[tuple[str, float]], wait: float
) -> RenderableType:
    """Draw the bar, and below it the progress and the longest runs under way."""
    bar = ProgressBar(
        total=progress.total, completed=progress.done, width=_BAR, pulse=progress.total is None
    )
    slow = [f"{seconds:6.1f} s  {clean(name)}" for name, seconds in running[:_SHOWN_RUNNING]]
    if len(running) > _SHOWN_RUNNING:
        slow.append(f"          and {len(running) - _SHOWN_RUNNING} more")
    lines = (Text(line, style="dim", no_wrap=True, overflow="ellipsis") for line in slow)
    grid = Table.grid()
    grid.add_row(bar)
    return Group(grid, Text(note(progress, wait)), *lines)


def _table(rows: Sequence[Row], *, narrow: bool) -> Table:
    """Draw the outcomes; a narrow terminal shows names instead of rules and numbers."""
    table = Table(header_style="bold", box=None if narrow else HEAVY_HEAD, pad_edge=not narrow)
    table.add_column("Monitor", ratio=1)
    table.add_column("Outcome", no_wrap=True)
    for heading in ("Time",) if narrow else ("Assertions", "Requests", "Time"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        outcome, seconds = Text(row.status, style=_style(row)), f"{row.seconds:.2f} s"
        numbers = (seconds,) if narrow else (row.assertions, row.requests, seconds)
        table.add_row(Text(row.name), outcome, *numbers)
    return table


def _line(row: Row) -> Text:
    return Text.assemble((f"{row.status:7}", _style(row)), f" {row.name}")


def _style(row: Row) -> str:
    return _STYLES.get(row.status, _OTHER_STYLE)


def _indented(row: Row) -> list[str]:
    return [f"        - {reason}" for reason in _first_reasons(row.reasons)]


def _rows_to_show(rows: Sequence[Row]) -> list[Row]:
    """Leave out monitors that were not run, and those that passed if the table would be long."""
    run = [row for row in rows if row.status != "skipped"]
    fits = len(run) <= _LARGEST_TABLE
    return [row for row in run if fits or row.status != "passed"]


def _first_reasons(reasons: Sequence[str]) -> list[str]:
    more = len(reasons) - _SHOWN_REASONS
    return [*reasons[:_SHOWN_REASONS], *([f"and {more} more"] if more > 0 else [])]
