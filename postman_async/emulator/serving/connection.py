"""The protocol of one connection: aiohttp's own, with the service's form of errors."""

from __future__ import annotations

import logging

from aiohttp import hdrs, http_exceptions, web

from postman_async.emulator.errors import malformed, plain_problem, server_error
from postman_async.emulator.serving.call import answer
from postman_async.emulator.state.store import dumps

__all__ = ["Connection", "expect"]

_LOG = logging.getLogger("postman_async.emulator")


class Connection(web.RequestHandler):
    """Serves one connection.

    What cannot be read as HTTP reaches no handler: aiohttp answers it with plain text, and logs
    a traceback with the bytes in it, the key among them.
    """

    __slots__ = ()

    def data_received(self, data: bytes) -> None:
        """Refuse an address that yarl cannot read; some aiohttp lets its error through."""
        try:
            super().data_received(data)
        except ValueError:
            refusal = malformed("The request cannot be read: Invalid URL.")
            body = dumps(refusal.body).encode()
            head = (
                "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json; charset=utf-8\r\n"
                f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            )
            if self.transport is not None:
                self.transport.write(head.encode() + body)
                self.transport.close()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Return the answer to what failed outside of all handlers; the connection then ends."""
        if request.writer.output_size > 0:
            raise ConnectionError("a part of another answer is sent already")
        if isinstance(exc, http_exceptions.HttpProcessingError):
            reason = _reason(exc)
            _LOG.debug("a request that cannot be read: %s", reason)
            refusal = malformed(f"The request cannot be read: {reason}.")
        else:
            _LOG.error("a request failed", exc_info=exc)
            refusal = server_error("The emulator failed; its log says why.", status)
        response = answer(refusal.body, refusal.status)
        response.force_close()
        return response


def _reason(error: http_exceptions.HttpProcessingError) -> str:
    """Return the reason without the bytes of the request, which aiohttp puts behind a colon."""
    if isinstance(error, http_exceptions.InvalidURLError):
        return "Invalid URL"
    return error.message.partition("\n")[0].partition(":")[0].rstrip(" .") or "it is not HTTP"


async def expect(request: web.Request) -> web.StreamResponse | None:
    """Answer ``Expect: 100-continue``; refuse every other expectation."""
    expected = request.headers[hdrs.EXPECT]
    if expected.lower() != "100-continue":
        refusal = plain_problem(417, "The server meets no expectation but 100-continue.")
        return answer(refusal.body, refusal.status)
    if request.version >= (1, 1):
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # not a part of the answer
    return None
