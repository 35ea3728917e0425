"""Every operation, async and sync, against a recorder and the facts, which know no code of ours.

The facts say what the service documents.  Arguments are made up from them, and what comes over
the socket is compared with them: nothing missing, nothing at another location, nothing more.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import aclosing, closing
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from attrs import frozen

from postman_async import OPERATIONS, AsyncPostman, Page, Postman, RawResponse, to_dict
from tests.recorder import FACTS, Recorder, python_name, recorder
from tests.support import KEY, Call, caller_of, method_of

ODD_ID = "12-ä/b?c#d e%2F"
DOCUMENT = {"info": {"name": "n", "unknown": [None]}, "item": [], "values": []}


def made_up(wire: str, kind: str) -> Any:
    """Make up a value of a kind, another one for each name."""
    values = {
        "text": f"{wire}: ünï & co/=?#%2F \"'",
        "flag": True,
        "number": len(wire),
        "list": [wire, {"id": "b", "odd": None}],
        "object": {wire: {"deep": [1, 2.5, None, "ü"]}, "none": None},
    }
    return values[kind]


everything = pytest.mark.parametrize("name", sorted(FACTS))


@pytest.fixture(scope="module")
def service() -> Iterator[Recorder]:
    with recorder() as made:
        yield made


@pytest.fixture(scope="module", params=["async", "sync"])
def call(request: pytest.FixtureRequest, service: Recorder) -> Iterator[Call]:
    with caller_of(request.param, KEY, base_url=service.url) as made:
        yield made


@frozen
class Example:
    """A call made up from the facts, and what it must be on the wire."""

    ids: list[Any]
    arguments: dict[str, Any]
    segments: list[str]
    query: dict[str, str]
    body: Any


def example(name: str, *, full: bool) -> Example:
    """Make up the arguments of an operation: all there are, or the required ones alone."""
    fact = FACTS[name]
    query = fact["query"] if full else {}
    fields, body = _body(fact["body"], full=full)
    arguments = {python_name(wire): made_up(wire, kind) for wire, kind in query.items()}
    placed = re.sub(r"\{\w+\}", "{}", fact["path"])
    return Example(
        [ODD_ID] * placed.count("{}"),
        {**arguments, **fields},
        [ODD_ID if part == "{}" else part for part in placed.split("/")[1:]],
        {wire: str(made_up(wire, kind)).replace("True", "true") for wire, kind in query.items()},
        body,
    )


def _body(fact: Mapping[str, Any] | None, *, full: bool) -> tuple[dict[str, Any], Any]:
    """Return the arguments that make a body, and that body."""
    if fact is None:
        return {}, None
    if fact.get("document"):
        return {fact["wrapper"]: DOCUMENT}, {fact["wrapper"]: DOCUMENT}
    kinds = {**fact["required"], **(fact["optional"] if full else {})}
    fields = {wire: made_up(wire, kind) for wire, kind in kinds.items()}
    body = {fact["wrapper"]: fields} if fact["wrapper"] else fields
    return {python_name(wire): value for wire, value in fields.items()}, body


def answer(name: str) -> dict[str, Any]:
    """Make up the 2xx body of an operation."""
    made = {"flag": True, "list": [{"id": "1", "new": [None]}], "object": {"id": "1", "new": {}}}
    return {key: made[kind] for key, kind in FACTS[name]["result"].items()}


def test_the_facts_are_of_the_57_operations() -> None:
    assert len(OPERATIONS) == 57
    assert set(OPERATIONS) == set(FACTS)
    assert all(operation.id == name for name, operation in OPERATIONS.items())


@everything
@pytest.mark.parametrize("full", [True, False], ids=["full", "required"])
def test_each_call_is_on_the_wire_what_the_facts_say(
    call: Call, service: Recorder, name: str, full: bool
) -> None:
    service.answer(answer(name))
    made = example(name, full=full)
    call(name, *made.ids, **made.arguments)
    got = service.call
    assert got.method == FACTS[name]["method"]
    assert got.segments == made.segments
    assert sorted(got.query) == sorted(made.query.items())
    if made.body is None:
        assert (got.body, got.all("content-type")) == (b"", [])
    else:
        assert json.loads(got.body) == made.body
        assert got.all("content-type") == ["application/json"]


@everything
def test_each_call_brings_the_key_once_and_in_its_header_alone(
    call: Call, service: Recorder, name: str
) -> None:
    service.answer(answer(name))
    made = example(name, full=True)
    call(name, *made.ids, **made.arguments)
    got = service.call
    assert got.all("x-api-key") == [KEY]
    assert got.all("accept") == ["application/json"]
    assert got.all("user-agent") == ["postman-async"]
    others = [value for header, value in got.headers if header.lower() != "x-api-key"]
    assert not any(KEY in text for text in (got.target, got.body.decode(), *others))


@everything
def test_each_answer_is_unwrapped_where_it_has_one_key_and_loses_nothing(
    call: Call, service: Recorder, name: str
) -> None:
    body = answer(name)
    service.answer(body)
    made = example(name, full=False)
    value = call(name, *made.ids, **made.arguments)
    members = {key: inner for key, inner in body.items() if key != "meta"}
    expected = next(iter(members.values())) if len(members) == 1 else members
    assert to_dict(list(value) if isinstance(value, Page) else value) == expected
    raw = call(f"raw.{name}", *made.ids, **made.arguments)
    assert isinstance(raw, RawResponse)
    assert raw.value == value
    assert (raw.status, json.loads(raw.content), raw.attempts) == (200, body, 1)


@everything
async def test_each_operation_can_be_called_by_its_name(service: Recorder, name: str) -> None:
    service.answer(answer(name))
    made = example(name, full=True)
    ids = [python_name(wire) for wire in re.findall(r"\{(\w+)\}", FACTS[name]["path"])]
    async with AsyncPostman(KEY, base_url=service.url) as pm:
        await pm.call(name, **dict(zip(ids, made.ids, strict=True)), **made.arguments)
    assert (service.call.method, service.call.segments) == (FACTS[name]["method"], made.segments)


def test_a_moment_may_be_a_datetime(call: Call, service: Recorder) -> None:
    service.answer(answer("apis.list"))
    moment = datetime(2024, 5, 6, 7, 8, 9, tzinfo=timezone(timedelta(hours=2)))
    call("apis.list", since=moment, until="2024-05-07")
    assert dict(service.call.query) == {"since": "2024-05-06T07:08:09+02:00", "until": "2024-05-07"}


# -- names ------------------------------------------------------------------------------------


@everything
@pytest.mark.parametrize("client", [AsyncPostman(KEY), Postman(KEY)], ids=["async", "sync"])
def test_each_method_takes_what_the_facts_name_and_no_more(client: object, name: str) -> None:
    fact, made = FACTS[name], example(name, full=True)
    parameters = inspect.signature(method_of(client, name)).parameters
    assert set(parameters) - {"call_options"} == {
        *(python_name(wire) for wire in re.findall(r"\{(\w+)\}", fact["path"])),
        *made.arguments,
    }
    keyword_only = {n for n, p in parameters.items() if p.kind is p.KEYWORD_ONLY}
    assert keyword_only == made.arguments.keys() - {"input"}
    optional = {n for n, p in parameters.items() if p.default is not p.empty}
    needed = example(name, full=False).arguments.keys()
    assert optional - {"type"} == made.arguments.keys() - needed - {"type"}


@pytest.mark.parametrize("client", [AsyncPostman(KEY), Postman(KEY)], ids=["async", "sync"])
def test_every_method_belongs_to_an_operation_and_every_operation_to_a_method(
    client: object,
) -> None:
    namespaces = {name.partition(".")[0] for name in FACTS}
    found = {n for n in dir(type(client)) if not n.startswith("_") and n in namespaces}
    assert found == namespaces
    methods, raw, walks = set(), set(), set()
    for namespace in namespaces:
        made = getattr(client, namespace)
        names = {n for n in vars(type(made)) if not n.startswith("_")} - {"with_raw_response"}
        walks |= {f"{namespace}.{n}" for n in names if n.startswith("iter")}
        methods |= {f"{namespace}.{n}" for n in names if not n.startswith("iter")}
        raw_names = vars(type(made.with_raw_response))
        raw |= {f"{namespace}.{n}" for n in raw_names if not n.startswith("_")}
    assert methods == set(FACTS)
    assert raw == set(FACTS)
    assert walks == {"collections.iter", "monitors.iter", "workspaces.iter"}


def test_the_namespaces_of_both_clients_have_no_method_besides() -> None:
    """What is no namespace of the facts is a method of the client itself."""
    bulk = {"run_monitors", "stream_monitor_runs", "monitor_batch"}
    own = {"base_url", "call", "close", "rate_limits", "resume_task", *bulk}
    for client in (AsyncPostman, Postman):
        public = {name for name in dir(client) if not name.startswith("_")}
        assert public - own == {name.partition(".")[0] for name in FACTS}


# -- paging -----------------------------------------------------------------------------------

PAGED = [name for name, fact in FACTS.items() if {"cursor", "offset"} & set(fact["query"])]


@pytest.mark.parametrize("name", PAGED)
def test_iter_walks_over_all_pages_by_what_the_facts_name(service: Recorder, name: str) -> None:
    key = next(iter(FACTS[name]["result"]))
    pages = [{key: [{"id": "1"}, {"id": "2"}], "meta": {"nextCursor": "c2"}}, {key: [{"id": "3"}]}]
    service.answer(*pages)
    with Postman(KEY, base_url=service.url) as pm:
        walk = method_of(pm, name.replace("list", "iter"))(limit=2, extra_query={"q": "1"})
        assert [entry.id for entry in walk] == ["1", "2", "3"]
    first, second = (dict(got.query) for got in service.calls)
    turned = {"offset": "2"} if "offset" in FACTS[name]["query"] else {"cursor": "c2"}
    assert first == {"limit": "2", "q": "1"}
    assert second == {**first, **turned}


@pytest.mark.parametrize("name", PAGED)
async def test_iter_of_the_async_client_asks_for_the_same_pages(
    service: Recorder, name: str
) -> None:
    key = next(iter(FACTS[name]["result"]))
    service.answer({key: [{"id": "1"}], "meta": {"nextCursor": "c2"}}, {key: []})
    async with AsyncPostman(KEY, base_url=service.url) as pm:
        walk = method_of(pm, name.replace("list", "iter"))(limit=1)
        assert [entry.id async for entry in walk] == ["1"]
    turned = {"offset": "1"} if "offset" in FACTS[name]["query"] else {"cursor": "c2"}
    assert dict(service.calls[1].query) == {"limit": "1", **turned}


@pytest.mark.parametrize("name", PAGED)
async def test_leaving_a_walk_early_asks_no_more_and_leaves_nothing_open(
    service: Recorder, name: str
) -> None:
    key = next(iter(FACTS[name]["result"]))
    service.answer({key: [{"id": "1"}, {"id": "2"}], "meta": {"nextCursor": "c2"}})
    async with AsyncPostman(KEY, base_url=service.url) as pm:
        iterate = method_of(pm, name.replace("list", "iter"))
        async with aclosing(iterate(limit=2)) as walk:
            async for entry in walk:
                assert entry.id == "1"
                break
        assert [entry async for entry in walk] == []
        assert asyncio.all_tasks() == {asyncio.current_task()}
    assert len(service.calls) == 1


@pytest.mark.parametrize("name", PAGED)
def test_leaving_a_sync_walk_early_does_the_same(service: Recorder, name: str) -> None:
    key = next(iter(FACTS[name]["result"]))
    service.answer({key: [{"id": "1"}, {"id": "2"}], "meta": {"nextCursor": "c2"}})
    with Postman(KEY, base_url=service.url) as pm:
        with closing(method_of(pm, name.replace("list", "iter"))(limit=2)) as walk:
            assert next(walk).id == "1"
        assert list(walk) == []
        assert len(service.calls) == 1
        assert len(method_of(pm, name)(limit=2)) == 2, "the client goes on as before"


@pytest.mark.parametrize("name", ["monitors.iter", "workspaces.iter"])
def test_a_service_that_repeats_its_cursor_is_not_asked_for_ever(
    service: Recorder, name: str
) -> None:
    key = name.partition(".")[0]
    service.answer({key: [{"id": "1"}], "meta": {"nextCursor": "same"}})
    with Postman(KEY, base_url=service.url) as pm:
        assert len(list(method_of(pm, name)())) == 2
    assert [dict(got.query).get("cursor") for got in service.calls] == [None, "same"]
