"""The key is in nothing that a failed call leaves behind, not even when the service echoes it."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import pickle
import traceback
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from multidict import CIMultiDict
from rich.console import Console
from rich.traceback import Traceback

from postman_async import AsyncPostman, ConfigurationError, Postman, PostmanError
from postman_async.engine.http.mask import KeyMask
from postman_async.engine.http.target import Secret
from postman_async.errors import Answer
from postman_async.reports import write_report
from tests.support import KEY, SILENCE, CutShort, reply, scripted

PARTS = (KEY, KEY[20:], KEY[:12])
"""What must not be seen: not all of it, not its secret half, and not how it begins."""

SPELLINGS: dict[str, str] = {
    "plain": KEY,
    "upper": KEY.upper(),
    "percent": quote(KEY, safe="").replace("-", "%2D"),
    "all percent": "".join(f"%{ord(c):02X}" for c in KEY),
    "twice percent": KEY.replace("-", "%252d"),
    "json": KEY.replace("-", "\\u002d"),
    "all json": "".join(f"\\u{ord(c):04x}" for c in KEY),
    "html": escape(KEY).replace("-", "&#45;"),
    "html hex": KEY.replace("-", "&#x2D;"),
    "cut": KEY[:40],
}


def words(text: str) -> str:
    return f"Invalid API Key {text}, see the docs"


def json_error(text: str) -> str:
    return f'{{"error": {{"name": "n{text}", "message": "{words(text)}", "details": ["{text}"]}}}}'


BODIES: dict[str, Callable[[str], str]] = {
    "json": json_error,
    "page": lambda text: f"<html><body><p>{words(text)}</p></body></html>",
    "text": words,
    "late in a page": lambda text: "x" * 480 + text,
}


def shown(error: BaseException, lengths: tuple[int, ...] = (20, 63)) -> str:
    """Everything a log, an error tracker, rich or another process would show."""
    found = traceback.TracebackException.from_exception(error, capture_locals=True)
    texts = ["".join(found.format()), repr(vars(error)), str(error), repr(error)]
    for length in lengths:
        with io.StringIO() as out:
            console = Console(file=out, width=10_000)
            made = Traceback.from_exception(
                type(error), error, error.__traceback__, show_locals=True, locals_max_string=length
            )
            console.print(made)
            texts.append(out.getvalue())
    return "\n".join([*texts, repr(pickle.dumps(error)) if isinstance(error, PostmanError) else ""])


def decoded(text: str) -> str:
    """Undo every spelling, so that none hides the key from the test either."""
    from html import unescape
    from urllib.parse import unquote

    text = unescape(unquote(unquote(text)))
    while "\\u00" in text:
        at = text.index("\\u00")
        text = text[:at].rstrip("\\") + chr(int(text[at + 2 : at + 6], 16)) + text[at + 6 :]
    return text.lower().replace("\x00", "").replace("\\x00", "")


def assert_hidden(text: str) -> None:
    plain = decoded(text)
    assert not [part for part in PARTS if part.lower() in plain]


async def failure_of(pm: AsyncPostman) -> PostmanError:
    with pytest.raises(PostmanError) as caught:
        await pm.monitors.get("1-m")
    return caught.value


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("body", BODIES)
async def test_an_echoed_key_is_in_no_error(
    body: str, spelling: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    echoed = SPELLINGS[spelling]
    answer = reply(401, BODIES[body](echoed), X_Echo=echoed, X_Request_Id=echoed)
    async with (
        scripted(answer) as server,
        AsyncPostman(KEY, base_url=server.url, retries=1) as pm,
    ):
        error = await failure_of(pm)
    assert "***" in str(error)
    assert_hidden(shown(error, () if body != "json" else (20,)))
    assert_hidden(caplog.text)


@pytest.mark.parametrize(
    "answer",
    [
        reply(200, f'{{"monitor": "{KEY}'),
        reply(200, "?", Content_Type=f"text/{KEY}"),
        reply(200, f'{{"monitor": {{"{KEY}": 1}}}}'),
        reply(302, "", Location=f"https://elsewhere.example/?apikey={KEY}"),
        f"HTTP/1.1 401 {KEY}\r\nContent-Length: 0\r\n\r\n".encode(),
        CutShort(f"{KEY}\r\n\r\n".encode()),
        CutShort(f"HTTP/1.1 200 OK\r\n{KEY}\r\n\r\n".encode()),
        reply(500, KEY.encode("utf-16"), Content_Type="text/plain; charset=utf-16"),
        reply(500, KEY.encode("utf-32-be"), Content_Type="text/plain; charset=utf-32-be"),
    ],
    ids=["cut", "type", "drift", "redirect", "reason", "no HTTP", "no header", "utf-16", "utf-32"],
)
async def test_nor_in_an_error_of_any_other_kind(
    answer: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with (
        scripted(answer) as server,
        AsyncPostman(KEY, base_url=server.url, retries=1, strict=True) as pm,
    ):
        error = await failure_of(pm)
    server.script.clear()
    assert_hidden(shown(error))
    assert_hidden(caplog.text)


async def test_nor_in_the_error_of_a_part_that_is_read_late() -> None:
    pytest.importorskip("msgspec")
    text = f'{{"run": {{"info": {{"x": "{"x" * 3000}"}}, "executions": ["{KEY}", 1e999]}}}}'
    async with (
        scripted(reply(200, text, X_Echo=KEY)) as server,
        AsyncPostman(KEY, base_url=server.url) as pm,
    ):
        run = await pm.monitors.run("1-m")
    with pytest.raises(PostmanError) as caught:
        _ = run.executions
    assert_hidden(repr(vars(caught.value)) + str(caught.value))


async def test_the_frames_of_a_cancelled_call_show_no_key() -> None:
    """It ends within aiohttp, whose frames hold the headers."""
    async with scripted(SILENCE) as server, AsyncPostman(KEY, base_url=server.url) as pm:
        call = asyncio.ensure_future(pm.monitors.get("1-m"))
        while not server.received:
            await asyncio.sleep(0)
        call.cancel()
        server.received.clear()
        with pytest.raises(asyncio.CancelledError) as caught:
            await call
    assert_hidden(shown(caught.value))


async def test_nor_in_a_journal_or_report_of_a_batch(tmp_path: Path) -> None:
    answer = reply(403, json_error(KEY), X_Echo=KEY)
    async with scripted(answer, answer) as server, AsyncPostman(KEY, base_url=server.url) as pm:
        report = await pm.run_monitors(["1-m", "1-n"], journal=tmp_path / "journal.jsonl")
    for name in ("r.json", "r.xml", "r.md"):
        write_report(report, tmp_path / name)
    texts = [path.read_text() for path in tmp_path.iterdir()]
    assert len(texts) >= 4
    assert_hidden("\n".join([*texts, repr(report), *map(repr, report)]))


# -- the client itself


@pytest.mark.parametrize("client", [AsyncPostman, Postman])
@pytest.mark.parametrize(
    ("key", "options"),
    [
        ("0", {"unknown": 1}),
        ("0", {"timeout": -1}),
        ("0", {"region": "moon"}),
        ("0", {"rate_limits": "1"}),
        ("\n x\u2028", {}),
        ("0", {"base_url": KEY}),
        ("0", {"base_url": "0", "region": "us"}),
        ("0", {"region": KEY}),
        ("0", {"rate_limits": KEY}),
        (None, {"base_url": KEY}),
    ],
)
def test_a_constructor_that_fails_leaves_no_key_in_its_frames(
    client: type, key: str | None, options: dict[str, Any]
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        client(None if key is None else KEY + key, **options)
    frames = caught.value.__traceback__
    assert frames is not None
    # The frame of this test holds the options; those below it are ours.
    assert_hidden(shown(caught.value.with_traceback(frames.tb_next)))


def test_the_environment_is_in_no_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTMAN_API_KEY", KEY + "\u2028x")
    with pytest.raises(ConfigurationError) as caught:
        AsyncPostman()
    assert_hidden(shown(caught.value))


@pytest.mark.parametrize("client", [AsyncPostman, Postman])
def test_a_client_that_is_half_made_can_be_shown(client: Any) -> None:
    assert repr(client.__new__(client)) == f"{client.__name__}(base_url=None)"


def test_a_part_of_a_secret_is_a_secret() -> None:
    secret = Secret(KEY)
    parts = [secret[:8], secret[5], secret[::2], secret.strip(), Secret.of(KEY)]
    assert {repr(part) for part in parts} == {"'***'"}
    assert secret == KEY
    assert Secret.of(None) is None


# -- the mask


def test_what_is_not_the_key_stays_as_it_is() -> None:
    mask = KeyMask.of(KEY)
    text = f"PMAK-0123 {KEY[:11]} and PMAK-" + "f" * 59
    assert mask.text(text) == text
    headers = CIMultiDict({"A": "b"})
    assert mask.headers(headers) is headers
    assert mask.answer(Answer(200, headers, b"x")).content == b"x"


@pytest.mark.parametrize("key", ["k", "test", "PMAK-test"])
def test_a_short_key_is_replaced_where_it_stands_alone(key: str) -> None:
    assert (
        KeyMask.of(key).text(f"keys, tests and {key}s: {key!r}") == f"keys, tests and {key}s: '***'"
    )


def test_the_mask_is_linear() -> None:
    """The search takes a fixed number of steps from any position, whatever the text."""
    mask = KeyMask.of(KEY)
    for text in (KEY[:11] * 20_000, "%25" * 100_000, "\\" * 3_000, "&#0" * 100_000):
        assert mask.text(text) == text


def test_json_stays_json() -> None:
    mask = KeyMask.of(KEY)
    masked = mask.answer(Answer(400, {}, json_error(KEY).encode())).content
    assert json.loads(masked)["error"]["message"] == words("***")
