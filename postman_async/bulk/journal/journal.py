"""`Journal`: reads the events of a batch and appends new ones; `read_journal` reads its outcomes.

The format is described in `postman_async.bulk.journal`.
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
from postman_async.bulk.journal.file import (
    Path,
    archive,
    open_locked,
    read_events,
    truncate_torn_line,
    use_event,
)
from postman_async.bulk.journal.lines import Header, check_event, read_end
from postman_async.bulk.journal.state import JournalState
from postman_async.bulk.outcome import MonitorOutcome
from postman_async.bulk.record import VERSION, from_record, outcome_line
from postman_async.bulk.service_clock import ServiceClock
from postman_async.bulk.trigger import JournalKey
from postman_async.errors import JournalError

__all__ = ["Journal", "read_journal"]

_LINES_PER_TURN = 500


class Journal:
    """An open journal.

    Use `open`.  Only one process at a time can have a journal open.

    Attributes:
        path: the file.
        header: its first line, or None while it has none.
        state: what its lines said of each run when it was opened.
        total: how many runs the batch has; None while that is not known.
        archived_as: the new name of the file of a finished batch, if there was one.
        service: the bounds of the service's clock, which are recorded.

    """

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        self.path = path
        self.header: Header | None = None
        self.state = JournalState()
        self.total: int | None = None
        self.archived_as: os.PathLike[str] | None = None
        self.service = ServiceClock()
        self._recorded_clock: tuple[str, float, float] | None = None
        self._file = file
        self._length = 0
        self._left: dict[int, str] = {}
        self._reading: IO[bytes] | None = None

    @classmethod
    async def open(cls, path: Path) -> Journal:
        """Open a journal, and read its lines.

        Raises:
            JournalError: it is in use or damaged.
            OSError: the file cannot be opened.

        """
        journal = cls(path, open_locked(path))
        try:
            await journal._read()
        except BaseException:
            journal.close()
            raise
        return journal

    async def _read(self) -> None:
        self._file.seek(0)
        for number, (event, end) in enumerate(read_events(self._file, self.path), 1):
            if number == 1:
                self.header = use_event(Header.read, event, self.path, number)
                self.total = self.header.total
            else:
                use_event(partial(self._apply, number), event, self.path, number)
            self._length = end
            if number % _LINES_PER_TURN == 0:
                await asyncio.sleep(0)  # let other tasks run while a long journal is read
        truncate_torn_line(self._file, self.path, self._length)

    def _apply(self, number: int, event: Mapping[str, Any]) -> None:
        if "end" in event:
            self.total, self._left = read_end(event)
        else:
            check_event(event, number)
            self.state.add(event)

    def close(self) -> None:
        """Close the file."""
        if self._reading is not None:
            self._reading.close()
        with suppress(OSError):  # of a line that could not be written, which was reported
            self._file.close()

    # -- what it held when it was opened ------------------------------------------------------

    @property
    def known(self) -> int:
        """How many outcomes it held."""
        return sum(self.state.done)

    @property
    def finished(self) -> bool:
        """Whether it held all outcomes of its batch."""
        return self.total is not None and self.known >= self.total

    def known_outcomes(self) -> Iterator[MonitorOutcome]:
        """Return an iterator that reads the outcomes it held one by one."""
        if not self.known:
            return iter(())
        self._reading = open(self.path, "rb")  # noqa: SIM115 - now, while files can be opened
        return _outcomes(self._reading, self.path, self._length)

    def uids(self) -> list[str]:
        """Return the uids of all runs of a batch whose uids came from an iterator.

        Raises:
            JournalError: it does not hold all of them.

        """
        uids = dict(self._left)
        self._file.seek(0)
        for event, _ in read_events(self._file, self.path):
            if "uid" in event:
                uids[event["started"] if "started" in event else event["index"]] = event["uid"]
        if self.total is None or uids.keys() != set(range(self.total)):
            raise JournalError(
                f"{self.path} does not know all monitors of its batch, whose uids came one by one:"
                " give them again to go on"
            )
        return [uids[index] for index in range(self.total)]

    def key(self, index: int) -> JournalKey:
        """Return the key of a run, which no other batch of a client has."""
        started = None if self.header is None else self.header.at
        return JournalKey(str(self.path), started, index)

    # -- is it the journal of this batch? -----------------------------------------------------

    def check_monitor(self, index: int, uid: str) -> None:
        """Check that the journal knows no other monitor at an index.

        Raises:
            JournalError: it is the journal of another batch.

        """
        if self.total is not None and index >= self.total:
            raise self.mismatch(f"it has {self.total} runs, and this batch has more")
        uids = None if self.header is None else self.header.uids
        known = uids[index % len(uids)] if uids else self._left.get(index, uid)
        if known != uid:
            raise self.mismatch(f"its run {index} is of {known!r}, and here it is of {uid!r}")
        if not self.state.matches(index, uid):
            raise self.mismatch(f"its run {index} is not of {uid!r}")

    def check_length(self, total: int) -> None:
        """Check that a batch has as many runs as the journal.

        Raises:
            JournalError: it is the journal of another batch.

        """
        if self.total not in (None, total):
            raise self.mismatch(f"it has {self.total} runs, and this batch has {total}")
        if len(self.state) > total:
            raise self.mismatch(
                f"it has run {len(self.state) - 1}, and this batch has {total} runs"
            )

    def mismatch(self, difference: str) -> JournalError:
        """Return the error that says how its batch differs."""
        return JournalError(
            f"{self.path} is the journal of another batch: {difference}; go on with that one by"
            " leaving out the monitors (resume=True), or use another file"
        )

    # -- writing ------------------------------------------------------------------------------

    def rotate(self) -> None:
        """Archive the file under a dated name, and start an empty one.

        Raises:
            JournalError: another process was quicker.
            OSError: the file cannot be renamed, or made.

        """
        started = None if self.header is None else self.header.at
        mode = os.fstat(self._file.fileno()).st_mode
        self.archived_as = archive(self._file, self.path, started)
        self._file = open_locked(self.path, mode, new=True)
        self.header, self.total, self._length = None, None, 0
        self.state, self._left, self._recorded_clock = JournalState(), {}, None

    def write_header(self, header: Header) -> None:
        """Write the first line, with the time."""
        self.header, self.total = evolve(header, at=_now()), header.total
        self._write(self.header.event())

    def record_end(self, total: int, left: Mapping[int, str]) -> None:
        """Record that no more uids come.

        Args:
            total: how many came.
            left: those without a line yet, by their indexes.

        """
        if self.total is None:
            self.total = total
            self._write({"end": total, "left": left})

    def record_attempt(self, index: int, uid: str, attempt: int) -> None:
        """Record that a run is about to be triggered."""
        ticks = [self.service.name, round(clock.monotonic(), 3)]
        event = {"started": index, "uid": uid, "at": _now(), "attempt": attempt, "clock": ticks}
        self._write(self._with_service(event))

    def record_refusal(self, index: int) -> None:
        """Record that the service did not take the attempt."""
        self._write({"refused": index})

    def record_start(self, index: int, job_id: str | None) -> None:
        """Record that the service started the run."""
        self._write(self._with_service({"began": index, "job": job_id}))

    def record_outcome(self, outcome: MonitorOutcome) -> None:
        """Record an outcome."""
        self._write_line(outcome_line(outcome, **self._with_service({})))

    def _with_service(self, event: dict[str, Any]) -> dict[str, Any]:
        """Add the service's time, if more of it is known than was recorded."""
        if self.service.is_narrower(self._recorded_clock):
            self._recorded_clock = self.service.record
            event["service"] = self._recorded_clock
        return event

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
    for number, (event, end) in enumerate(read_events(file, path), 1):
        if length is not None and end > length:
            return
        if number == 1:
            use_event(Header.read, event, path, number)
        elif event.get("version") == VERSION:
            yield use_event(from_record, event, path, number)


def _now() -> str:
    return clock.wall().isoformat()
