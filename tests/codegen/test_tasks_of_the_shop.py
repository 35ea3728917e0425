"""Operations that start work: generated for the shop, started, followed and resumed."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import pytest

from postman_async.errors import (
    InvalidArgumentError,
    InvalidResponseError,
    NotFoundError,
    TaskExpiredError,
    TaskFailedError,
)
from postman_async.tasks import SyncTask, Task
from tests.codegen.shop import Shop
from tests.support import ScriptedServer, reply, scripted

STARTED = reply(202, '{"taskId": "a~b:1", "status": "pending"}')
RUNNING = reply(body='{"task": {"status": "pending"}}')
DONE = reply(body='{"task": {"status": "completed", "details": {"resources": [{"id": 7}]}}}')
FAILED = reply(body='{"task": {"status": "failed", "details": {"error": {"message": "no"}}}}')


def asked(server: ScriptedServer) -> list[str]:
    return [f"{request.method} {request.target}" for request in server.received]


async def test_a_started_task_is_followed_to_its_result(shop: Shop) -> None:
    async with scripted(STARTED, RUNNING, DONE) as server:
        async with shop.client(base_url=server.url) as pm:
            task = await pm.orders.start(ids=[1])
            assert isinstance(task, Task)
            assert (task.id, task.status, task.raw_status) == ("a~b:1", "pending", "pending")
            shelf = await task.wait(poll=0)
        assert asked(server) == [
            "POST /orders",
            "GET /order-tasks/a~b%3A1",
            "GET /order-tasks/a~b%3A1",
        ]
    assert (type(shelf).__name__, shelf.id) == ("Shelf", 7)
    assert ") -> Task[Shelf]:" in shop.texts["api/orders.py"]
    assert ") -> SyncTask[Shelf]:" in shop.texts["api/sync/orders.py"]


async def test_a_failed_one_tells_the_words_of_the_service(shop: Shop) -> None:
    async with scripted(STARTED, FAILED) as server, shop.client(base_url=server.url) as pm:
        task = await pm.orders.start(ids=[1])
        with pytest.raises(TaskFailedError, match=r"orders\.start: .* failed: no"):
            await task.wait(poll=0)


async def test_what_the_service_has_forgotten_is_expired(shop: Shop) -> None:
    async with scripted(STARTED, reply(404)) as server, shop.client(base_url=server.url) as pm:
        task = await pm.orders.start(ids=[1])
        with pytest.raises(TaskExpiredError, match=r"orders\.start: the task a~b:1") as caught:
            await task.wait(poll=0)
        assert isinstance(caught.value.__cause__, NotFoundError)


async def test_the_location_of_an_answer_names_the_look(shop: Shop) -> None:
    started = reply(202, "", Location="https://elsewhere.example/sdks/a%20b/builds/7?x=1")
    done = reply(body='{"status": "succeeded", "id": 3}')
    async with scripted(started, done) as server, shop.client(base_url=server.url) as pm:
        task = await pm.orders.build()
        assert (await task.wait(poll=0)).id == 3
        assert asked(server) == ["POST /builds", "GET /sdks/a%20b/builds/7"], "to the base URL only"
        reference = {"operation": "orders.build", "task_id": "7", "kind": "sdks", "owner_id": "a b"}
        assert task.reference == reference


@pytest.mark.parametrize("headers", [{}, {"Location": "/other/7"}])
async def test_an_answer_that_does_not_name_its_task_is_an_error(
    shop: Shop, headers: dict[str, str]
) -> None:
    answer = reply(202, "", **headers)
    async with scripted(answer) as server, shop.client(base_url=server.url) as pm:
        with pytest.raises(InvalidResponseError, match="does not name the task"):
            await pm.orders.build()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_a_task_may_start_only_on_request(shop: Shop) -> None:
    shelf, started = (
        reply(body='{"id": 1}'),
        reply(202, '{"task": {"id": "t", "status": "queued"}}'),
    )
    done = reply(body='{"task": {"status": "successful"}}')
    async with scripted(shelf, started, done) as server:
        async with shop.client(base_url=server.url) as pm:
            assert (await pm.shelves.replace(1, respond_async=False)).id == 1
            task = await pm.shelves.replace(1, respond_async=True)
            assert (task.id, task.raw_status) == ("t", "queued")
            assert await task.wait(poll=0) is None
        plain, prefers, _ = server.received
        assert "prefer" not in plain.headers
        assert prefers.headers["prefer"] == "respond-async"
    text = shop.texts["api/shelves.py"]
    overloads = re.findall(r"respond_async: ([^,]+),[^)]*\) -> ([^:]+): \.\.\.", text)
    assert overloads == [
        ("Literal[True]", "Task[None]"),
        ("Literal[False] | Unset = UNSET", "Shelf"),
        ("bool", "Task[None] | Shelf"),
    ]


async def test_the_raw_answer_holds_the_task(shop: Shop) -> None:
    async with scripted(STARTED) as server, shop.client(base_url=server.url) as pm:
        raw = await pm.orders.with_raw_response.start(ids=[1])
        assert (raw.status, raw.value.id) == (202, "a~b:1")


async def test_a_task_is_resumed_from_its_reference(shop: Shop) -> None:
    async with scripted(STARTED, DONE) as server, shop.client(base_url=server.url) as pm:
        reference = json.loads(json.dumps((await pm.orders.start(ids=[1])).reference))
        task = pm.resume_task(**reference)
        assert asked(server) == ["POST /orders"], "resuming sends nothing"
        assert (task.id, task.status) == ("a~b:1", "pending")
        assert (await task.wait(poll=0)).id == 7


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("shelves.get", "1"), "shelves.get starts no task"),
        (("orders.none", "1"), "unknown operation 'orders.none'"),
        (("orders.build", "1"), "needs 'kind'"),
    ],
)
def test_a_task_that_cannot_be_resumed_is_refused(
    shop: Shop, arguments: Any, complaint: str
) -> None:
    with pytest.raises(InvalidArgumentError, match=complaint):
        shop.client().resume_task(*arguments)
    with pytest.raises(InvalidArgumentError, match="has no 'odd'"):
        shop.client().resume_task("orders.start", "1", odd="x")


async def test_the_sync_client_has_sync_tasks(shop: Shop) -> None:
    async with scripted(STARTED, STARTED, RUNNING, DONE) as server:
        await asyncio.to_thread(follow, shop, server.url)
        assert len(server.received) == 4


def follow(shop: Shop, url: str) -> None:
    with shop.sync(base_url=url) as pm:
        assert isinstance(pm.orders.with_raw_response.start(ids=[1]).value, SyncTask)
        task = pm.orders.start(ids=[1])
        assert isinstance(task, SyncTask)
        assert task.refresh().status == "pending"
        again = pm.resume_task(**task.reference)
        assert isinstance(again, SyncTask)
        assert again.wait(poll=0).id == 7


def test_a_resumed_task_has_the_type_of_what_its_operation_makes(shop: Shop) -> None:
    for name, handle in [("api/namespaces.py", "Task"), ("api/sync/namespaces.py", "SyncTask")]:
        found = re.findall(r"def resume_task\(([^)]*)\) -> (.*?): \.\.\.", shop.texts[name])
        signatures = {" ".join(arguments.split()): returned for arguments, returned in found}
        assert signatures == {
            'self, operation: Literal["orders.start"], task_id: str': f"{handle}[Shelf]",
            'self, operation: Literal["orders.build"], task_id: str, *, kind: str, owner_id: str':
                f"{handle}[Shelf]",
            'self, operation: Literal["shelves.replace"], task_id: str': f"{handle}[None]",
            "self, operation: str, task_id: str, **arguments: str": f"{handle}[Any]",
        }  # fmt: skip
