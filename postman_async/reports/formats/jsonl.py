"""JSON Lines: the record of each outcome (`postman_async.bulk.record`) as one line.

A line is written when its outcome is known, and has nothing but ASCII in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from postman_async.reports.records import dump_record

__all__ = ["json_lines"]


def json_lines(records: Iterable[dict[str, Any]], title: str = "") -> Iterator[str]:
    """Yield each record as a line.

    Args:
        records: the records.
        title: not used, as a line describes one outcome.

    """
    for record in records:
        yield f"{dump_record(record)}\n"
