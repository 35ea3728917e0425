"""Pages are sequences, and a walk over them asks for no page too few and none too many."""

from __future__ import annotations

import copy
import inspect
import pickle
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from typing import Any

import pytest
from attrs import define, field

from postman_async.engine.operation import Caller, Operation, Paging, Result, SyncCaller
from postman_async.errors import TransportError
from postman_async.options import CallOptions
from postman_async.paging import Page, iterate, iterate_sync
from postman_async.unset import UNSET

OPTIONS: CallOptions = {"timeout": 5.0}


def listing(paging: Paging) -> Operation:
    """Describe an endpoint that pages in this way."""
    result = Result(None, key="things", many=True, paging=paging)
    return Operation(id="things.list", method="GET", path="/things", result=result)


CURSOR, OFFSET, SCIM = listing("cursor"), listing("offset"), listing("scim")


@define
class Scripted(SyncCaller):
    """Answers one page after the other, raises the errors among them, keeps what it was asked."""

    pages: Sequence[Any]
    asked: list[dict[str, Any]] = field(factory=list)

    def request(
        self, operation: Operation, arguments: Mapping[str, Any], options: CallOptions
    ) -> Any:
        """Answer the next page; being asked once too often is an IndexError."""
        assert options is OPTIONS
        self.asked.append(dict(arguments))
        page = self.pages[len(self.asked) - 1]
        if isinstance(page, Exception):
            raise page
        return page

    @property
    def raw(self) -> SyncCaller:
        """Not needed by a walk."""
        raise NotImplementedError


@define
class AsyncScripted(Caller):
    """The same for the async walk."""

    script: Scripted

    async def request(
        self, operation: Operation, arguments: Mapping[str, Any], options: CallOptions
    ) -> Any:
        """Answer the next page."""
        return self.script.request(operation, arguments, options)

    @property
    def raw(self) -> Caller:
        """Not needed by a walk."""
        raise NotImplementedError


async def walk(
    kind: str, script: Scripted, operation: Operation, stop: int | None = None, **arguments: Any
) -> list[Any]:
    """Walk async or sync, over everything or until so many items have come."""
    items: list[Any] = []
    if kind == "sync":
        for item in iterate_sync(script, operation, arguments, OPTIONS):
            items.append(item)
            if len(items) == stop:
                break
        return items
    async with aclosing(iterate(AsyncScripted(script), operation, arguments, OPTIONS)) as walked:
        async for item in walked:
            items.append(item)
            if len(items) == stop:
                break
    return items


both = pytest.mark.parametrize("kind", ["async", "sync"])


# --- the walk by cursor


@both
async def test_a_cursor_walk_yields_all_items_in_order(kind: str) -> None:
    script = Scripted([Page([1, 2], next_cursor="a"), Page([3], next_cursor="b"), Page([4])])
    assert await walk(kind, script, CURSOR, limit=2) == [1, 2, 3, 4]
    assert script.asked == [{"limit": 2}, {"limit": 2, "cursor": "a"}, {"limit": 2, "cursor": "b"}]


@both
async def test_an_empty_page_in_the_middle_is_not_the_end(kind: str) -> None:
    """A filter may leave nothing of a page; only the cursor tells the end."""
    script = Scripted([Page([1], next_cursor="a"), Page([], next_cursor="b"), Page([2])])
    assert await walk(kind, script, CURSOR) == [1, 2]


@both
@pytest.mark.parametrize("repeated", ["a", "b"])
async def test_a_cursor_named_twice_ends_the_walk(kind: str, repeated: str) -> None:
    """It would go round for ever."""
    script = Scripted(
        [Page([1], next_cursor="a"), Page([2], next_cursor="b"), Page([3], next_cursor=repeated)]
    )
    assert await walk(kind, script, CURSOR) == [1, 2, 3]


@both
async def test_the_cursor_the_walk_began_with_counts_as_named(kind: str) -> None:
    script = Scripted([Page([1], next_cursor="start")])
    assert await walk(kind, script, CURSOR, cursor="start") == [1]


@both
async def test_a_walk_may_begin_at_a_cursor_and_leaves_the_arguments_alone(kind: str) -> None:
    script = Scripted([Page([1], next_cursor="b"), Page([2])])
    arguments: dict[str, Any] = {"cursor": "a", "workspace": UNSET}
    assert await walk(kind, script, CURSOR, **arguments) == [1, 2]
    assert script.asked == [
        {"cursor": "a", "workspace": UNSET},
        {"cursor": "b", "workspace": UNSET},
    ]
    assert arguments == {"cursor": "a", "workspace": UNSET}


# --- the walk by offset


@both
async def test_an_offset_walk_ends_with_the_first_short_page(kind: str) -> None:
    script = Scripted([Page([1, 2]), Page([3, 4]), Page([5])])
    assert await walk(kind, script, OFFSET, limit=2) == [1, 2, 3, 4, 5]
    assert [asked.get("offset") for asked in script.asked] == [None, 2, 4]


@both
async def test_an_offset_walk_ends_with_an_empty_page(kind: str) -> None:
    """When the count is a multiple of the limit, only asking tells."""
    script = Scripted([Page([1, 2]), Page([])])
    assert await walk(kind, script, OFFSET, limit=2) == [1, 2]


@both
async def test_an_offset_walk_may_begin_anywhere(kind: str) -> None:
    script = Scripted([Page([1]), Page([2]), Page([])])
    assert await walk(kind, script, OFFSET, limit=1, offset=7) == [1, 2]
    assert [asked["offset"] for asked in script.asked] == [7, 8, 9]


@both
@pytest.mark.parametrize("limit", [UNSET, None, 0])
async def test_without_a_limit_the_service_sends_everything_at_once(kind: str, limit: Any) -> None:
    script = Scripted([Page([1, 2, 3] if limit != 0 else [])])
    assert len(await walk(kind, script, OFFSET, limit=limit, offset=UNSET)) in {0, 3}
    assert len(script.asked) == 1


@both
async def test_a_service_that_does_not_know_the_limit_is_asked_once(kind: str) -> None:
    """An older one sends the whole list each time, and would do so for ever."""
    script = Scripted([Page([1, 2, 3])])
    assert await walk(kind, script, OFFSET, limit=2) == [1, 2, 3]


@both
async def test_a_service_that_does_not_know_the_offset_is_not_asked_for_ever(kind: str) -> None:
    """It sends the same page each time."""
    script = Scripted([Page([1, 2])] * 2)
    assert await walk(kind, script, OFFSET, limit=2) == [1, 2, 1, 2]


# --- totals, and the pages of SCIM


@both
@pytest.mark.parametrize("key", ["total", "totalCount"])
async def test_an_offset_walk_goes_on_until_the_total_without_a_limit(kind: str, key: str) -> None:
    """The service has a limit of its own, which the caller need not know."""
    meta = {key: 5}
    script = Scripted([Page([1, 2], meta=meta), Page([3, 4], meta=meta), Page([5], meta=meta)])
    assert await walk(kind, script, OFFSET) == [1, 2, 3, 4, 5]
    assert [asked.get("offset") for asked in script.asked] == [None, 2, 4]


@both
async def test_a_total_spares_the_last_empty_page(kind: str) -> None:
    script = Scripted([Page([1, 2], meta={"total": 2})])
    assert await walk(kind, script, OFFSET, limit=2) == [1, 2]


@both
@pytest.mark.parametrize("total", ["5", True, None, 5.0, []])
async def test_a_total_that_is_no_number_is_none(kind: str, total: Any) -> None:
    script = Scripted([Page([1, 2], meta={"total": total}), Page([3], meta={"total": total})])
    assert await walk(kind, script, OFFSET, limit=2) == [1, 2, 3]


@both
@pytest.mark.parametrize("operation", [OFFSET, SCIM], ids=["offset", "scim"])
async def test_a_total_that_is_never_reached_ends_with_nothing_new(
    kind: str, operation: Operation
) -> None:
    """A service that counts what the key may not see, or sends the same page again."""
    meta = {"total": 99, "totalResults": 99}
    script = Scripted([Page([1], meta=meta), Page([], meta=meta)])
    assert await walk(kind, script, operation) == [1]
    script = Scripted([Page([1], meta=meta)] * 2)
    assert await walk(kind, script, operation) == [1, 1]


@both
async def test_a_scim_walk_counts_from_one(kind: str) -> None:
    meta = {"totalResults": 3}
    script = Scripted([Page(["a", "b"], meta=meta), Page(["c"], meta=meta)])
    assert await walk(kind, script, SCIM, count=2) == ["a", "b", "c"]
    assert [asked.get("start_index") for asked in script.asked] == [None, 3]


@both
async def test_a_scim_walk_may_begin_anywhere(kind: str) -> None:
    script = Scripted([Page(["b"], meta={"totalResults": 2})])
    assert await walk(kind, script, SCIM, start_index=2) == ["b"]


@both
async def test_a_scim_list_without_a_total_is_the_only_page(kind: str) -> None:
    script = Scripted([Page(["a"], meta={})])
    assert await walk(kind, script, SCIM) == ["a"]


# --- any walk


@both
@pytest.mark.parametrize("operation", [CURSOR, OFFSET], ids=["cursor", "offset"])
async def test_stopping_early_asks_for_no_further_page(kind: str, operation: Operation) -> None:
    """Not even with the last item of a page: the next is asked for when its first item is."""
    script = Scripted([Page([1, 2], next_cursor="a"), Page([3, 4], next_cursor="b")])
    assert await walk(kind, script, operation, stop=2, limit=2) == [1, 2]
    assert len(script.asked) == 1
    again = Scripted(script.pages)
    assert await walk(kind, again, operation, stop=3, limit=2) == [1, 2, 3]
    assert len(again.asked) == 2


@both
async def test_nothing_is_asked_before_the_first_item_is(kind: str) -> None:
    script = Scripted([Page([1])])
    if kind == "sync":
        iterate_sync(script, CURSOR, {}, OPTIONS)
    else:
        iterate(AsyncScripted(script), CURSOR, {}, OPTIONS)
    assert script.asked == []


@both
async def test_an_error_on_the_way_reaches_the_caller_after_the_items_before_it(kind: str) -> None:
    script = Scripted([Page([1], next_cursor="a"), ValueError("no")])
    assert await walk(kind, script, CURSOR, stop=1) == [1]
    with pytest.raises(ValueError, match="no"):
        await walk(kind, Scripted(script.pages), CURSOR)


@both
async def test_a_plain_list_is_the_only_page(kind: str) -> None:
    assert await walk(kind, Scripted([[1, 2]]), CURSOR) == [1, 2]


@both
@pytest.mark.parametrize("answer", [None, {"odd": 1}, "text", 7])
async def test_an_answer_without_a_list_is_an_error_and_not_an_empty_walk(
    kind: str, answer: Any
) -> None:
    """Nothing to walk over would look like nothing being there."""
    script = Scripted([Page([1], next_cursor="a"), answer])
    assert await walk(kind, script, CURSOR, stop=1) == [1]
    with pytest.raises(TransportError, match=r"^GET /things: .*no list"):
        await walk(kind, Scripted(script.pages), CURSOR)


def test_the_two_walks_take_the_same_arguments() -> None:
    """One is generated into each facade, from the same template."""
    assert list(inspect.signature(iterate).parameters) == list(
        inspect.signature(iterate_sync).parameters
    )


# --- the page


def test_a_page_is_a_sequence_of_its_items() -> None:
    page = Page(["a", "b", "c"], next_cursor="n", meta={"limit": 3})
    assert isinstance(page, Sequence)
    assert (len(page), page[0], page[-1], page[1:]) == (3, "a", "c", ["b", "c"])
    assert "b" in page
    assert list(reversed(page)) == ["c", "b", "a"]
    assert not Page([])


def test_a_page_equals_a_list_of_the_same_items() -> None:
    assert Page([1, 2]) == [1, 2]
    assert Page([1, 2]) != [1]
    assert Page([1], next_cursor="a") == Page([1], next_cursor="a")
    assert Page([1], next_cursor="a") != Page([1], next_cursor="b")


def test_a_page_does_not_change_with_the_list_it_was_made_of() -> None:
    items = [1]
    page = Page(items)
    items.append(2)
    assert list(page) == [1]


@pytest.mark.parametrize(
    "trip", [copy.copy, copy.deepcopy, lambda page: pickle.loads(pickle.dumps(page))]
)
def test_a_copied_or_pickled_page_is_the_same(trip: Any) -> None:
    page = Page([1, 2], next_cursor="n", meta={"total": 2})
    again = trip(page)
    assert again == page
    assert again.meta == page.meta


def test_the_repr_shows_items_and_cursor() -> None:
    assert repr(Page([1], next_cursor="n")) == "Page([1], next_cursor='n')"
