"""Is a monitor's last run the one we asked for?  Pure decisions, made from times and job ids.

The service shows one run of a monitor, the one that began last.  When the call that was to begin
a run brought no result, that run is ours only if

- it has the job id that the service gave us; or, where it gave us none,
- it began when our call was under way, or at most `PROMPT` seconds after it was sent.

Both ends of that time are compared on *our* monotonic clock: the answer that shows the run has a
``Date``, so the run's age is known on the service's clock alone, and the clock of this machine may
be as wrong as it likes.  The dates are whole seconds, and the clocks of the service's own machines
are taken to differ by at most `SKEW`.  No look before the call is needed for this, so a run costs
one call of the limit and not two.

What else could have begun at that time is never taken for ours:

- a run that is known to be another one (an earlier run of this client, or of the journal);
- one that the monitor's schedule may have begun, which is the case for an active monitor if its
  ``cron`` names the minute in which the run began;
- one of two: another run is seen going on, or was seen before, or this client had a second call
  for the same monitor under way.

A run that began shortly before our call, and is not known, leaves the outcome open, too: if a
clock was wrong after all, a second trigger would be a second run.

What remains is another client that triggers the same monitor within these seconds while our own
call is lost on its way: the service tells nothing that would tell the two apart, no count of runs
and no name of who began one.  Only a job id proves a run to be ours; who runs a monitor from two
places and wants proof has the times left out (``by_id``), and gets ``unknown`` instead.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from attrs import define, field, frozen

from postman_async.bulk.cron import may_fire
from postman_async.bulk.outcome import status_of_word

if TYPE_CHECKING:
    from postman_async.errors import PostmanError
    from postman_async.models.monitors import Monitor, MonitorLastRun, MonitorRunInfo

__all__ = ["PROMPT", "SKEW", "Known", "Look", "Trigger", "Verdict", "judge"]

PROMPT = 15.0
"""Seconds within which a run begins once it is asked for, connecting included."""

SKEW = 1.0
"""Seconds by which the clocks of the service's machines may differ."""

DOUBT = 5.0
"""Of a run that began less than so many seconds before our call, nothing is concluded at all."""

Verdict: TypeAlias = Literal["ended", "running", "absent", "lost"]
"""Of our run: it has ended; it goes on; it has not begun; or it cannot be told from others."""


@frozen
class Known:
    """A run whose result is known: its job id, when it began (ISO 8601), how long it took."""

    job: str | None
    started_at: str | None
    seconds: float | None = None

    @classmethod
    def of(cls, run: MonitorLastRun | MonitorRunInfo) -> Known:
        """Take what identifies a run."""
        return cls.told(run.job_id, run.started_at, run.finished_at)

    @classmethod
    def told(cls, job: object, started_at: object, finished_at: object) -> Known:
        """Take what identifies a run from parts that may be anything."""
        began, ended = moment(started_at), moment(finished_at)
        seconds = (ended - began).total_seconds() if began and ended else None
        start = started_at if isinstance(started_at, str) else None
        return cls(job if isinstance(job, str) else None, start, seconds)

    def began_after(self, other: Known) -> bool:
        """Whether it is certain that it began after another run."""
        own, others = moment(self.started_at), moment(other.started_at)
        return own is not None and others is not None and own > others


@define(kw_only=True, eq=False)
class Trigger:
    """A call that may have begun a run, and what is known of that run.

    Attributes:
        earliest: when the call was sent, on the monotonic clock.
        latest: when the run must have begun, if it did.
        doubt: seconds before ``earliest`` in which a run may have begun and still be ours, if
            clocks are worse than they should be: it is neither taken for ours nor for another.
        before: the monitor's last run whose result was known when the call was sent: it is not
            the one that the call began.
        earlier: the ids of the runs that were known when the call was sent.
        others: the ids of the runs that are known by now not to be the one that the call began.
        sent: between which times of the service's clock the call was sent, in seconds of the
            epoch.  It is told of the call of another process, on whose clock the time above was;
            then this one holds.
        job: the run's id, if the service gave it.
        certain: the service said that the run began.
        crowded: this client had another call for the same monitor under way.
        by_id: only an id tells that a run is ours, and a time does not.
        error: how the call failed, if it did.
        cut: after how many seconds the call failed ambiguously, if it did.
        seen: the ids of the runs that looks took for ours while they went on.
        place: the place in a journal that it is of, for whoever goes on with that.
        entered: since when this client knows of it.

    """

    earliest: float
    latest: float
    doubt: float = DOUBT
    before: Known | None = None
    earlier: Collection[str] = ()
    others: Collection[str] = ()
    sent: tuple[float, float] | None = None
    job: str | None = None
    certain: bool = False
    crowded: bool = False
    by_id: bool = False
    error: PostmanError | None = None
    cut: float | None = None
    seen: set[str] = field(factory=set)
    place: tuple[str, int] | None = None
    entered: float = 0.0

    def told(self, info: Any, now: float) -> None:
        """Take what an answer tells of the run that goes on."""
        job, status = getattr(info, "job_id", None), getattr(info, "status", None)
        self.job = job if isinstance(job, str) else None
        self.certain = self.job is not None or status is not None
        if status == "running":
            self.latest = min(self.latest, now)


@frozen(kw_only=True)
class Look:
    """A monitor as an answer showed it, and when on the monotonic clock that was.

    Attributes:
        monitor: what the service told.
        date: the answer's date on the service's clock, in whole seconds.
        asked: when the look was sent.
        answered: when its answer was there.

    """

    monitor: Monitor
    date: datetime | None
    asked: float
    answered: float

    @property
    def last(self) -> MonitorLastRun | None:
        """The run that began last."""
        return self.monitor.last_run

    @property
    def going(self) -> str | None:
        """The id of the run that goes on, where the service tells it.

        The monitor's ``jobId`` is that of its latest run, also when that has ended: a run goes on
        only if the last run is another one, or has no end.
        """
        latest, last = self.monitor.job_id, self.last
        if latest is None or last is None or last.job_id != latest:
            return latest
        ended = last.finished_at is not None and last.status != "running"
        return None if ended else latest

    @property
    def latest(self) -> str | None:
        """The id of the run that began last, where the service tells it."""
        return self.monitor.job_id or (None if self.last is None else self.last.job_id)

    @property
    def readable(self) -> bool:
        """Whether it is what it promises to be; nothing may be concluded from anything else."""
        last = getattr(self.monitor, "last_run", 0)
        texts = [getattr(self.monitor, "job_id", 0), getattr(last, "job_id", None)]
        if last is not None:
            texts.append(getattr(last, "started_at", None) or 0)
        return all(text is None or isinstance(text, str) for text in texts)

    @property
    def ids(self) -> set[str]:
        """The ids of all runs it tells of."""
        told = {self.monitor.job_id, None if self.last is None else self.last.job_id}
        return {job for job in told if job is not None}

    def began(self) -> tuple[float, float] | None:
        """Between which moments of our clock the last run began, or None if it cannot be told."""
        started = None if self.last is None else moment(self.last.started_at)
        if self.last is None or started is None or self.date is None:
            return None
        age = (self.date - started).total_seconds()
        return self.asked - age - 1.0, self.answered - age + coarse(self.last.started_at)

    def began_there(self) -> tuple[float, float] | None:
        """Between which moments of the service's clock the last run began; as `began`."""
        started = None if self.last is None else moment(self.last.started_at)
        if self.last is None or started is None:
            return None
        return started.timestamp(), started.timestamp() + coarse(self.last.started_at)


def judge(trigger: Trigger, look: Look) -> Verdict:
    """Tell what a look says of the run that a call may have begun.

    Args:
        trigger: the call.
        look: the monitor as it is now.

    """
    last = look.last
    if trigger.job is not None and last is not None and last.job_id == trigger.job:
        return "ended" if has_ended(look) else "running"
    place = _place(trigger, look)
    if trigger.job is not None and look.going == trigger.job:
        # A last run that tells no id of its own may be the one that the monitor names.
        told = place == "within" and not _doubtful(trigger, look)
        return "ended" if told and has_ended(look) else "running"
    if place == "before":
        going = look.going
        ours = going is not None and going not in trigger.earlier
        return _goes_on(trigger, going) if ours and going is not None else "absent"
    if place != "within" or _doubtful(trigger, look):
        return "lost"
    trigger.seen.update(look.ids)
    return "ended" if has_ended(look) else "running"


def _goes_on(trigger: Trigger, going: str) -> Verdict:
    """Wait for a run that goes on before the last run tells of it, if it may be ours."""
    if trigger.job is not None or trigger.by_id or trigger.crowded:
        return "absent" if trigger.certain else "lost"
    trigger.seen.add(going)
    return "running" if len(trigger.seen) == 1 else "lost"


def _place(trigger: Trigger, look: Look) -> Literal["before", "within", "after", "nowhere"]:
    """Place the beginning of the last run against our call."""
    last, known = look.last, trigger.before
    if last is None or look.latest in trigger.earlier:
        return "before"
    if known is not None and known.job and last.job_id:
        if known.job == last.job_id:
            return "before"
    elif known is not None and known.started_at == last.started_at:
        # Whole seconds name more than one run: ours may have begun in the same one.
        return "nowhere" if coarse(last.started_at) else "before"
    return _place_in_time(trigger, look)


def _place_in_time(trigger: Trigger, look: Look) -> Literal["before", "within", "after", "nowhere"]:
    """Place it by the times alone, on our clock or on that of the service."""
    began, first, latest = look.began(), trigger.earliest, trigger.latest
    if trigger.sent is not None:
        began, first, latest = look.began_there(), trigger.sent[0], trigger.sent[1] + PROMPT
    if began is None:
        return "nowhere"
    low, high = began
    if high < first - SKEW:
        return "before" if high < first - trigger.doubt else "nowhere"
    return "after" if low > latest + SKEW else "within"


def _doubtful(trigger: Trigger, look: Look) -> bool:
    """Whether a run that began with our call may be another one all the same."""
    last = look.last
    if last is None or trigger.by_id or trigger.crowded:
        return True
    if trigger.job is not None and last.job_id is not None:
        return True
    if last.job_id in trigger.others:
        return True
    if len(trigger.seen | look.ids) > 1:
        return True
    return may_fire(look.monitor, moment(last.started_at))


def has_ended(look: Look) -> bool:
    """Whether the last run has: by the time of its end, or by a word for it while none goes on."""
    last = look.last
    if last is None or last.status == "running":
        return False
    if last.finished_at is not None:
        return True
    return look.going is None and status_of_word(last.status) != "unknown"


def coarse(started_at: str) -> bool:
    """Whether a time tells no more than its second, as in samples of the service."""
    found = moment(started_at)
    return found is None or found.microsecond == 0


def moment(text: object) -> datetime | None:
    """Read a time in ISO 8601; without a zone it is meant in UTC."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def date_of(headers: Mapping[str, str]) -> datetime | None:
    """Read the date of an answer."""
    try:
        found = parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
