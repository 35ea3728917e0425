"""The options of a batch, for all methods that run one."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

from attrs import field, frozen
from attrs.validators import and_, ge, in_, instance_of, optional

from postman_async.errors import InvalidArgumentError
from postman_async.options import CallOptions

if TYPE_CHECKING:
    from attrs import Attribute

    from postman_async.bulk.outcome import MonitorOutcome
    from postman_async.bulk.select import MonitorSelector

__all__ = ["BatchOptions", "Settings"]

Callback: TypeAlias = "Callable[[MonitorOutcome], Awaitable[None] | None]"
Keep: TypeAlias = Literal["all", "failures", "summary"]


class BatchOptions(CallOptions, total=False):
    """The options of a batch, for `run_monitors`, `stream_monitor_runs` and `monitor_batch`.

    Keys:
        select: which monitors to run, instead of uids.
        concurrency: how many runs are in flight at the same time at most, those that wait for the
            rate limit included; default 50.  It is lowered, with a warning in the log, if the
            process may not open that many files (``ulimit -n``).
        deadline: seconds, or a timedelta, for the whole batch.  Runs in flight then become
            ``unknown``, runs that were not triggered ``skipped``, both with `DeadlineExceeded`.
        run_deadline: the same for each run, from the time it is triggered; default 1200 s.
            None waits as long as the service reports that the run is running.
        fail_fast: trigger nothing more after the first outcome that is not ``passed``.  Runs in
            flight are waited for; the rest is ``skipped``.
        max_failures: the same after this many of them.  Failures that a journal holds from an
            earlier call do not count: otherwise the rest would never be run.
        repeat: how often to run the whole list.
        journal: a file to append each outcome to as soon as it is known.  If it holds an
            unfinished batch of the same monitors, that batch is resumed: the missing runs are
            made, those that were in flight are reconciled, and all outcomes are reported.  If it
            holds a finished batch, of whichever monitors, the file is kept under a dated name and
            a new batch starts.  The unfinished batch of another selection, other uids or another
            ``repeat`` is refused; other options, the client and its key are not compared.
        resume: resume the batch of that journal.  Then uids and ``select`` may be left out: the
            journal names its monitors.  If they are given and differ, the journal is refused,
            even if its batch is finished.  If the journal holds no batch, or a finished one, a
            new batch starts, as with ``journal`` alone.
        allow_empty: allow that there is no monitor to run.
        on_outcome: called, or awaited, with each new outcome; an error it raises ends the batch.
        run_async: trigger with ``async=true`` and poll: no connection is held, and the runs have
            no executions.  ``"auto"`` does so only for monitors whose runs outlast a connection.
        on_unknown: what to do if the call failed ambiguously and the run seems not to have
            started: ``"report"`` it as ``unknown`` (default) or ``"rerun"`` the monitor.
        reconcile: if the call brought no result, take the monitor's last run for ours if its time
            matches; default.  False: only a job id counts, and otherwise the outcome is
            ``unknown``.  Use that for monitors which others trigger in the same seconds.
        keep: keep ``"all"`` of each run, the executions of ``"failures"`` only, or only its
            ``"summary"``.
        overlap: let two runs of the same monitor be in flight at the same time.
        order: a key to sort the uids by, as for ``sorted``: the smallest is run first.
    """

    select: MonitorSelector | None
    concurrency: int
    deadline: timedelta | float | None
    run_deadline: timedelta | float | None
    fail_fast: bool
    max_failures: int | None
    repeat: int
    journal: str | os.PathLike[str] | None
    resume: bool
    allow_empty: bool
    on_outcome: Callback | None
    run_async: bool | Literal["auto"]
    on_unknown: Literal["report", "rerun"]
    reconcile: bool
    keep: Keep
    overlap: bool
    order: Callable[[str], Any] | None


def _seconds(value: timedelta | float | None) -> float | None:
    return value.total_seconds() if isinstance(value, timedelta) else value


def _not_a_bool(_: Any, attribute: Attribute[Any], value: Any) -> None:
    if isinstance(value, bool):
        raise TypeError(f"'{attribute.name}' must be a number, not {value}")


_COUNT: Any = and_(instance_of(int), _not_a_bool, ge(1))
_SECONDS: Any = optional(and_(instance_of((int, float)), _not_a_bool, ge(0)))


@frozen(kw_only=True)
class Settings:
    """`BatchOptions` with their defaults, checked.  ``call`` has the options of each call."""

    select: MonitorSelector | None = None
    concurrency: int = field(default=50, validator=_COUNT)
    deadline: float | None = field(default=None, converter=_seconds, validator=_SECONDS)
    run_deadline: float | None = field(default=1200.0, converter=_seconds, validator=_SECONDS)
    fail_fast: bool = field(default=False, validator=instance_of(bool))
    max_failures: int | None = field(default=None, validator=optional(_COUNT))
    repeat: int = field(default=1, validator=_COUNT)
    journal: str | os.PathLike[str] | None = None
    resume: bool = field(default=False, validator=instance_of(bool))
    allow_empty: bool = field(default=False, validator=instance_of(bool))
    on_outcome: Callback | None = None
    run_async: bool | Literal["auto"] = field(default=False, validator=in_([False, True, "auto"]))
    on_unknown: Literal["report", "rerun"] = field(
        default="report", validator=in_(["report", "rerun"])
    )
    reconcile: bool = field(default=True, validator=instance_of(bool))
    keep: Keep = field(default="all", validator=in_(["all", "failures", "summary"]))
    overlap: bool = field(default=False, validator=instance_of(bool))
    order: Callable[[str], Any] | None = None
    call: CallOptions

    @classmethod
    def of(cls, options: BatchOptions) -> Settings:
        """Check the options.

        Raises:
            InvalidArgumentError: an option is unknown, or its value is not valid.

        """
        _check_names(options)
        calls = CallOptions.__annotations__
        call = {name: value for name, value in options.items() if name in calls}
        own: dict[str, Any] = {name: options.get(name) for name in options if name not in calls}
        try:
            settings = cls(**own, call=cast("CallOptions", call))
        except (TypeError, ValueError) as error:
            raise InvalidArgumentError(str(error.args[0])) from None
        if settings.resume and settings.journal is None:
            raise InvalidArgumentError("resume needs the journal to go on with")
        return settings

    @property
    def failures_allowed(self) -> float:
        """The number of outcomes other than ``passed`` after which nothing more is triggered."""
        limits = [1] if self.fail_fast else []
        limits += [] if self.max_failures is None else [self.max_failures]
        return min(limits, default=float("inf"))

    @property
    def poll_options(self) -> CallOptions:
        """The options of a poll: extra queries and bodies are meant for the run."""
        names = ("timeout", "retries", "extra_headers")
        return cast("CallOptions", {k: v for k, v in self.call.items() if k in names})


def _check_names(options: Mapping[str, Any]) -> None:
    unknown = options.keys() - BatchOptions.__annotations__.keys()
    if unknown:
        known = ", ".join(BatchOptions.__annotations__)
        raise InvalidArgumentError(f"a batch has no option {min(unknown)!r}; there are: {known}")
