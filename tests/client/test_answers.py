"""Each form an answer can have, over a socket: the right error, the service's words, the bytes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from postman_async import (
    ApiError,
    AsyncPostman,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    DisconnectedError,
    InvalidResponseError,
    NotFoundError,
    PermissionDeniedError,
    PostmanError,
    RateLimitError,
    ResponseValidationError,
    ServerError,
    UsageLimitError,
)
from tests.support import KEY, CutShort, ScriptedServer, reply, scripted

JSON, PROBLEM, HTML = "application/json", "application/problem+json", "text/html"
API = {"id": "1", "name": "n", "createdBy": 1, "createdAt": "t", "updatedAt": "t"}


def named(name: str, message: str, **more: Any) -> str:
    return json.dumps({"error": {"name": name, "message": message, **more}})


def problem(title: str, detail: str, status: int) -> str:
    return json.dumps({"type": "about:blank", "title": title, "detail": detail, "status": status})


async def failure(server: ScriptedServer, **options: Any) -> PostmanError:
    """Call once and return the error."""
    async with AsyncPostman(KEY, base_url=server.url, retries=1, **options) as pm:
        with pytest.raises(PostmanError) as caught:
            await pm.apis.create(name="n")
    return caught.value


@pytest.mark.parametrize(
    ("status", "kind", "body", "error", "name", "message"),
    [
        (
            400, JSON, named("malformedRequestError", "Missing required property: name at info"),
            BadRequestError, "malformedRequestError", "Missing required property: name at info",
        ),
        (
            400, JSON, named("paramMissingError", "Parameter is missing.", details={"param": "x"}),
            BadRequestError, "paramMissingError", "Parameter is missing.",
        ),
        (
            400, PROBLEM, problem("Bad Request", "Invalid cursor", 400),
            BadRequestError, "Bad Request", "Invalid cursor",
        ),
        (
            401, JSON, named("AuthenticationError", "Invalid API Key."),
            AuthenticationError, "AuthenticationError", "Invalid API Key.",
        ),
        (
            403, JSON, problem("Forbidden", "This feature isn't available in your region.", 403),
            PermissionDeniedError, "Forbidden", "This feature isn't available in your region.",
        ),
        (
            404, JSON, named("instanceNotFoundError", "We could not find it", details={"id": "x"}),
            NotFoundError, "instanceNotFoundError", "We could not find it",
        ),
        (409, PROBLEM, problem("Conflict", "Merge.", 409), ConflictError, "Conflict", "Merge."),
        (413, HTML, "<h1>Too large</h1>", BadRequestError, None, "Too large"),
        (422, PROBLEM, problem("Invalid", "No.", 422), BadRequestError, "Invalid", "No."),
        (423, PROBLEM, problem("Locked", "Wait.", 423), ConflictError, "Locked", "Wait."),
        (429, JSON, named("rateLimited", "Slow."), RateLimitError, "rateLimited", "Slow."),
        (
            429, JSON, named("serviceLimitExhausted", "No more this month."),
            UsageLimitError, "serviceLimitExhausted", "No more this month.",
        ),
        (500, JSON, named("serverError", "It broke."), ServerError, "serverError", "It broke."),
        (503, JSON, "", ServerError, None, "Service Unavailable"),
        (502, HTML, "<html><h1>502 Bad Gateway</h1></html>", ServerError, None, "502 Bad Gateway"),
        (404, HTML, "<p>Not here", NotFoundError, None, "Not here"),
        (400, JSON, '{"error": {"na', BadRequestError, None, "Bad Request"),
        (400, "application/zip", named("n", "m"), BadRequestError, "n", "m"),
        (400, f"{JSON}; charset=utf-8", named("n", "ü"), BadRequestError, "n", "ü"),
        (418, "", "", ApiError, None, "I'm a Teapot"),
    ],
)  # fmt: skip
async def test_each_answer_that_says_no_is_its_error_with_its_words_and_bytes(
    status: int, kind: str, body: str, error: type[ApiError], name: str | None, message: str
) -> None:
    async with scripted(reply(status, body, Content_Type=kind)) as server:
        made = await failure(server)
    assert type(made) is error
    assert isinstance(made, ApiError)
    assert (made.status, made.name, made.message) == (status, name, message)
    assert made.content == body.encode()
    assert str(made).startswith(f"POST /apis answered {status}")
    assert message in str(made)


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1"])
async def test_a_body_with_a_charset_is_read_in_it(charset: str) -> None:
    body = json.dumps({"api": {**API, "name": "für"}}, ensure_ascii=False).encode(charset)
    answer = reply(200, body, Content_Type=f"application/json; charset={charset}")
    async with scripted(answer) as server, AsyncPostman(KEY, base_url=server.url) as pm:
        assert (await pm.apis.create(name="n")).name == "für"


@pytest.mark.parametrize(
    "codec",
    ["rot13", "zip", "hex", "idna", "punycode", "unicode_escape", "raw_unicode_escape", "mbcs",
     "undefined", "utf-7", "utf8.x", "__init__", "aliases", "none-such"],
)  # fmt: skip
async def test_a_charset_that_is_no_text_encoding_is_read_as_utf_8(codec: str) -> None:
    """Of Python's codecs some compress, run rules of their own, or are found by an import."""
    body = json.dumps({"api": {**API, "name": r"für \u00fc"}}, ensure_ascii=False)
    kind = f"application/json; charset={codec}"
    async with (
        scripted(
            reply(200, body, Content_Type=kind),
            reply(500, "für", Content_Type=kind),
        ) as s,
        AsyncPostman(KEY, base_url=s.url) as pm,
    ):
        assert (await pm.apis.create(name="n")).name == r"für \u00fc"
        with pytest.raises(ServerError, match="für"):
            await pm.apis.create(name="n")


@pytest.mark.parametrize("charset", ["utf-16", "UTF-16LE", "latin-1", "windows-1252", "cp1252"])
async def test_the_text_encodings_of_the_web_are_known(charset: str) -> None:
    answer = reply(500, "für".encode(charset), Content_Type=f"text/plain; charset={charset}")
    async with scripted(answer) as server:
        assert str(await failure(server)).endswith("für")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (JSON, b""),
        (JSON, b'{"api": {"id"'),
        (JSON, b'{"api": "\xff"}'),
        (HTML, b"<html>Sign in to the hotel's network</html>"),
    ],
    ids=["empty", "cut", "not text", "another page"],
)
async def test_a_200_that_is_not_json_keeps_its_bytes_and_names_its_type(
    kind: str, body: bytes
) -> None:
    async with scripted(reply(200, body, Content_Type=kind)) as server:
        made = await failure(server)
    assert type(made) is InvalidResponseError
    assert (made.status, made.content, made.headers["content-type"]) == (200, body, kind)
    assert f"(200, {kind}, {len(body)} bytes) is not JSON" in str(made)


async def test_a_drifting_answer_keeps_its_bytes_when_strict() -> None:
    body = json.dumps({"api": {**API, "name": 7}}).encode()
    async with scripted(reply(200, body)) as server:
        made = await failure(server, strict=True)
    assert type(made) is ResponseValidationError
    assert made.faults == ["$.api.name: an integer instead of a string"]
    assert made.content == body


async def test_an_answer_cut_short_is_a_broken_connection() -> None:
    async with scripted(CutShort(reply(200, "{", Content_Length="99"))) as server:
        assert type(await failure(server)) is DisconnectedError


@pytest.mark.parametrize(
    ("status", "error"), [(404, NotFoundError), (429, RateLimitError), (500, ServerError)]
)
async def test_an_answer_that_says_no_has_said_it_even_when_cut_short(
    status: int, error: type[ApiError]
) -> None:
    """So a run that the service refused is known to be refused, whatever became of its words."""
    async with scripted(CutShort(reply(status, '{"err', Content_Length="99"))) as server:
        made = await failure(server)
    assert type(made) is error
    assert isinstance(made, ApiError)
    assert made.status == status
