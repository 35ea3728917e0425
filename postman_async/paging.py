"""Pages of a list, and the walk over all of them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, overload

from postman_async.errors import TransportError

if TYPE_CHECKING:
    from postman_async.engine.operation import Caller, Operation, SyncCaller
    from postman_async.options import CallOptions

__all__ = ["Page", "iterate", "iterate_sync"]

T = TypeVar("T")


class Page(Sequence[T], Generic[T]):
    """One page of a list: a sequence of its items.

    Attributes:
        next_cursor: what to ask the next page with, or None on the last one.
        meta: whatever else the service told about the page, as it came.

    """

    __slots__ = ("_items", "meta", "next_cursor")

    def __init__(
        self, items: Sequence[T], *, next_cursor: str | None = None, meta: Any = None
    ) -> None:
        self._items = list(items)
        self.next_cursor: str | None = next_cursor
        self.meta: Any = meta

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...
    def __getitem__(self, index: int | slice) -> T | list[T]:
        """Return the item, or the items, at that place of the page."""
        return self._items[index]

    def __len__(self) -> int:
        """Count the items of this page."""
        return len(self._items)

    def __eq__(self, other: object) -> bool:
        """Compare the items, with a page or a list."""
        if isinstance(other, Page):
            return self._items == other._items and self.next_cursor == other.next_cursor
        return self._items == other

    __hash__: ClassVar[None]  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Page({self._items!r}, next_cursor={self.next_cursor!r})"


class _Walk:
    """Where a walk over pages stands: pure, shared by the async and the sync one."""

    def __init__(self, operation: Operation, arguments: Mapping[str, Any]) -> None:
        self.arguments = dict(arguments)
        self._paging = operation.result.paging
        start = self.arguments.get("cursor")
        self._seen: set[str] = {start} if isinstance(start, str) else set()
        self._offset = 0
        self._last: Page[Any] | None = None

    def turn(self, page: Page[Any]) -> bool:
        """Prepare the arguments of the next page; False when there is none.

        A service that names a cursor twice, or does not know the offset and sends the same page
        again, would be asked for ever, so that ends the walk too.
        """
        if self._paging == "offset":
            return self._turn_offset(page)
        cursor = page.next_cursor
        if cursor is None or cursor in self._seen:
            return False
        self._seen.add(cursor)
        self.arguments["cursor"] = cursor
        return True

    def _turn_offset(self, page: Page[Any]) -> bool:
        limit = self.arguments.get("limit")
        # A page longer than asked for comes from a service that knows neither limit nor offset.
        if not page or not isinstance(limit, int) or len(page) != limit or page == self._last:
            return False
        self._last = page
        start = self.arguments.get("offset")
        self._offset = self._offset or (start if isinstance(start, int) else 0)
        self._offset += len(page)
        self.arguments["offset"] = self._offset
        return True


def _items(operation: Operation, page: Any) -> Sequence[Any]:
    """Refuse to walk over what is no list: it would look as if there was nothing."""
    if isinstance(page, Page | list):
        return page
    raise TransportError(f"{operation.method} {operation.path}", "the answer holds no list")


async def iterate(
    caller: Caller, operation: Operation, arguments: Mapping[str, Any], options: CallOptions
) -> AsyncGenerator[Any]:
    """Yield the items of all pages; the next page is asked for when its first item is."""
    walk = _Walk(operation, arguments)
    more = True
    while more:
        page = await caller.request(operation, walk.arguments, options)
        for item in _items(operation, page):
            yield item
        more = isinstance(page, Page) and walk.turn(page)


def iterate_sync(
    caller: SyncCaller, operation: Operation, arguments: Mapping[str, Any], options: CallOptions
) -> Generator[Any]:
    """Yield the items of all pages; the next page is asked for when its first item is."""
    walk = _Walk(operation, arguments)
    more = True
    while more:
        page = caller.request(operation, walk.arguments, options)
        yield from _items(operation, page)
        more = isinstance(page, Page) and walk.turn(page)
