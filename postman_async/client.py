"""`AsyncPostman`: the client for asyncio."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, Unpack, cast

from attrs import fields

from postman_async.api.namespaces import AsyncNamespaces
from postman_async.engine.caller import AsyncCaller, RawCaller
from postman_async.engine.http.failures import no_files
from postman_async.engine.http.mask import KeyMask
from postman_async.engine.http.session import SessionHolder, SessionOptions
from postman_async.engine.http.target import (
    Secret,
    is_service,
    read_base_url,
    read_key,
    read_scim_key,
)
from postman_async.engine.http.transport import Transport
from postman_async.engine.limits.limiter import Limiter
from postman_async.engine.limits.state import MonthlyQuota, RateLimits
from postman_async.engine.task_calls import resumed_task
from postman_async.errors import ConfigurationError, InvalidArgumentError
from postman_async.operations import OPERATIONS, PUBLISHED_LIMITS
from postman_async.options import CallOptions, ClientOptions, RateLimitRule, Retries, Timeout
from postman_async.tasks import Task

if TYPE_CHECKING:
    from postman_async.bulk.batch import MonitorBatch
    from postman_async.bulk.options import BatchOptions
    from postman_async.bulk.outcome import BatchReport, MonitorOutcome
    from postman_async.bulk.select import Uids
    from postman_async.engine.operation import Credential, Operation

__all__ = ["AsyncPostman"]


class AsyncPostman(AsyncNamespaces):
    """The Postman API for asyncio.

    A client belongs to the process and event loop of its first call.  Use it as an async context
    manager, or `close` it.  Any number of tasks may use it at once.

    Args:
        api_key: the key, ``PMAK-…``; default: the environment variable ``POSTMAN_API_KEY``.
        options: see `ClientOptions`.

    Raises:
        ConfigurationError: the key is missing, or an option is wrong.

    """

    def __init__(self, api_key: str | None = None, **options: Unpack[ClientOptions]) -> None:
        api_key = Secret.of(api_key)  # hidden before anything can fail
        try:
            self._set_up(api_key, options)
        except ConfigurationError as error:
            # No frame keeps a base URL or proxy that contains a key by mistake.
            failure = error.with_traceback(None)
        else:
            return
        del options
        raise failure

    def _set_up(self, api_key: str | None, options: ClientOptions) -> None:
        _check_names(options)
        key = read_key(api_key)
        self.base_url: str = read_base_url(options.get("base_url"), options.get("region"))
        self._sessions = SessionHolder(_session_options(options, self.base_url))
        quota, limiter = MonthlyQuota(), _limiter(options.get("rate_limits", "auto"), self.base_url)
        headers = {"X-Api-Key": key, **_HEADERS}
        scim_key = read_scim_key(options.get("scim_api_key"))
        mask = KeyMask.of(key) if scim_key is None else KeyMask.of(key, scim_key)
        most, others = _max_answer(options.get("max_answer", _MAX_ANSWER)), _other_headers(scim_key)
        transport = Transport(
            self.base_url, self._sessions, headers, limiter, quota, mask, most, others
        )
        self._rate_limits = RateLimits(limiter, quota)
        timeout, retries = _times(options)
        self._raw = RawCaller(transport, timeout, retries, options.get("strict", False))
        self._caller = AsyncCaller(self._raw, {"monitors.run": _run_and_wait})

    @property
    def rate_limits(self) -> RateLimits:
        """The present rate limits, the quota of the month, and how many calls wait."""
        return self._rate_limits

    def __repr__(self) -> str:
        return f"AsyncPostman(base_url={getattr(self, 'base_url', None)!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections; your own session or connector stays open."""
        await self._sessions.close()

    async def call(self, operation: str, /, **arguments: Any) -> Any:
        """Call an operation by its id, as in ``call("monitors.run", monitor_uid=uid)``.

        Args:
            operation: an id in `postman_async.OPERATIONS`.
            arguments: the operation's arguments, and the options of `CallOptions`.

        Returns:
            What the method of that name returns.

        Raises:
            InvalidArgumentError: the operation or an argument does not exist.
            PostmanError: as that method does.

        """
        known = _find(operation)
        names = CallOptions.__annotations__
        options = {name: arguments.pop(name) for name in names if name in arguments}
        return await self._caller.request(known, arguments, cast("CallOptions", options))

    def _resume_task(self, operation: str, arguments: Mapping[str, str]) -> Task[Any]:
        return resumed_task(self._raw, _find(operation), arguments)

    def monitor_batch(
        self, uids: Uids | None = None, **options: Unpack[BatchOptions]
    ) -> MonitorBatch:
        """Make a batch of runs, to iterate over and to control in an ``async with`` block.

        Args:
            uids: the monitors: any iterable or async iterable, or a mapping of uids to names.  A
                uid that occurs twice is run twice.  A list or other collection is checked before
                anything is sent; an invalid uid of any other iterable becomes an outcome.  Leave
                the uids out with ``select``, or with ``resume=True``, which reads the journal.
            options: see `BatchOptions`, which include those of each ``monitors.run`` call.

        Returns:
            The batch.

        Raises:
            InvalidArgumentError: an option or a uid is not valid.

        Source: ``POST /monitors/{uid}/run``, and ``GET /monitors/{uid}`` if the call brings no
        result.

        """
        from postman_async.bulk.batch import MonitorBatch

        return MonitorBatch(self._raw, uids, options)

    async def run_monitors(
        self, uids: Uids | None = None, **options: Unpack[BatchOptions]
    ) -> BatchReport:
        """Run many monitors in parallel and wait for all of them.

        Args:
            uids: the monitors, see `monitor_batch`.
            options: see `BatchOptions`.

        Returns:
            A report with one outcome for each uid, in the order of the uids.  A monitor that fails
            or cannot be run is an outcome, never an exception.

        Raises:
            InvalidArgumentError: as for `monitor_batch`.
            EmptySelectionError: no monitor was found to run.
            JournalError: the journal cannot be used, or has an unfinished batch of others.
            PostmanError: the monitors could not be selected.

        """
        async with self.monitor_batch(uids, **options) as batch:
            return await batch.report()

    def stream_monitor_runs(
        self, uids: Uids | None = None, **options: Unpack[BatchOptions]
    ) -> AsyncGenerator[MonitorOutcome]:
        """Run many monitors in parallel and get each outcome as it becomes known.

        Parameters and errors are those of `run_monitors`.  Leaving the loop early cancels the
        calls in flight once the iterator is closed (``contextlib.aclosing`` does it at once);
        the service still finishes those runs.

        Yields:
            The outcomes, in the order in which the runs end.

        """
        return _stream(self.monitor_batch(uids, **options))


async def _run_and_wait(
    caller: RawCaller, arguments: Mapping[str, Any], options: CallOptions
) -> Any:
    """Wait for the end of a run, even if the service answers before it."""
    if caller.transport.sessions.process != os.getpid():
        caller.check_place()  # before anything asks for the loop, which a forked child has not
    try:
        from postman_async.bulk.run_and_wait import run_and_wait
    except OSError as error:  # many runs under way may leave no file for it
        raise no_files("POST /monitors/{uid}/run", error) from None

    return await run_and_wait(caller, arguments, options)


async def _stream(batch: MonitorBatch) -> AsyncGenerator[MonitorOutcome]:
    async with batch:
        async for outcome in batch:
            yield outcome


_HEADERS = {"Accept": "application/json", "User-Agent": "postman-async"}
_MAX_ANSWER = 256 * 2**20


def _other_headers(scim_key: Secret | None) -> dict[Credential, Mapping[str, str]]:
    """Make the headers of calls that are authenticated otherwise than with the API key."""
    headers: dict[Credential, Mapping[str, str]] = {"none": _HEADERS, "basic": _HEADERS}
    if scim_key is not None:
        headers["scim"] = {"Authorization": Secret(f"Bearer {scim_key}"), **_HEADERS}
    return headers


_SESSION_OPTIONS = frozenset(field.name for field in fields(SessionOptions))


def _check_names(options: Mapping[str, Any]) -> None:
    unknown = options.keys() - ClientOptions.__annotations__.keys()
    if unknown:
        known = ", ".join(["api_key", *ClientOptions.__annotations__])
        raise ConfigurationError(f"unknown option {min(unknown)!r}; the options are: {known}")


def _session_options(options: ClientOptions, base_url: str) -> SessionOptions:
    given: dict[str, Any] = {k: v for k, v in options.items() if k in _SESSION_OPTIONS}
    if given.get("session") is not None:
        clash = sorted(given.keys() & {"connector", "trust_env", "trace_configs"})
        if clash:
            raise ConfigurationError(
                f"{clash[0]} cannot be combined with session: set it on your session"
            )
    made = SessionOptions(**given)
    return made if base_url.startswith("https:") else made.without_proxy()


def _times(options: ClientOptions) -> tuple[Timeout, Retries]:
    try:
        timeout, retries = Timeout(), Retries()
        if "timeout" in options:
            timeout = timeout.altered(options["timeout"])
        if "retries" in options:
            retries = retries.altered(options["retries"])
    except (TypeError, ValueError) as error:
        raise ConfigurationError(str(error.args[0])) from None
    return timeout, retries


def _max_answer(given: object) -> int:
    if given is None:
        return sys.maxsize
    if not isinstance(given, int) or isinstance(given, bool) or given < 1:
        raise ConfigurationError(f"max_answer must be a number of bytes, or None, not {given!r}")
    return given


def _limiter(given: object, base_url: str) -> Limiter | None:
    if given is None:
        return None
    if given == "postman" or (given == "auto" and is_service(base_url)):
        return Limiter(PUBLISHED_LIMITS, PUBLISHED_LIMITS)
    if given == "auto":
        return Limiter((), PUBLISHED_LIMITS)
    return Limiter(_own_rules(given), PUBLISHED_LIMITS, learns=False)


def _own_rules(given: object) -> list[RateLimitRule]:
    rules = [given] if isinstance(given, RateLimitRule) else given
    if (
        not isinstance(rules, Sequence)
        or isinstance(rules, str)
        or not all(isinstance(rule, RateLimitRule) for rule in rules)
    ):
        raise ConfigurationError(
            "rate_limits must be 'auto', 'postman', None or RateLimitRule objects, not"
            f" {type(given).__name__}"
        )
    buckets = (rule.bucket for rule in PUBLISHED_LIMITS)
    known = {*OPERATIONS, *(bucket for bucket in buckets if bucket is not None)}
    for rule in rules:
        if rule.bucket is not None and rule.bucket not in known:
            near = difflib.get_close_matches(rule.bucket, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ConfigurationError(f"rate_limits: unknown bucket {rule.bucket!r}{hint}")
    return list(rules)


def _find(name: str) -> Operation:
    operation = OPERATIONS.get(name)
    if operation is None:
        near = difflib.get_close_matches(name, OPERATIONS, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else "; postman_async.OPERATIONS lists them"
        raise InvalidArgumentError(f"unknown operation {name!r}{hint}")
    return operation
