"""An independent service: it writes down what comes over the wire and answers what it is told.

It is made of the standard library only, so that it reads a request in its own way.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import policy
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

from attrs import field, frozen, mutable

FACTS: dict[str, Any] = json.loads(
    (Path(__file__).parent / "facts" / "operations.json").read_text(encoding="utf-8")
)
"""Of each operation, by its public name, what the service's documentation says of it: method, path,
the names in query and body with the kind of their values, and the keys of a 2xx answer."""


@frozen
class Part:
    """A field of a multipart form, as it came."""

    name: str
    filename: str | None
    content_type: str
    content: bytes


@frozen
class Call:
    """A request as it came over the wire."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def segments(self) -> list[str]:
        """The parts of the path between the slashes, unquoted."""
        return [unquote(part) for part in self.target.partition("?")[0].split("/")[1:]]

    @property
    def query(self) -> list[tuple[str, str]]:
        """The query, in order."""
        return parse_qsl(self.target.partition("?")[2], keep_blank_values=True)

    def all(self, header: str) -> list[str]:
        """Return each value that a header was sent with."""
        return [value for name, value in self.headers if name.lower() == header.lower()]

    @property
    def parts(self) -> list[Part]:
        """The fields of the form that the body is."""
        head = f"Content-Type: {self.all('content-type')[0]}\r\n\r\n".encode()
        form = BytesParser(policy=policy.HTTP).parsebytes(head + self.body)
        return [_part(part) for part in form.iter_parts()]


def _part(part: Any) -> Part:
    content = part.get_payload(decode=True)
    name = part.get_param("name", header="content-disposition")
    return Part(name, part.get_filename(), part.get_content_type(), content)


@mutable
class Recorder:
    """What came, and what is answered: each of the answers in turn, the last one ever after."""

    url: str = ""
    calls: list[Call] = field(factory=list)
    answers: list[tuple[int, bytes]] = field(factory=list)

    def answer(self, *bodies: Any) -> None:
        """Forget what came, and answer with these: JSON data, or a pair of status and bytes."""
        self.calls.clear()
        self.answers = [
            b if isinstance(b, tuple) else (200, json.dumps(b).encode()) for b in bodies
        ]

    @property
    def call(self) -> Call:
        """The only call that came."""
        (call,) = self.calls
        return call


@contextmanager
def recorder() -> Iterator[Recorder]:
    """Run a recorder on a free port of this machine, in a thread of its own."""
    made = Recorder()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def handle_one(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            assert "Transfer-Encoding" not in self.headers
            body = self.rfile.read(length)
            made.calls.append(Call(self.command, self.path, self.headers.items(), body))
            status, content = made.answers.pop(0) if len(made.answers) > 1 else made.answers[0]
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_one

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        made.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), name="recorder")
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join(10)


def python_name(wire: str) -> str:
    """Spell a name of the wire as the SDK is to spell it."""
    return "run_async" if wire == "async" else re.sub(r"(?<=[a-z])(?=[A-Z])", "_", wire).lower()
