"""The journal of a batch: JSON Lines, one event a line, appended the moment it happens.

::

    {"journal": 1, "at": "2026-01-31T12:00:00+00:00", "monitors": null, "uids": ["1-m"], …}
    {"started": 0, "uid": "1-m", "at": "…", "attempt": 1, "clock": ["…", 12.5]}
                                                              before each attempt to trigger
    {"refused": 0}                                            the service did not take it
    {"began": 0, "job": "…"}                                  the service began it
    {"version": 1, "index": 0, "uid": "1-m", …}               its outcome, see `record`
    {"end": 1, "left": {"0": "1-m"}}                          see below

Each line is handed to the system before anything else happens, so the end of the process (even by
``kill -9``) loses none.  It is not forced to the disk: that would cost a write to the disk for
every run, and only a crash of the whole machine asks for it.  The last line may be torn.

Two clocks tell when an attempt was made: ``at`` the time of day, and ``clock`` a monotonic one with
its name.  As soon as answers tell what time it is on the service's clock, the next line has that,
too: ``"service": [name, low, high]`` says how many seconds it is ahead of the monotonic clock of
that name.  So a later process knows when an attempt was made, whatever its own clock shows; where
it cannot, it goes by job ids alone.

Outcomes that say that nothing happened (``skipped``), or that the batch was broken off, are not
written: a batch that goes on makes up for them.  The first line tells which batch it is (see
`journal_lines.Header`): a batch that goes on runs what was selected or given first.  Of uids that
come one by one no number is known: when there are no more, a line tells how many came (``end``),
and which of them have no line yet (``left``).  A batch has ended when all its outcomes are there.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import IO, Any

from attrs import evolve

from postman_async.bulk import clock
from postman_async.bulk.journal_file import (
    Path,
    applied,
    cut_torn_line,
    events,
    open_alone,
    set_aside,
)
from postman_async.bulk.journal_lines import Header, check_event, read_end
from postman_async.bulk.outcome import MonitorOutcome
from postman_async.bulk.places import Places, Started
from postman_async.bulk.record import VERSION, from_record, line_of
from postman_async.bulk.service_clock import ServiceClock
from postman_async.errors import JournalError

__all__ = ["Journal", "Started", "read_journal"]

_ONE_TURN = 500


class Journal:
    """An open journal: what it told when it was opened, and a place to write to.

    Use `open`; only one process at a time can have it open.

    Attributes:
        path: the file.
        header: its first line, or None where it has none yet.
        places: what it told of each run.
        total: how many runs the batch has; None while that is not known.
        kept: under which name the file of a finished batch was kept, if it was.

    """

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        self.path = path
        self.header: Header | None = None
        self.places = Places()
        self.total: int | None = None
        self.kept: os.PathLike[str] | None = None
        self.service = ServiceClock()
        self._noted: tuple[str, float, float] | None = None
        self._file = file
        self._length = 0
        self._left: dict[int, str] = {}
        self._reading: IO[bytes] | None = None

    @classmethod
    async def open(cls, path: Path) -> Journal:
        """Open a journal, and read what is in it.

        Raises:
            JournalError: it is in use or damaged.
            OSError: the file cannot be opened.

        """
        journal = cls(path, open_alone(path))
        try:
            await journal._read()
        except BaseException:
            journal.close()
            raise
        return journal

    async def _read(self) -> None:
        self._file.seek(0)
        for number, (event, end) in enumerate(events(self._file, self.path), 1):
            if number == 1:
                self.header = applied(Header.read, event, self.path, number)
                self.total = self.header.total
            else:
                applied(partial(self._take, number), event, self.path, number)
            self._length = end
            if number % _ONE_TURN == 0:
                await asyncio.sleep(0)  # other tasks go on while a long one is read
        cut_torn_line(self._file, self.path, self._length)

    def _take(self, number: int, event: Mapping[str, Any]) -> None:
        if "end" in event:
            self.total, self._left = read_end(event)
        else:
            check_event(event, number)
            self.places.add(event)

    @property
    def known(self) -> int:
        """How many outcomes were known when it was opened."""
        return sum(self.places.done)

    @property
    def finished(self) -> bool:
        """Whether all outcomes were, and their number, too."""
        return self.total is not None and self.known >= self.total

    def begin_anew(self) -> None:
        """Keep the file under a dated name, and begin another one.

        Raises:
            JournalError: another process was quicker.
            OSError: the file cannot be renamed, or made.

        """
        begun = None if self.header is None else self.header.at
        mode = os.fstat(self._file.fileno()).st_mode
        self.kept = set_aside(self._file, self.path, begun)
        self._file = open_alone(self.path, mode, new=True)
        self.header, self.total, self._length = None, None, 0
        self.places, self._left, self._noted = Places(), {}, None

    def head(self, header: Header) -> None:
        """Write the first line."""
        self.header, self.total = header, header.total
        self._write(evolve(header, at=_now()).event())

    def end(self, total: int, left: Mapping[int, str]) -> None:
        """Note that no more uids come: how many came, and which of them have no line yet."""
        if self.total is None:
            self.total = total
            self._write({"end": total, "left": left})

    def started(self, place: int, uid: str, attempt: int) -> None:
        """Note that the next thing to happen is an attempt to trigger a run."""
        ticks = [self.service.name, round(clock.monotonic(), 3)]
        event = {"started": place, "uid": uid, "at": _now(), "attempt": attempt, "clock": ticks}
        self._write(self._with_service(event))

    def refused(self, place: int) -> None:
        """Note that the service did not take it."""
        self._write({"refused": place})

    def began(self, place: int, job: str | None) -> None:
        """Note that the service began it, and under which id."""
        self._write(self._with_service({"began": place, "job": job}))

    def ended(self, outcome: MonitorOutcome) -> None:
        """Note what came of it."""
        self._write_line(line_of(outcome, **self._with_service({})))

    def _with_service(self, event: dict[str, Any]) -> dict[str, Any]:
        """Add what time it is on the service's clock, if more of it is known than was noted."""
        if self.service.tells_more(self._noted):
            self._noted = self.service.told
            event["service"] = self._noted
        return event

    def check(self, place: int, uid: str) -> None:
        """Refuse a monitor that is not the one it knows at that place.

        Raises:
            JournalError: it is the journal of another batch.

        """
        if self.total is not None and place >= self.total:
            raise self.of_another(f"it has {self.total} runs, and this batch has more")
        uids = None if self.header is None else self.header.uids
        known = uids[place % len(uids)] if uids else self._left.get(place, uid)
        if known != uid:
            raise self.of_another(f"its run {place} is of {known!r}, and here it is of {uid!r}")
        if not self.places.fits(place, uid):
            raise self.of_another(f"its run {place} is not of {uid!r}")

    def check_length(self, total: int) -> None:
        """Refuse a batch that has not as many runs.

        Raises:
            JournalError: it is the journal of another batch.

        """
        if self.total not in (None, total):
            raise self.of_another(f"it has {self.total} runs, and this batch has {total}")
        if len(self.places) > total:
            raise self.of_another(
                f"it has run {len(self.places) - 1}, and this batch has {total} runs"
            )

    def of_another(self, difference: str) -> JournalError:
        """Make the error that says in which way its batch is another one."""
        return JournalError(
            f"{self.path} is the journal of another batch: {difference}; go on with that one by"
            " leaving out the monitors (resume=True), or use another file"
        )

    def uids(self) -> list[str]:
        """Return the uids of all runs of a batch whose uids came one by one.

        Raises:
            JournalError: it does not know all of them.

        """
        found = dict(self._left)
        self._file.seek(0)
        for event, _ in events(self._file, self.path):
            if "uid" in event:
                found[event["started"] if "started" in event else event["index"]] = event["uid"]
        if self.total is None or found.keys() != set(range(self.total)):
            raise JournalError(
                f"{self.path} does not know all monitors of its batch, whose uids came one by one:"
                " give them again to go on"
            )
        return [found[place] for place in range(self.total)]

    def earlier(self) -> Iterator[MonitorOutcome]:
        """Return the outcomes that were known when it was opened, to be read one by one."""
        if not self.known:
            return iter(())
        self._reading = open(self.path, "rb")  # noqa: SIM115 - now, while files can be opened
        return _outcomes(self._reading, self.path, self._length)

    def close(self) -> None:
        """Close the file."""
        if self._reading is not None:
            self._reading.close()
        with suppress(OSError):  # of a line that could not be written, which has been told
            self._file.close()

    def _write(self, event: Mapping[str, Any]) -> None:
        self._write_line(json.dumps(event, separators=(",", ":")).encode() + b"\n")

    def _write_line(self, line: bytes) -> None:
        try:
            self._file.write(line)
            self._file.flush()
        except OSError as error:  # which does not say which file it is
            raise OSError(error.errno, error.strerror, str(self.path)) from None


def read_journal(path: Path) -> Iterator[MonitorOutcome]:
    """Read the outcomes in a journal one by one, in the order in which they became known.

    A journal that is still being written can be read, too.

    Args:
        path: the file.

    Yields:
        Each outcome.

    Raises:
        JournalError: it is no journal, or damaged elsewhere than in its last line.
        OSError: it cannot be opened.

    """
    with open(path, "rb") as file:
        yield from _outcomes(file, path)


def _outcomes(file: IO[bytes], path: Path, length: int | None = None) -> Iterator[MonitorOutcome]:
    for number, (event, end) in enumerate(events(file, path), 1):
        if length is not None and end > length:
            return
        if number == 1:
            applied(Header.read, event, path, number)
        elif event.get("version") == VERSION:
            yield applied(from_record, event, path, number)


def _now() -> str:
    return clock.wall().isoformat()
