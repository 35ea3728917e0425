"""``python -m benchmarks [--quick] [TABLE …]``: print the tables, write JSON and the picture.

Every figure is a ratio against a neighbour that was measured in turn with it in the same run, in
fresh processes: the median, and the smallest and the largest of the rounds.  The server is a
process of its own, on a processor of its own; the row "floor" shows that it is not what is
measured.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from importlib.metadata import version
from pathlib import Path

from benchmarks.tables import FULL, QUICK, TABLES, Effort, Row

_LIBRARIES = (
    *("aiohttp", "attrs", "cattrs", "httpx", "msgspec"),
    *("niquests", "orjson", "pydantic", "requests"),
)


def main() -> None:
    """Measure the tables that are asked for."""
    options = _options()
    effort = QUICK if options.quick else FULL
    if options.cpu:
        effort = effort._replace(clock="cpu_us")
    print(_machine())
    results = {name: _table(name, effort) for name in options.tables or TABLES}
    _write_json(options.json, results)
    if options.markdown:
        options.markdown.write_text(_markdown(results))
    if options.picture:
        from benchmarks.picture import draw

        draw(results, options.picture)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("tables", nargs="*", metavar="TABLE", help=", ".join(TABLES))
    parser.add_argument("--quick", action="store_true", help="one round, in under a minute or so")
    parser.add_argument(
        "--cpu", action="store_true", help="compare processor time, on a machine that is busy"
    )
    parser.add_argument("--markdown", type=Path, help="where to write the tables as Markdown")
    parser.add_argument("--json", type=Path, default=Path(".benchmarks/results.json"))
    parser.add_argument("--picture", type=Path, help="where to draw the picture (SVG)")
    options = parser.parse_args()
    if unknown := set(options.tables) - TABLES.keys():
        parser.error(f"there is no table {min(unknown)!r}; there are: {', '.join(TABLES)}")
    return options


def _machine() -> str:
    import os

    libraries = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{os.cpu_count()} cores, {platform.machine()}, {python}; {libraries}"


def _table(name: str, effort: Effort) -> list[Row]:
    started = time.perf_counter()
    rows = list(TABLES[name](effort))
    print(f"\n{name} ({time.perf_counter() - started:.0f} s)")
    for row in rows:
        mark = {True: "met", False: "MISSED", None: ""}[row.met]
        median, low, high = (f"{value:.3g}" for value in row.figure)
        print(f"  {row.what:74} {median:>7}{row.unit:3} ({low}-{high}) {row.goal:>9} {mark}")
    sys.stdout.flush()
    return rows


def _markdown(results: dict[str, list[Row]]) -> str:
    lines = ["| what | median | smallest, largest | goal |", "|---|---|---|---|"]
    for row in (row for rows in results.values() for row in rows):
        median, low, high = (f"{value:.3g}{row.unit}" for value in row.figure)
        goal = f"{row.goal} {'' if row.met else '(missed)'}".strip()
        lines.append(f"| {row.what} | {median} | {low}, {high} | {goal if row.goal else ''} |")
    return "\n".join([*lines, "", _machine(), ""])


def _write_json(path: Path, results: dict[str, list[Row]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    tables = {
        name: [{**row._asdict(), "figure": row.figure._asdict()} for row in rows]
        for name, rows in results.items()
    }
    path.write_text(json.dumps({"machine": _machine(), "tables": tables}, indent=2))
    print(f"\nwritten to {path}")


if __name__ == "__main__":
    main()
