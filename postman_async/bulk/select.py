"""Which monitors a batch runs, and in what order: from uids or from a selection to jobs."""

from __future__ import annotations

from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Collection,
    Iterable,
    Mapping,
)
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import asdict, evolve, frozen

from postman_async.bulk.near import near_matches
from postman_async.engine.http.request import build_request
from postman_async.errors import EmptySelectionError, InvalidArgumentError
from postman_async.operations import OPERATIONS
from postman_async.paging import iterate

if TYPE_CHECKING:
    from postman_async.bulk.places import Started
    from postman_async.engine.operation import Caller
    from postman_async.options import CallOptions

__all__ = ["NO_UIDS", "Job", "MonitorSelector", "Source", "Uids"]

NO_UIDS = "there is no uid, so no monitor to run; allow_empty=True allows that"

Uids: TypeAlias = Iterable[str] | AsyncIterable[str]


@frozen(kw_only=True)
class MonitorSelector:
    """Which monitors to run; all conditions must hold, and what is None is no condition.

    Attributes:
        workspace: those of the workspace with this id.
        name: those whose name fits this pattern, as file names do: ``checkout-*``.  Case counts.
        owner: those of the user with this id.
        active: those that run by their schedule, or those that do not.
        collection: those of the collection with this uid.
        environment: those that use the environment with this uid.

    """

    workspace: str | None = None
    name: str | None = None
    owner: str | int | None = None
    active: bool | None = None
    collection: str | None = None
    environment: str | None = None

    @property
    def conditions(self) -> dict[str, Any]:
        """What is asked of a monitor: the attributes that are not None."""
        return asdict(self, filter=lambda _, value: value is not None)

    async def find(
        self, caller: Caller, options: CallOptions, *, allow_empty: bool = True
    ) -> dict[str, str]:
        """Return the names of the monitors by their uids, in the service's order.

        Only the name is compared here: the service has a filter for everything else.

        Raises:
            EmptySelectionError: no monitor fits, and ``allow_empty`` is False.

        """
        given = {_FILTERS.get(key, key): value for key, value in self.conditions.items()}
        given.pop("name", None)
        found: dict[str, str] = {}
        others: dict[str, None] = {}
        looked_at = 0
        async for monitor in iterate(caller, OPERATIONS["monitors.list"], given, options):
            looked_at += 1
            if self.name is None or fnmatchcase(str(monitor.name), self.name):
                found[monitor.uid] = monitor.name
            elif not found:
                others[str(monitor.name)] = None
        if not found and not allow_empty:
            raise EmptySelectionError(self._none_fits(looked_at, others))
        return found

    def _none_fits(self, looked_at: int, names: Iterable[str]) -> str:
        asked = ", ".join(f"{name}={value!r}" for name, value in self.conditions.items())
        told = f"no monitor fits {asked}" if asked else "there is no monitor"
        if self.name is None:
            return f"{told}: the service lists none; allow_empty=True allows that"
        near = near_matches(self.name, names)
        hint = f"; near: {', '.join(map(repr, near))}" if near else ""
        return f"{told}; monitors looked at: {looked_at}{hint}"


_FILTERS = {"collection": "collection_uid", "environment": "environment_uid"}
"""The conditions that the service's filter calls otherwise."""


@frozen
class Job:
    """One run to be made: its place in the batch and its monitor.

    ``begun`` is how an earlier process of the same batch triggered it, if it did.
    """

    index: int
    uid: str
    name: str | None = None
    begun: Started | None = None

    def going_on(self, begun: Started | None) -> Job:
        """Return the job with what a journal tells of it."""
        return self if begun is None else evolve(self, begun=begun)


class Source:
    """Hands out jobs one by one, and keeps no more of the uids than it must.

    A collection (a list, a set, a selection) is known whole: its length is, and each of its uids
    is checked before anything is sent.  Of any other iterable nothing is kept, unless it is to be
    repeated.

    Args:
        uids: the monitors, with their names where they are known.
        repeat: how often the whole is handed out.
        order: a key to sort by, which needs the whole.
        names: the names of some, where the uids do not bring them along.

    """

    def __init__(
        self,
        uids: Uids | Mapping[str, str],
        repeat: int,
        order: Any = None,
        names: Mapping[str, str] | None = None,
    ) -> None:
        self.uids = uids
        self.repeat = repeat
        self.names: Mapping[str, str] = uids if isinstance(uids, Mapping) else names or {}
        self._order = order
        self.whole = isinstance(uids, Collection)
        if isinstance(uids, Collection):
            for place, uid in enumerate(uids):
                check_uid(uid, f"uid {place}: ")

    @property
    def total(self) -> int | None:
        """How many jobs there are, or None while that is not known."""
        return len(self.uids) * self.repeat if isinstance(self.uids, Collection) else None

    async def jobs(self) -> AsyncGenerator[Job]:
        """Yield the jobs."""
        index = 0
        async for uid in self._rounds():
            name = self.names.get(uid)
            yield Job(index, uid, name if isinstance(name, str) else None)
            index += 1

    async def first_round(self) -> AsyncIterator[str]:
        """Yield the uids once, in their order."""
        uids = self.uids
        if self._order is not None:
            uids = sorted([uid async for uid in _each(uids)], key=self._order)
        async for uid in _each(uids):
            yield uid

    async def _rounds(self) -> AsyncIterator[str]:
        kept: list[str] = []
        async for uid in self.first_round():
            if self.repeat > 1:
                kept.append(uid)
            yield uid
        for _ in range(self.repeat - 1):
            for uid in kept:
                yield uid


async def _each(uids: Uids) -> AsyncIterator[str]:
    if isinstance(uids, AsyncIterable):
        async for uid in uids:
            yield uid
    else:
        for uid in uids:
            yield uid


def check_uid(uid: str, where: str = "") -> None:
    """Refuse a uid that cannot be sent, as the call itself would.

    Raises:
        InvalidArgumentError: it is empty, no text, or would make another path.

    """
    try:
        build_request(OPERATIONS["monitors.run"], {"monitor_uid": uid}, {})
    except InvalidArgumentError as error:
        raise InvalidArgumentError(f"{where}{error}") from None
