"""Whatever an answer holds, and however deep: nothing done with it ends in a RecursionError.

How deep Python recurses depends on the stack: so each is done from a deep stack, too.
"""

from __future__ import annotations

import copy
import json
import operator
import pickle
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from postman_async import InvalidResponseError, NestingError, PostmanError
from postman_async.engine.data import codec
from postman_async.engine.data.convert import from_dict, to_dict
from postman_async.engine.data.depth import flattened, is_deep, same, unflattened
from postman_async.engine.http.response import error_of
from postman_async.errors import Answer
from postman_async.models import Collection, MonitorRun
from tests.models.documents import read_answer

PAD = "x" * codec.LARGE
DEPTHS = [10, 300, 540, 750, 980, 5_000, 100_000]


def array(levels: int) -> str:
    return "[" * levels + "1" + "]" * levels


def mapping(levels: int) -> str:
    return '{"a": ' * levels + "1" + "}" * levels


def folders(levels: int) -> str:
    half = levels // 2
    return '[{"name": "f", "item": ' * half + '[{"name": "deepest"}]' + "}]" * half


ANSWERS: dict[str, tuple[str, Callable[[int], str]]] = {
    "in a lazy field": (
        "monitors.run",
        lambda n: f'{{"run": {{"info": {{"message": "{PAD}"}}, "executions": [{array(n)}]}}}}',
    ),
    "in a part not known": (
        "monitors.run",
        lambda n: f'{{"run": {{"info": {{"status": "success"}}, "new": {mapping(n)}}}}}',
    ),
    "folders": (
        "collections.get",
        lambda n: f'{{"collection": {{"info": {{"name": "{PAD}"}}, "item": {folders(n)}}}}}',
    ),
}


def looked_at(model: Any) -> Any:
    return model.item if isinstance(model, Collection) else (model.executions, model.info)


def walked(model: Any) -> Any:
    if isinstance(model, Collection):
        return len(list(model.walk(folders=True))), model.find("none"), model.without_ids()
    return None


DEEDS: dict[str, Callable[[Any], Any]] = {
    "look": looked_at,
    "walk": walked,
    "write": codec.dumps,
    "to_dict": to_dict,
    "compare": lambda model: model == copy.deepcopy(model),
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "copy": copy.copy,
    "repr": repr,
    "extra": lambda model: (model.extra, model.nulls),
}


READING = {"look", "walk", "compare", "to_dict", "pickle", "copy", "repr", "extra"}
"""What may have to read a part that is text still, which has its own limit."""


def at_depth(frames: int, deed: Callable[[], Any]) -> Any:
    """Do something with so many frames on the stack already."""
    return deed() if frames <= 0 else at_depth(frames - 1, deed)


def outcome(deed: Callable[[], Any]) -> str:
    """Do it; all that may come of it is a value, or an error of ours that says why."""
    try:
        deed()
    except PostmanError as error:
        return str(error)
    return "done"


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("levels", DEPTHS)
@pytest.mark.parametrize("where", ANSWERS)
@pytest.mark.parametrize("frames", [0, 500])
def test_a_deep_answer_is_read_or_is_this_calls_error(
    where: str, levels: int, deed: str, frames: int
) -> None:
    name, text = ANSWERS[where]
    content = text(levels).encode()
    met = outcome(lambda: at_depth(frames, lambda: DEEDS[deed](read_answer(name, content))))
    assert met == "done" or "nested too deeply" in met
    assert met == "done" or levels + frames > 900
    try:
        model = read_answer(name, content)
    except InvalidResponseError:
        return
    met = outcome(lambda: at_depth(frames, lambda: DEEDS[deed](model)))
    assert met == "done" or (deed in READING and "nested too deeply" in met)


@pytest.mark.parametrize("without_msgspec", [False, True])
def test_strict_reading_of_a_deep_answer_raises_errors_of_ours_only(
    without_msgspec: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if without_msgspec:
        monkeypatch.setattr(codec, "_fast_reader", lambda: None)
    for levels in DEPTHS:
        for name, text in ANSWERS.values():
            try:
                read_answer(name, text(levels).encode(), strict=True)
            except PostmanError as error:
                assert len(str(error)) < 20_000  # noqa: PT017


def test_a_deep_answer_is_the_same_document_when_it_is_written() -> None:
    name, text = ANSWERS["folders"]
    content = text(900).encode()
    model = read_answer(name, content)
    expected = json.loads(content)["collection"]
    for made in (model, pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert at_depth(500, partial(codec.dumps, made)) == codec.dumps(expected)
        assert at_depth(500, partial(operator.eq, made, model))
    changed = copy.deepcopy(model)
    changed.find("deepest").name = "other"
    assert at_depth(500, lambda: changed != model)


def test_what_goes_deeper_than_any_json_is_a_typed_error_too() -> None:
    """It is a RecursionError as well, which it was before it had a name."""
    document: dict[str, Any] = {"name": "deepest"}
    for _ in range(100_000):
        document = {"item": [document]}
    for deed in (lambda: from_dict(document, Collection), lambda: codec.dumps(document)):
        with pytest.raises(NestingError, match="10000 levels"):
            deed()
    assert issubclass(NestingError, RecursionError)


# -- numbers no float holds


def test_a_number_no_float_holds_raises_at_the_first_access_and_is_written_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("msgspec")
    content = f'{{"run": {{"info": {{"a": "{PAD}"}}, "executions": [{{"id": 1e999}}]}}}}'.encode()

    def run() -> MonitorRun:
        made = read_answer("monitors.run", content)
        assert isinstance(made, MonitorRun)
        return made

    with pytest.raises(InvalidResponseError, match=r"monitors.run /: .*1e999 is too large"):
        _ = run().executions
    for deed in (to_dict, copy.deepcopy, pickle.dumps):
        with pytest.raises(InvalidResponseError, match="1e999 is too large"):
            deed(run())
    assert b'"executions":[{"id": 1e999}]' in codec.dumps(run())
    monkeypatch.setattr(codec, "_fast_writer", lambda: None)
    assert b'"executions":[{"id": 1e999}]' in codec.dumps(run())
    assert b'"executions":[{"id": 1e999}]' in codec.dumps({"half": "\ud800", "run": run()})


@pytest.mark.parametrize("frames", [0, 600])
def test_an_error_of_a_deep_body_is_made_shown_and_pickled(frames: int) -> None:
    for levels in DEPTHS:
        for body in (f'{{"error": {{"message": {array(levels)}}}}}', mapping(levels)):
            answer = Answer(500, {"content-type": "application/json"}, body.encode())

            def made(answer: Answer = answer) -> str:
                error = error_of("GET /me", answer)
                return str(error) + repr(pickle.loads(pickle.dumps(error)))

            assert at_depth(frames, made)


# -- the walks themselves


def test_data_that_is_taken_apart_is_put_together_again() -> None:
    data: Any = {"b": [1, {"x": []}, [[2]]], "a": {}, "c": None}
    again = unflattened(*flattened(data))
    assert json.dumps(again) == json.dumps(data)


def test_depth_is_counted_in_objects_and_arrays() -> None:
    assert not is_deep(1, 0)
    assert is_deep([], 0)
    assert not is_deep([{"a": 1}], 2)
    assert is_deep([{"a": 1}], 1)


def test_data_is_compared_at_any_depth() -> None:
    def nested(levels: int, last: Any) -> Any:
        for _ in range(levels):
            last = [{"a": last}]
        return last

    assert same(nested(5_000, 1), nested(5_000, 1.0))
    assert not same(nested(5_000, 1), nested(5_000, 2))
    assert not same(nested(5_000, [1]), nested(5_000, [1, 2]))
    assert not same(nested(5_000, {"a": 1}), nested(5_000, {"b": 1}))
    assert not same(nested(5_000, 1), nested(4_999, 1))
