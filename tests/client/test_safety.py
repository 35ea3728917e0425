"""The safety rules: where the key goes, what is refused, and that a run is never sent twice."""

from __future__ import annotations

import logging
import pickle
import traceback
from typing import Any

import aiohttp
import pytest

from postman_async import (
    ApiError,
    AsyncPostman,
    ConfigurationError,
    ConnectError,
    DisconnectedError,
    InvalidArgumentError,
    Postman,
    PostmanError,
    RedirectError,
    ServerError,
    TransportError,
    UsageLimitError,
)
from tests.support import HANG_UP, KEY, CutShort, reply, scripted

RUN = '{"run": {"info": {"monitorId": "m", "status": "success"}}}'
ERROR = '{"error": {"name": "serverError", "message": "sorry"}}'


def error_body(name: str) -> str:
    return f'{{"error": {{"name": "{name}", "message": "no"}}}}'


# -- the key ----------------------------------------------------------------------------------


async def test_the_key_is_sent_in_its_header_and_nowhere_else() -> None:
    async with scripted(reply(body=RUN)) as server, AsyncPostman(KEY, base_url=server.url) as pm:
        await pm.monitors.run("1-m")
    (request,) = server.received
    assert request.headers["x-api-key"] == KEY
    rest = [v for name, v in request.headers.items() if name != "x-api-key"]
    assert not any(KEY in text for text in (request.target, request.body.decode(), *rest))


@pytest.mark.parametrize("way", ["proxy", "trust_env"])
async def test_a_proxy_that_is_asked_for_a_tunnel_does_not_get_the_key(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What goes through the tunnel is TLS; what asks for the tunnel is read by the proxy."""
    async with scripted(reply(403)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        options: Any = {"proxy": proxy.url} if way == "proxy" else {"trust_env": True}
        async with AsyncPostman(KEY, base_url="https://api.example", retries=1, **options) as pm:
            with pytest.raises(ConnectError, match="the proxy refused: 403"):
                await pm.users.me()
    (request,) = proxy.received
    assert (request.method, request.target) == ("CONNECT", "api.example:443")
    assert "x-api-key" not in request.headers
    assert KEY not in str(request)


@pytest.mark.parametrize("client", [AsyncPostman, Postman])
def test_a_proxy_with_a_plain_http_base_url_is_refused(client: Any) -> None:
    """It would be sent the whole request, key and all: there is no tunnel without TLS."""
    with pytest.raises(ConfigurationError, match=r"(?s)proxy.*https"):
        client(KEY, base_url="http://127.0.0.1:1", proxy="http://127.0.0.1:2")


@pytest.mark.parametrize("options", [{"trust_env": True}, {"proxy": "http://127.0.0.1:2"}])
async def test_a_session_with_a_proxy_is_refused_for_a_plain_http_base_url(options: Any) -> None:
    async with aiohttp.ClientSession(**options) as session:
        with pytest.raises(ConfigurationError, match="proxy"):
            AsyncPostman(KEY, base_url="http://127.0.0.1:1", session=session)
        AsyncPostman(KEY, base_url="https://127.0.0.1:1", session=session)


async def test_a_proxy_of_the_environment_is_not_used_for_a_plain_http_base_url(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with scripted(reply(body=RUN)) as server, scripted(reply(body=RUN)) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        async with AsyncPostman(KEY, base_url=server.url, trust_env=True) as pm:
            await pm.monitors.run("1-m")
    assert (proxy.connections, len(server.received)) == (0, 1)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed_even_to_the_same_host(status: int) -> None:
    """Every other client of this API sends the key to whatever host a redirect names."""
    async with scripted(reply(200, RUN)) as other:
        redirect = reply(status, "", Location=f"{other.url}/elsewhere")
        async with scripted(redirect) as server, AsyncPostman(KEY, base_url=server.url) as pm:
            with pytest.raises(RedirectError, match="never followed") as caught:
                await pm.monitors.get("1-m")
    assert (caught.value.status, other.received, len(server.received)) == (status, [], 1)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.getpostman.com",
        "http://192.168.0.7:8080",
        "http://localhost.example.com",
        "ftp://api.getpostman.com",
        "api.getpostman.com",
        "https://",
        "https://user:secret@api.getpostman.com",
        "https://api.getpostman.com/?apikey=secret",
        "https://api.getpostman.com/#x",
        "http://[::1",
        "https://xn--a",
        "https://xn--\u00fc.com",
        "https://\ud800.com",
        f"https://{'a' * 64}.com",
        "https://a..b",
        f"https://{'.'.join(['a' * 63] * 5)}",
        "https://host:99999",
    ],
)
def test_a_base_url_the_key_must_not_go_to_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="base_url") as caught:
        AsyncPostman(KEY, base_url=url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1",
        "http://[::1]:1/",
        "http://localhost:1",
        "https://proxy.test/p/",
        "https://xn--tda.example",
        f"https://{'a' * 63}.com.",
        "https://[fe80::1]",
    ],
)
def test_https_and_this_machine_are_accepted(url: str) -> None:
    assert AsyncPostman(KEY, base_url=url).base_url == url.rstrip("/")


@pytest.mark.parametrize("bad", ["PMAK-1\r\nX-Evil: 1", "PMAK-ü", "PMAK-\x7f", "PMAK 1\u2028"])
def test_a_key_that_is_no_header_is_refused_without_naming_it(bad: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        AsyncPostman(bad)
    assert "PMAK" not in "".join(traceback.format_exception(caught.value))


def test_no_key_is_said_at_once_and_says_what_to_do() -> None:
    for client in (AsyncPostman, Postman):
        with pytest.raises(ConfigurationError, match="POSTMAN_API_KEY"):
            client()


async def test_no_repr_log_record_exception_or_trace_holds_the_key(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """With everything logged that can be, and each kind of failure met."""
    caplog.set_level(logging.DEBUG)
    seen: list[str] = []
    tracing = aiohttp.TraceConfig()
    for signal in (tracing.on_request_start, tracing.on_request_end, tracing.on_request_exception):
        signal.append(_note(seen))
    answers = [reply(500, ERROR), reply(401, ERROR), HANG_UP, b"no HTTP\r\n\r\n", reply(200, "?")]
    async with (
        scripted(*answers) as server,
        AsyncPostman(KEY, base_url=server.url, retries=1, trace_configs=[tracing]) as pm,
    ):
        seen += [repr(pm), repr(pm.monitors), repr(vars(pm)), repr(pm._caller)]
        for _ in answers:
            seen += _everything_of(await _failure_of(pm))
    assert len(server.received) == len(answers)
    assert len(seen) > 20
    assert not [text for text in (*seen, caplog.text) if KEY in text]


def _note(seen: list[str]) -> Any:
    async def noted(session: Any, context: Any, params: Any) -> None:
        seen.append(repr(params))

    return noted


async def _failure_of(pm: AsyncPostman) -> PostmanError:
    """Fail in a frame whose own variables do not hold what the server has seen."""
    with pytest.raises(PostmanError) as caught:
        await pm.monitors.get("1-m")
    return caught.value


def _everything_of(error: BaseException) -> list[str]:
    """What a log, an error tracker with local variables, or another process would see."""
    found = traceback.TracebackException.from_exception(error, capture_locals=True)
    chain = [error.__cause__, error.__context__]
    return ["".join(found.format()), repr(vars(error)), repr(chain), repr(pickle.dumps(error))]


def test_a_sync_client_shows_no_key_either() -> None:
    with Postman(KEY) as pm:
        assert KEY not in repr(pm) + repr(vars(pm)) + repr(vars(pm._async))


# -- what is sent -------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", ["", "  ", ".", ".."])
async def test_a_path_that_would_be_another_is_refused_before_anything_is_sent(bad: str) -> None:
    async with scripted() as server, AsyncPostman(KEY, base_url=server.url) as pm:
        with pytest.raises(InvalidArgumentError, match="monitor_uid"):
            await pm.monitors.delete(bad)
    assert server.connections == 0


@pytest.mark.parametrize(
    ("uid", "target"),
    [
        ("1-a/../../me", "/monitors/1-a%2F..%2F..%2Fme"),
        ("1-a?apikey=x#y", "/monitors/1-a%3Fapikey%3Dx%23y"),
        ("1-ä %2e", "/monitors/1-%C3%A4%20%252e"),
    ],
)
async def test_a_path_parameter_stays_one_segment_on_the_wire(uid: str, target: str) -> None:
    answer = reply(body='{"monitor": {"id": "a", "uid": "1-a"}}')
    async with scripted(answer) as server, AsyncPostman(KEY, base_url=server.url) as pm:
        await pm.monitors.delete(uid)
    assert server.received[0].target == target


@pytest.mark.parametrize("name", ["X-Api-Key", "x-api-key", "Host", "Content-Length"])
async def test_no_call_can_replace_the_key_or_the_target(name: str) -> None:
    async with scripted() as server, AsyncPostman(KEY, base_url=server.url) as pm:
        with pytest.raises(InvalidArgumentError, match=name):
            await pm.users.me(extra_headers={name: "x"})
    assert server.connections == 0


@pytest.mark.parametrize("code", [*range(9), *range(10, 32), 127, 0xD800])
async def test_a_header_that_cannot_be_sent_is_refused_before_anything_is_sent(code: int) -> None:
    """It was found out on the connection, and the run reported as possibly sent."""
    async with scripted() as server, AsyncPostman(KEY, base_url=server.url) as pm:
        with pytest.raises(InvalidArgumentError, match="X-Odd"):
            await pm.monitors.run("1-m", extra_headers={"X-Odd": f"a{chr(code)}b"})
    assert server.connections == 0


async def test_what_aiohttp_refuses_to_write_was_surely_not_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever else it may refuse in future versions."""
    monkeypatch.setattr("postman_async.engine.http.request._check_header", lambda *_: None)
    async with scripted() as server, AsyncPostman(KEY, base_url=server.url) as pm:
        with pytest.raises(TransportError, match="cannot be sent") as caught:
            await pm.monitors.run("1-m", extra_headers={"X-Odd": "a\nb"})
    assert not caught.value.sent
    assert server.received == []


# -- one trigger, one run -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "error"),
    [
        (reply(500, ERROR), ServerError),
        (reply(502, "<html>bad gateway</html>"), ServerError),
        (reply(503, ERROR), ServerError),
        (reply(504, ""), ServerError),
        (HANG_UP, DisconnectedError),
        (CutShort(reply(body=RUN, Content_Length="999")), DisconnectedError),
        (reply(429, error_body("serviceLimitExhausted"), Retry_After="0"), UsageLimitError),
        (reply(404, error_body("instanceNotFoundError")), ApiError),
    ],
)
async def test_a_run_the_service_may_have_taken_is_never_sent_again(
    first: bytes, error: type[PostmanError]
) -> None:
    async with (
        scripted(first, reply(body=RUN)) as server,
        AsyncPostman(KEY, base_url=server.url, retries=5) as pm,
    ):
        with pytest.raises(error) as caught:
            await pm.monitors.run("1-m")
    assert (len(server.received), caught.value.attempts) == (1, 1)


@pytest.mark.parametrize(
    "first",
    [
        reply(429, error_body("rateLimited"), Retry_After="0"),
        reply(429, error_body("rateLimitError"), RetryAfter="0"),
        reply(503, ERROR, Retry_After="0"),
    ],
)
async def test_a_run_the_service_did_not_take_is_sent_again(first: bytes) -> None:
    async with (
        scripted(first, first, reply(body=RUN)) as server,
        AsyncPostman(KEY, base_url=server.url) as pm,
    ):
        raw = await pm.monitors.with_raw_response.run("1-m")
    assert (raw.attempts, raw.value.info.status, len(server.received)) == (3, "success", 3)
