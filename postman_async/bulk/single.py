"""One run asked for by itself: where the service answers before its end, it is followed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from attrs import define

from postman_async.bulk import clock
from postman_async.bulk.history import memory_of
from postman_async.bulk.outcome import status_of_error
from postman_async.bulk.poller import Follower
from postman_async.bulk.reconcile import PROMPT, Known, Trigger
from postman_async.engine.http.request import build_request
from postman_async.errors import CallTimeoutError, PostmanError, UnsettledError
from postman_async.operations import OPERATIONS
from postman_async.unset import UNSET

if TYPE_CHECKING:
    from postman_async.bulk.history import End, Memory
    from postman_async.engine.caller import RawCaller
    from postman_async.engine.http.response import RawResponse
    from postman_async.options import CallOptions

__all__ = ["run_to_its_end"]

_RUN = OPERATIONS["monitors.run"]
_LOOKING = ("timeout", "retries", "extra_headers")
_HINT = "monitors.get shows the monitor's last run"


async def run_to_its_end(
    caller: RawCaller, arguments: Mapping[str, Any], options: CallOptions
) -> Any:
    """Call ``monitors.run``, and look at the monitor until a run that goes on has ended.

    Args:
        caller: sends the calls.
        arguments: those of the operation; with ``run_async`` the answer is returned as it is.
        options: what every call takes; ``timeout`` holds for all of it.

    Returns:
        The run.  One that was followed has its figures, and no executions.

    Raises:
        CallTimeoutError: it had not ended when the time of the call was up.
        UnsettledError: it goes on or has ended, and what came of it cannot be told.
        PostmanError: as the call itself does.

    """
    uid = str(arguments.get("monitor_uid"))  # the call itself asks for it
    return await SingleRun(caller, arguments, options, uid, memory_of(caller)).result()


@define(eq=False)
class SingleRun:
    """The call and what it began; the transport tells it of each attempt (see `Watcher`)."""

    caller: RawCaller
    arguments: Mapping[str, Any]
    options: CallOptions
    _uid: str
    _memory: Memory
    _trigger: Trigger | None = None
    _called: float = 0.0
    _sent: float | None = None

    async def result(self) -> Any:
        """Make the call, and follow the run if it goes on."""
        self._called = asyncio.get_running_loop().time()
        end: End = "left"
        try:
            answer = await self.caller.request(_RUN, self.arguments, self.options, self)
            run = answer.value
            if _goes_on(answer) and not self._only_started:
                run = await self._followed(answer)
            end = "known"
            self._learn(run)
            return run
        except PostmanError as error:
            end = "known" if status_of_error(error) == "error" else "unknown"
            raise
        finally:
            self._leave(end)

    # -- what the transport tells -------------------------------------------------------------

    def sending(self) -> None:
        """Note the attempt: from here on, the service may have it."""
        now, memory, uid = clock.monotonic(), self._memory, self._uid
        before, earlier = memory.last_run(uid), memory.jobs(uid)
        self._trigger = Trigger(earliest=now, latest=now + PROMPT, before=before, earlier=earlier)
        memory.enter(uid, self._trigger)
        if self._sent is None:
            self._sent = asyncio.get_running_loop().time()

    def refused(self) -> None:
        """Note that it is certain that the service did not take the attempt."""
        self._leave("known")

    @property
    def _only_started(self) -> bool:
        """Whether the caller asked only for the start of the run."""
        asked = self.arguments.get("run_async", UNSET) not in (UNSET, False)
        return asked or "async" in self.options.get("extra_query", ())

    def _leave(self, end: End) -> None:
        if self._trigger is not None:
            self._memory.leave(self._uid, self._trigger, end)
        self._trigger = None

    # -- a run that goes on -------------------------------------------------------------------

    async def _followed(self, answer: RawResponse[Any]) -> Any:
        trigger = self._trigger
        assert trigger is not None
        trigger.told(getattr(answer.value, "info", None), clock.monotonic())
        trigger.certain = True  # whatever else it tells, it has taken the call
        looking = cast("CallOptions", {k: v for k, v in self.options.items() if k in _LOOKING})
        follower = Follower(self.caller, self._memory, self._uid, looking)
        limit = asyncio.timeout_at(self._due())
        try:
            async with limit:
                found = await follower.follow(trigger)
        except TimeoutError:
            if not limit.expired():
                raise
            raise self._late(answer) from None
        if found is None or found.run is None:
            raise self._unsettled(answer, None if found is None else found.error)
        return found.run

    def _due(self) -> float | None:
        """Tell when the time of the whole call is up, on the loop's clock."""
        timeout = self.caller.timeout_of(self.options)
        ends = [] if timeout.total is None else [self._called + timeout.total]
        if timeout.run is not None and self._sent is not None:
            ends.append(self._sent + timeout.run)
        return min(ends, default=None)

    def _late(self, answer: RawResponse[Any]) -> CallTimeoutError:
        since = asyncio.get_running_loop().time() - (self._sent or self._called)
        words = f"the run was begun, and had not ended at the deadline after {since:.0f} s: {_HINT}"
        error = CallTimeoutError(self._call, words)
        error.attempts, error.waited = answer.attempts, answer.waited
        return error

    def _unsettled(self, answer: RawResponse[Any], reason: PostmanError | None) -> UnsettledError:
        words = f"{self._call}: the run was begun, and what came of it cannot be told"
        error = UnsettledError(f"{words}: {reason}; {_HINT}" if reason else f"{words}; {_HINT}")
        error.attempts, error.waited = answer.attempts, answer.waited
        error.__cause__ = reason
        return error

    @property
    def _call(self) -> str:
        return build_request(_RUN, self.arguments, {}).call

    def _learn(self, run: Any) -> None:
        info: Any = getattr(run, "info", None)
        if hasattr(info, "job_id") and not _running(info):
            self._memory.learn(self._uid, Known.of(info))


def _goes_on(answer: RawResponse[Any]) -> bool:
    """Whether the service answered before the end of the run, as it does after 300 s."""
    return answer.status == 202 or _running(getattr(answer.value, "info", None))


def _running(info: Any) -> bool:
    return str(getattr(info, "status", None)).lower() == "running"
