"""Reading the body of an answer in chunks, up to a limit: 1 MB of gzip may become 1 GB."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import aiohttp

__all__ = ["TooLargeError", "content_at_once", "read_content"]

_CHUNK = 2**20
"""Bytes that are decompressed at a time; at most twice as many are held unread."""


class TooLargeError(Exception):
    """A body is larger than the limit; its connection is closed.

    Attributes:
        start: the part that was read.

    """

    def __init__(self, start: bytes) -> None:
        """Keep the part that was read."""
        super().__init__("the body is too large")
        self.start = start


def content_at_once(response: aiohttp.ClientResponse, session: aiohttp.ClientSession) -> bytes:
    """Return the body of an answer that is complete already, which saves a call two coroutines.

    Returns:
        The body; empty if `read_content` must read it: a middleware may have read the body, and
        traces must observe the reading.

    """
    stream = response.content
    whole = stream.is_eof() and stream.exception() is None and not session.trace_configs
    return stream.read_nowait() if whole else b""


async def read_content(response: aiohttp.ClientResponse, most: int) -> bytes:
    """Read a body of at most so many bytes, counted after decompression.

    Raises:
        TooLargeError: the body is larger.

    """
    response.content = cast("Any", _CappedStream(response.content, most))
    return await response.read()


class _CappedStream:
    """Replaces the stream of an answer, so that aiohttp reads it with its own bookkeeping."""

    def __init__(self, stream: aiohttp.StreamReader, most: int) -> None:
        self._stream = stream
        self._most = most

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    async def read(self) -> bytes:
        """Read to the end, but not beyond the limit: aiohttp itself has none."""
        self._stream.set_read_chunk_size(_CHUNK)
        whole = io.BytesIO()
        while chunk := await self._stream.readany():
            whole.write(chunk)
            if whole.tell() > self._most:
                raise TooLargeError(whole.getvalue())
        return whole.getvalue()
