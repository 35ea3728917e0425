"""What the endpoint coroutines call: one call from its arguments to its value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from attrs import define, field

from postman_async.engine.data import codec
from postman_async.engine.data.convert import load_model, reader
from postman_async.engine.data.plan import plan_of
from postman_async.engine.data.strict import answer_faults
from postman_async.engine.http.request import build_request
from postman_async.engine.http.response import (
    parse_json,
    parse_partly,
    parse_text,
    says_json,
    value_of,
)
from postman_async.engine.http.transport import Plan, Transport, Watcher
from postman_async.engine.http.uploads import read_files
from postman_async.engine.task_calls import started_task, starts_task
from postman_async.errors import InvalidArgumentError, ResponseValidationError
from postman_async.options import CallOptions, Retries, Timeout

if TYPE_CHECKING:
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
    _plans: dict[Operation, Plan] = field(factory=dict, init=False)
    """Those of calls without options, each made once."""

    @property
    def raw(self) -> RawCaller:
        """Itself."""
        return self

    async def request(
        self,
        operation: Operation,
        arguments: Mapping[str, Any],
        options: CallOptions,
        watcher: Watcher | None = None,
    ) -> RawResponse[Any]:
        """Send one call and return its answer with its value; a watcher is told of its attempts.

        Raises:
            InvalidArgumentError: an argument or option cannot be sent; nothing was.
            ApiError: the service said no.
            TransportError: no usable answer came.
            ResponseValidationError: the answer drifts, and the client is strict.

        """
        plan = self._planned(operation, options, watcher)
        if operation.file_body is not None:
            arguments = await read_files(operation, arguments)
        request = build_request(operation, arguments, options)
        response: RawResponse[Any] = await self.transport.send(request, plan)
        if operation.task is not None and starts_task(operation, arguments):
            response.value = started_task(self, operation, arguments, response)
        else:
            response.value = self._value(operation.result, request.call, response)
        return response

    def retries_of(self, options: CallOptions) -> Retries:
        """Return what holds for a call with these options."""
        return self.retries.altered(options["retries"]) if "retries" in options else self.retries

    def _planned(self, operation: Operation, options: CallOptions, watcher: Watcher | None) -> Plan:
        if options or watcher is not None:
            return self._plan(operation, options, watcher)
        plan = self._plans.get(operation)
        if plan is None:
            plan = self._plans[operation] = self._plan(operation, options, None)
        return plan

    def _plan(self, operation: Operation, options: CallOptions, watcher: Watcher | None) -> Plan:
        unknown = options.keys() - CallOptions.__annotations__.keys()
        if unknown:
            raise InvalidArgumentError(
                f"{operation.id} has no argument or option {min(unknown)!r}; the options are:"
                f" {', '.join(CallOptions.__annotations__)}"
            )
        timeout = self.timeout
        try:
            if "timeout" in options:
                timeout = timeout.altered(options["timeout"])
            retries = self.retries_of(options)
        except (TypeError, ValueError) as error:
            raise InvalidArgumentError(f"{operation.id}: {error.args[0]}") from None
        return Plan.of(operation, timeout, retries, watcher)

    def _value(self, result: Result, call: str, response: RawResponse[Any]) -> Any:
        if result.nothing or (not response.content and _may_be_empty(result, response.status)):
            return None
        if result.text == "only" or (result.text == "also" and not says_json(response)):
            return parse_text(response)
        if len(response.content) > codec.LARGE and result.single and not self.strict:
            plan = plan_of(load_model(str(result.model)))
            document = parse_partly(call, response, str(result.key), plan.unread)
            if document is not None:
                return plan.read(document)
        body = parse_json(call, response)
        if self.strict:
            faults = list(answer_faults(result, body))
            if faults:
                raise ResponseValidationError(call, faults, response.content)
        return value_of(result, body, _structure(result.model))


def _may_be_empty(result: Result, status: int) -> bool:
    return status in result.empty or (result.model is None and result.key is None)


@define
class AsyncCaller:
    """Calls operations; its answers are their values."""

    raw: RawCaller

    async def request(
        self, operation: Operation, arguments: Mapping[str, Any], options: CallOptions
    ) -> Any:
        """Send one call and return its value; see `RawCaller.request`."""
        return (await self.raw.request(operation, arguments, options)).value


def _structure(model: str | None) -> Any:
    return _as_it_is if model is None else reader(load_model(model))


def _as_it_is(value: Any) -> Any:
    return value
