"""``monitors.run`` outside a batch: polls if the service answers before the end of the run."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from attrs import define

from postman_async.bulk import clock
from postman_async.bulk.observation import KnownRun
from postman_async.bulk.outcome import status_of_error
from postman_async.bulk.poller import Poller
from postman_async.bulk.run_history import history_of
from postman_async.bulk.trigger import MAX_START_DELAY, Trigger
from postman_async.engine.http.request import build_request
from postman_async.errors import CallTimeoutError, PostmanError, UnsettledError
from postman_async.operations import OPERATIONS
from postman_async.unset import UNSET

if TYPE_CHECKING:
    from postman_async.bulk.run_history import CallEnd, RunHistory
    from postman_async.engine.caller import RawCaller
    from postman_async.engine.http.response import RawResponse
    from postman_async.options import CallOptions

__all__ = ["run_and_wait"]

_RUN = OPERATIONS["monitors.run"]
_POLL_OPTIONS = ("timeout", "retries", "extra_headers")
_HINT = "monitors.get shows the monitor's last run"


async def run_and_wait(
    caller: RawCaller, arguments: Mapping[str, Any], options: CallOptions
) -> Any:
    """Call ``monitors.run``, and poll the monitor until the run has ended.

    Args:
        caller: sends the calls.
        arguments: those of the operation; with ``run_async`` the answer is returned as it is.
        options: the options of a call; ``timeout`` covers call and polls together.

    Returns:
        The run.  A run that was polled for has figures and no executions.

    Raises:
        CallTimeoutError: the run had not ended when the time of the call was up.
        UnsettledError: the run was started, and its result cannot be identified.
        PostmanError: as the call itself.

    """
    uid = str(arguments["monitor_uid"])
    return await WaitedRun(caller, arguments, options, uid, history_of(caller)).result()


@define(eq=False)
class WaitedRun:
    """One call and the run it started.  As an `AttemptObserver` it learns of each attempt."""

    caller: RawCaller
    arguments: Mapping[str, Any]
    options: CallOptions
    _uid: str
    _history: RunHistory
    _trigger: Trigger | None = None
    _called: float = 0.0
    _sent: float | None = None

    async def result(self) -> Any:
        """Make the call, and poll if the run is still running."""
        self._called = asyncio.get_running_loop().time()
        end: CallEnd = "resumable"
        try:
            answer = await self.caller.request(_RUN, self.arguments, self.options, self)
            run = answer.value
            if _is_running(answer) and not self._run_async:
                run = await self._polled(answer)
            end = "settled"
            self._add_to_history(run)
            return run
        except PostmanError as error:
            end = "settled" if status_of_error(error) == "error" else "unknown"
            raise
        finally:
            self._end_call(end)

    # -- attempts of the call (`AttemptObserver`) --------------------------------------------

    def sending(self) -> None:
        """Register the attempt: after that, the service may have it."""
        now, history, uid = clock.monotonic(), self._history, self._uid
        self._trigger = Trigger(
            sent_at=now,
            latest_start=now + MAX_START_DELAY,
            previous_run=history.last_run(uid),
            known_jobs=history.job_ids(uid),
        )
        history.begin_call(uid, self._trigger)
        if self._sent is None:
            self._sent = asyncio.get_running_loop().time()

    def refused(self) -> None:
        """Remove the attempt, which the service certainly did not take."""
        self._end_call("settled")

    @property
    def _run_async(self) -> bool:
        """Whether the caller wants the run to be started only."""
        asked = self.arguments.get("run_async", UNSET) not in (UNSET, False)
        return asked or "async" in self.options.get("extra_query", ())

    def _end_call(self, end: CallEnd) -> None:
        if self._trigger is not None:
            self._history.end_call(self._uid, self._trigger, end)
        self._trigger = None

    # -- a run that is still running ----------------------------------------------------------

    async def _polled(self, answer: RawResponse[Any]) -> Any:
        trigger = self._trigger
        assert trigger is not None
        trigger.update(getattr(answer.value, "info", None), clock.monotonic())
        trigger.confirmed = True  # whatever else the answer says, the service took the call
        options = cast("CallOptions", {k: v for k, v in self.options.items() if k in _POLL_OPTIONS})
        poller = Poller(self.caller, self._history, self._uid, options)
        limit = asyncio.timeout_at(self._deadline())
        try:
            async with limit:
                result = await poller.poll(trigger)
        except TimeoutError:
            if not limit.expired():
                raise
            raise self._timed_out(answer) from None
        if result is None or result.run is None:
            raise self._unsettled(answer, None if result is None else result.error)
        return result.run

    def _deadline(self) -> float | None:
        """Return when the time of the whole call is up, on the loop's clock."""
        timeout = self.caller.timeout_of(self.options)
        ends = [] if timeout.total is None else [self._called + timeout.total]
        if timeout.run is not None and self._sent is not None:
            ends.append(self._sent + timeout.run)
        return min(ends, default=None)

    def _timed_out(self, answer: RawResponse[Any]) -> CallTimeoutError:
        since = asyncio.get_running_loop().time() - (self._sent or self._called)
        words = f"the run was begun, and had not ended at the deadline after {since:.0f} s: {_HINT}"
        error = CallTimeoutError(self._call, words)
        error.attempts, error.waited = answer.attempts, answer.waited
        return error

    def _unsettled(self, answer: RawResponse[Any], reason: PostmanError | None) -> UnsettledError:
        words = f"{self._call}: the run was begun, and its result cannot be identified"
        error = UnsettledError(f"{words}: {reason}; {_HINT}" if reason else f"{words}; {_HINT}")
        error.attempts, error.waited = answer.attempts, answer.waited
        error.__cause__ = reason
        return error

    @property
    def _call(self) -> str:
        return build_request(_RUN, self.arguments, {}).call

    def _add_to_history(self, run: Any) -> None:
        info: Any = getattr(run, "info", None)
        if hasattr(info, "job_id") and not _says_running(info):
            self._history.add_run(self._uid, KnownRun.of(info))


def _is_running(answer: RawResponse[Any]) -> bool:
    """Return whether the service answered before the end of the run, as it does after 300 s."""
    return answer.status == 202 or _says_running(getattr(answer.value, "info", None))


def _says_running(info: Any) -> bool:
    return str(getattr(info, "status", None)).lower() == "running"
