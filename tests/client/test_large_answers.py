"""Answers have a cap: what a service sends, or a proxy before it, may not fill the memory."""

from __future__ import annotations

import gzip
import json
import tracemalloc
import zlib
from typing import Any

import aiohttp
import pytest

from postman_async import (
    AnswerTooLargeError,
    AsyncPostman,
    ConfigurationError,
    Postman,
    ServerError,
)
from tests.support import HANG_UP, KEY, reply, scripted

MB = 2**20
RUN = {"info": {"monitorId": "m", "status": "success"}, "stats": {}}


def bomb(megabytes: int) -> bytes:
    """Compress so many megabytes to about a thousandth of that."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(b"[" * MB) for _ in range(megabytes)) + packer.flush()


async def failure_of(content: bytes, status: int = 200, **options: Any) -> tuple[Any, int]:
    """Call once; return the error, and the most memory that was used meanwhile."""
    answer = reply(status, content, Content_Encoding="gzip")
    async with (
        scripted(answer, reply(body=json.dumps({"run": RUN}))) as server,
        AsyncPostman(KEY, base_url=server.url, retries=1, **options) as pm,
    ):
        tracemalloc.start()
        try:
            with pytest.raises((AnswerTooLargeError, ServerError)) as caught:
                await pm.monitors.run("1-m")
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        await pm.monitors.run("1-m")
    assert server.connections == 2, "the connection of the large answer is closed"
    return caught.value, peak


async def test_gzip_that_becomes_large_uses_no_more_memory_than_the_cap_and_a_little() -> None:
    error, peak = await failure_of(bomb(200), max_answer=8 * MB)
    assert type(error) is AnswerTooLargeError
    assert (error.sent, error.status, error.attempts) == (True, 200, 1)
    assert error.content == b"[" * 128 * 1024
    assert "larger than 8388608 bytes" in str(error)
    assert "max_answer" in str(error)
    assert peak < 24 * MB


async def test_a_large_error_keeps_its_status_and_the_start_of_its_body() -> None:
    """Whatever the cap is: the words of an error stand at its beginning."""
    error, peak = await failure_of(bomb(200), status=500, max_answer=None)
    assert (type(error), error.status) == (ServerError, 500)
    assert error.content == b"[" * 128 * 1024
    assert peak < 16 * MB


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("size", [100, 3000, 5 * MB])
async def test_an_answer_of_just_the_cap_is_read_and_one_byte_more_is_refused(
    size: int, packed: bool
) -> None:
    text = json.dumps({"run": {**RUN, "extra": ""}}).encode()
    text = text.replace(b'"extra": ""', b'"extra": "' + b"x" * (size - len(text)) + b'"')
    assert len(text) == max(size, len(text))
    more = {"Content_Encoding": "gzip"} if packed else {}
    answer = reply(200, gzip.compress(text) if packed else text, **more)
    async with scripted(answer, answer) as server:
        async with AsyncPostman(KEY, base_url=server.url, max_answer=len(text)) as pm:
            raw = await pm.monitors.with_raw_response.run("1-m")
            assert len(raw.content) == len(text)
        async with AsyncPostman(KEY, base_url=server.url, max_answer=len(text) - 1) as pm:
            with pytest.raises(AnswerTooLargeError):
                await pm.monitors.run("1-m")


async def test_traces_and_middlewares_see_a_body_as_before() -> None:
    """A trace sees one event for a chunked answer; a middleware cannot exceed the limit."""
    seen: list[int] = []

    async def chunk(_: Any, __: Any, params: Any) -> None:
        seen.append(len(params.chunk))

    async def reader(request: Any, handler: Any) -> Any:
        response = await handler(request)
        await response.read()
        return response

    body = json.dumps({"run": {**RUN, "extra": "x" * 3 * MB}})
    tracing = aiohttp.TraceConfig()
    tracing.on_response_chunk_received.append(chunk)
    async with scripted(reply(body=body), reply(body=body), HANG_UP) as server:
        async with AsyncPostman(KEY, base_url=server.url, trace_configs=[tracing]) as pm:
            await pm.monitors.run("1-m")
        options: Any = {"middlewares": [reader], "max_answer": MB}
        async with AsyncPostman(KEY, base_url=server.url, **options) as pm:
            with pytest.raises(AnswerTooLargeError):
                await pm.monitors.run("1-m")
    assert seen == [len(body)]


@pytest.mark.parametrize("client", [AsyncPostman, Postman])
@pytest.mark.parametrize("wrong", [0, -1, 1.5, "256", True])
def test_a_cap_that_makes_no_sense_is_refused(client: Any, wrong: object) -> None:
    with pytest.raises(ConfigurationError, match="max_answer"):
        client(KEY, max_answer=wrong)
