"""Every fault against one monitor of a batch."""

from __future__ import annotations

import pytest

from tests.faults.batches import problems_of_batch
from tests.faults.catalogue import FAULTS
from tests.faults.fault import Fault
from tests.faults.room import Room

OF_RUNS = [fault for fault in FAULTS if fault.concerns("monitors.run")]


@pytest.mark.parametrize("fault", OF_RUNS, ids=str)
def test_a_batch_in_which_one_monitor_meets_a_fault(room: Room, fault: Fault) -> None:
    """One trigger, one run, one outcome each, no other monitor harmed, all of it can be written."""
    problems = room.run(problems_of_batch(room, fault))
    assert not problems, "\n".join(problems)
