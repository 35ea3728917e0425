"""Write .github/terminal.svg: two moments of a real run over the demo's monitors.

Run it when the terminal's display has changed: python .ci/terminal.py
"""

from __future__ import annotations

import asyncio
import io
import os
import re
import shlex
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from postman_async.cli.app import app
from postman_async.cli.output import display
from postman_async.emulator import PostmanEmulator
from postman_async.emulator.demo import load_demo

COMMAND = "postman-async run --name 'C*' --concurrency 4 --junit junit.xml --html report.html"
PICTURE = Path(__file__).parents[1] / ".github" / "terminal.svg"
MOMENT = 5
"""How many outcomes are known when the first picture is taken."""


class Pictured(display._Live):
    """The live display, of which one moment is kept."""

    @asynccontextmanager
    async def watch(
        self, batch: display.Watched, limits: display.Limits
    ) -> AsyncIterator[display.Done]:
        """Show outcomes until the moment, and then nothing more."""
        taken: list[display.Row] = []

        def done(row: display.Row) -> None:
            taken.append(row)
            if len(taken) < MOMENT:
                self._done(row)
            elif len(taken) == MOMENT:
                wait = display.wait_of(limits)
                self._console.print(display._board(batch.progress, batch.running, wait))
                self._console.print("[dim]⋮[/]")

        yield done


def pictured(recorder: Console, key: str, url: str, folder: str) -> None:
    """Run the command in this process, on the recorder."""
    display.console = lambda **_: recorder
    display._Live = Pictured  # type: ignore[misc]
    os.environ |= {"POSTMAN_API_KEY": key, "POSTMAN_BASE_URL": url}
    os.environ.pop("GITHUB_STEP_SUMMARY", None)
    os.chdir(folder)
    recorder.print(f"[bold green]$[/] {COMMAND}")
    app(shlex.split(COMMAND)[1:], standalone_mode=False)


async def main() -> None:
    """Start the demo, take the picture."""
    recorder = Console(
        record=True,
        highlight=False,
        force_terminal=True,
        color_system="truecolor",
        width=96,
        file=io.StringIO(),
    )
    with TemporaryDirectory() as folder:
        async with PostmanEmulator() as emulator:
            await emulator.engine.start()
            await load_demo(emulator)
            await asyncio.to_thread(pictured, recorder, emulator.api_key, emulator.url, folder)
    svg = recorder.export_svg(title="postman-async")
    PICTURE.write_text(re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL), encoding="utf-8")
    sys.stdout.write(f"wrote {PICTURE.name}, {PICTURE.stat().st_size} bytes\n")


asyncio.run(main())
