"""From the bytes that came to a value: parsing, unwrapping, paging."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from attrs import define
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from postman_async.engine.data.convert import from_dict
from postman_async.engine.http.response import RawResponse, parse_json, value_of
from postman_async.engine.limits.headers import RateLimit
from postman_async.engine.operation import Result
from postman_async.errors import Answer, InvalidResponseError
from postman_async.extensions.model import Model
from postman_async.paging import Page

CALL = "GET /monitors"


@define(kw_only=True, repr=False, eq=False)
class Monitor(Model):
    wire_names: ClassVar[dict[str, str]] = {"collection_uid": "collectionUid"}

    name: str
    collection_uid: str | None = None


def answer(content: bytes, status: int = 200, **headers: str) -> Answer:
    spelled = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, CIMultiDict(spelled), content)


def structure(data: Any) -> Any:
    return from_dict(data, Monitor)


def as_it_is(data: Any) -> Any:
    return data


# --- parsing


@pytest.mark.parametrize("content_type", ["application/json", "text/html", "application/zip"])
def test_the_content_type_is_not_asked(content_type: str) -> None:
    """The service has sent JSON under others."""
    assert parse_json(CALL, answer(b'{"a": 1}', Content_Type=content_type)) == {"a": 1}


def test_a_byte_order_mark_is_no_fault() -> None:
    assert parse_json(CALL, answer(b'\xef\xbb\xbf{"a": 1}')) == {"a": 1}


@pytest.mark.parametrize(
    ("charset", "encoding"),
    [
        ("utf-8", "utf-8"),
        ('"UTF-8"', "utf-8-sig"),
        ("utf-8", "utf-16"),
        ("utf-16le", "utf-16-le"),
        ("ISO-8859-1", "latin-1"),
        ("windows-1252", "cp1252"),
        ("us-ascii", "utf-8"),
        ("nothing-known", "utf-8"),
        ("hex", "utf-8"),
        ("idna", "utf-8"),
        ("", "utf-8"),
    ],
)
def test_json_is_read_in_the_charset_it_is_in(charset: str, encoding: str) -> None:
    """JSON has to be UTF-8; what else is named is believed if it can be."""
    kind = f"application/json; charset={charset}"
    came = answer('{"name": "Bücher"}'.encode(encoding), Content_Type=kind)
    assert parse_json(CALL, came) == {"name": "Bücher"}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"  ",
        b"<html>sign in</html>",
        b'{"run": {"info"',
        b'{"a": NaN}',
        b"[Infinity]",
        b'{"a": "\xff\xfe"}',
        b"[" * 100_000,
        b"9" * 10_000,
    ],
)
def test_a_2xx_answer_that_is_not_json_is_an_error_that_keeps_it(content: bytes) -> None:
    came = answer(content, 201, Content_Type="text/html")
    with pytest.raises(InvalidResponseError, match=r"^GET /monitors: .*\(201, text/html") as caught:
        parse_json(CALL, came)
    assert (caught.value.status, caught.value.content) == (201, content)
    assert caught.value.headers == came.headers
    assert len(str(caught.value)) < 400, "the body belongs into `content`, not into the message"


@pytest.mark.parametrize("status", [204, 205])
def test_no_content_is_an_answer_and_no_error(status: int) -> None:
    """The status says that nothing follows, and what was asked for was done."""
    assert parse_json(CALL, answer(b"", status)) is None
    assert value_of(Result("monitors:Monitor", key="monitor"), None, structure) is None


@given(st.binary(max_size=40))
def test_parsing_knows_only_one_error(content: bytes) -> None:
    came = answer(content)
    try:
        parse_json(CALL, came)
    except InvalidResponseError as error:
        assert error.content == content  # noqa: PT017


# --- unwrapping


def test_the_one_key_of_the_body_is_unwrapped() -> None:
    body = {"monitor": {"name": "m", "collectionUid": "1"}}
    value = value_of(Result("monitors:Monitor", key="monitor"), body, structure)
    assert value == Monitor(name="m", collection_uid="1")


def test_without_a_key_the_whole_body_is_the_value() -> None:
    assert value_of(Result("monitors:Monitor"), {"name": "m"}, structure) == Monitor(name="m")


@pytest.mark.parametrize("body", [{"other": 1}, [1], "text", None, 7])
def test_a_body_of_another_form_is_handed_on(body: Any) -> None:
    assert value_of(Result(None, key="monitor"), body, as_it_is) == body


def test_a_body_that_was_never_wrapped_is_read_all_the_same() -> None:
    value = value_of(Result("monitors:Monitor", key="monitor"), {"name": "m"}, structure)
    assert value == Monitor(name="m")


def test_null_below_the_key_is_none() -> None:
    assert value_of(Result("m:M", key="monitor"), {"monitor": None}, structure) is None


def test_a_list_without_paging_is_a_plain_list_of_models() -> None:
    result = Result("monitors:Monitor", key="monitors", many=True)
    value = value_of(result, {"monitors": [{"name": "a"}, "odd"]}, structure)
    assert value == [Monitor(name="a"), "odd"]
    assert type(value) is list


# --- maps

MAPS = Result("monitors:Monitor", key="relations", maps=2)


def test_models_are_found_within_maps_of_maps() -> None:
    body = {"relations": {"mock": {"1": {"name": "a"}}, "testsuite": {}, "odd": [1], "none": None}}
    assert value_of(MAPS, body, structure) == {
        "mock": {"1": Monitor(name="a")}, "testsuite": {}, "odd": [1], "none": None,
    }  # fmt: skip


@pytest.mark.parametrize("content", [None, [], "text", 7])
def test_what_is_no_map_is_handed_on(content: Any) -> None:
    assert value_of(MAPS, {"relations": content}, structure) == content


# --- pages

LIST = Result("monitors:Monitor", key="monitors", many=True, paging="cursor")


def test_a_paged_list_is_a_page_with_its_cursor_and_meta() -> None:
    meta = {"nextCursor": "abc", "limit": 1, "total": 9}
    page = value_of(LIST, {"monitors": [{"name": "a"}], "meta": meta}, structure)
    assert isinstance(page, Page)
    assert list(page) == [Monitor(name="a")]
    assert (page.next_cursor, page.meta) == ("abc", meta)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"meta": None},
        {"meta": []},
        {"meta": {}},
        {"meta": {"nextCursor": None}},
        {"meta": {"nextCursor": ""}},
        {"meta": {"nextCursor": 5}},
    ],
)
def test_a_page_without_a_usable_cursor_is_the_last(more: dict[str, Any]) -> None:
    page = value_of(LIST, {"monitors": [], **more}, structure)
    assert isinstance(page, Page)
    assert page.next_cursor is None


def test_a_bare_array_is_a_page_too() -> None:
    """An older server left out the key, and with it the meta."""
    page = value_of(LIST, [{"name": "a"}], structure)
    assert page == Page([Monitor(name="a")])


@pytest.mark.parametrize("content", [None, {"name": "a"}, "text"])
def test_what_is_no_array_is_not_made_a_page(content: Any) -> None:
    assert value_of(LIST, {"monitors": content}, as_it_is) == content


# --- the raw answer


def test_the_repr_of_a_raw_answer_leaves_out_its_bytes() -> None:
    raw = RawResponse(
        status=200,
        headers={},
        content=b"many bytes",
        value=1,
        rate_limit=RateLimit(),
        attempts=1,
        elapsed=0.1,
    )
    assert "many bytes" not in repr(raw)
