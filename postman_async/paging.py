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
        meta: whatever else the service says about the page, as it came.

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
        """Return the item, or the items, at that index of the page."""
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
    """The state of a walk over pages, shared by the async and the sync one."""

    def __init__(self, operation: Operation, arguments: Mapping[str, Any]) -> None:
        self.arguments = dict(arguments)
        self._paging = operation.result.paging
        start = self.arguments.get("cursor")
        self._seen: set[str] = {start} if isinstance(start, str) else set()
        self._last: Page[Any] | None = None

    def turn(self, page: Page[Any]) -> bool:
        """Prepare the arguments of the next page; False when there is none.

        A service that names a cursor twice, or does not know the offset and sends the same page
        again, would be asked for ever, so that ends the walk too.
        """
        if self._paging == "offset":
            return self._turn_offset(page)
        if self._paging == "scim":
            return self._turn_scim(page)
        cursor = page.next_cursor
        if cursor is None or cursor in self._seen:
            return False
        self._seen.add(cursor)
        self.arguments["cursor"] = cursor
        return True

    def _turn_offset(self, page: Page[Any]) -> bool:
        """Go on by the total where the service names it, and else while the pages are full."""
        following = _number(self.arguments.get("offset"), 0) + len(page)
        total = _total(page.meta, ("totalCount", "total"))
        if self._repeats(page) or not self._has_more(page, following, total):
            return False
        self.arguments["offset"] = following
        return True

    def _has_more(self, page: Page[Any], following: int, total: int | None) -> bool:
        limit = self.arguments.get("limit")
        if isinstance(limit, int) and len(page) > limit:
            return False  # the service knows neither limit nor offset, and has sent everything
        if total is not None:
            return following < total
        return isinstance(limit, int) and len(page) == limit

    def _turn_scim(self, page: Page[Any]) -> bool:
        """Count from 1, as https://www.rfc-editor.org/rfc/rfc7644#section-3.4.2.4 does."""
        following = _number(self.arguments.get("start_index"), 1) + len(page)
        total = _total(page.meta, ("totalResults",))
        if self._repeats(page) or total is None or following > total:
            return False
        self.arguments["start_index"] = following
        return True

    def _repeats(self, page: Page[Any]) -> bool:
        """Whether there is nothing new in a page."""
        last, self._last = self._last, page
        return not page or page == last


def _number(value: Any, default: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def _total(meta: Any, names: tuple[str, ...]) -> int | None:
    """Read how many entries there are in all."""
    values = (meta.get(name) for name in names) if isinstance(meta, Mapping) else ()
    return next((v for v in values if isinstance(v, int) and not isinstance(v, bool)), None)


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
