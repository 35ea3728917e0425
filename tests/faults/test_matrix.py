"""Every fault against every operation: thousands of cells, for CI (`pytest -m matrix`)."""

from __future__ import annotations

import pytest

from tests.faults.calls import CALLS
from tests.faults.catalogue import FAULTS
from tests.faults.checker import problems_of_call
from tests.faults.fault import Fault
from tests.faults.room import Room


@pytest.mark.matrix
@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_all_calls_that_meet_a_fault(room: Room, fault: Fault) -> None:
    """As in `test_calls`; a cell that fails is named by this test's fault and its operation."""
    failing = {
        call.name: problems
        for call in CALLS
        if fault.concerns(call.name) and (problems := room.run(problems_of_call(room, fault, call)))
    }
    assert not failing, "\n".join(f"{fault} x {call}: {p}" for call, p in failing.items())
