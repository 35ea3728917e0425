"""Every fault against an operation of each kind; `test_matrix` has all operations."""

from __future__ import annotations

import pytest

from tests.faults.calls import REPRESENTATIVE, Call
from tests.faults.catalogue import FAULTS
from tests.faults.checker import problems_of_call
from tests.faults.fault import Fault
from tests.faults.room import Room

CELLS = [(fault, call) for fault in FAULTS for call in REPRESENTATIVE if fault.concerns(call.name)]


@pytest.mark.parametrize(("fault", "call"), CELLS, ids=str)
def test_a_call_that_meets_a_fault(room: Room, fault: Fault, call: Call) -> None:
    """It ends as it may, is sent as often as it may, and the next one knows nothing of it."""
    problems = room.run(problems_of_call(room, fault, call))
    assert not problems, "\n".join(problems)
