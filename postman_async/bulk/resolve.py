"""Decides which monitors a batch runs, and what it does with the batch in its journal."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Set
from typing import Any

from attrs import define, evolve

from postman_async.bulk.journal import Journal
from postman_async.bulk.journal.lines import Header
from postman_async.bulk.options import Settings
from postman_async.bulk.run_history import history_of
from postman_async.bulk.select import MonitorSelector, Source
from postman_async.engine.caller import AsyncCaller, RawCaller
from postman_async.errors import InvalidArgumentError, JournalError

__all__ = ["SourceResolver"]

log = logging.getLogger("postman_async")


@define
class SourceResolver:
    """Finds the source of a batch's jobs.

    Attributes:
        caller: lists the monitors of a selection.
        settings: the options of the batch.
        given: the uids that were given, if any.
        note: what the batch does with an earlier one in its journal, in a sentence.

    """

    caller: RawCaller
    settings: Settings
    given: Source | None
    note: str | None = None

    async def resolve(self, journal: Journal | None) -> Source:
        """Return the source; the journal is then ready for the batch.

        Raises:
            JournalError: the journal holds the unfinished batch of other monitors, or no batch
                where it has to name the monitors.
            EmptySelectionError: no monitor is selected.
            PostmanError: the monitors could not be selected.

        """
        if journal is None:
            return self.given or await self._select()
        if journal.header is None:
            return await self._start(journal, self._named(journal))
        header = journal.header
        if self._from_journal:
            self.settings = evolve(self.settings, repeat=self._repeat(header))
        if journal.total is None:
            journal.total = self._total(header)
        if self.settings.resume or not journal.finished:
            await self._compare(journal, header)
        if journal.finished:
            return await self._start_anew(journal, header)
        return await self._resume(journal, header)

    # -- the three cases ----------------------------------------------------------------------

    def _named(self, journal: Journal) -> Source | MonitorSelector:
        named = self.given or self.settings.select
        if named is None:
            raise JournalError(f"{journal.path} holds no batch to go on with: name its monitors")
        return named

    async def _start(self, journal: Journal, named: Source | MonitorSelector) -> Source:
        """Start a batch in an empty journal."""
        source = named if isinstance(named, Source) else await self._select(named)
        select = named if isinstance(named, MonitorSelector) else None
        journal.write_header(await _header(source, select))
        runs = "" if source.total is None else f", {source.total} to run"
        note = f"{journal.path}: a new batch{runs}"
        if journal.archived_as is None:
            log.info("%s", note)
        else:
            self._set_note(f"{note}; the finished one is kept as {journal.archived_as}")
        return source

    async def _start_anew(self, journal: Journal, header: Header) -> Source:
        """Archive the finished batch, and start another one; a selection is made anew.

        What the journal knows of earlier runs goes to the client's history: a run of the finished
        batch with an unknown outcome may still start.
        """
        named: Source | MonitorSelector | None = self.given or self.settings.select
        if named is None and header.selection is not None:
            named = _selector(header, journal)
        named = named or self._recorded(journal, header)
        journal.state.share_with(history_of(self.caller))
        journal.rotate()
        return await self._start(journal, named)

    async def _resume(self, journal: Journal, header: Header) -> Source:
        """Resume the unfinished batch."""
        source = self.given
        if source is None or (header.uids and isinstance(source.uids, Set)):
            source = self._recorded(journal, header)
        if source.total is not None:
            journal.check_length(source.total)
        left = "the rest" if journal.total is None else f"{journal.total - journal.known}"
        self._set_note(
            f"{journal.path}: goes on with the batch of {header.at}:"
            f" {journal.known} known, {left} to run"
        )
        return source

    def _set_note(self, note: str) -> None:
        self.note = note
        log.info("%s", note)

    # -- what the journal knows ---------------------------------------------------------------

    def _total(self, header: Header) -> int | None:
        """Return how many runs there are, where an earlier version did not record it."""
        if header.monitors is not None:
            return len(header.monitors) * self.settings.repeat
        return None if self.given is None else self.given.total

    async def _compare(self, journal: Journal, header: Header) -> None:
        """Check that the journal is of the same monitors, as far as they are known."""
        chosen = header.selection if self._from_journal else _conditions(self.settings.select)
        difference = header.difference(Header(repeat=self.settings.repeat, selection=chosen))
        if difference is not None:
            raise journal.mismatch(difference)
        given = self.given
        if given is None or given.total is None:
            return
        journal.check_length(given.total)
        if isinstance(given.uids, Set) and header.uids and given.uids == set(header.uids):
            return  # a set has another order in each process
        async for job in given.jobs():
            journal.check_monitor(job.index, job.uid)

    @property
    def _from_journal(self) -> bool:
        """Whether the journal has to name the monitors."""
        return self.given is None and self.settings.select is None

    def _repeat(self, header: Header) -> int:
        return (header.repeat or 1) if self.settings.repeat == 1 else self.settings.repeat

    def _recorded(self, journal: Journal, header: Header) -> Source:
        """Make the source of the monitors that the journal names."""
        uids: Any = header.monitors
        if uids is None and header.uids is not None:
            uids = header.uids
        repeat = self.settings.repeat
        if uids is None:  # they came from an iterator, and the journal has each round of them
            uids, repeat = journal.uids(), 1
        try:
            return Source(uids, repeat, names=header.names)
        except InvalidArgumentError as error:
            raise JournalError(f"{journal.path}: line 1 makes no sense: {error}") from None

    async def _select(self, select: MonitorSelector | None = None) -> Source:
        settings, select = self.settings, select or self.settings.select
        assert select is not None
        found = await select.find(
            AsyncCaller(self.caller), settings.poll_options, allow_empty=settings.allow_empty
        )
        return Source(found, settings.repeat, settings.order)


async def _header(source: Source, select: MonitorSelector | None) -> Header:
    """Make the header of a batch; it has no uids where they come from an iterator."""
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
