"""What some models can do: the hand-written bases of generated classes.

The spec names the base of a model (``x-python-base``), so that the class has its methods where
people look for them, and the generated files stay free of logic.  A base has no field of its own
and goes by the fields of the class that extends it, so what it changes is written as any other
change is.  Values of another type than promised are passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from postman_async.engine.data.convert import reader, to_dict
from postman_async.models.base import Model

if TYPE_CHECKING:
    from postman_async.models.collections import (
        CollectionItem,
        CollectionParameter,
        CollectionRequest,
    )
    from postman_async.models.environments import EnvironmentValue

__all__ = [
    "CollectionEntry",
    "CollectionMethods",
    "EnvironmentMethods",
    "ItemMethods",
    "UrlMethods",
]


class CollectionEntry(NamedTuple):
    """A request or folder of a collection, and where it is.

    Attributes:
        folders: the folders around it, the outermost first.
        item: the request or folder itself.

    """

    folders: tuple[CollectionItem, ...]
    item: CollectionItem

    @property
    def path(self) -> tuple[str, ...]:
        """The names of the folders around it, the outermost first."""
        return tuple(str(folder.name or "") for folder in self.folders)


class _ItemGroup(Model):
    """What holds folders and requests in its ``item``."""

    __slots__ = ()

    def walk(self, *, folders: bool = False) -> Iterator[CollectionEntry]:
        """Walk over all requests within, at any depth, in their order.

        The lists may be changed on the way: each is read when its folder is come to.

        Args:
            folders: whether the folders are wanted too, each before what it holds.

        Yields:
            Each request with the folders around it: ``for folders, item in collection.walk()``.

        """
        waiting = [CollectionEntry((), item) for item in reversed(_items(self))]
        while waiting:
            entry = waiting.pop()
            around, item = entry
            if folders or not item.is_folder:
                yield entry
            inner = reversed(_items(item))
            waiting += [CollectionEntry((*around, item), child) for child in inner]

    def find(self, name: str) -> CollectionItem | None:
        """Return the first request or folder of this name, at any depth, or None."""
        found = (item for _, item in self.walk(folders=True) if item.name == name)
        return next(found, None)


def _items(group: Any) -> list[CollectionItem]:
    return _models(group.item)


def _models(values: Any) -> list[Any]:
    """Pass over what is no list of objects."""
    return [v for v in values if isinstance(v, Model)] if isinstance(values, list) else []


class CollectionMethods(_ItemGroup):
    """What a collection can do."""

    __slots__ = ()

    def without_ids(self) -> Self:
        """Return a copy that can be created anew, here or elsewhere.

        It lacks the ids that the service gave to the collection, its folders, requests, examples,
        scripts and variables.  Everything else is there.
        """
        document = to_dict(self)
        _drop_ids(document)
        copy: Self = reader(type(self))(document)
        return copy


_PARTS = (
    *("info", "item", "response", "event", "script", "variable", "variables"),
    *("request", "originalRequest", "url"),
)
"""The keys below which things with ids are found."""


def _drop_ids(document: dict[str, Any]) -> None:
    waiting: list[tuple[str, Any]] = [("collection", document)]
    while waiting:
        kind, part = waiting.pop()
        if isinstance(part, list):
            waiting += [(kind, item) for item in part]
        elif isinstance(part, dict):
            waiting += [(key, part[key]) for key in _PARTS if key in part]
            for key in _ids_of(kind, part):
                part.pop(key, None)


def _ids_of(kind: str, part: dict[str, Any]) -> tuple[str, ...]:
    if kind in {"request", "originalRequest", "url"}:
        return ()
    if kind in {"variable", "variables"} and part.get("key") is None:
        return ()  # an old way to name a variable
    return "_postman_id", "id", "uid"


class ItemMethods(_ItemGroup):
    """What a request or a folder of a collection can do."""

    __slots__ = ()

    if TYPE_CHECKING:
        item: list[CollectionItem] | None
        request: str | CollectionRequest | None

    @property
    def is_folder(self) -> bool:
        """Whether it holds requests and folders; otherwise it is a request."""
        return isinstance(self.item, list)

    @property
    def method(self) -> str | None:
        """The HTTP method of the request, in whatever form that is; None where there is none."""
        if self.request is None or isinstance(self.request, str):
            return None if self.request is None else "GET"
        return self.request.method or "GET"

    @property
    def url(self) -> str | None:
        """The address of the request as text, in whatever form that is; None without one."""
        request = self.request
        url = request if isinstance(request, str) else getattr(request, "url", None)
        return None if url is None else str(url)


class UrlMethods(Model):
    """What an address in parts can do."""

    __slots__ = ()

    if TYPE_CHECKING:
        raw: str | None
        protocol: str | None
        host: str | list[str | None] | None
        path: str | list[str | dict[str, Any] | None] | None
        port: str | int | None
        query: list[CollectionParameter] | None
        hash: str | None

    def __str__(self) -> str:
        """Return the address as it was typed, or else joined from its parts."""
        return self.raw if isinstance(self.raw, str) else _address(self)


def _address(url: UrlMethods) -> str:
    start = f"{url.protocol}://" if url.protocol else ""
    port = f":{url.port}" if url.port else ""
    path = _joined(url.path, "/")
    slash = "/" if path and not path.startswith("/") else ""
    query = _query(url.query)
    fragment = f"#{url.hash}" if url.hash else ""
    return f"{start}{_joined(url.host, '.')}{port}{slash}{path}{query}{fragment}"


def _joined(parts: Any, separator: str) -> str:
    if not isinstance(parts, list):
        return str(parts or "")
    texts = (part.get("value") if isinstance(part, dict) else part for part in parts)
    return separator.join(str(text or "") for text in texts)


def _query(parameters: Any) -> str:
    """Join what is sent: a parameter without a value has no equals sign."""
    sent = [p for p in _models(parameters) if not p.disabled]
    pairs = (p.key or "" if p.value is None else f"{p.key or ''}={p.value}" for p in sent)
    return f"?{'&'.join(pairs)}" if sent else ""


class EnvironmentMethods(Model):
    """What an environment can do; to change it in the service as well, send it back.

    As in the scripts of a collection, only variables that are enabled count, and of several with
    one key it is the last.
    """

    __slots__ = ()

    if TYPE_CHECKING:
        values: list[EnvironmentValue]

    def has(self, key: str) -> bool:
        """Whether there is a variable of this name that counts."""
        return self._counting(key) is not None

    def get(self, key: str, default: str | None = None) -> str | None:
        """Return the value of a variable.

        Args:
            key: its name.
            default: what is returned where no variable of this name counts.

        """
        found = self._counting(key)
        return default if found is None else found.value

    def set(self, key: str, value: str | None, *, type: str | None = None) -> None:
        """Give a variable a value; where none of this name counts, one is enabled or added.

        Args:
            key: its name.
            value: its value; ``None`` is sent as ``null``.
            type: how it is shown, ``default`` or ``secret``; as it was when left out.

        Raises:
            TypeError: the ``values`` of this environment are no list.

        """
        found = self._counting(key) or self._last(key) or self._added(key)
        found.value = value
        if value is None:
            found.nulls.add("value")
        if type is not None:
            found.type = type
        if found.enabled is False:
            found.enabled = True

    def unset(self, key: str) -> None:
        """Take out all variables of this name."""
        for variable in self._named(key):
            self.values.remove(variable)

    def _named(self, key: str) -> list[EnvironmentValue]:
        return [variable for variable in _models(self.values) if variable.key == key]

    def _counting(self, key: str) -> EnvironmentValue | None:
        enabled = [variable for variable in self._named(key) if variable.enabled is not False]
        return enabled[-1] if enabled else None

    def _last(self, key: str) -> EnvironmentValue | None:
        named = self._named(key)
        return named[-1] if named else None

    def _added(self, key: str) -> EnvironmentValue:
        from postman_async.models.environments import EnvironmentValue

        if self.values is None:
            setattr(self, "values", [])  # noqa: B010 - its slot is the extending class's
        if not isinstance(self.values, list):
            raise TypeError("the values of this environment are no list")
        self.values.append(EnvironmentValue(key=key, enabled=True, type="default"))
        return self.values[-1]
