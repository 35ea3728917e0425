"""The journal of a batch: JSON Lines, one event a line, appended the moment it happens.

::

    {"journal": 1, "at": "2026-01-31T12:00:00+00:00", "monitors": null}
    {"started": 0, "uid": "1-m", "at": "…", "attempt": 1}     before each attempt to trigger
    {"refused": 0}                                            the service did not take it
    {"began": 0, "job": "…"}                                  the service began it
    {"version": 1, "index": 0, "uid": "1-m", …}               its outcome, see `record`

Each line is handed to the system before anything else happens, so the end of the process (even by
``kill -9``) loses none.  It is not forced to the disk: that would cost a write to the disk for
every run, and only a crash of the whole machine asks for it.  The last line may be torn.

Outcomes that say that nothing happened (``skipped``), or that the batch was broken off, are not
written: a batch that is resumed makes up for them.  ``monitors`` holds what a selection found, so
that a resumed batch runs what was selected first.
"""

from __future__ import annotations

import asyncio
import json
import os
from array import array
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from hashlib import blake2b
from typing import IO, Any, TypeAlias

from attrs import define, evolve, field, frozen

from postman_async.bulk import clock
from postman_async.bulk.outcome import MonitorOutcome
from postman_async.bulk.reconcile import PROMPT, Trigger
from postman_async.bulk.record import VERSION, from_record, to_record
from postman_async.errors import InvalidArgumentError, JournalError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

__all__ = ["Journal", "Started", "read_journal"]

JOURNAL = 1
_LARGEST = 2**32
_ONE_TURN = 500
_MARGIN = 1.0
_DOUBT = 60.0
_START = b'{"journal":'

Path: TypeAlias = "str | os.PathLike[str]"


@frozen
class Started:
    """A run that was triggered and of which no outcome is known.

    Attributes:
        at: when it was triggered.
        attempts: how often it was.
        certain: the service said that it began it.
        job: the run's id, if the service told it.
        crowded: so was another run of the same monitor.

    """

    at: datetime
    attempts: int
    certain: bool = False
    job: str | None = None
    crowded: bool = False

    def trigger(self) -> Trigger:
        """Place it on the clock of this process.

        The time of day may have been set since; if it was set back, only a job id tells the run.
        """
        age = (clock.wall() - self.at).total_seconds()
        set_back = age < 0
        sent = clock.monotonic() - max(age, 0.0)
        return Trigger(
            earliest=sent - _MARGIN,
            latest=sent + PROMPT + _MARGIN,
            doubt=float("inf") if set_back else _DOUBT,
            job=self.job,
            certain=self.certain,
            crowded=self.crowded,
            by_id=set_back,
        )


@define
class Places:
    """What a journal tells of each place of a batch, in about ten bytes a place."""

    uids: array[int] = field(factory=lambda: array("Q"))
    done: bytearray = field(factory=bytearray)
    started: dict[int, tuple[str, Started]] = field(factory=dict)
    counts: dict[str, int] = field(factory=dict)

    def add(self, event: Mapping[str, Any]) -> None:
        """Take one event into account.

        Raises:
            KeyError, TypeError, ValueError: it is none.

        """
        if event.get("version") == VERSION:
            self._mark(event["index"], event["uid"])
            self.done[event["index"]] = 1
            self.started.pop(event["index"], None)
            self.counts[event["status"]] = self.counts.get(event["status"], 0) + 1
        elif "started" in event:
            self._mark(event["started"], event["uid"])
            at = datetime.fromisoformat(event["at"])
            self.started[event["started"]] = event["uid"], Started(at, event["attempt"])
        elif "refused" in event:
            self.started.pop(event["refused"], None)
        elif "began" in event:
            uid, begun = self.started[event["began"]]
            begun = evolve(begun, certain=True, job=event["job"])
            self.started[event["began"]] = uid, begun
        else:
            raise ValueError("it is no event")

    def _mark(self, place: int, uid: str) -> None:
        if not isinstance(place, int) or not 0 <= place < _LARGEST:
            raise ValueError(f"{place!r} is no place")
        missing = place + 1 - len(self.done)
        if missing > 0:
            self.done.extend(bytes(missing))
            self.uids.extend([0] * missing)
        if self.uids[place] not in (0, _number(uid)):
            raise ValueError(f"place {place} has two monitors")
        self.uids[place] = _number(uid)

    def __len__(self) -> int:
        """Count the places it knows of."""
        return len(self.uids)

    def fits(self, place: int, uid: str) -> bool:
        """Whether the journal knows nothing of a place, or the same monitor."""
        return place >= len(self.uids) or self.uids[place] in (0, _number(uid))

    def has(self, place: int) -> bool:
        """Whether the outcome of a place is known."""
        return place < len(self.done) and bool(self.done[place])

    def begun(self, place: int) -> Started | None:
        """Return how the run of a place was triggered, if its outcome is not known."""
        if place not in self.started:
            return None
        uid, begun = self.started[place]
        twins = sum(other == uid for other, _ in self.started.values())
        return evolve(begun, crowded=twins > 1)


class Journal:
    """An open journal: what it told when it was opened, and a place to write to.

    Use `open`; only one process at a time can have it open.
    """

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        self.path = path
        self.places = Places()
        self.monitors: dict[str, str] | None = None
        self.length = 0
        self._file = file

    @classmethod
    async def open(cls, path: Path, *, resume: bool) -> Journal:
        """Open a journal, and read what is in it.

        Raises:
            JournalError: it is in use or damaged, or holds a batch that is not to be resumed.
            OSError: the file cannot be opened.

        """
        file = open(path, "a+b")  # noqa: SIM115, ASYNC230 - closed by `close`; opening is quick
        journal = cls(path, file)
        try:
            _lock(file, path)
            await journal._read(resume)
        except BaseException:
            journal.close()
            raise
        return journal

    async def _read(self, resume: bool) -> None:
        for number, (event, end) in enumerate(_events(self.path), 1):
            if number == 1:
                self._begin(event, resume)
            else:
                _apply(self.places.add, event, self.path, number)
            self.length = end
            if number % _ONE_TURN == 0:
                await asyncio.sleep(0)  # other tasks go on while a long one is read
        self._cut_torn_line()

    def _cut_torn_line(self) -> None:
        self._file.seek(self.length)
        torn = self._file.read(len(_START))
        if self.length == 0 and not _START.startswith(torn):
            raise JournalError(f"{self.path} is no journal")
        self._file.truncate(self.length)

    def _begin(self, header: Mapping[str, Any], resume: bool) -> None:
        _check_header(header, self.path)
        if not resume:
            raise JournalError(f"{self.path} holds a batch: resume=True goes on with it")
        self.monitors = header.get("monitors")

    def head(self, monitors: Mapping[str, str] | None) -> None:
        """Write the first line, unless there is one; ``monitors`` is what was selected."""
        if self.length == 0:
            self._write({"journal": JOURNAL, "at": _now(), "monitors": monitors})

    def started(self, place: int, uid: str, attempt: int) -> None:
        """Note that the next thing to happen is an attempt to trigger a run."""
        self._write({"started": place, "uid": uid, "at": _now(), "attempt": attempt})

    def refused(self, place: int) -> None:
        """Note that the service did not take it."""
        self._write({"refused": place})

    def began(self, place: int, job: str | None) -> None:
        """Note that the service began it, and under which id."""
        self._write({"began": place, "job": job})

    def ended(self, outcome: MonitorOutcome) -> None:
        """Note what came of it."""
        self._write(to_record(outcome))

    def check(self, place: int, uid: str) -> None:
        """Refuse a monitor that is not the one it knows at that place.

        Raises:
            JournalError: it is the journal of another batch.

        """
        if not self.places.fits(place, uid):
            raise JournalError(
                f"{self.path} is the journal of another batch: its run {place} is not of {uid!r}"
            )

    def check_length(self, total: int) -> None:
        """Refuse a batch that is shorter than what it knows.

        Raises:
            JournalError: it is the journal of another batch.

        """
        if len(self.places) > total:
            raise JournalError(
                f"{self.path} is the journal of another batch: it has run {len(self.places) - 1},"
                f" and this batch has {total} runs"
            )

    def earlier(self) -> Iterator[MonitorOutcome]:
        """Yield the outcomes that were known when it was opened."""
        return _outcomes(self.path, self.length)

    def close(self) -> None:
        """Close the file."""
        with suppress(OSError):  # of a line that could not be written, which has been told
            self._file.close()

    def _write(self, event: Mapping[str, Any]) -> None:
        try:
            self._file.write(json.dumps(event, separators=(",", ":")).encode() + b"\n")
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
    return _outcomes(path)


def _outcomes(path: Path, length: int | None = None) -> Iterator[MonitorOutcome]:
    for number, (event, end) in enumerate(_events(path), 1):
        if length is not None and end > length:
            return
        if number == 1:
            _check_header(event, path)
        elif event.get("version") == VERSION:
            yield _apply(from_record, event, path, number)


def _events(path: Path) -> Iterator[tuple[dict[str, Any], int]]:
    """Yield each whole line and where it ends; a last line without its end is none."""
    end = 0
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                return
            end += len(line)
            try:
                event = json.loads(line)
            except ValueError:
                event = None
            if not isinstance(event, dict):
                raise JournalError(f"{path}: line {number} is damaged")
            yield event, end


def _check_header(header: Mapping[str, Any], path: Path) -> None:
    if header.get("journal") != JOURNAL:
        raise JournalError(f"{path} is no journal of version {JOURNAL}")


def _apply(function: Any, event: Mapping[str, Any], path: Path, number: int) -> Any:
    try:
        return function(event)
    except (KeyError, TypeError, ValueError, InvalidArgumentError) as error:
        raise JournalError(f"{path}: line {number} makes no sense: {error}") from None


def _lock(file: IO[bytes], path: Path) -> None:
    """Keep other processes out: two that go on with one batch would run monitors twice."""
    if fcntl is None:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise JournalError(f"{path} is in use by another batch") from None


def _number(uid: str) -> int:
    """Stand for a uid in eight bytes; never 0."""
    return int.from_bytes(blake2b(uid.encode("utf-8", "replace"), digest_size=8).digest()) or 1


def _now() -> str:
    return clock.wall().isoformat()
