"""What the user sees: a live display for a terminal, plain lines for everything else."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from postman_async.cli.rows import Row, counts

__all__ = ["View", "view"]

_STYLES = {"passed": "green", "failed": "red", "error": "magenta"}
_SHOWN_REASONS = 3


class View(Protocol):
    """The two ways to show the same things."""

    def say(self, message: str) -> None:
        """Tell about a step on the way."""
        ...

    def watch(self, total: int, concurrency: int) -> AbstractContextManager[Callable[[Row], None]]:
        """Show how a bulk run goes on; what it yields takes each row as it is done."""
        ...

    def table(self, rows: Sequence[Row]) -> None:
        """Show the rows, and below them why some did not pass."""
        ...

    def text(self, text: str) -> None:
        """Show a text as it is."""
        ...


def view(*, plain: bool, no_color: bool) -> View:
    """Choose the view: plain lines when asked for, or when stdout is no terminal."""
    colourless = no_color or bool(os.environ.get("NO_COLOR"))
    console = Console(
        color_system=None if colourless else "auto", no_color=colourless, highlight=False
    )
    return _Plain(console) if plain or not console.is_terminal else _Live(console)


class _Base:
    """What both views share."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def say(self, message: str) -> None:
        self._console.print(message, style="dim", markup=False)

    def text(self, text: str) -> None:
        self._console.print(text, markup=False, soft_wrap=True)


class _Live(_Base):
    """A progress bar while the monitors run, then a table."""

    @contextmanager
    def watch(self, total: int, concurrency: int) -> Iterator[Callable[[Row], None]]:
        columns = (
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
        )
        rows: list[Row] = []
        with Progress(*columns, console=self._console, transient=True) as progress:
            task = progress.add_task("", total=total, note=_note(rows, total, concurrency))

            def done(row: Row) -> None:
                rows.append(row)
                progress.update(task, advance=1, note=_note(rows, total, concurrency))

            yield done

    def table(self, rows: Sequence[Row]) -> None:
        table = Table(expand=False, header_style="bold")
        table.add_column("Monitor", ratio=1)
        table.add_column("Outcome", no_wrap=True)
        for heading in ("Assertions", "Requests", "Time"):
            table.add_column(heading, justify="right", no_wrap=True)
        for row in rows:
            style = _STYLES.get(row.status, "yellow")
            outcome = Text(row.status, style=style)
            seconds = f"{row.seconds:.2f} s"
            table.add_row(Text(row.name), outcome, row.assertions, row.requests, seconds)
        self._console.print(table)
        self._reasons(rows)

    def _reasons(self, rows: Sequence[Row]) -> None:
        for row in rows:
            if row.status == "passed":
                continue
            style = _STYLES.get(row.status, "yellow")
            self._console.print(f"[{style}]{row.status}[/] {escape(row.name)}")
            for reason in _shown(row.reasons):
                self._console.print(f"  - {escape(reason)}")


class _Plain(_Base):
    """One line for each thing, with nothing that moves: for logs and pipes."""

    @contextmanager
    def watch(self, total: int, concurrency: int) -> Iterator[Callable[[Row], None]]:
        rows: list[Row] = []

        def done(row: Row) -> None:
            rows.append(row)
            self.text(f"[{len(rows)}/{total}] {row.status:7} {row.name}")

        yield done

    def table(self, rows: Sequence[Row]) -> None:
        self.text("outcome  assertions  requests    time  monitor")
        for row in rows:
            figures = f"{row.assertions:>10}  {row.requests:>8}  {row.seconds:4.2f} s"
            self.text(f"{row.status:7}  {figures}  {row.name}")
            for reason in _shown(row.reasons):
                self.text(f"         - {reason}")


def _note(rows: Sequence[Row], total: int, concurrency: int) -> str:
    """Say how many are under way: as many as may be, until fewer are left."""
    running = min(concurrency, total - len(rows))
    return ", ".join(part for part in (f"{running} running", counts(rows)) if part)


def _shown(reasons: Sequence[str]) -> list[str]:
    more = len(reasons) - _SHOWN_REASONS
    return [*reasons[:_SHOWN_REASONS], *([f"and {more} more"] if more > 0 else [])]
