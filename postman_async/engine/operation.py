"""The description of one endpoint, as the generated code holds it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

from attrs import Factory, define, field, frozen

if TYPE_CHECKING:
    from postman_async.options import CallOptions

__all__ = [
    "Caller",
    "Credential",
    "Echo",
    "FileBody",
    "Operation",
    "OperationRegistry",
    "Parameter",
    "Result",
    "SyncCaller",
    "TaskRule",
]

Location: TypeAlias = Literal["path", "query", "header", "field", "document", "user", "password"]
"""Where an argument goes.

A ``field`` is a key of the body, a ``document`` is the whole body; ``user`` and ``password`` are
the two halves of Basic authentication.
"""

Paging: TypeAlias = Literal["cursor", "offset", "scim"]

Credential: TypeAlias = Literal["key", "none", "basic", "scim"]
"""What a call is authenticated with: the API key, nothing, Basic arguments, or the SCIM key."""


@frozen
class Parameter:
    """One argument of an operation.

    Args:
        name: the Python name.
        wire: the name on the wire.
        location: where the argument goes.
        required: whether it must be given.
        kind_of: the field whose kind (``json``, ``string``, ``file``) this one names by default.
        joined: a sequence is sent as one value, separated by commas.
        integer: the path parameter is a number.
        flag: what is sent for True; False sends nothing.
        replaces_key: when the argument is given, the API key is not sent.

    """

    name: str
    wire: str
    location: Location
    required: bool = False
    kind_of: str | None = None
    joined: bool = False
    integer: bool = False
    flag: str | None = None
    replaces_key: bool = False


@frozen
class FileBody:
    """The body of a call when one of its fields is a file.

    Args:
        content_type: ``multipart/form-data``, or the type of the file where it is all of the body.
        fields: the wire names of the fields that can be given then.

    """

    content_type: str
    fields: tuple[str, ...]


@frozen
class Echo:
    """Where an answer repeats the id that was asked for.

    Args:
        argument: the argument that is the id.
        keys: the keys that lead to it, from below the key that the answer is wrapped in.

    """

    argument: str
    keys: tuple[str, ...]


def _is_single(result: Result) -> bool:
    if result.model is None or len(result.keys) != 1 or result.keys[0] == "*":
        return False
    return not (result.many or result.maps)


def _keys(result: Result) -> tuple[str, ...]:
    return () if result.key is None else tuple(result.key.split("."))


@frozen
class Result:
    """What a 2xx answer holds.

    Args:
        model: where the class is found, as ``module:Class`` below the models package, or
            ``None`` for plain JSON.
        key: where in the body the value is, as ``key`` or ``key.key`` (``*`` is the only key of
            an object), or ``None`` for the whole body.
        many: the value is an array of that model.
        paging: the array is one page of many, and how the next one is asked for.
        maps: how many maps, one in the other, hold the models: 2 for ``{type: {id: model}}``.
        meta: the key of what the service says about the page.
        optional_key: the service also answers with the value alone, without the key.
        text: ``only``: the body is text; ``also``: it is text unless its type says that it is JSON.
        nothing: the answer has no value, whatever its body is.
        empty: the statuses whose answers have no body, and the value None.
        keys: the parts of ``key``.
        single: the value is one model under one key.

    """

    model: str | None
    key: str | None = None
    many: bool = False
    paging: Paging | None = None
    maps: int = 0
    meta: str = "meta"
    optional_key: bool = False
    text: Literal["only", "also"] | None = None
    nothing: bool = False
    empty: tuple[int, ...] = ()
    keys: tuple[str, ...] = field(init=False, repr=False, default=Factory(_keys, takes_self=True))
    single: bool = field(init=False, repr=False, default=Factory(_is_single, takes_self=True))


@frozen(kw_only=True)
class TaskRule:
    """How the work that an operation starts is followed.

    Args:
        look: the id of the operation that reads the state of the task.
        id: where in the answer the id of the task is; it is the last path parameter of ``look``.
            The other path parameters are the arguments of the same names.
        address: where in the answer the path of ``look`` is, or ``location`` for the header; all
            path parameters of ``look`` are read from it.
        status: where in the value of ``look`` the word for the state is.
        reason: where in that value the reason of a failure is.
        result: where in that value the result is, and what it is; ``None`` for no result.
        expires: the service forgets finished tasks, and then answers 404.
        when: the argument that must be True for the operation to start a task.

    """

    look: str
    id: str | None = None
    address: str | None = None
    status: str = "status"
    reason: str | None = None
    result: Result | None = None
    expires: bool = False
    when: str | None = None


_BODY = frozenset({"field", "document"})


def _names(operation: Operation) -> frozenset[str]:
    return frozenset(parameter.name for parameter in operation.parameters)


def _takes_body(operation: Operation) -> bool:
    return any(parameter.location in _BODY for parameter in operation.parameters)


def _is_plain(operation: Operation) -> bool:
    return operation.credential == "key" and not (operation.headers or operation.query)


@frozen(kw_only=True, eq=False)
class Operation:
    """One endpoint of the service.

    Args:
        id: its public name, ``namespace.method``.
        method: the HTTP method.
        path: its path, with ``{python_name}`` where a path parameter goes.
        parameters: its arguments, in the order of the method's signature.
        headers: the headers that every call sends.
        query: the query parameters that every call sends.
        wrapper: the key that the body's fields or document are wrapped in.
        content_type: the type of a body that is no file.
        file_body: the body when one of the fields is a file, where that can be.
        result: what a 2xx answer holds.
        bucket: the name of the limit it counts against besides the user's own.
        redirects: the statuses from 300 to 399 that are answers like 2xx ones; they are not
            followed.
        long_poll: the service answers only when its work is done, so silence is no failure.
        echo: where a 2xx answer repeats an id of the path, if it does.
        safe: a POST that only reads, so it may be sent twice.
        credential: what the call is authenticated with.
        task: how the work that it starts is followed.
        names: the names of its arguments.
        takes_body: whether any of them goes into a body.
        plain: it has the key and no constant headers or query parameters.

    """

    id: str
    method: str
    path: str
    parameters: tuple[Parameter, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    query: tuple[tuple[str, str], ...] = ()
    wrapper: str | None = None
    content_type: str = "application/json"
    file_body: FileBody | None = None
    result: Result = field(default=Result(None))
    bucket: str | None = None
    redirects: tuple[int, ...] = ()
    long_poll: bool = False
    echo: Echo | None = None
    safe: bool = False
    credential: Credential = "key"
    task: TaskRule | None = None
    names: frozenset[str] = field(init=False, repr=False, default=Factory(_names, takes_self=True))
    takes_body: bool = field(init=False, repr=False, default=Factory(_takes_body, takes_self=True))
    plain: bool = field(init=False, repr=False, default=Factory(_is_plain, takes_self=True))

    @property
    def idempotent(self) -> bool:
        """Whether sending it twice does what sending it once does (GET, PUT, DELETE, safe POST)."""
        return self.safe or self.method in {"GET", "PUT", "DELETE"}


@define(eq=False)
class OperationRegistry(Mapping[str, Operation]):
    """Operations by id; the module of a group is imported when one of its operations is needed.

    The operation ``collections.comments.list`` is in the module ``collections_comments``.

    Args:
        package: the package that holds the modules.
        ids: the ids of all operations, in order.

    """

    package: str
    ids: tuple[str, ...]
    _known: frozenset[str] = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._known = frozenset(self.ids)

    def __getitem__(self, id: str) -> Operation:
        if id not in self._known:
            raise KeyError(id)
        group = id.rpartition(".")[0].replace(".", "_")
        operation: Operation = import_module(f"{self.package}.{group}").OPERATIONS[id]
        return operation

    def __contains__(self, id: object) -> bool:
        return id in self._known

    def __iter__(self) -> Iterator[str]:
        return iter(self.ids)

    def __len__(self) -> int:
        return len(self.ids)


class Caller(Protocol):
    """What an async namespace needs of its client."""

    async def request(
        self, operation: Operation, arguments: Mapping[str, Any], options: CallOptions
    ) -> Any:
        """Send one call and return its parsed answer."""
        ...

    @property
    def raw(self) -> Caller:
        """The same client, whose answers are `RawResponse` objects."""
        ...


class SyncCaller(Protocol):
    """What a sync namespace needs of its client."""

    def request(
        self, operation: Operation, arguments: Mapping[str, Any], options: CallOptions
    ) -> Any:
        """Send one call and return its parsed answer."""
        ...

    @property
    def raw(self) -> SyncCaller:
        """The same client, whose answers are `RawResponse` objects."""
        ...
