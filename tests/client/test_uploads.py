"""Imports: what the input is decides how the body is sent, and each attempt sends all of it."""

from __future__ import annotations

import io
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from postman_async import AsyncPostman, InvalidArgumentError, Retries, ServerError
from tests.recorder import Recorder, recorder
from tests.support import KEY, Call, caller_of

SPEC: dict[str, Any] = {"openapi": "3.0.0", "info": {"title": "Pets ü", "version": "1"}}
CONTENT = json.dumps(SPEC).encode()
MADE = {"collections": [{"id": "1", "name": "Pets", "uid": "9-1"}]}
BOTH = ["imports.openapi", "imports.exported_data"]
UNAVAILABLE = (503, b'{"error": {"name": "x", "message": "busy"}}')


@pytest.fixture(scope="module")
def service() -> Iterator[Recorder]:
    with recorder() as made:
        yield made


@pytest.fixture(params=["async", "sync"])
def call(request: pytest.FixtureRequest, service: Recorder) -> Iterator[Call]:
    service.answer(MADE)
    with caller_of(request.param, KEY, base_url=service.url, strict=True) as made:
        yield made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / 'pets ü".json'
    made.write_bytes(CONTENT)
    return made


# -- JSON -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize(("given", "kind"), [(SPEC, "json"), ("openapi: 3.0.0\n", "string")])
def test_a_mapping_and_a_text_go_as_json_that_tells_their_kind(
    call: Call, service: Recorder, name: str, given: Any, kind: str
) -> None:
    call(name, given, workspace="w")
    assert json.loads(service.call.body) == {"type": kind, "input": given}
    assert service.call.all("content-type") == ["application/json"]
    assert service.call.query == [("workspace", "w")]


def test_a_kind_that_is_given_is_sent_as_it_is(call: Call, service: Recorder) -> None:
    """The service may learn others."""
    call("imports.openapi", "text", type="url", options={"folderStrategy": "Tags"})
    body = {"type": "url", "input": "text", "options": {"folderStrategy": "Tags"}}
    assert json.loads(service.call.body) == body


def test_the_answers_are_what_was_made(call: Call) -> None:
    assert [ref.uid for ref in call("imports.openapi", SPEC)] == ["9-1"]
    imported = call("imports.exported_data", SPEC)
    assert [ref.name for ref in imported.collections] == ["Pets"]
    assert imported.environments is None


# -- files ------------------------------------------------------------------------------------

FILES = [
    pytest.param(lambda _: CONTENT, "input", id="bytes"),
    pytest.param(lambda _: bytearray(CONTENT), "input", id="bytearray"),
    pytest.param(lambda path: path, 'pets ü".json', id="path"),
    pytest.param(lambda _: io.BytesIO(CONTENT), "input", id="memory"),
]


@pytest.mark.parametrize(("make", "filename"), FILES)
def test_a_file_goes_in_a_form_where_the_endpoint_takes_one(
    call: Call, service: Recorder, path: Path, make: Any, filename: str
) -> None:
    call("imports.openapi", make(path))
    kind, file = service.call.parts
    assert (kind.name, kind.filename, kind.content) == ("type", None, b"file")
    assert (file.name, file.content_type) == ("input", "application/octet-stream")
    assert unquote(str(file.filename)) == filename
    assert file.content == CONTENT


@pytest.mark.parametrize(("make", "_filename"), FILES)
def test_a_file_is_the_body_where_the_endpoint_takes_it_so(
    call: Call, service: Recorder, path: Path, make: Any, _filename: str
) -> None:
    call("imports.exported_data", make(path))
    assert service.call.body == CONTENT
    assert service.call.all("content-type") == ["application/octet-stream"]


@pytest.mark.parametrize("name", BOTH)
def test_an_open_file_is_sent_from_where_it_stands_and_stays_open(
    call: Call, service: Recorder, path: Path, name: str
) -> None:
    with path.open("rb") as file:
        file.seek(1)
        call(name, file, type="file")
        assert not file.closed
    assert CONTENT[1:] in service.call.body
    assert CONTENT not in service.call.body


@pytest.mark.parametrize("filename", ['a\r\nX-Evil: 1\r\n\r\nb".yaml', "not utf-8 \udcff"])
def test_any_name_can_be_sent_and_none_writes_headers_into_the_form(
    call: Call, service: Recorder, tmp_path: Path, filename: str
) -> None:
    path = tmp_path / filename
    path.write_bytes(b"x")
    call("imports.openapi", path)
    _, file = service.call.parts
    assert b"\r\nX-Evil" not in service.call.body
    assert file.content == b"x"


@pytest.mark.parametrize("name", BOTH)
def test_each_attempt_sends_the_whole_file_again(
    call: Call, service: Recorder, path: Path, name: str
) -> None:
    """Also of a file that can be read only once."""
    service.answer((429, b""), (429, b""), MADE)
    reader, writer = _pipe(path.read_bytes())
    with reader:
        call(name, reader, retries=Retries(attempts=3, backoff=0))
    writer.join(10)
    assert len(service.calls) == 3
    for sent in service.calls:
        assert CONTENT in sent.body
        assert sent.all("content-length") == [str(len(sent.body))]


def _pipe(content: bytes) -> tuple[Any, threading.Thread]:
    read, write = os.pipe()

    def fill() -> None:
        with os.fdopen(write, "wb") as file:
            file.write(content)

    thread = threading.Thread(target=fill)
    thread.start()
    return os.fdopen(read, "rb"), thread


def test_an_import_that_may_have_been_taken_is_not_sent_again(
    call: Call, service: Recorder
) -> None:
    service.answer(UNAVAILABLE)
    with pytest.raises(ServerError, match="busy"):
        call("imports.openapi", CONTENT)
    assert len(service.calls) == 1


@pytest.mark.parametrize("name", BOTH)
def test_a_large_file_arrives_whole(call: Call, service: Recorder, name: str) -> None:
    """aiohttp warns of large bytes that hold up the loop, and warnings are errors here."""
    content = bytes(range(256)) * 2**13
    call(name, content)
    assert content in service.call.body
    call("imports.openapi", {"text": "x" * 2**21})
    assert len(service.calls[1].body) > 2**21


async def test_a_file_is_read_in_another_thread(service: Recorder) -> None:
    """So that a slow disk does not hold up the calls of other tasks."""
    threads: list[int] = []

    class Slow(io.BytesIO):
        def read(self, *args: Any) -> bytes:
            threads.append(threading.get_ident())
            return super().read(*args)

    service.answer(MADE)
    async with AsyncPostman(KEY, base_url=service.url) as pm:
        await pm.imports.openapi(Slow(CONTENT))
    assert threads
    assert threading.get_ident() not in threads


# -- what cannot be sent ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "options", "complaint"),
    [
        (io.StringIO("text"), {}, "input must be open for reading bytes"),
        (Path("/nowhere/at all"), {}, "input cannot be read.*nowhere"),
        (CONTENT, {"options": {"a": 1}}, "options cannot be sent with a file"),
        (CONTENT, {"extra_headers": {"content-type": "text/plain"}}, "Content-Type of a form"),
        ({"a": b"bytes"}, {}, "the body is not JSON"),
    ],
)
def test_what_cannot_be_sent_is_refused_before_anything_is(
    call: Call, service: Recorder, given: Any, options: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(InvalidArgumentError, match=complaint):
        call("imports.openapi", given, **options)
    assert service.calls == []


def test_a_closed_file_is_refused(call: Call, service: Recorder) -> None:
    file = io.BytesIO(CONTENT)
    file.close()
    with pytest.raises(InvalidArgumentError, match="cannot be read"):
        call("imports.exported_data", file)
    assert service.calls == []


def test_extra_body_adds_fields_to_a_form_but_nothing_to_a_file(
    call: Call, service: Recorder
) -> None:
    call("imports.openapi", CONTENT, extra_body={"future": {"a": [1]}, "text": "t"})
    fields = {part.name: part.content for part in service.call.parts}
    assert fields == {"type": b"file", "input": CONTENT, "future": b'{"a":[1]}', "text": b"t"}
    with pytest.raises(InvalidArgumentError, match="extra_body cannot be sent with a file"):
        call("imports.exported_data", CONTENT, extra_body={"a": 1})


@pytest.mark.parametrize("given", [b"x", Path("x")])
async def test_where_no_file_is_taken_none_is_read(service: Recorder, given: Any) -> None:
    service.answer({})
    async with AsyncPostman(KEY, base_url=service.url) as pm:
        with pytest.raises(InvalidArgumentError, match=r"webhooks\.create: the body is not JSON"):
            await pm.webhooks.create(name=given, collection="c")
    assert service.calls == []
