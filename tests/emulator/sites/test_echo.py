"""The echo service reflects requests, and needs no API key."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from postman_async.emulator import PostmanEmulator


@pytest.fixture
async def session(emulator: PostmanEmulator) -> AsyncIterator[aiohttp.ClientSession]:
    """A client without an API key."""
    async with aiohttp.ClientSession(f"{emulator.url}/_echo/") as session:
        yield session


async def sent(session: aiohttp.ClientSession, method: str, path: str, **options: Any) -> Any:
    """Return the JSON of a successful answer."""
    async with session.request(method, path, **options) as answer:
        assert answer.status == 200
        return await answer.json()


async def test_get_tells_arguments_headers_and_url(session: aiohttp.ClientSession) -> None:
    seen = await sent(session, "GET", "get?a=1&b=2&b=3", headers={"X-One": "1"})
    assert seen["args"] == {"a": "1", "b": ["2", "3"]}
    assert seen["headers"]["x-one"] == "1"
    assert seen["url"].endswith("/_echo/get?a=1&b=2&b=3")


async def test_headers_tells_headers_only(session: aiohttp.ClientSession) -> None:
    seen = await sent(session, "GET", "headers", headers={"X-One": "1"})
    assert list(seen) == ["headers"]
    assert seen["headers"]["x-one"] == "1"


async def test_post_reads_json(session: aiohttp.ClientSession) -> None:
    seen = await sent(session, "POST", "post", json={"a": [1, None]})
    assert seen["json"] == {"a": [1, None]}
    assert seen["data"] == '{"a": [1, null]}'


@pytest.mark.parametrize("text", ["plain words", "NaN", "1e999", "[" * 100_000])
async def test_post_takes_text_that_is_no_json(session: aiohttp.ClientSession, text: str) -> None:
    seen = await sent(session, "POST", "post", data=text)
    assert (seen["data"], seen["json"]) == (text, None)


async def test_post_reads_a_form(session: aiohttp.ClientSession) -> None:
    seen = await sent(session, "POST", "post", data={"sku": "LAMP-7", "note": "ä"})
    assert seen["form"] == {"sku": "LAMP-7", "note": "ä"}


async def test_post_reads_fields_and_files_of_a_multipart_form(
    session: aiohttp.ClientSession,
) -> None:
    form = aiohttp.FormData({"sku": "LAMP-7"})
    form.add_field("picture", b"\x00\x01\x02", filename="lamp.png")
    seen = await sent(session, "POST", "post", data=form)
    assert seen["form"] == {"sku": "LAMP-7"}
    assert seen["files"] == {"picture": {"filename": "lamp.png", "size": 3}}


async def test_a_broken_multipart_form_is_no_fault_of_the_emulator(
    session: aiohttp.ClientSession,
) -> None:
    headers = {"Content-Type": "multipart/form-data"}
    seen = await sent(session, "POST", "post", data=b"--x\r\n\xff", headers=headers)
    assert seen["form"] == {}


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("code", [200, 204, 304, 404, 418, 503])
async def test_status_answers_with_it(
    session: aiohttp.ClientSession, method: str, code: int
) -> None:
    async with session.request(method, f"status/{code}") as answer:
        assert answer.status == code


@pytest.mark.parametrize("path", ["status/199", "status/600", "status/abc", "delay/-1", "delay/x"])
async def test_what_cannot_be_done_is_refused(session: aiohttp.ClientSession, path: str) -> None:
    async with session.get(path) as answer:
        assert answer.status == 400


@pytest.mark.parametrize("path", ["delay/nan", "delay/inf", "delay/61"])
async def test_no_delay_is_endless(session: aiohttp.ClientSession, path: str) -> None:
    async with session.get(path) as answer:
        assert answer.status == 400


async def test_delay_says_how_long_it_waited(session: aiohttp.ClientSession) -> None:
    assert await sent(session, "GET", "delay/0.01") == {"delay": "0.01"}


async def test_closing_cuts_off_a_long_delay() -> None:
    """Closing does not wait for a request under way, and leaves nothing open."""
    emulator = PostmanEmulator()
    await emulator.start()
    async with aiohttp.ClientSession() as session, asyncio.timeout(10):
        task = asyncio.ensure_future(session.get(f"{emulator.url}/_echo/delay/60"))
        while not emulator.requests:
            await asyncio.sleep(0.001)
        await emulator.close()
        with pytest.raises(aiohttp.ClientError):
            await task
