"""The bases of generated models of collections: walking, finding, copying, reading an address."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from postman_async.engine.data.convert import reader, to_dict
from postman_async.extensions.model import Model, models_in

if TYPE_CHECKING:
    from postman_async.models.collections import (
        CollectionItem,
        CollectionParameter,
        CollectionRequest,
    )

__all__ = [
    "CollectionEntry",
    "CollectionMethods",
    "ItemMethods",
    "UrlMethods",
]


class CollectionEntry(NamedTuple):
    """A request or folder of a collection, and its location.

    Attributes:
        folders: the folders around the item, the outermost first.
        item: the request or folder itself.

    """

    folders: tuple[CollectionItem, ...]
    item: CollectionItem

    @property
    def path(self) -> tuple[str, ...]:
        """The names of the folders around the item, the outermost first."""
        return tuple(str(folder.name or "") for folder in self.folders)


class _ItemGroup(Model):
    """The base of models that hold folders and requests in their ``item``."""

    __slots__ = ()

    def walk(self, *, folders: bool = False) -> Iterator[CollectionEntry]:
        """Walk over all requests, at any depth, in document order.

        The lists may be changed during the walk: each is read when the walk reaches its folder.

        Args:
            folders: whether to yield the folders too, each before its content.

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
        """Return the first request or folder with this name, at any depth, or None."""
        found = (item for _, item in self.walk(folders=True) if item.name == name)
        return next(found, None)


def _items(group: Any) -> list[CollectionItem]:
    return models_in(group.item)


class CollectionMethods(_ItemGroup):
    """The methods of a collection."""

    __slots__ = ()

    def without_ids(self) -> Self:
        """Return a copy without the ids that the service assigned, to create it again.

        The ids of the collection, its folders, requests, examples, scripts and variables are
        removed.  Everything else is kept.
        """
        document = to_dict(self)
        _drop_ids(document)
        copy: Self = reader(type(self))(document)
        return copy


_PARTS = (
    *("info", "item", "response", "event", "script", "variable", "variables"),
    *("request", "originalRequest", "url"),
)
"""The keys whose values can have ids."""


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
        return ()  # collections of format v1 name a variable by its id
    return "_postman_id", "id", "uid"


class ItemMethods(_ItemGroup):
    """The methods of a request or folder of a collection."""

    __slots__ = ()

    if TYPE_CHECKING:
        item: list[CollectionItem] | None
        request: str | CollectionRequest | None

    @property
    def is_folder(self) -> bool:
        """Whether this is a folder; otherwise it is a request."""
        return isinstance(self.item, list)

    @property
    def method(self) -> str | None:
        """The HTTP method of the request, whether text or an object; None without a request."""
        if self.request is None or isinstance(self.request, str):
            return None if self.request is None else "GET"
        return self.request.method or "GET"

    @property
    def url(self) -> str | None:
        """The URL of the request as text, whether text or an object; None without one."""
        request = self.request
        url = request if isinstance(request, str) else getattr(request, "url", None)
        return None if url is None else str(url)


class UrlMethods(Model):
    """The methods of a URL in parts."""

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
        """Return the URL as it was typed, or else joined from its parts."""
        return self.raw if isinstance(self.raw, str) else _joined_url(self)


def _joined_url(url: UrlMethods) -> str:
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
    """Join the enabled parameters; one without a value has no equals sign."""
    sent = [p for p in models_in(parameters) if not p.disabled]
    pairs = (p.key or "" if p.value is None else f"{p.key or ''}={p.value}" for p in sent)
    return f"?{'&'.join(pairs)}" if sent else ""
