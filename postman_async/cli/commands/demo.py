"""``postman-async demo``: the main job on this machine, with nothing but this package."""

from __future__ import annotations

import time
from collections import Counter

from postman_async import AsyncPostman
from postman_async.cli.output.display import Screen, View
from postman_async.cli.output.summary import Row, row_of, tally
from postman_async.emulator import PostmanEmulator
from postman_async.emulator.demo import load_demo

__all__ = ["run"]

_NEXT = """\
The same against the service, with your key in POSTMAN_API_KEY:

    postman-async run --all --html report.html

or in Python:

    from postman_async import Postman

    with Postman() as pm:
        uids = [monitor.uid for monitor in pm.monitors.iter()]
        for outcome in pm.run_monitors(uids, concurrency=50):
            print(outcome.uid, outcome.status)
"""


async def run(*, concurrency: int, plain: bool, no_color: bool) -> None:
    """Start the emulator, load the demo workspace, run all its monitors, show what came out.

    Args:
        concurrency: how many monitors run at the same time.
        plain: plain lines even on a terminal.
        no_color: no colours even on a terminal.

    Raises:
        EmulatorError: the emulator or its collection engine cannot be started.
        PostmanError: a call other than a run was not answered.

    """
    screen = Screen(plain=plain, no_color=no_color).view()
    async with PostmanEmulator(progress=screen.say) as emulator:
        await emulator.engine.start()
        uids = await load_demo(emulator)
        screen.say(f"emulator at {emulator.url} with {len(uids)} monitors")
        async with AsyncPostman(api_key=emulator.api_key, base_url=emulator.url) as pm:
            began = time.perf_counter()
            rows = await _run_all(pm, uids, concurrency, screen)
            seconds = time.perf_counter() - began
    screen.table(rows)
    screen.text(f"\n{_summary(rows, seconds)}\n\n{_NEXT}")


async def _run_all(pm: AsyncPostman, uids: list[str], concurrency: int, screen: View) -> list[Row]:
    """Run the monitors and return their rows in the order of ``uids``."""
    names = {monitor.uid: monitor.name async for monitor in pm.monitors.iter()}
    rows: dict[str, Row] = {}
    async with (
        pm.monitor_batch(uids, concurrency=concurrency) as batch,
        screen.watch(batch, pm.rate_limits) as done,
    ):
        async for outcome in batch:
            rows[outcome.uid] = row_of(outcome, names[outcome.uid])
            done(rows[outcome.uid])
    return [rows[uid] for uid in uids]


def _summary(rows: list[Row], seconds: float) -> str:
    total = sum(row.seconds for row in rows)
    return (
        f"{len(rows)} monitors in {seconds:.1f} s: {tally(Counter(row.status for row in rows))}.\n"
        f"Their runs add up to {total:.1f} s, {total / seconds:.1f} times as long."
    )
