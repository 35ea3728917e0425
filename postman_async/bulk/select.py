"""Makes the jobs of a batch from uids or from a selection."""

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

from postman_async.bulk.suggestions import suggest_names
from postman_async.engine.http.request import build_request
from postman_async.errors import EmptySelectionError, InvalidArgumentError
from postman_async.operations import OPERATIONS
from postman_async.paging import iterate

if TYPE_CHECKING:
    from postman_async.bulk.journal.pending import PendingRun
    from postman_async.engine.operation import Caller
    from postman_async.options import CallOptions

__all__ = ["NO_UIDS", "Job", "MonitorSelector", "Source", "Uids"]

NO_UIDS = "there is no uid, so no monitor to run; allow_empty=True allows that"

Uids: TypeAlias = Iterable[str] | AsyncIterable[str]


@frozen(kw_only=True)
class MonitorSelector:
    """Selects monitors by conditions, which must all hold.  None is no condition.

    Attributes:
        workspace: the id of their workspace.
        name: a pattern for their names, as for file names: ``checkout-*``.  Case counts.
        owner: the id of the user that owns them.
        active: whether they run by their schedule.
        collection: the uid of their collection.
        environment: the uid of their environment.

    """

    workspace: str | None = None
    name: str | None = None
    owner: str | int | None = None
    active: bool | None = None
    collection: str | None = None
    environment: str | None = None

    @property
    def conditions(self) -> dict[str, Any]:
        """The attributes that are not None."""
        return asdict(self, filter=lambda _, value: value is not None)

    async def find(
        self, caller: Caller, options: CallOptions, *, allow_empty: bool = True
    ) -> dict[str, str]:
        """Find the monitors.

        Only the name is compared here: the service has a filter for everything else.

        Args:
            caller: lists the monitors.
            options: the options of the call.
            allow_empty: return an empty mapping if no monitor matches.

        Returns:
            The names of the monitors by their uids, in the service's order.

        Raises:
            EmptySelectionError: no monitor matches, and ``allow_empty`` is False.

        """
        given = {_FILTERS.get(key, key): value for key, value in self.conditions.items()}
        given.pop("name", None)
        found: dict[str, str] = {}
        others: dict[str, None] = {}
        checked = 0
        async for monitor in iterate(caller, OPERATIONS["monitors.list"], given, options):
            checked += 1
            if self.name is None or fnmatchcase(str(monitor.name), self.name):
                found[monitor.uid] = monitor.name
            elif not found:
                others[str(monitor.name)] = None
        if not found and not allow_empty:
            raise EmptySelectionError(self._no_match(checked, others))
        return found

    def _no_match(self, checked: int, names: Iterable[str]) -> str:
        conditions = ", ".join(f"{name}={value!r}" for name, value in self.conditions.items())
        words = f"no monitor fits {conditions}" if conditions else "there is no monitor"
        if self.name is None:
            return f"{words}: the service lists none; allow_empty=True allows that"
        similar = suggest_names(self.name, names)
        hint = f"; near: {', '.join(map(repr, similar))}" if similar else ""
        return f"{words}; monitors looked at: {checked}{hint}"


_FILTERS = {"collection": "collection_uid", "environment": "environment_uid"}
"""The conditions that have another name in the service's filter."""


@frozen
class Job:
    """One run of a batch.

    Attributes:
        index: its index in the batch, from 0.
        uid: the monitor.
        name: the monitor's name, if known.
        pending: the run, if an earlier process of the same batch triggered it.

    """

    index: int
    uid: str
    name: str | None = None
    pending: PendingRun | None = None

    def with_pending(self, pending: PendingRun | None) -> Job:
        """Return the job with its pending run, if there is one."""
        return self if pending is None else evolve(self, pending=pending)


class Source:
    """Yields jobs one by one, and keeps as few uids as possible.

    The length of a collection (a list, a set, a selection) is known, and each of its uids is
    checked before anything is sent.  Of any other iterable nothing is kept, unless it is to be
    repeated or sorted.

    Args:
        uids: the monitors; a mapping has their names.
        repeat: how often the whole is yielded.
        order: a key to sort by; all uids are read first.
        names: names by uids, if the uids are no mapping.

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
            for index, uid in enumerate(uids):
                check_uid(uid, f"uid {index}: ")

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
    """Check that a uid can be sent, as the call itself does.

    Args:
        uid: the uid.
        where: a prefix of the error's text.

    Raises:
        InvalidArgumentError: it is empty, no text, or would change the path.

    """
    try:
        build_request(OPERATIONS["monitors.run"], {"monitor_uid": uid}, {})
    except InvalidArgumentError as error:
        raise InvalidArgumentError(f"{where}{error}") from None
