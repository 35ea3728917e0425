"""Arguments end up at their location, and no unsafe request is ever built."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

import pytest
from attrs import define
from hypothesis import given
from hypothesis import strategies as st

from postman_async.engine.http.request import Request, build_request
from postman_async.engine.operation import Operation, Parameter
from postman_async.errors import InvalidArgumentError
from postman_async.extensions.model import Model
from postman_async.options import CallOptions
from postman_async.unset import UNSET

RUN = Operation(
    id="monitors.run",
    method="POST",
    path="/monitors/{monitor_uid}/run",
    parameters=(
        Parameter("monitor_uid", "monitorUid", "path", required=True),
        Parameter("run_async", "async", "query"),
        Parameter("regions", "region", "query"),
    ),
)
CREATE = Operation(
    id="monitors.create",
    method="POST",
    path="/monitors",
    parameters=(
        Parameter("name", "name", "field", required=True),
        Parameter("notification_limit", "notificationLimit", "field"),
        Parameter("schedule", "schedule", "field"),
        Parameter("workspace", "workspace", "query"),
    ),
    wrapper="monitor",
)
UPDATE = Operation(
    id="collections.update",
    method="PUT",
    path="/collections/{collection_uid}",
    parameters=(
        Parameter("collection_uid", "collection_uid", "path", required=True),
        Parameter("collection", "collection", "document", required=True),
    ),
    wrapper="collection",
)
MERGE = Operation(
    id="collections.merge",
    method="POST",
    path="/collections/merge",
    parameters=(Parameter("source", "source", "field", required=True),),
)


@define(kw_only=True, repr=False, eq=False)
class Schedule(Model):
    cron: str
    timezone: str | None = None


def build(operation: Operation, options: CallOptions | None = None, **arguments: Any) -> Request:
    return build_request(operation, arguments, options or {})


def refusal(
    operation: Operation, options: CallOptions | None = None, /, **arguments: Any
) -> InvalidArgumentError:
    """Build what must not be built, and return the error."""
    with pytest.raises(InvalidArgumentError) as caught:
        build(operation, options, **arguments)
    return caught.value


def body(request: Request) -> Any:
    assert isinstance(request.body, bytes)
    return json.loads(request.body)


# --- the path


@given(st.text(min_size=1).filter(lambda uid: bool(uid.strip()) and uid not in {".", ".."}))
def test_any_id_becomes_exactly_one_segment_that_unquotes_back(uid: str) -> None:
    path = build(RUN, monitor_uid=uid).path
    assert path.isascii()
    first, monitors, segment, run = path.split("/")
    assert (first, monitors, run) == ("", "monitors", "run")
    assert unquote(segment) == uid
    assert segment not in {".", ".."}
    assert not set(segment) & set("?#\\ \r\n")


def test_an_ordinary_uid_is_sent_as_it_is() -> None:
    assert build(RUN, monitor_uid="12-ab_c.d~e").call == "POST /monitors/12-ab_c.d~e/run"


def test_an_id_is_not_read_as_a_template_or_as_quoted_already() -> None:
    assert build(RUN, monitor_uid="{run_async}").path == "/monitors/%7Brun_async%7D/run"
    assert build(RUN, monitor_uid="%2e%2e").path == "/monitors/%252e%252e/run"


@pytest.mark.parametrize(
    "uid", ["", " ", "\t\n", "\u2003", ".", "..", None, 7, b"x", ["a"], "\ud800"]
)
def test_an_id_that_would_call_something_else_is_refused_and_named(uid: Any) -> None:
    assert "monitor_uid" in str(refusal(RUN, monitor_uid=uid))


# --- names


def test_a_missing_argument_is_named() -> None:
    assert "monitors.run needs the argument 'monitor_uid'" in str(refusal(RUN))


def test_a_required_argument_that_is_unset_is_missing() -> None:
    assert "'name'" in str(refusal(CREATE, name=UNSET))


def test_an_unknown_argument_is_named_with_those_there_are() -> None:
    """The name on the wire (``async``) is no argument either: a typo must not be dropped."""
    message = str(refusal(RUN, **{"monitor_uid": "1", "async": True}))
    assert "'async'" in message
    assert "monitor_uid, run_async, regions" in message


# --- the query


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (True, [("async", "true")]),
        (False, [("async", "false")]),
        (12, [("async", "12")]),
        ("a&b=c", [("async", "a&b=c")]),
        (None, []),
        (UNSET, []),
        (["a", True, 2], [("async", "a"), ("async", "true"), ("async", "2")]),
        ((), []),
    ],
)
def test_query_values_are_spelled_as_the_service_reads_them(
    value: Any, sent: list[tuple[str, str]]
) -> None:
    assert list(build(RUN, monitor_uid="1", run_async=value).query) == sent


@pytest.mark.parametrize("value", [{"a": 1}, b"x", object(), [["nested"]], "\udcff"])
def test_a_query_value_without_a_spelling_is_refused(value: Any) -> None:
    assert "region" in str(refusal(RUN, monitor_uid="1", regions=value))


def test_extra_query_is_added_and_wins() -> None:
    request = build(
        RUN, {"extra_query": {"async": "maybe", "new": "1"}}, monitor_uid="1", run_async=True
    )
    assert dict(request.query) == {"async": "maybe", "new": "1"}


# --- the body


def test_a_call_without_body_sends_none_and_no_content_type() -> None:
    request = build(RUN, monitor_uid="1")
    assert request.body is None
    assert request.headers == {}


def test_unset_is_left_out_and_none_is_sent_as_null() -> None:
    request = build(CREATE, name="m", notification_limit=None, schedule=UNSET, workspace="w")
    assert body(request) == {"monitor": {"name": "m", "notificationLimit": None}}
    assert request.query == (("workspace", "w"),)
    assert request.headers == {"Content-Type": "application/json"}


def test_fields_without_wrapper_are_the_body() -> None:
    assert body(build(MERGE, source="a")) == {"source": "a"}


@pytest.mark.parametrize("schedule", [Schedule(cron="*"), {"cron": "*"}])
def test_an_object_argument_may_be_a_model_or_a_mapping(schedule: Any) -> None:
    request = build(CREATE, name="m", schedule=schedule)
    assert body(request) == {"monitor": {"name": "m", "schedule": {"cron": "*"}}}


def test_a_document_is_the_whole_body_below_its_wrapper() -> None:
    document: dict[str, Any] = {"info": {"name": "c"}, "item": [], "x": None}
    request = build(UPDATE, collection_uid="1-a", collection=document)
    assert body(request) == {"collection": document}


@pytest.mark.parametrize("text", ["ünï \u2028 😀", "half a pair \ud83d", "\0 \x7f"])
def test_any_text_in_a_document_arrives_as_it_is(text: str) -> None:
    """JSON can hold half a surrogate pair, so an exported collection may."""
    request = build(UPDATE, collection_uid="1-a", collection={"text": text})
    assert body(request) == {"collection": {"text": text}}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), b"bytes", {1, 2}, UNSET, object()])
def test_what_json_cannot_hold_is_refused(value: Any) -> None:
    """Python's json would write NaN, which no service reads."""
    message = str(refusal(UPDATE, collection_uid="1", collection={"deep": [value]}))
    assert message.startswith("collections.update: the body is not JSON")


def test_a_document_that_holds_itself_is_refused() -> None:
    document: dict[str, Any] = {}
    document["item"] = [document]
    assert "not JSON" in str(refusal(UPDATE, collection_uid="1", collection=document))


def test_extra_body_is_laid_over_level_by_level() -> None:
    extra = {"monitor": {"new": 1, "schedule": {"cron": "5"}}, "beside": Schedule(cron="x")}
    request = build(
        CREATE, {"extra_body": extra}, name="m", schedule={"cron": "0", "timezone": "U"}
    )
    assert body(request) == {
        "monitor": {"name": "m", "new": 1, "schedule": {"cron": "5", "timezone": "U"}},
        "beside": {"cron": "x"},
    }


def test_extra_body_changes_neither_the_argument_nor_itself() -> None:
    schedule, extra = {"cron": "0"}, {"monitor": {"schedule": {"cron": "5"}}}
    build(CREATE, {"extra_body": extra}, name="m", schedule=schedule)
    assert schedule == {"cron": "0"}
    assert extra == {"monitor": {"schedule": {"cron": "5"}}}


def test_extra_body_makes_a_body_where_the_call_has_none() -> None:
    request = build(RUN, {"extra_body": {"env": 1}}, monitor_uid="1")
    assert body(request) == {"env": 1}
    assert request.headers == {"Content-Type": "application/json"}


# --- headers


def test_extra_headers_are_sent() -> None:
    request = build(RUN, {"extra_headers": {"X-Trace": "a b", "X-Name": "é"}}, monitor_uid="1")
    assert request.headers == {"X-Trace": "a b", "X-Name": "é"}


def test_a_content_type_of_the_callers_own_replaces_ours_in_any_case() -> None:
    """Two of them would be sent otherwise."""
    request = build(CREATE, {"extra_headers": {"content-type": "application/x"}}, name="m")
    assert request.headers == {"content-type": "application/x"}


@pytest.mark.parametrize(
    "name", ["X-Api-Key", "x-api-key", "X-API-KEY", "Host", "content-length", "Transfer-Encoding"]
)
def test_headers_that_are_not_the_callers_to_set_are_refused(name: str) -> None:
    error = refusal(RUN, {"extra_headers": {name: "PMAK-other"}}, monitor_uid="1")
    assert name in str(error)
    assert "PMAK-other" not in str(error)


@pytest.mark.parametrize("name", ["X-Api-Key ", " x-api-key", "X:Y", "", "X-é", "a\r\nb", "a\0"])
def test_what_is_no_header_name_is_refused(name: str) -> None:
    """Among them the key's own name in disguise."""
    refusal(RUN, {"extra_headers": {name: "v"}}, monitor_uid="1")


@pytest.mark.parametrize("value", ["a\r\nX-Api-Key: b", "a\nb", "a\rb", "a\0b", "\ud800", None, 1])
def test_a_header_value_that_could_be_read_as_more_is_refused_unseen(value: Any) -> None:
    error = refusal(RUN, {"extra_headers": {"X-Trace": value}}, monitor_uid="1")
    assert "X-Trace" in str(error)
    assert "X-Api-Key" not in str(error)


def test_a_refusal_is_a_value_error_too() -> None:
    """So that it is caught by people who do not know our names."""
    assert isinstance(refusal(RUN), ValueError)
