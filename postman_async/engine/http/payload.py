"""The arguments of aiohttp for one attempt: the body, the timeouts, the headers not to add."""

from __future__ import annotations

import functools
import io
from typing import TYPE_CHECKING

import aiohttp

from postman_async.engine.http.body import Body, File, Form, size_of

if TYPE_CHECKING:
    from postman_async.engine.http.request import Request

__all__ = ["client_timeout", "payload", "seconds_with_upload", "skipped_headers"]

_UPLOAD = 100_000
"""The bytes of a body that give a call one more second."""
_LARGE = 2**20
_CONTENT_TYPE = (aiohttp.hdrs.CONTENT_TYPE,)


def payload(body: Body | None) -> bytes | io.BytesIO | aiohttp.FormData | None:
    """Return a body as aiohttp takes it: a large one as a stream, a form anew for each attempt."""
    if isinstance(body, Form):
        return _form(body)
    return io.BytesIO(body) if body is not None and len(body) > _LARGE else body


def _form(form: Form) -> aiohttp.FormData:
    data = aiohttp.FormData()
    for name, value in form.fields:
        if isinstance(value, File):
            kind = "application/octet-stream"
            data.add_field(name, io.BytesIO(value.content), filename=value.name, content_type=kind)
        else:
            data.add_field(name, value)
    return data


def skipped_headers(request: Request) -> tuple[str, ...] | None:
    """Return the headers that aiohttp must not add: an absent body has no content type."""
    return _CONTENT_TYPE if request.body is None and request.method != "GET" else None


def seconds_with_upload(seconds: float, request: Request) -> float:
    """Add the seconds that sending the body may take."""
    body = request.body
    return seconds if body is None else seconds + size_of(body) // _UPLOAD


@functools.lru_cache(64)
def client_timeout(connect: float | None, read: float | None) -> aiohttp.ClientTimeout:
    """Return aiohttp's timeouts of an attempt.

    Its `connect` would also count the wait for a free connection of a session's pool.
    """
    return aiohttp.ClientTimeout(total=None, sock_connect=connect, sock_read=read)
