"""What holds for every operation: the key, the errors, the log; and that the emulator ends well."""

from __future__ import annotations

import asyncio
import io
import logging
import re
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
import yaml

from postman_async import spec
from postman_async.emulator import EmulatorError, PostmanEmulator
from postman_async.emulator.controls.request_log import LoggedRequest
from postman_async.emulator.routes import routes
from postman_async.emulator.serving.call import MAX_BODY

if TYPE_CHECKING:
    from tests.emulator.conftest import Api

SPEC = Path(spec.__file__).parent
NOBODY = "20413871-00000000-0000-4000-8000-000000000000"
BODIES = [name for name, route in routes().items() if route.method in ("POST", "PUT")]
BODILESS = ("monitors.run", "mocks.publish", "apis.sync_relations_with_schema")
WITH_BODY = [name for name in BODIES if name not in BODILESS]
WITH_PARAMETER = [name for name in WITH_BODY if name != "apis.create_relations"]
WITH_ID = [name for name, route in routes().items() if "{" in route.path]
FITTING: dict[str, Any] = {
    "collection": {"info": {"name": "a"}, "item": []},
    "environment": {"name": "a", "values": []},
    "monitor": {"name": "a"},
    "workspace": {"name": "a"},
    "api": {"name": "a"},
    "version": {"name": "a"},
    "schema": {"type": "openapi3", "language": "json", "schema": "{}"},
    "mock": {"name": "a"},
    "label": "a",
    "name": "a",
    "relations": [{"type": "documentation"}],
}
PARAMETERS = {
    "apis.create_version": "version",
    "apis.update_version": "version",
    "apis.create_schema": "schema",
    "apis.update_schema": "schema",
    "apis.create_collection_from_schema": "name",
    "collections.fork": "label",
    "collections.merge": "source",
    "imports.exported_data": "type",
    "imports.openapi": "type",
}


def operations_of_the_spec() -> dict[str, tuple[str, str]]:
    """Return method and path of each operation that the spec files describe."""
    found: dict[str, tuple[str, str]] = {}
    for file in SPEC.glob("*.yaml"):
        for path, item in yaml.safe_load(file.read_text(encoding="utf-8"))["paths"].items():
            for method, operation in item.items():
                if isinstance(operation, dict) and "operationId" in operation:
                    found[operation["operationId"]] = (method.upper(), path)
    return found


def test_every_operation_of_the_spec_is_answered_and_no_other() -> None:
    told = {name: (route.method, route.path) for name, route in routes().items()}
    assert told == operations_of_the_spec()


@pytest.mark.parametrize("operation", routes())
@pytest.mark.parametrize("headers", [{}, {"X-Api-Key": "PMAK-wrong"}, {"X-Api-Key": "ключ"}])
async def test_no_operation_answers_without_the_right_key(
    emulator: PostmanEmulator, operation: str, headers: dict[str, str]
) -> None:
    method, path, _ = routes()[operation]
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, emulator.url + path.format_map(_Nobody()), headers=headers) as got,
    ):
        assert got.status == 401
        assert got.content_type == "application/json"
        assert (await got.json())["error"]["name"] == "AuthenticationError"


class _Nobody(dict[str, str]):
    """Stands for any path parameter with the uid of nothing."""

    def __missing__(self, key: str) -> str:
        return NOBODY


async def test_the_key_is_taken_from_the_query_too(emulator: PostmanEmulator) -> None:
    async with aiohttp.ClientSession() as session:
        url = f"{emulator.url}/me?apikey={emulator.api_key}"
        async with session.get(url) as answer:
            assert answer.status == 200


@pytest.mark.parametrize("operation", WITH_ID)
@pytest.mark.parametrize(
    "reference", [NOBODY, NOBODY[9:], f"1-{NOBODY[9:]}", "nonsense", "%F0%9F%92%A3"]
)
async def test_what_does_not_exist_is_not_found(api: Api, operation: str, reference: str) -> None:
    method, path, _ = routes()[operation]
    url = re.sub(r"\{\w+\}", reference, path.replace("{entityType}", "documentation"))
    answer = await api.call(method, url, FITTING if operation in WITH_BODY else None)
    assert answer.status == 404
    assert answer.error == "instanceNotFoundError"
    assert answer.body["error"]["details"]["item"] in path


@pytest.mark.parametrize("operation", WITH_BODY)
@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"\xff",
        b'{"a": NaN}',
        b"1e999",
        b"[" * 100_000,
        b"[" * 900 + b"]" * 900,
        b"9" * 5000,
    ],
    ids=["nothing", "cut", "not UTF-8", "NaN", "huge number", "deep", "closed and deep", "long"],
)
async def test_what_is_no_json_is_malformed(api: Api, operation: str, raw: bytes) -> None:
    method, path, _ = routes()[operation]
    answer = await api.call(method, path.format_map(_Nobody()), data=raw)
    assert (answer.status, answer.error) == (400, "malformedRequestError")


@pytest.mark.parametrize("operation", WITH_BODY)
@pytest.mark.parametrize("body", [[], "text", 7, True])
async def test_a_body_that_is_no_object_is_malformed(api: Api, operation: str, body: Any) -> None:
    method, path, _ = routes()[operation]
    answer = await api.call(method, path.format_map(_Nobody()), body)
    assert (answer.status, answer.error) == (400, "malformedRequestError")


@pytest.mark.parametrize("operation", WITH_PARAMETER)
async def test_a_body_without_its_top_level_parameter_names_it(api: Api, operation: str) -> None:
    method, path, _ = routes()[operation]
    answer = await api.call(method, path.format_map(_Nobody()), {"other": {}})
    assert (answer.status, answer.error) == (400, "paramMissingError")
    usual = operation.partition(".")[0].removesuffix("s")
    assert answer.body["error"]["details"]["param"] == PARAMETERS.get(operation, usual)


async def test_an_unknown_path_and_a_wrong_method_are_answered_in_json(api: Api) -> None:
    assert (await api.call("GET", "/nowhere")).status == 404
    refused = await api.call("DELETE", "/me")
    assert (refused.status, refused.body["status"]) == (405, 405)


async def test_a_wrong_method_is_told_the_right_ones(api: Api) -> None:
    async with api.session.post(f"{api.emulator.url}/me") as refused:
        assert (refused.status, refused.headers["Allow"]) == (405, "GET")


@pytest.mark.parametrize(
    "query", ["/monitors?active=maybe", "/monitors?owner=me", "/workspaces?type=odd"]
)
async def test_a_filter_that_makes_no_sense_is_refused_where_nothing_is_filtered(
    api: Api, query: str
) -> None:
    assert (await api.call("GET", f"{query}&cursor=YWZ0ZXI6OTk5")).status == 400


async def test_a_body_that_is_too_large_is_refused(api: Api) -> None:
    answer = await api.call("POST", "/collections", data=io.BytesIO(b" " * (MAX_BODY + 1)))
    assert (answer.status, answer.body["title"]) == (413, "Request Entity Too Large")


async def test_a_body_that_is_not_compressed_as_it_says_is_malformed(api: Api) -> None:
    headers = {"Content-Encoding": "deflate"}
    answer = await api.call("POST", "/collections", data=b"\x00nonsense", headers=headers)
    assert answer.status == 400


async def test_the_user_and_the_usage_are_told(api: Api) -> None:
    uid = api.emulator.add_monitor("three requests", requests=3)
    await api.ok("POST", f"/monitors/{uid}/run")
    answer = await api.call("GET", "/me")
    assert set(answer.body) == {"user", "operations"}
    assert answer.body["user"]["id"] == 20413871
    usage = {entry["name"]: entry["usage"] for entry in answer.body["operations"]}
    assert usage == {"api_usage": 2, "monitor_request_runs": 3}


async def test_the_log_names_each_request_with_its_operation(api: Api) -> None:
    await api.call("GET", "/collections", params={"name": "x"})
    await api.call("PUT", f"/environments/{NOBODY}", {})
    await api.call("GET", "/nowhere")
    assert list(api.emulator.requests) == [
        LoggedRequest("GET", "/collections", "collections.list", 200),
        LoggedRequest("PUT", f"/environments/{NOBODY}", "environments.update", 400),
        LoggedRequest("GET", "/nowhere", None, 404),
    ]


async def test_a_fault_of_the_emulator_itself_is_a_500_and_logged(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("broken for the test")

    monkeypatch.setattr("postman_async.emulator.state.store.Store.all", broken)
    with caplog.at_level(logging.ERROR):
        answer = await api.call("GET", "/collections")
    assert (answer.status, answer.error) == (500, "serverError")
    assert "broken for the test" in caplog.text


async def test_neither_repr_nor_log_has_the_key(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="postman_async"):
        await api.call("GET", "/me")
    key = api.emulator.api_key
    assert key.startswith("PMAK-")
    assert key not in caplog.text + repr(api.emulator) + repr(api.emulator.requests)


async def test_host_port_and_key_can_be_chosen() -> None:
    async with PostmanEmulator(api_key="PMAK-chosen") as first:
        port = first.port
        assert first.url == f"http://127.0.0.1:{port}"
    async with PostmanEmulator(port=port, api_key="PMAK-chosen") as second:
        assert (second.port, second.api_key) == (port, "PMAK-chosen")


async def test_a_port_in_use_is_an_os_error_and_leaves_nothing_open(
    emulator: PostmanEmulator,
) -> None:
    other = PostmanEmulator(port=emulator.port)
    with pytest.raises(OSError, match=str(emulator.port)):
        await other.start()
    await other.close()


async def test_starting_twice_is_refused_and_closing_twice_is_not() -> None:
    emulator = PostmanEmulator()
    await emulator.start()
    with pytest.raises(EmulatorError, match="runs already"):
        await emulator.start()
    await emulator.close()
    await emulator.close()
    assert "not running" in repr(emulator)


async def test_it_can_be_started_again_and_has_forgotten() -> None:
    emulator = PostmanEmulator()
    for _ in range(2):
        async with emulator:
            assert emulator.load({"name": "Staging", "values": []})
            assert len(emulator.requests) == 0


USES: list[Callable[[PostmanEmulator], object]] = [
    lambda emulator: emulator.url,
    lambda emulator: emulator.port,
    lambda emulator: emulator.engine,
    lambda emulator: emulator.client_options,
    lambda emulator: emulator.snapshot(),
    lambda emulator: emulator.seed(1),
    lambda emulator: emulator.reset(),
    lambda emulator: emulator.add_monitor("checkout"),
    lambda emulator: emulator.load({"name": "Staging", "values": []}),
]


@pytest.mark.parametrize("use", USES)
async def test_what_does_not_run_says_so(use: Callable[[PostmanEmulator], object]) -> None:
    with pytest.raises(EmulatorError, match="start it first"):
        use(PostmanEmulator())


async def test_its_methods_can_be_called_from_another_thread(api: Api) -> None:
    """A synchronous test has the emulator in a thread of its own."""
    found: list[str] = []

    def elsewhere() -> None:
        found.append(api.emulator.add_monitor("from elsewhere"))
        with pytest.raises(EmulatorError):
            api.emulator.script_run("nobody")

    thread = threading.Thread(target=elsewhere)
    thread.start()
    await asyncio.to_thread(thread.join)
    assert (await api.ok("GET", f"/monitors/{found[0]}"))["name"] == "from elsewhere"


# -- without the extra ------------------------------------------------------------------------


async def test_a_missing_package_is_named_with_the_extra_that_brings_it(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Much works without the extra; what does not is no fault of the emulator, and no riddle."""
    uid = api.emulator.add_monitor("scripted")
    monkeypatch.setitem(sys.modules, "croniter", None)
    answer = await api.call("GET", f"/monitors/{uid}")
    assert answer.status == 503
    assert 'croniter: pip install "postman-async[emulator]"' in answer.body["error"]["message"]
    assert (await api.call("POST", f"/monitors/{uid}/run")).status == 200


async def test_a_run_without_what_the_engine_needs_is_refused(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    collection = await api.add_collection("Shop", {"name": "Get", "request": "https://x.invalid"})
    monitor = await api.add_monitor("Nightly", collection)
    monkeypatch.setitem(sys.modules, "platformdirs", None)
    for module in ("process", "install"):
        monkeypatch.delitem(sys.modules, f"postman_async.emulator.runtime.{module}", raising=False)
    for path, body in (
        (f"/monitors/{monitor}/run", None),
        ("/import/openapi", {"type": "string", "input": "openapi: 3.0.0"}),
    ):
        answer = await api.call("POST", path, body)
        assert answer.status == 503
        assert "package platformdirs: pip install" in answer.body["error"]["message"]
