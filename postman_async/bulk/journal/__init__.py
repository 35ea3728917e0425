"""The journal of a batch: JSON Lines, one event a line, appended when it happens.

::

    {"journal": 1, "at": "2026-01-31T12:00:00+00:00", "monitors": null, "uids": ["1-m"], …}
    {"started": 0, "uid": "1-m", "at": "…", "attempt": 1, "clock": ["…", 12.5]}
                                                              before each attempt to trigger
    {"refused": 0}                                            the service did not take it
    {"began": 0, "job": "…"}                                  the service started the run
    {"version": 1, "index": 0, "uid": "1-m", …}               its outcome, see `record`
    {"end": 1, "left": {"0": "1-m"}}                          see below

Each line is handed to the system before anything else happens, so the end of the process (even by
``kill -9``) loses none.  Lines are not forced to the disk: that would cost a disk write for every
run, and would help only against a crash of the whole machine.  The last line may be torn.

The time of an attempt is recorded on two clocks: ``at`` is the time of day, and ``clock`` a
monotonic clock with its name.  As soon as the service's time is known from answers, the next line
has it, too: ``"service": [name, low, high]`` bounds the offset of the service's clock from the
monotonic clock of that name.  So a later process knows when an attempt was made, whatever its own
clock shows; where it does not, it goes by job ids alone.

Outcomes of runs that were not triggered (``skipped``), or that the end of the batch cut short, are
not written: a batch that is resumed makes up for them.  The first line says which batch it is (see
`lines.Header`): a batch that is resumed runs the monitors of the first call.  The number of uids
from an iterator is not known at first: after the last one, a line says how many came (``end``),
and which of them have no line yet (``left``).  A batch is finished when all its outcomes are there.

`journal` reads and writes events, `lines` checks what a line holds, `state` keeps what the lines
say of each run, and `file` opens, locks and archives the file.
"""

from postman_async.bulk.journal.journal import Journal, read_journal

__all__ = ["Journal", "read_journal"]
