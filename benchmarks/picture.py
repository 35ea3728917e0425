"""The picture of the figures: how many times faster than each client one would use instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.tables import Row

__all__ = ["draw"]

_MARK = "ours, against "
_BLUE, _GREY = "#2f6fde", "#8a94a6"


def draw(results: Mapping[str, Sequence[Row]], path: Path) -> None:
    """Draw the rows that compare us with a client, for one call and for 64 in flight."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams.update({"svg.hashsalt": "postman_async", "svg.fonttype": "none"})
    import matplotlib.pyplot as plt

    rows = [row for row in results["throughput"] if _MARK in row.what and row.what[:2] == "r3"]
    names = list(dict.fromkeys(row.what.partition(_MARK)[2] for row in rows))
    figure, axes = plt.subplots(figsize=(7.2, 2.9))
    for offset, (label, colour) in enumerate((("1 in flight", _GREY), ("64 in flight", _BLUE))):
        found = {r.what.partition(_MARK)[2]: r.figure.median for r in rows if label in r.what}
        positions = [index + 0.38 * offset for index in range(len(names))]
        bars = axes.barh(
            positions, [found[n] for n in names], height=0.36, color=colour, label=label
        )
        axes.bar_label(bars, [f" {found[n]:.1f}x" for n in names], fontsize=8)
    axes.set_yticks([index + 0.19 for index in range(len(names))], names, fontsize=9)
    axes.set_xscale("log")
    axes.axvline(1, color="black", linewidth=0.8)
    axes.invert_yaxis()
    axes.set_title("Running a monitor: times as many calls a second as …", fontsize=10, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    axes.xaxis.set_major_formatter("{x:g}x")
    axes.legend(frameon=False, fontsize=8, loc="upper right")  # where the bars are short
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
