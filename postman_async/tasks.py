"""Handles of work that the service does after its answer: a merge, a generation, a build.

The service has six vocabularies for the state of such work; `state_of` reads them all.  Nothing
can cancel the work, so cancelling a wait only ends the waiting.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from types import MappingProxyType
from typing import Any, Generic, Literal, ParamSpec, Protocol, Self, TypeAlias, TypeVar

from attrs import frozen

from postman_async.errors import (
    PostmanError,
    RateLimitError,
    ServerError,
    TaskFailedError,
    TaskTimeoutError,
    TransportError,
)

__all__ = ["Look", "State", "SyncTask", "Task", "next_wait", "state_of"]

T = TypeVar("T")
P = ParamSpec("P")
R = TypeVar("R")

State: TypeAlias = Literal["pending", "running", "succeeded", "failed"]

_STATES: Mapping[str, State] = MappingProxyType(
    {
        "pending": "pending",
        "queued": "pending",
        "inprogress": "running",
        "processing": "running",
        "running": "running",
        "completed": "succeeded",
        "succeeded": "succeeded",
        "successful": "succeeded",
        "failed": "failed",
    }
)
_FIRST_WAIT, _GROWTH, _LONGEST_WAIT = 1.0, 1.5, 10.0


def state_of(word: str | None) -> State:
    """Return the state that a word of the service stands for.

    An unknown word is ``running``: the work is known not to have ended only by the words that are
    known.  No word at all is ``pending``.
    """
    if word is None:
        return "pending"
    return _STATES.get(word.casefold().replace("-", "").replace("_", ""), "running")


def next_wait(looks: int, poll: float | None = None, retry_after: float | None = None) -> float:
    """Return the seconds to wait before the next look.

    Args:
        looks: how many looks there were.
        poll: the seconds that the caller wants; default: 1 s, then half as much again each time,
            at most 10 s.
        retry_after: the seconds that the service asked for in its last answer; never waited less.

    """
    own = min(_FIRST_WAIT * _GROWTH ** min(looks, 20), _LONGEST_WAIT) if poll is None else poll
    return max(own, retry_after or 0.0)


@frozen(kw_only=True)
class Look:
    """What one look at a task finds.

    Attributes:
        raw_status: the service's word for the state.
        reason: why it failed, in the service's words.
        result: the result, once it succeeded.
        retry_after: the seconds to wait before the next look, if the service says so.

    """

    raw_status: str | None = None
    reason: str | None = None
    result: Any = None
    retry_after: float | None = None

    @property
    def status(self) -> State:
        """The state that the word stands for."""
        return state_of(self.raw_status)


class Task(Generic[T]):
    """Work that the service does by itself, and whose end can be waited for.

    Attributes:
        id: the id of the task.
        reference: what `AsyncPostman.resume_task` needs to follow the task in another process, as
            plain JSON: ``pm.resume_task(**reference)``.

    """

    __slots__ = ("_last", "_look", "_seen", "id", "reference")

    def __init__(
        self,
        id: str,
        reference: Mapping[str, Any],
        look: Callable[[], Awaitable[Look]],
        raw_status: str | None = None,
    ) -> None:
        """``look`` reads the state once."""
        self.id: str = id
        self.reference: dict[str, Any] = dict(reference)
        self._look = look
        self._last = Look(raw_status=raw_status)
        self._seen = False

    @property
    def raw_status(self) -> str | None:
        """The service's own word for the state, as last seen."""
        return self._last.raw_status

    @property
    def status(self) -> State:
        """The state as last seen: ``pending``, ``running``, ``succeeded`` or ``failed``."""
        return self._last.status

    @property
    def reason(self) -> str | None:
        """Why the work failed, in the service's words; None while it has not."""
        return self._last.reason

    def __repr__(self) -> str:
        return f"Task(id={self.id!r}, status={self.status!r}, raw_status={self.raw_status!r})"

    async def refresh(self) -> Self:
        """Look once, unless the end has been seen.

        Raises:
            TaskExpiredError: the service has forgotten the task.
            PostmanError: as for any call.

        """
        if not self._ended:
            self._last = await self._look()
            self._seen = True
        return self

    async def wait(self, timeout: float | None = 300.0, poll: float | None = None) -> T:  # noqa: ASYNC109
        """Wait for the end of the work.

        Looks count against the rate limits as other calls do.  A look that fails (a 5xx answer, a
        broken connection) is repeated with the next one.

        Args:
            timeout: seconds to wait at most; None waits for ever.  The work goes on after it.
            poll: seconds between two looks; default: 1 s, growing to 10 s.

        Returns:
            The result of the work.

        Raises:
            TaskFailedError: the work failed.
            TaskTimeoutError: the time was up first.
            TaskExpiredError: the service has forgotten the task.
            PostmanError: as for any call.

        """
        trouble: list[PostmanError] = []
        limit = asyncio.timeout(timeout)
        try:
            async with limit:
                await self._until_end(poll, trouble)
        except TimeoutError:
            if not limit.expired():
                raise
            raise self._timed_out(timeout) from (trouble[-1] if trouble else None)
        if self.status == "failed":
            raise TaskFailedError(self._name, self.id, self.raw_status, self.reason)
        result: T = self._last.result
        return result

    async def _until_end(self, poll: float | None, trouble: list[PostmanError]) -> None:
        looks, retry_after = 0, self._last.retry_after
        while not self._ended:
            # What has ended at the start is looked at for its result at once.
            if looks or self.status not in {"succeeded", "failed"}:
                await asyncio.sleep(next_wait(looks, poll, retry_after))
            looks += 1
            try:
                await self.refresh()
                retry_after = self._last.retry_after
            except (RateLimitError, ServerError, TransportError) as error:
                trouble.append(error)
                retry_after = _asked_for(error)

    @property
    def _ended(self) -> bool:
        return self._seen and self.status in {"succeeded", "failed"}

    @property
    def _name(self) -> str:
        return str(self.reference.get("operation", "the task"))

    def _timed_out(self, timeout: float | None) -> TaskTimeoutError:
        return TaskTimeoutError(self._name, self.id, self.raw_status, timeout or 0.0)


def _asked_for(error: PostmanError) -> float | None:
    limit = getattr(error, "rate_limit", None)
    return None if limit is None else limit.retry_after


class Runner(Protocol):
    """Runs a coroutine to its end, from code that is not asynchronous."""

    def __call__(
        self, function: Callable[P, Coroutine[Any, Any, R]], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Return what the coroutine returns."""
        ...


class SyncTask(Generic[T]):
    """A `Task` without ``await``: the same names."""

    __slots__ = ("_run", "_task")

    def __init__(self, task: Task[T], run: Runner) -> None:
        """``run`` waits for a coroutine."""
        self._task = task
        self._run = run

    @property
    def id(self) -> str:
        """The id of the task."""
        return self._task.id

    @property
    def reference(self) -> dict[str, Any]:
        """What `Postman.resume_task` needs, as plain JSON: ``pm.resume_task(**reference)``."""
        return self._task.reference

    @property
    def raw_status(self) -> str | None:
        """The service's own word for the state, as last seen."""
        return self._task.raw_status

    @property
    def status(self) -> State:
        """The state as last seen: ``pending``, ``running``, ``succeeded`` or ``failed``."""
        return self._task.status

    @property
    def reason(self) -> str | None:
        """Why the work failed, in the service's words; None while it has not."""
        return self._task.reason

    def __repr__(self) -> str:
        return f"Sync{self._task!r}"

    def refresh(self) -> Self:
        """Look once, unless the end has been seen; see `Task.refresh`."""
        self._run(self._task.refresh)
        return self

    def wait(self, timeout: float | None = 300.0, poll: float | None = None) -> T:
        """Wait for the end of the work; see `Task.wait`."""
        return self._run(self._task.wait, timeout, poll)
