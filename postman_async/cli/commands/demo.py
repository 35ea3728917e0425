"""Run 26 monitors on this machine."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from postman_async.cli import options
from postman_async.cli.command import command
from postman_async.cli.errors import report_errors

if TYPE_CHECKING:
    from postman_async import AsyncPostman
    from postman_async.cli.output.display import View
    from postman_async.cli.output.summary import Row

__all__ = ["demo_command"]

EXAMPLES = """\
\b
Examples:
  postman-async demo
  postman-async demo --concurrency 5 --plain
"""

_NEXT_STEPS = """\
The same against the service, with your key in POSTMAN_API_KEY:

    postman-async run --all --html report.html

or in Python:

    from postman_async import Postman

    with Postman() as pm:
        uids = [monitor.uid for monitor in pm.monitors.iter()]
        for outcome in pm.run_monitors(uids, concurrency=50):
            print(outcome.uid, outcome.status)
"""


@command(examples=EXAMPLES)
def demo_command(
    *,
    concurrency: Annotated[
        int,
        typer.Option(min=1, max=1000, metavar="N", help="How many monitors run at the same time."),
    ] = 50,
    plain: options.Plain = False,
    no_color: options.NoColor = False,
) -> None:
    """Run 26 monitors in parallel on this machine: no account, no key, no cloud.

    Some of them fail, and two end in an error, because their scripts and targets are so; the
    exit code is 0 all the same.
    """
    from postman_async.cli.output.display import Screen
    from postman_async.emulator import EmulatorError

    with report_errors(EmulatorError):
        asyncio.run(_demo(concurrency, Screen(plain=plain, no_color=no_color).view()))


async def _demo(concurrency: int, view: View) -> None:
    """Start the emulator, load the demo workspace, run all its monitors, show the outcomes.

    Raises:
        EmulatorError: the emulator or its collection runtime cannot be started.
        PostmanError: a call other than a run was not answered.

    """
    from postman_async import AsyncPostman
    from postman_async.emulator import PostmanEmulator
    from postman_async.emulator.demo import load_demo

    async with PostmanEmulator(progress=view.say) as emulator:
        await emulator.engine.start()
        uids = await load_demo(emulator)
        view.say(f"emulator at {emulator.url} with {len(uids)} monitors")
        async with AsyncPostman(api_key=emulator.api_key, base_url=emulator.url) as pm:
            started = time.perf_counter()
            rows = await _run_all(pm, uids, concurrency, view)
            seconds = time.perf_counter() - started
    view.table(rows)
    view.text(f"\n{_summary(rows, seconds)}\n\n{_NEXT_STEPS}")


async def _run_all(pm: AsyncPostman, uids: list[str], concurrency: int, view: View) -> list[Row]:
    """Run the monitors, and return their rows in the order of ``uids``."""
    from postman_async.cli.output.summary import row_of

    names = {monitor.uid: monitor.name async for monitor in pm.monitors.iter()}
    rows: dict[str, Row] = {}
    async with (
        pm.monitor_batch(uids, concurrency=concurrency) as batch,
        view.watch(batch, pm.rate_limits) as done,
    ):
        async for outcome in batch:
            rows[outcome.uid] = row_of(outcome, names[outcome.uid])
            done(rows[outcome.uid])
    return [rows[uid] for uid in uids]


def _summary(rows: list[Row], seconds: float) -> str:
    from postman_async.cli.output.summary import tally

    total = sum(row.seconds for row in rows)
    return (
        f"{len(rows)} monitors in {seconds:.1f} s: {tally(Counter(row.status for row in rows))}.\n"
        f"Their runs add up to {total:.1f} s, {total / seconds:.1f} times as long."
    )
