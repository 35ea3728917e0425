"""The catalogue: how large it is, that no fault is there twice, and that each is really played."""

from __future__ import annotations

import json
from collections import Counter

from postman_async import OPERATIONS
from tests.faults.calls import CALLS, REPRESENTATIVE
from tests.faults.catalogue import FAULTS
from tests.faults.fault import Good, Stage
from tests.faults.service import find

DOCUMENT = {"collection": {"id": "token-1", "uid": "1-token-1", "name": "ünï"}}
GOOD = Good(
    "collections.get",
    DOCUMENT,
    json.dumps(DOCUMENT, ensure_ascii=False).encode(),
    "Sun, 01 Mar 2026 12:00:00 GMT",
)


def test_there_are_at_least_300_faults_each_with_a_name_of_its_own() -> None:
    assert len(FAULTS) >= 300
    assert [
        name for name, times in Counter(fault.name for fault in FAULTS).items() if times > 1
    ] == []


def test_every_stage_of_a_call_has_faults() -> None:
    assert {fault.stage for fault in FAULTS} == set(Stage)


def test_no_two_faults_put_the_same_on_the_wire() -> None:
    """Distinct faults, and not one under two names."""
    played = Counter(
        (fault.stage, repr(fault.raises), fault.certificate, fault.warm, repr(fault.play(GOOD)))
        for fault in FAULTS
        if not fault.only
    )
    assert [what for what, times in played.items() if times > 1] == []


def test_every_operation_is_called_and_found_by_the_server() -> None:
    assert {call.operation.id for call in CALLS} == set(OPERATIONS)
    for call in CALLS:
        assert find(call.operation.method, call.path) is call.operation


def test_the_fast_cells_have_every_way_in_which_a_call_is_treated() -> None:
    operations = [call.operation for call in REPRESENTATIVE]
    assert {op.method for op in operations} >= {"GET", "POST", "DELETE"}
    assert any(op.long_poll for op in operations)
    assert any("(file)" in call.name for call in REPRESENTATIVE)
