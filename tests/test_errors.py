"""The tree of errors is complete, drawn correctly, can be pickled, and never shows the key."""

from __future__ import annotations

import copy
import importlib
import inspect
import json
import pickle
import re
import textwrap
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

import postman_async.errors
from postman_async.bulk.outcome import BatchReport
from postman_async.engine.http.request import build_request
from postman_async.engine.http.response import error_of
from postman_async.engine.operation import Operation, Parameter
from postman_async.errors import (
    Answer,
    AnswerTooLargeError,
    ApiError,
    BatchFailedError,
    CallTimeoutError,
    ConfigurationError,
    ConnectError,
    DeadlineExceeded,
    DisconnectedError,
    EmptySelectionError,
    InvalidArgumentError,
    InvalidResponseError,
    JournalError,
    NestingError,
    PostmanError,
    RateLimitError,
    RedirectError,
    ResponseValidationError,
    TaskError,
    TaskExpiredError,
    TaskFailedError,
    TaskTimeoutError,
    TransportError,
    UnsettledError,
)
from postman_async.options import CallOptions

CALL = "GET /collections/1-a"
START = datetime(2026, 3, 1, tzinfo=UTC)
KEY = "PMAK-0123456789abcdef-secret"
BODY = json.dumps({"error": {"name": "n", "message": "m", "details": {"param": "p"}}}).encode()


def answer(status: int) -> Answer:
    """Make an answer with the headers in the type that the transport hands over."""
    headers = CIMultiDict({"X-Request-Id": "abc", "Retry-After": "2.5", "Set-Cookie": "a"})
    headers.add("Set-Cookie", "b")
    return Answer(status, CIMultiDictProxy(headers), BODY)


def one_of_each() -> list[PostmanError]:
    """Make an error of every class there is."""
    statuses = (400, 401, 403, 404, 409, 411, 413, 418, 422, 423, 429, 500, 503)
    quota = Answer(429, answer(429).headers, BODY.replace(b'"n"', b'"serviceLimitExhausted"'))
    return [
        *(error_of(CALL, answer(status)) for status in statuses),
        error_of(CALL, quota),
        PostmanError("base"),
        ConfigurationError("no key"),
        InvalidArgumentError("empty"),
        EmptySelectionError("no monitor fits name='x'"),
        JournalError("line 3 is damaged"),
        BatchFailedError("1 of 1 monitors did not pass", BatchReport((), START, 0.0)),
        NestingError("it holds itself"),
        DeadlineExceeded("30 s were up"),
        UnsettledError("another run began since"),
        TaskError("collections.start_merge", "1", "odd", "is odd"),
        TaskFailedError("collections.start_merge", "1", "failed", "a conflict"),
        TaskTimeoutError("collections.start_merge", "1", "in-progress", 300),
        TaskExpiredError("collections.start_merge", "1"),
        TransportError(CALL, "reason"),
        ConnectError(CALL, "refused"),
        CallTimeoutError(CALL, "silence"),
        DisconnectedError(CALL, "reset"),
        RedirectError(CALL, 301, "https://elsewhere.example"),
        InvalidResponseError(CALL, answer(200), "cut"),
        AnswerTooLargeError(CALL, answer(200), 1000),
        ResponseValidationError(CALL, ["$.a: missing", "$.b: missing"], b"{}"),
    ]


def classes() -> dict[str, type[PostmanError]]:
    """Find the error classes that the module defines."""
    found = inspect.getmembers(postman_async.errors, inspect.isclass)
    return {name: cls for name, cls in found if issubclass(cls, PostmanError)}


def test_every_error_class_is_exported_and_nothing_else() -> None:
    assert postman_async.errors.__all__ == sorted(classes())


def test_every_error_class_is_a_public_name_of_the_package() -> None:
    package = importlib.import_module("postman_async")
    for name, cls in classes().items():
        assert name in package.__all__
        assert getattr(package, name) is cls


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes() -> None:
    assert postman_async.errors.__doc__ is not None
    path: list[str] = []
    drawn = {}
    for line in postman_async.errors.__doc__.splitlines():
        if match := re.match(r"    ([│├└─ ]*)(\w+Error|DeadlineExceeded)\b", line):
            depth = len(match[1]) // 4
            drawn[match[2]] = path[depth - 1] if depth else "Exception"
            path[depth:] = [match[2]]
    assert drawn == {name: cls.__bases__[0].__name__ for name, cls in classes().items()}


def test_the_tree_in_the_readme_of_the_engine_is_that_of_the_docstring() -> None:
    assert postman_async.errors.__doc__ is not None
    readme = Path(postman_async.errors.__file__).with_name("engine") / "README.md"
    tree = textwrap.dedent(postman_async.errors.__doc__.split("::\n\n")[1].split("\n\n")[0])
    assert f"```text\n{tree}\n```" in readme.read_text(encoding="utf-8")


def test_each_class_is_covered_by_the_tests_below() -> None:
    assert {type(error) for error in one_of_each()} == set(classes().values())


@pytest.mark.parametrize(
    ("error", "builtin"), [(CallTimeoutError, TimeoutError), (InvalidArgumentError, ValueError)]
)
def test_errors_python_has_a_name_for_are_of_that_class_too(
    error: type[PostmanError], builtin: type[Exception]
) -> None:
    assert issubclass(error, builtin)


@pytest.mark.parametrize("error", [e for e in one_of_each() if hasattr(e, "call")], ids=repr)
def test_the_message_names_the_call(error: PostmanError) -> None:
    assert str(error).startswith(CALL)


def test_only_a_failed_connection_is_certain_not_to_have_been_sent() -> None:
    transport = [error for error in one_of_each() if isinstance(error, TransportError)]
    assert [type(error) for error in transport if not error.sent] == [ConnectError]


def test_a_timeout_keeps_its_message_although_it_is_an_os_error() -> None:
    """An OSError made of two arguments reads them as a number and a text."""
    error = CallTimeoutError(CALL, "silence")
    assert str(error) == f"{CALL}: silence"
    assert error.args == (f"{CALL}: silence",)
    assert (error.call, error.reason) == (CALL, "silence")


def test_every_fault_of_a_strict_reading_is_reported() -> None:
    error = ResponseValidationError(CALL, ["$.a: missing", "$.b: missing"])
    assert "$.a: missing; $.b: missing" in str(error)


# --- errors can be pickled and copied: worker pools and retries do so


def attributes(error: PostmanError) -> dict[str, Any]:
    """Return the attributes of the error, with its headers as plain pairs."""
    values = dict(vars(error))
    if "headers" in values:
        values["headers"] = sorted(values["headers"].items())
    return values


@pytest.mark.parametrize("error", one_of_each(), ids=repr)
@pytest.mark.parametrize("protocol", [2, pickle.HIGHEST_PROTOCOL])
def test_a_pickled_error_is_the_same_error(error: PostmanError, protocol: int) -> None:
    error.attempts = 3
    again = pickle.loads(pickle.dumps(error, protocol))
    assert type(again) is type(error)
    assert (str(again), again.args) == (str(error), error.args)
    assert attributes(again) == attributes(error)
    assert again.attempts == 3


def test_the_headers_are_looked_up_without_regard_to_case_after_the_trip_too() -> None:
    again = pickle.loads(pickle.dumps(error_of(CALL, answer(429))))
    assert isinstance(again, RateLimitError)
    assert again.headers["RETRY-AFTER"] == "2.5"
    assert (again.retry_after, again.request_id) == (2.5, "abc")
    assert again.details == {"param": "p"}


@pytest.mark.parametrize("error", one_of_each(), ids=repr)
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy], ids=["copy", "deepcopy"])
def test_a_copied_error_is_the_same_error(error: PostmanError, copied: Any) -> None:
    twin = copied(error)
    assert type(twin) is type(error)
    assert str(twin) == str(error)
    assert attributes(twin) == attributes(error)


def test_notes_travel_along() -> None:
    error = ConnectError(CALL, "refused")
    error.add_note("while the third monitor was run")
    again = pickle.loads(pickle.dumps(error))
    assert again.__notes__ == ["while the third monitor was run"]


# --- errors do not show the key


def everything_in(error: BaseException) -> str:
    """Write down all that a log, a report or a debugger could show of the error."""
    shown = "".join(traceback.format_exception(error))
    return f"{error} {error!r} {error.args} {vars(error)} {shown} {pickle.dumps(error, 0)!r}"


def test_an_answer_error_holds_the_answers_headers_and_none_that_was_sent() -> None:
    error = error_of(CALL, answer(401))
    assert isinstance(error, ApiError)
    assert {name.lower() for name in error.headers} == {"x-request-id", "retry-after", "set-cookie"}
    assert "api-key" not in everything_in(error).lower()


@pytest.mark.parametrize(
    "options",
    [
        {"extra_headers": {"X-Api-Key": KEY}},
        {"extra_headers": {"x-API-key": KEY}},
        {"extra_headers": {"X-Other": f"{KEY}\r\n"}},
        {"extra_headers": {"X-Api-Key ": KEY}},
        {"extra_query": {"q": [KEY, object()]}},
        {"extra_body": {"key": KEY, "bad": float("nan")}},
    ],
)
def test_a_refused_argument_does_not_repeat_its_value(options: CallOptions) -> None:
    """People do hand their key over by mistake."""
    operation = Operation(
        id="users.me", method="GET", path="/me/{x}", parameters=(Parameter("x", "x", "path"),)
    )
    with pytest.raises(InvalidArgumentError) as caught:
        build_request(operation, {"x": "1"}, options)
    error = caught.value
    assert KEY not in f"{error} {error!r} {vars(error)}"
    assert error.__cause__ is None
