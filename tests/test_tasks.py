"""Work that takes long: states, waits, and a handle that is patient but never for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from attrs import define, field
from hypothesis import given
from hypothesis import strategies as st

from postman_async.engine.limits.headers import RateLimit
from postman_async.errors import (
    Answer,
    CallTimeoutError,
    ConnectError,
    NotFoundError,
    PostmanError,
    RateLimitError,
    ServerError,
    TaskFailedError,
    TaskTimeoutError,
)
from postman_async.tasks import Look, SyncTask, Task, next_wait, state_of

VOCABULARIES = {
    "merges and updates": {"in-progress": "running", "successful": "succeeded", "failed": "failed"},
    "duplicates": {"processing": "running", "completed": "succeeded", "failed": "failed"},
    "generations": {"pending": "pending", "completed": "succeeded", "failed": "failed"},
    "SDKs": {
        "queued": "pending",
        "in_progress": "running",
        "succeeded": "succeeded",
        "failed": "failed",
    },
    "migrations": {"COMPLETED": "succeeded", "FAILED": "failed"},
    "questions": {
        "pending": "pending",
        "running": "running",
        "completed": "succeeded",
        "failed": "failed",
    },
}
"""The words of the service for the states of each kind of work."""
WORDS = [pair for words in VOCABULARIES.values() for pair in words.items()]


# --- the pure part


@pytest.mark.parametrize(("word", "state"), WORDS)
def test_every_vocabulary_of_the_service_is_known(word: str, state: str) -> None:
    assert state_of(word) == state


@given(st.sampled_from(WORDS), st.sampled_from([str.upper, str.lower, str.title]))
def test_how_a_word_is_written_makes_no_difference(pair: tuple[str, str], spell: Any) -> None:
    word, state = pair
    for written in (spell(word), word.replace("-", "_"), word.replace("_", "-")):
        assert state_of(written) == state


@given(st.text())
def test_an_unknown_word_is_never_an_end(word: str) -> None:
    known = {known.casefold().replace("-", "").replace("_", "") for known, _ in WORDS}
    if word.casefold().replace("-", "").replace("_", "") not in known:
        assert state_of(word) == "running"


def test_no_word_yet_is_pending() -> None:
    assert state_of(None) == "pending"


SECONDS = st.floats(0, 3600)


@given(st.integers(0, 10_000), st.none() | SECONDS, st.none() | SECONDS)
def test_a_wait_is_never_shorter_than_the_service_asks_for(
    looks: int, poll: float | None, retry_after: float | None
) -> None:
    wait = next_wait(looks, poll, retry_after)
    assert wait >= (retry_after or 0)
    assert wait <= max(10.0 if poll is None else poll, retry_after or 0)


@given(st.integers(0, 1000))
def test_waits_grow_from_one_to_ten_seconds(looks: int) -> None:
    assert 1 <= next_wait(looks) <= next_wait(looks + 1) <= 10
    assert [round(next_wait(n), 2) for n in range(7)] == [1, 1.5, 2.25, 3.38, 5.06, 7.59, 10]


@given(st.integers(0, 1000), SECONDS)
def test_a_poll_of_the_caller_s_own_stays_the_same(looks: int, poll: float) -> None:
    assert next_wait(looks, poll) == poll


# --- the handle


@define
class Service:
    """Answers looks with a script, the last entry ever after, and notes when each came."""

    script: list[Look | PostmanError]
    times: list[float] = field(factory=list)

    async def look(self) -> Look:
        """Answer one look."""
        self.times.append(round(asyncio.get_running_loop().time(), 3))
        answer = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(answer, PostmanError):
            raise answer
        return answer


def task_of(
    *script: Look | PostmanError, raw_status: str | None = None
) -> tuple[Task[Any], Service]:
    service = Service(list(script))
    reference = {"operation": "things.start", "task_id": "t1"}
    return Task("t1", reference, service.look, raw_status), service


RUNNING = Look(raw_status="in-progress")
DONE = Look(raw_status="successful", result={"id": 1})
FAILED = Look(raw_status="failed", reason="a conflict")


def refusal(kind: type[Any], status: int, retry_after: float | None = None) -> PostmanError:
    limit = RateLimit(retry_after=retry_after)
    error: PostmanError = kind("GET /t", Answer(status, {}, b""), rate_limit=limit)
    return error


looptime = pytest.mark.looptime


@looptime
async def test_a_wait_looks_until_the_end_and_returns_the_result() -> None:
    task, service = task_of(RUNNING, RUNNING, DONE, raw_status="in-progress")
    assert (task.id, task.status, task.raw_status) == ("t1", "running", "in-progress")
    assert await task.wait() == {"id": 1}
    assert service.times == [1, 2.5, 4.75]
    assert (task.status, task.raw_status, task.reason) == ("succeeded", "successful", None)


@looptime
async def test_an_end_is_not_looked_at_again() -> None:
    task, service = task_of(DONE)
    assert [await task.wait(), await task.wait()] == [{"id": 1}, {"id": 1}]
    assert await task.refresh() is task
    assert len(service.times) == 1


@looptime
async def test_what_has_ended_at_the_start_is_looked_at_for_its_result_at_once() -> None:
    task, service = task_of(DONE, raw_status="successful")
    assert await task.wait() == {"id": 1}
    assert service.times == [0]


@looptime
async def test_a_refresh_looks_once() -> None:
    task, service = task_of(RUNNING, DONE)
    assert task.status == "pending"
    assert (await task.refresh()).status == "running"
    assert service.times == [0]


@looptime
async def test_a_poll_of_the_caller_s_own_is_kept_to() -> None:
    task, service = task_of(RUNNING, RUNNING, DONE)
    await task.wait(poll=4)
    assert service.times == [4, 8, 12]


@looptime
async def test_retry_after_is_honoured_in_good_answers_and_in_bad_ones() -> None:
    patient = Look(raw_status="running", retry_after=30)
    task, service = task_of(patient, refusal(RateLimitError, 429, 60), DONE)
    await task.wait()
    assert service.times == [1, 31, 91]


@looptime
async def test_work_that_failed_raises_the_reason_of_the_service() -> None:
    task, _ = task_of(FAILED)
    with pytest.raises(
        TaskFailedError, match=r"^things\.start: the task t1 failed: a conflict$"
    ) as c:
        await task.wait()
    assert (c.value.reason, c.value.raw_status, c.value.task_id) == ("a conflict", "failed", "t1")
    assert task.reason == "a conflict"


@looptime
async def test_a_failure_without_a_reason_says_so() -> None:
    task, _ = task_of(Look(raw_status="FAILED"))
    with pytest.raises(TaskFailedError, match="gives no reason"):
        await task.wait()


@looptime
async def test_a_wait_ends_with_its_time_and_the_work_can_be_waited_for_again() -> None:
    task, service = task_of(*[RUNNING] * 5, DONE)
    with pytest.raises(
        TaskTimeoutError, match=r"not ended after 3 s .*'in-progress'.* goes on"
    ) as c:
        await task.wait(3)
    assert isinstance(c.value, TimeoutError)
    assert service.times == [1, 2.5]
    assert await task.wait(None) == {"id": 1}


@looptime
async def test_a_look_that_hangs_does_not_outlive_the_wait() -> None:
    async def hang() -> Look:
        await asyncio.sleep(1000)
        return DONE

    task = Task[Any]("t1", {}, hang)
    with pytest.raises(TaskTimeoutError):
        await task.wait(5)
    assert asyncio.get_running_loop().time() == 5


@looptime
@pytest.mark.parametrize(
    "trouble",
    [
        refusal(ServerError, 500),
        ConnectError("GET /t", "refused"),
        CallTimeoutError("GET /t", "silence"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_look_that_fails_is_repeated_with_the_next_one(trouble: PostmanError) -> None:
    task, service = task_of(RUNNING, trouble, DONE)
    assert await task.wait() == {"id": 1}
    assert len(service.times) == 3
    task, _ = task_of(trouble)
    with pytest.raises(TaskTimeoutError) as caught:
        await task.wait(10)
    assert caught.value.__cause__ is trouble


@looptime
async def test_any_other_error_is_raised() -> None:
    task, _ = task_of(refusal(NotFoundError, 404))
    with pytest.raises(NotFoundError):
        await task.wait()


@looptime
async def test_cancelling_a_wait_cancels_nothing_but_the_wait() -> None:
    task, service = task_of(RUNNING, RUNNING, DONE)
    waiting = asyncio.create_task(task.wait())
    await asyncio.sleep(2)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert task.status == "running"
    assert await task.wait() == {"id": 1}
    assert len(service.times) == 3


@given(script=st.lists(st.sampled_from([RUNNING, Look(), Look(raw_status="odd")]), max_size=20))
def test_every_wait_ends_with_the_first_end(script: list[Look]) -> None:
    async def check() -> None:
        task, service = task_of(*script, DONE)
        assert await task.wait(None, poll=0) == {"id": 1}
        assert len(service.times) == len(script) + 1

    asyncio.run(check())


def test_the_repr_tells_id_and_state() -> None:
    task, _ = task_of(DONE, raw_status="queued")
    assert repr(task) == "Task(id='t1', status='pending', raw_status='queued')"


# --- the sync twin


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as made:
        yield made


def test_the_sync_twin_has_the_same_names(runner: asyncio.Runner) -> None:
    task, _ = task_of(RUNNING, DONE, raw_status="queued")
    run: Any = lambda function, *a, **k: runner.run(function(*a, **k))  # noqa: E731
    twin = SyncTask(task, run)
    names = {name for name in dir(Task) if not name.startswith("_")}
    assert names == {name for name in dir(SyncTask) if not name.startswith("_")}
    assert (twin.id, twin.status, twin.reason) == ("t1", "pending", None)
    assert twin.reference == {"operation": "things.start", "task_id": "t1"}
    assert twin.refresh() is twin
    assert (twin.status, twin.raw_status) == ("running", "in-progress")
    assert twin.wait(poll=0) == {"id": 1}
    assert repr(twin) == "SyncTask(id='t1', status='succeeded', raw_status='successful')"
