"""An answer that says no becomes the right error, with the service's own words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from postman_async.engine.http.page_text import MAX_PAGE, page_text
from postman_async.engine.http.response import error_of
from postman_async.errors import (
    Answer,
    ApiError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    LengthRequiredError,
    NotFoundError,
    PermissionDeniedError,
    PostmanError,
    RateLimitError,
    RedirectError,
    ServerError,
    UsageLimitError,
)

CALL = "POST /monitors/1-a/run"


def error(status: int, body: Any = b"", /, **headers: str) -> ApiError:
    """Make the error of an answer; a body that is no bytes is sent as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    spelled = {name.replace("_", "-"): value for name, value in headers.items()}
    made = error_of(CALL, Answer(status, CIMultiDict(spelled), content))
    assert isinstance(made, ApiError)
    return made


def named(name: str, message: str = "", **more: Any) -> dict[str, Any]:
    """The service's older form of an error."""
    return {"error": {"name": name, "message": message, **more}}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, BadRequestError),
        (406, BadRequestError),
        (410, NotFoundError),
        (411, LengthRequiredError),
        (412, ConflictError),
        (414, BadRequestError),
        (415, BadRequestError),
        (428, BadRequestError),
        (431, BadRequestError),
        (451, PermissionDeniedError),
        (401, AuthenticationError),
        (402, ApiError),
        (403, PermissionDeniedError),
        (404, NotFoundError),
        (405, ApiError),
        (409, ConflictError),
        (413, BadRequestError),
        (418, ApiError),
        (422, BadRequestError),
        (423, ConflictError),
        (429, RateLimitError),
        (500, ServerError),
        (501, ServerError),
        (502, ServerError),
        (503, ServerError),
        (504, ServerError),
        (529, ServerError),
    ],
)
@pytest.mark.parametrize(
    "body",
    [
        named("someError", "words"),
        {"type": "https://x/y", "title": "Some", "status": 1, "detail": "words", "instance": "/z"},
        b"plain words",
        b"<html><body><h1>words</h1></body></html>",
        b"",
    ],
    ids=["error", "problem", "text", "html", "empty"],
)
def test_the_status_alone_decides_the_class(status: int, kind: type, body: Any) -> None:
    made = error(status, body)
    assert type(made) is kind
    assert made.status == status
    assert str(made).startswith(f"{CALL} answered {status}")
    assert (made.method, made.path) == ("POST", "/monitors/1-a/run")


def test_the_older_form_gives_name_message_and_details() -> None:
    details = {"item": "collection", "id": "x"}
    made = error(404, named("instanceNotFoundError", "We could not find it", details=details))
    assert made.name == "instanceNotFoundError"
    assert made.message == "We could not find it"
    assert made.details == details
    assert made.body == named("instanceNotFoundError", "We could not find it", details=details)
    assert str(made) == f"{CALL} answered 404 instanceNotFoundError: We could not find it"


def test_the_problem_form_gives_title_and_detail() -> None:
    problem = {"type": "t", "title": "Forbidden", "detail": "Not in your region.", "status": 403}
    made = error(403, problem, Content_Type="application/problem+json")
    assert (made.name, made.message) == ("Forbidden", "Not in your region.")
    assert made.body == problem


@pytest.mark.parametrize(
    ("body", "name", "message"),
    [
        ({"error": "serverError", "message": "It broke"}, "serverError", "It broke"),
        ({"error": "It broke"}, None, "It broke"),
        ({"name": "serverError", "message": "It broke"}, "serverError", "It broke"),
        ({"message": "It broke"}, None, "It broke"),
        ({"error": None, "message": "It broke"}, None, "It broke"),
        ({"error": {"name": "serverError"}}, "serverError", "Internal Server Error"),
        ({"error": {"name": 7, "message": ["a"]}}, "7", "['a']"),
        ({"error": {"name": None, "message": None}}, None, "Internal Server Error"),
        ({"error": []}, None, "Internal Server Error"),
        ({}, None, "Internal Server Error"),
        ([], None, "Internal Server Error"),
    ],
)
def test_words_are_found_in_bodies_that_drift(body: Any, name: str | None, message: str) -> None:
    made = error(500, body)
    assert (made.name, made.message) == (name, message)
    assert made.body == body


def test_of_a_proxys_page_only_the_words_are_told() -> None:
    page = b"""<!DOCTYPE html><html><head><style>p {color: red}</style>
        <script>alert("x")</script></head><body><h1>502</h1>\n<p>Bad gateway</p></body></html>"""
    made = error(502, page)
    assert made.message == "502 Bad gateway"
    assert made.body == page.decode()
    assert made.content == page
    assert made.name is None


@pytest.mark.parametrize("charset", ["iso-8859-1", "ISO-8859-1; version=1", '"latin-1"'])
def test_words_are_read_in_the_charset_that_is_named(charset: str) -> None:
    page = "<h1>Zugriff verweigert für Sie</h1>".encode("latin-1")
    made = error(403, page, Content_Type=f"text/html; charset={charset}")
    assert made.message == "Zugriff verweigert für Sie"
    assert made.content == page
    words = json.dumps(named("n", "für"), ensure_ascii=False).encode("latin-1")
    made = error(403, words, Content_Type=f"application/json; charset={charset}")
    assert (made.name, made.message, made.content) == ("n", "für", words)


@pytest.mark.parametrize("charset", ["hex", "idna", "punycode", "unknown", "ü", "utf-32", "ascii"])
def test_no_charset_hides_what_came(charset: str) -> None:
    kind = f"text/html; charset={charset}"
    assert error(500, "für Sie".encode(), Content_Type=kind).message
    assert error(500, named("n", "für"), Content_Type=kind).message == "für"


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("a < b and c > d", "a < b and c > d"),
        ("5 < 6", "5 < 6"),
        ("<STYLE type='x'>p {}</STYLE >words", "words"),
        ("<style>p {} words never come", "no page"),
        ("<script>if (a < b) {}</script><b>words</b>", "words"),
        ("<styled>words</styled>", "words"),
        ("<>words</>", "words"),
        ("words<br", "words <br"),
        ("<<<p>>words", "< < >words"),
    ],
)
def test_words_are_found_in_pages_that_are_no_html(page: str, words: str) -> None:
    assert page_text(page) == words or (words == "no page" and not page_text(page))


def test_of_a_large_page_only_the_beginning_is_looked_at() -> None:
    """100,000 of them took 8.6 s, in which nothing else ran."""
    seen = Looked("<" * 100_000)
    assert page_text(seen) == " ".join("<" * MAX_PAGE)
    assert seen.asked == MAX_PAGE


class Looked(str):
    """A text that knows how much of it was asked for."""

    asked = 0

    def __getitem__(self, key: Any) -> str:
        made = super().__getitem__(key)
        self.asked = len(made)
        return made


@pytest.mark.parametrize("body", [named("n" * 100_000, "m" * 100_000), {"error": "w " * 100_000}])
def test_the_services_own_words_are_cut_too(body: Any) -> None:
    assert len(str(error(400, body))) < 10_000


def test_a_long_text_is_cut_in_the_message_and_whole_in_the_content() -> None:
    made = error(400, b"word " * 10_000)
    assert len(str(made)) < 600
    assert len(made.content) == 50_000


def test_an_empty_body_is_told_by_the_reason_of_the_status() -> None:
    assert str(error(503)) == f"{CALL} answered 503 Service Unavailable"
    assert error(599).message


@pytest.mark.parametrize("content", [b'{"error": {"na', b"\xff\xfe\x00\x01", b"[" * 100_000])
def test_a_body_that_is_cut_or_no_text_still_makes_the_error(content: bytes) -> None:
    made = error(500, content)
    assert isinstance(made, ServerError)
    assert made.content == content


@given(st.integers(400, 999), st.binary(max_size=60))
def test_whatever_comes_one_of_our_errors_is_made(status: int, content: bytes) -> None:
    made = error(status, content)
    assert made.content == content
    assert made.message


@given(st.recursive(st.none() | st.text(max_size=3), lambda inner: st.lists(inner, max_size=2)))
def test_whatever_json_stands_where_the_words_should(value: Any) -> None:
    for body in (named(value, value), {"error": value, "message": value}, {"title": value}):
        assert error(400, body).message


def test_the_quota_is_told_apart_from_the_rate_by_its_name() -> None:
    """Waiting helps for the one and not for the other, so they share no class."""
    rate = error(429, named("rateLimited", "slow down"), Retry_After="3")
    quota = error(429, named("serviceLimitExhausted", "no more this month"), Retry_After="3")
    assert isinstance(rate, RateLimitError)
    assert rate.retry_after == 3
    assert isinstance(quota, UsageLimitError)
    assert not isinstance(quota, RateLimitError)


def test_the_quota_is_known_by_the_flat_form_too() -> None:
    assert isinstance(error(429, {"error": "serviceLimitExhausted"}), UsageLimitError)
    flat = {"error": "serviceLimitExhausted", "message": "no more this month"}
    assert isinstance(error(429, flat), UsageLimitError)


@pytest.mark.parametrize("body", [named("rateLimitError"), {"title": "Too Many"}, b"slow", b""])
def test_any_other_429_is_a_matter_of_waiting(body: Any) -> None:
    assert isinstance(error(429, body), RateLimitError)


def test_the_limits_are_kept_with_any_error() -> None:
    made = error(404, RateLimit_Limit="300", ratelimit_remaining="12")
    assert made.rate_limit is not None
    assert (made.rate_limit.limit, made.rate_limit.remaining) == (300, 12)


@pytest.mark.parametrize("header", ["X_Request_Id", "x_request_id", "X_Srv_Trace"])
def test_the_id_of_the_request_is_kept_for_a_support_case(header: str) -> None:
    assert error(500, **{header: "abc"}).request_id == "abc"
    assert error(500).request_id is None


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_error_that_names_where_it_went(status: int) -> None:
    headers = CIMultiDict({"Location": "https://elsewhere.example/me"})
    made = error_of(CALL, Answer(status, headers, b""))
    assert isinstance(made, RedirectError)
    assert (made.status, made.location) == (status, "https://elsewhere.example/me")
    assert "https://elsewhere.example/me" in str(made)
    assert CALL in str(made)


def test_a_redirect_to_nowhere_is_one_too() -> None:
    assert isinstance(error_of(CALL, Answer(304, CIMultiDict(), b"")), PostmanError)
    assert isinstance(error_of(CALL, Answer(302, CIMultiDict(), b"")), RedirectError)


# --- names that are in the type


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("instanceNotFoundError", "instanceNotFoundError"),
        ("BAD_REQUEST", "BAD_REQUEST"),
        ("https://api.postman.com/problems/not-found", "not-found"),
        ("https://api.postman.com/problems/not-found/", "not-found"),
        ("urn:error:monitor:badRequest", "badRequest"),
        ("about:blank", "Not Found"),
        ("https://api.postman.com", "Not Found"),
        ("some words", "Not Found"),
        ("", "Not Found"),
        (None, "Not Found"),
        (7, "Not Found"),
    ],
)
def test_the_type_of_a_problem_names_it_where_it_holds_a_name(kind: Any, name: str) -> None:
    made = error(404, {"type": kind, "title": "Not Found", "detail": "words"})
    assert (made.name, made.message) == (name, "words")


def test_the_form_of_oauth_has_its_words_in_a_description() -> None:
    made = error(400, {"error": "invalid_request", "error_description": "no jwt"})
    assert (made.name, made.message) == ("invalid_request", "no jwt")


@pytest.mark.parametrize("kind", [{"scimType": "uniqueness"}, {}])
def test_the_form_of_scim_is_read(kind: dict[str, str]) -> None:
    schemas = ["urn:ietf:params:scim:api:messages:2.0:Error"]
    made = error(409, {"schemas": schemas, "detail": "taken", "status": "409", **kind})
    assert isinstance(made, ConflictError)
    assert (made.name, made.message) == (kind.get("scimType"), "taken")


def test_a_429_that_names_the_plan_is_a_usage_limit() -> None:
    kind, title = "https://x.example/rate-limit-exceeded", "You reached the limit for your plan"
    assert isinstance(error(429, {"type": kind, "title": title}), UsageLimitError)
    assert isinstance(error(429, {"type": kind, "title": "Too many"}), RateLimitError)


def test_a_limit_of_the_plan_is_a_usage_limit() -> None:
    made = error(403, {"type": "limitReachedError", "title": "Limit reached", "detail": "words"})
    assert isinstance(made, UsageLimitError)
