"""Large answers are read in parts: lists stay text until they are looked at; nothing is lost."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postman_async import OPERATIONS, InvalidResponseError, MonitorRun
from postman_async.engine.data import codec
from postman_async.engine.data.plan import RawJson
from tests.models.documents import MODELS, Documents, read_answer, text_of, thorough
from tests.models.test_identity import looked_at

DRIFTING = Documents(drift=True)
SINGLE = {name: known.result for name, known in OPERATIONS.items() if known.result.single}
EXECUTION = {"id": 1, "item": {"name": "Ünïcode"}, "request": {"method": "GET", "url": "u" * 3000}}
RUN = {"info": {"status": "success"}, "executions": [EXECUTION], "new": [1.0, None], "failures": []}


@contextmanager
def worth(size: int) -> Iterator[None]:
    """Read what is larger than so many bytes in parts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(codec, "LARGE", size)
        yield


def run_of(**changed: Any) -> MonitorRun:
    """Read a run that is large enough."""
    run = read_answer("monitors.run", json.dumps({"run": {**RUN, **changed}}).encode())
    assert isinstance(run, MonitorRun)
    return run


def is_raw(run: MonitorRun) -> bool:
    return isinstance((run._source or {})["executions"], RawJson)


@thorough
@given(st.sampled_from(sorted(SINGLE)), st.data())
def test_an_answer_in_parts_is_the_answer(operation: str, data: st.DataObject) -> None:
    """Whatever its keys and values are, and whether or not anyone has looked."""
    result = SINGLE[operation]
    document = data.draw(DRIFTING.of(MODELS[str(result.model)]))
    content = text_of({str(result.key): document}).encode()
    whole = read_answer(operation, content)
    with worth(-1):
        parts, looked, moved = (read_answer(operation, content) for _ in range(3))
    looked_at(looked)
    for made in (parts, looked, copy.deepcopy(moved), pickle.loads(pickle.dumps(moved))):
        assert text_of(json.loads(codec.dumps(made))) == text_of(json.loads(codec.dumps(whole)))
        assert made == whole


def test_a_list_is_read_when_it_is_looked_at_and_then_once() -> None:
    pytest.importorskip("msgspec")
    run = run_of()
    assert is_raw(run)
    assert run.info.status == "success"
    assert run.extra == {"new": [1.0, None]}
    assert is_raw(run)
    assert run.executions is run.executions
    assert run.executions is not None
    assert run.executions[0].item.name == "Ünïcode"
    assert not is_raw(run)


def test_what_was_not_looked_at_is_written_as_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = json.dumps(RUN)
    assert json.dumps(json.loads(codec.dumps(run_of()))) == expected
    run = run_of()
    monkeypatch.setattr(codec, "_fast_writer", lambda: None)
    assert json.dumps(json.loads(codec.dumps(run))) == expected


def test_attrs_sees_data_and_no_text() -> None:
    for shown in attrs.asdict(run_of()), attrs.astuple(run_of()):
        assert json.dumps(RUN["executions"]) in json.dumps(shown)


def test_what_was_not_looked_at_can_be_replaced() -> None:
    run, without, deleted = run_of(), run_of(), run_of()
    run.executions, without.executions = [], None
    del deleted.executions
    assert json.loads(codec.dumps(run)) == {**RUN, "executions": []}
    left = {key: value for key, value in RUN.items() if key != "executions"}
    assert json.loads(codec.dumps(without)) == json.loads(codec.dumps(deleted)) == left


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"run": {"info": {}, "executions": [%s}}' % (b"1, " * 999), "not JSON"),
        (b'{"run": {"info": {}, "executions": ["\xff%s"]}}' % (b"x" * 3000), "not JSON"),
        (b'{"run": {"info": 1e999, "executions": ["%s"]}}' % (b"x" * 3000), "too large"),
        (b'{"run": {"info": {}, "executions": %s1%s}}' % (b"[" * 9000, b"]" * 9000), "not JSON"),
    ],
    ids=["cut", "not UTF-8", "a number beyond floats", "too deep"],
)
def test_what_is_not_json_raises_at_once(content: bytes, words: str) -> None:
    with pytest.raises(InvalidResponseError, match=words):
        read_answer("monitors.run", content)


def test_a_number_that_no_float_holds_raises_when_its_field_is_read() -> None:
    pytest.importorskip("msgspec")
    executions = b'[{"id": 1e999, "item": {"name": "%s"}}]' % (b"x" * 3000)
    content = b'{"run": {"info": {"status": "success"}, "executions": %s}}' % executions
    run = read_answer("monitors.run", content)
    assert run.info.status == "success"
    with pytest.raises(InvalidResponseError, match=r"monitors.run /: .*1e999 is too large"):
        _ = run.executions


def test_what_cannot_be_read_does_not_keep_a_model_from_being_shown() -> None:
    """A log line or a debugger asks for the repr of whatever there is."""
    pytest.importorskip("msgspec")
    executions = b'[{"id": 1e999, "item": {"name": "%s"}}]' % (b"x" * 3000)
    content = b'{"run": {"info": {"status": "success"}, "executions": %s}}' % executions
    assert "success" in repr(read_answer("monitors.run", content))


@pytest.mark.parametrize(
    "body", [[1], {"run": None}, {"run": 1}, {"other": {}}, {"run": {}, "more": 1}]
)
def test_a_body_of_another_form_is_handed_on(body: Any) -> None:
    content = json.dumps(body).encode()
    with worth(-1):
        parts = read_answer("monitors.run", content)
    assert parts == read_answer("monitors.run", content)
