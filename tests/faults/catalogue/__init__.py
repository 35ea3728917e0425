"""All faults, by their names."""

from __future__ import annotations

from tests.faults.catalogue import documents, echoes, framing, headers, stages, statuses
from tests.faults.fault import Fault

__all__ = ["FAULTS"]

FAULTS: list[Fault] = [
    *stages.FAULTS,
    *framing.FAULTS,
    *statuses.FAULTS,
    *headers.FAULTS,
    *documents.FAULTS,
    *echoes.FAULTS,
]
