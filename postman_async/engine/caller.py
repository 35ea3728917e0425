"""What the endpoint coroutines call: one call from its arguments to its value."""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import define, field

from postman_async.engine.data import codec
from postman_async.engine.data.convert import load_model, reader
from postman_async.engine.data.plan import plan_of
from postman_async.engine.data.strict import answer_faults
from postman_async.engine.http.echo import EchoCheck
from postman_async.engine.http.failures import no_files
from postman_async.engine.http.policy import AttemptObserver, CallPolicy
from postman_async.engine.http.request import build_request
from postman_async.engine.http.response import (
    parse_json,
    parse_partly,
    parse_text,
    says_json,
    value_of,
)
from postman_async.engine.http.transport import Transport
from postman_async.engine.http.uploads import read_files
from postman_async.engine.task_calls import started_task, starts_task
from postman_async.errors import (
    InvalidArgumentError,
    ResponseValidationError,
)
from postman_async.options import CallOptions, Retries, Timeout

if TYPE_CHECKING:
    from postman_async.engine.http.mask import KeyMask
    from postman_async.engine.http.response import RawResponse
    from postman_async.engine.operation import Operation, Result

__all__ = ["AsyncCaller", "RawCaller"]


@define(eq=False)
class RawCaller:
    """Calls operations; its answers are `RawResponse` objects."""

    transport: Transport
    timeout: Timeout
    retries: Retries
    strict: bool
    _policies: dict[Operation, CallPolicy] = field(factory=dict, init=False)
    """Those of calls without options, each made once."""
    _readable: set[Operation] = field(factory=set, init=False)
    """Those for whose answers everything is imported."""

    @property
    def raw(self) -> RawCaller:
        """Itself."""
        return self

    async def request(
        self,
        operation: Operation,
        arguments: Mapping[str, Any],
        options: CallOptions,
        observer: AttemptObserver | None = None,
    ) -> RawResponse[Any]:
        """Send one call and return its answer with its value.

        Raises:
            InvalidArgumentError: an argument or option cannot be sent; nothing was.
            ApiError: the service said no.
            TransportError: no usable answer came.
            ResponseValidationError: the answer drifts, and the client is strict.

        """
        policy = self._policy_for(operation, options, observer)
        if operation.file_body is not None:
            arguments = await read_files(operation, arguments)
        request = build_request(operation, arguments, options)
        mask = self.transport.mask
        if operation.task is not None and starts_task(operation, arguments):
            start = functools.partial(started_task, self, operation, arguments, mask)
            return await self.transport.send(request, policy, start)
        asked = None if operation.echo is None else EchoCheck(operation.echo, arguments, mask)
        read = functools.partial(
            self._value, operation.result, request.call, mask=mask, asked=asked
        )
        return await self.transport.send(request, policy, read)

    def timeout_of(self, options: CallOptions) -> Timeout:
        """Return what holds for a call with these options."""
        return self.timeout.altered(options["timeout"]) if "timeout" in options else self.timeout

    def check_place(self) -> None:
        """See that calls can be made here.

        Raises:
            ConfigurationError: the client is closed, or belongs to another process or event loop.

        """
        self.transport.sessions.claim()
        self.transport.sessions.get()

    def retries_of(self, options: CallOptions) -> Retries:
        """Return what holds for a call with these options."""
        return self.retries.altered(options["retries"]) if "retries" in options else self.retries

    def _policy_for(
        self, operation: Operation, options: CallOptions, observer: AttemptObserver | None
    ) -> CallPolicy:
        if options or observer is not None:
            return self._policy(operation, options, observer)
        policy = self._policies.get(operation)
        if policy is None:
            policy = self._policies[operation] = self._policy(operation, options, None)
        return policy

    def _policy(
        self, operation: Operation, options: CallOptions, observer: AttemptObserver | None
    ) -> CallPolicy:
        unknown = options.keys() - CallOptions.__annotations__.keys()
        if unknown:
            raise InvalidArgumentError(
                f"{operation.id} has no argument or option {min(unknown)!r}; the options are:"
                f" {', '.join(CallOptions.__annotations__)}"
            )
        try:
            timeout = self.timeout_of(options)
            retries = self.retries_of(options)
        except (TypeError, ValueError) as error:
            raise InvalidArgumentError(f"{operation.id}: {error.args[0]}") from None
        if operation not in self._readable:
            self._get_ready(operation)
        return CallPolicy.of(operation, timeout, retries, observer)

    def _get_ready(self, operation: Operation) -> None:
        """Import what reads the answers, before anything is sent.

        Many runs under way may leave no file for it.

        Raises:
            ConnectError: there is none now.

        """
        try:
            codec.get_ready()
            if operation.result.model is not None:
                reader(load_model(operation.result.model))
        except OSError as error:
            raise no_files(f"{operation.method} {operation.path}", error) from None
        self._readable.add(operation)

    def _value(
        self,
        result: Result,
        call: str,
        response: RawResponse[Any],
        mask: KeyMask | None = None,
        asked: EchoCheck | None = None,
    ) -> Any:
        if result.nothing or (not response.content and _may_be_empty(result, response.status)):
            return None
        if result.text == "only" or (result.text == "also" and not says_json(response)):
            return parse_text(response)
        if len(response.content) > codec.LARGE and result.single and not self.strict:
            plan = plan_of(load_model(str(result.model)))
            document = parse_partly(call, response, str(result.key), plan.lazy_keys, mask)
            if document is not None:
                if asked is not None:
                    asked.check(document, call, response)
                return plan.read(document)
        body = parse_json(call, response, mask)
        if asked is not None and isinstance(body, dict):
            asked.check(body.get(result.key), call, response)
        if self.strict:
            faults = list(answer_faults(result, body))
            if faults:
                content = response.content
                if mask is not None:
                    faults, content = [*map(mask.text, faults)], mask.answer(response).content
                raise ResponseValidationError(call, faults, content)
        return value_of(result, body, _structure(result.model))


def _may_be_empty(result: Result, status: int) -> bool:
    return status in result.empty or (result.model is None and result.key is None)


Ending: TypeAlias = (
    "Callable[[RawCaller, Mapping[str, Any], CallOptions], Coroutine[Any, Any, Any]]"
)
"""Makes a call that may be answered before its work is done, and waits for the end of the work."""


@define
class AsyncCaller:
    """Calls operations; its answers are their values.

    Attributes:
        raw: calls them, too; its answers are what the service said.
        endings: how the operations of these names are called instead.

    """

    raw: RawCaller
    endings: Mapping[str, Ending] = field(factory=dict)

    async def request(
        self, operation: Operation, arguments: Mapping[str, Any], options: CallOptions
    ) -> Any:
        """Send one call and return its value; see `RawCaller.request`."""
        ending = self.endings.get(operation.id)
        if ending is not None:
            return await ending(self.raw, arguments, options)
        return (await self.raw.request(operation, arguments, options)).value


def _structure(model: str | None) -> Any:
    return _as_it_is if model is None else reader(load_model(model))


def _as_it_is(value: Any) -> Any:
    return value
