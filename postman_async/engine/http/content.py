"""The body of an answer, read piece by piece up to a cap: 1 MB of gzip may become 1 GB."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import aiohttp

__all__ = ["TooLargeError", "content_at_once", "read_content"]

_PIECE = 2**20
"""Bytes that are decompressed ahead of what is read, at most twice."""


class TooLargeError(Exception):
    """A body is larger than it may be; its connection is closed.

    Attributes:
        start: what was read of it.

    """

    def __init__(self, start: bytes) -> None:
        """Keep the start."""
        super().__init__("the body is too large")
        self.start = start


def content_at_once(response: aiohttp.ClientResponse, session: aiohttp.ClientSession) -> bytes:
    """Give the body of an answer that came in one piece, which spares a call two coroutines.

    It is empty if it has to be read: a middleware may have done so, and a trace is told of it.
    """
    stream = response.content
    whole = stream.is_eof() and stream.exception() is None and not session.trace_configs
    return stream.read_nowait() if whole else b""


async def read_content(response: aiohttp.ClientResponse, most: int) -> bytes:
    """Read a body of at most so many bytes, counted when it is decompressed.

    Raises:
        TooLargeError: it is larger.

    """
    response.content = cast("Any", _CappedStream(response.content, most))
    return await response.read()


class _CappedStream:
    """Stands for the stream of an answer, so that aiohttp reads it with all that goes with that."""

    def __init__(self, stream: aiohttp.StreamReader, most: int) -> None:
        self._stream = stream
        self._most = most

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    async def read(self) -> bytes:
        """Read to the end, but not beyond the cap.

        aiohttp would read without a bound, and decompress without one.
        """
        self._stream.set_read_chunk_size(_PIECE)
        whole = io.BytesIO()
        while piece := await self._stream.readany():
            whole.write(piece)
            if whole.tell() > self._most:
                raise TooLargeError(whole.getvalue())
        return whole.getvalue()
