"""How a batch begins: which monitors it runs, and whether it goes on with what a journal holds."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Set
from typing import Any

from attrs import define, evolve

from postman_async.bulk.journal import Journal
from postman_async.bulk.journal_lines import Header
from postman_async.bulk.options import Settings
from postman_async.bulk.select import MonitorSelector, Source
from postman_async.engine.caller import AsyncCaller, RawCaller
from postman_async.errors import InvalidArgumentError, JournalError

__all__ = ["Beginning"]

log = logging.getLogger("postman_async")


@define
class Beginning:
    """Finds out what a batch runs.

    Attributes:
        caller: lists the monitors of a selection.
        settings: what the caller of the batch set.
        given: the uids that were given, if some were.
        note: what its journal has to do with an earlier batch, in a sentence.

    """

    caller: RawCaller
    settings: Settings
    given: Source | None
    note: str | None = None

    async def source(self, journal: Journal | None) -> Source:
        """Return what is to be run; the journal is ready to take the batch.

        Raises:
            JournalError: the journal holds the unfinished batch of other monitors, or none where
                it has to name them.
            EmptySelectionError: no monitor is selected.
            PostmanError: the monitors could not be selected.

        """
        if journal is None:
            return self.given or await self._selected()
        if journal.header is None:
            return await self._new(journal, self._named(journal))
        header = journal.header
        if self._alone:
            self.settings = evolve(self.settings, repeat=self._repeat(header))
        if journal.total is None:
            journal.total = self._total_of(header)
        if self.settings.resume or not journal.finished:
            await self._compare(journal, header)
        if journal.finished:
            return await self._anew(journal, header)
        return await self._on(journal, header)

    # -- which of the three ways --------------------------------------------------------------

    def _named(self, journal: Journal) -> Source | MonitorSelector:
        named = self.given or self.settings.select
        if named is None:
            raise JournalError(f"{journal.path} holds no batch to go on with: name its monitors")
        return named

    async def _new(self, journal: Journal, named: Source | MonitorSelector) -> Source:
        """Begin a batch."""
        source = named if isinstance(named, Source) else await self._selected(named)
        select = named if isinstance(named, MonitorSelector) else None
        journal.head(await _header(source, select))
        runs = "" if source.total is None else f", {source.total} to run"
        told = f"{journal.path}: a new batch{runs}"
        if journal.kept is None:
            log.info("%s", told)
        else:
            self._say(f"{told}; the finished one is kept as {journal.kept}")
        return source

    async def _anew(self, journal: Journal, header: Header) -> Source:
        """Begin a batch after a finished one: what was selected once is selected anew."""
        named: Source | MonitorSelector | None = self.given or self.settings.select
        if named is None and header.selection is not None:
            named = _selector(header, journal)
        named = named or self._recorded(journal, header)
        journal.begin_anew()
        return await self._new(journal, named)

    async def _on(self, journal: Journal, header: Header) -> Source:
        """Go on with a batch."""
        source = self.given
        if source is None or (header.uids and isinstance(source.uids, Set)):
            source = self._recorded(journal, header)
        if source.total is not None:
            journal.check_length(source.total)
        left = "the rest" if journal.total is None else f"{journal.total - journal.known}"
        self._say(
            f"{journal.path}: goes on with the batch of {header.at}:"
            f" {journal.known} known, {left} to run"
        )
        return source

    def _say(self, note: str) -> None:
        self.note = note
        log.info("%s", note)

    # -- what the journal knows ---------------------------------------------------------------

    def _total_of(self, header: Header) -> int | None:
        """Tell how many runs there are, where an earlier version did not note it."""
        if header.monitors is not None:
            return len(header.monitors) * self.settings.repeat
        return None if self.given is None else self.given.total

    async def _compare(self, journal: Journal, header: Header) -> None:
        """Check that the journal is one of these monitors, as far as they are known."""
        chosen = header.selection if self._alone else _conditions(self.settings.select)
        difference = header.differs(Header(repeat=self.settings.repeat, selection=chosen))
        if difference is not None:
            raise journal.of_another(difference)
        given = self.given
        if given is None or given.total is None:
            return
        journal.check_length(given.total)
        if isinstance(given.uids, Set) and header.uids and given.uids == set(header.uids):
            return  # a set has another order in each process
        async for job in given.jobs():
            journal.check(job.index, job.uid)

    @property
    def _alone(self) -> bool:
        """Whether the journal has to name the monitors."""
        return self.given is None and self.settings.select is None

    def _repeat(self, header: Header) -> int:
        return (header.repeat or 1) if self.settings.repeat == 1 else self.settings.repeat

    def _recorded(self, journal: Journal, header: Header) -> Source:
        """Make the source of what the journal names."""
        uids: Any = header.monitors
        if uids is None and header.uids is not None:
            uids = header.uids
        repeat = self.settings.repeat
        if uids is None:  # they came one by one, and each round of them is in the journal
            uids, repeat = journal.uids(), 1
        try:
            return Source(uids, repeat, names=header.names)
        except InvalidArgumentError as error:
            raise JournalError(f"{journal.path}: line 1 makes no sense: {error}") from None

    async def _selected(self, select: MonitorSelector | None = None) -> Source:
        settings, select = self.settings, select or self.settings.select
        assert select is not None
        found = await select.find(
            AsyncCaller(self.caller), settings.looking, allow_empty=settings.allow_empty
        )
        return Source(found, settings.repeat, settings.order)


async def _header(source: Source, select: MonitorSelector | None) -> Header:
    """Say which batch it is; uids of a source without a known end are not told."""
    header = Header(repeat=source.repeat, selection=_conditions(select), total=source.total)
    if source.total is None:
        return header
    uids = [uid async for uid in source.first_round()]
    if select is not None:
        return evolve(header, monitors={uid: _text(source.names.get(uid)) for uid in uids})
    names = {uid: name for uid, name in source.names.items() if isinstance(name, str)}
    return evolve(header, uids=uids, names=names or None)


def _text(name: object) -> str | None:
    return name if isinstance(name, str) else None


def _conditions(select: MonitorSelector | None) -> dict[str, Any] | None:
    if select is None:
        return None
    plain = (bool, str)
    return {k: v if isinstance(v, plain) else str(v) for k, v in select.conditions.items()}


def _selector(header: Header, journal: Journal) -> MonitorSelector:
    conditions: Mapping[str, Any] = header.selection or {}
    try:
        return MonitorSelector(**conditions)
    except TypeError:
        words = "line 1 makes no sense: its selection has unknown conditions"
        raise JournalError(f"{journal.path}: {words}") from None
