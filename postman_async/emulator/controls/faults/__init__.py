"""The faults that can be scripted per operation.

::

    emulator.faults.on("monitors.run", [status(429, retry_after=1), reset_connection(), ok()])

Each fault is a class that says what a request, or a new connection, that meets it goes through.
`Faults` says which request meets which of them.
"""

from postman_async.emulator.controls.faults.answers import (
    Answer,
    RetryAfter,
    proxy_html,
    redirect,
    status,
)
from postman_async.emulator.controls.faults.base import MAKERS, Fault, fault_of
from postman_async.emulator.controls.faults.bodies import (
    Alter,
    Drip,
    bad_json,
    content_type,
    drip,
    wrong_length,
)
from postman_async.emulator.controls.faults.connections import (
    Break,
    SlowTls,
    Stage,
    Stall,
    cut_body,
    hang_up,
    reset_connection,
    slow_tls,
    stall,
)
from postman_async.emulator.controls.faults.execution import Ok, Trigger, accepted, ok, twice

__all__ = [
    "MAKERS",
    "Alter",
    "Answer",
    "Break",
    "Drip",
    "Fault",
    "Ok",
    "RetryAfter",
    "SlowTls",
    "Stage",
    "Stall",
    "Trigger",
    "accepted",
    "bad_json",
    "content_type",
    "cut_body",
    "drip",
    "fault_of",
    "hang_up",
    "ok",
    "proxy_html",
    "redirect",
    "reset_connection",
    "slow_tls",
    "stall",
    "status",
    "twice",
    "wrong_length",
]
